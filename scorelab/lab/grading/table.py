"""The grades of a folder, for a terminal and for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from scorelab.lab.grading.running import Row, questions
from scorelab.lab.wording import words

__all__ = ["details", "overview", "spreadsheet"]

_MARKS = {
    "right": "✓",
    "not yet": "✗",
    "nothing to check yet": "—",
    "missing": "·",
    "unchecked": "!",
}
_FEW = 3  # errors that a row of the table shows
_LONGEST = 30  # letters of a name in the table


def overview(rows: Sequence[Row], language: str) -> str:
    """A line for each submission, a column for each question, and below what the marks mean."""
    said = words(language)["grading"]
    letters = [name.replace(" ", "") for name in questions()]
    lines = [[said["submission"], *letters, said["right"], said["notes"]]]
    for row in rows:
        marks = [_MARKS[_result(row, name)[0]] for name in questions()]
        long = len(row.name) > _LONGEST
        name = row.name[: _LONGEST - 1] + "…" if long else row.name
        lines.append([name, *marks, str(row.right), "; ".join(_notes(row, said))])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ""
    for first, *middle, last in lines:
        cells = [cell.center(width) for cell, width in zip(middle, widths[1:], strict=False)]
        text += "  ".join([first.ljust(widths[0]), " ".join(cells), last]).rstrip() + "\n"
    return f"{text}\n{said['legend']}\n"


def details(rows: Sequence[Row], language: str) -> str:
    """What is wrong with each submission, in the words of its checks, and all its errors."""
    said = words(language)["grading"]
    text = ""
    for row in rows:
        text += f"\n{row.name}\n"
        for name in questions():
            verdict, message = _result(row, name)
            if message and verdict in ("not yet", "missing", "unchecked"):
                text += f"  {name} {_MARKS[verdict]} {message}\n"
        text += "".join(f"  {note}\n" for note in _notes(row, said, few=len(row.errors)))
    return text


def spreadsheet(rows: Sequence[Row], language: str) -> bytes:
    """All of it as a CSV file, in UTF-8 with the mark by which spreadsheets know it."""
    said = words(language)["grading"]
    verdicts = {key.replace("_", " "): text for key, text in words(language)["verdicts"].items()}
    verdicts |= {"missing": said["absent"], "unchecked": said["unchecked"]}
    out = io.StringIO(newline="")
    write = csv.writer(out).writerow
    names = [(name, said["message"].format(question=name)) for name in questions()]
    ends = [said[key] for key in ("right", "stopped", "errors", "borrowed", "notes")]
    write([said["submission"], *(heading for pair in names for heading in pair), *ends])
    for row in rows:
        results = [_result(row, name) for name in questions()]
        cells = [text for verdict, message in results for text in (verdicts[verdict], message)]
        for at, name in enumerate(questions()):
            if name not in row.results:
                cells[2 * at] = said["missing"]
        notes = [
            row.stopped,
            "\n".join(row.errors),
            ", ".join(row.borrows),
            "; ".join(_doubts(row, said)),
        ]
        write([_inert(cell) for cell in (row.name, *cells, str(row.right), *notes)])
    return out.getvalue().encode("utf-8-sig")


def _result(row: Row, question: str) -> tuple[str, str]:
    return row.results.get(question, ("missing", ""))


def _notes(row: Row, said: dict[str, str], few: int = _FEW) -> list[str]:
    notes = [row.stopped] * bool(row.stopped) + row.errors[:few]
    if len(row.errors) > few:
        n = len(row.errors) - few
        notes.append(said["more" if n > 1 else "one_more"].format(n=n))
    if row.borrows:
        notes.append(said["borrows"].format(names=", ".join(row.borrows)))
    return notes + _doubts(row, said)


def _doubts(row: Row, said: dict[str, str]) -> list[str]:
    """What a mark may be worth less for."""
    notes = [] if row.checks else [said["no_check"]]
    for key in ("lent", "by_name"):
        if those := sorted(getattr(row, key)):
            notes.append(said[key].format(questions=", ".join(those)))
    return notes


def _inert(cell: str) -> str:
    """A text that no spreadsheet takes for a formula: a student wrote it."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell
