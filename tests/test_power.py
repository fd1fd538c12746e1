"""Every row of "what we measured" would notice an error, or says in words why it cannot.

``python tests/test_power.py`` writes all rows of the built book with the errors that they notice.
"""

import os
from pathlib import Path

import nbformat
import pytest
from power import complaints, lets_through, overview, planted, rows_of, tables_in, too_wide
from sample import PARTS, Book
from toc import pages

from scorelab.estimate import Estimate
from scorelab.figures.measured import Measured

ROOT = Path(__file__).parent.parent
SITE = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
EXECUTED = SITE.parent / "jupyter_execute"  # pages that offer no notebook are here, too


CHAPTERS = [page for page in pages() if tables_in(ROOT / f"{page}.md")]
built = pytest.mark.skipif(
    not (SITE / "index.html").exists() and not os.environ.get("CI"),
    reason="the book is not built (make book)",
)


def test_chapters_with_tables_are_found():
    assert {"book/conventions", "book/lab/laboratory", "book/sde/generation"} <= set(CHAPTERS)
    assert len(CHAPTERS) >= 14


@built
@pytest.mark.parametrize("page", CHAPTERS)
def test_every_row_notices_an_error_or_says_why_it_cannot(page):
    rows = rows_of(nbformat.read(EXECUTED / f"{page}.ipynb", as_version=4))
    assert len(rows) >= tables_in(ROOT / f"{page}.md"), f"{page}: its tables are not found"
    found = complaints(rows)
    assert not found, f"{page}:\n" + "\n".join(found)


# ----------------------------------------------------- the judge itself, on rows planted for it


def table() -> Measured:
    """Rows that are sound, then rows that are weak, each in its own way."""
    rows = Measured()
    rows.row("sound: 4 SE", exact=1.0, measured=Estimate(1.01, 0.01), tolerance=0.04)
    rows.row("sound: digits", exact=2.0, measured=2.0 + 1e-12, tolerance=1e-9)
    rows.row("sound: exactly 0", exact=0.0, measured=Estimate(0.01, 0.01), tolerance=0.04)
    rows.bound("sound: bound", measured=0.4, at_most=1.0)
    rows.row("weak: a tenth", exact=1.0, measured=1.05, tolerance=0.06)
    rows.row("weak: below", exact=1.0, measured=0.95, tolerance=0.06)
    rows.row("weak: 9 SE", exact=0.1, measured=Estimate(0.1074, 0.0021), tolerance=0.02)
    rows.row("weak: 6 SE", exact=0.6, measured=Estimate(0.6, 0.0034), tolerance=0.02, why="6 SE")
    rows.row("weak: no scale", exact=0.0, measured=1e-9, tolerance=1e-3)
    rows.bound("weak: bound", measured=0.3, at_most=1.0, why="4 SE + step")
    rows.bound("weak: nothing", measured=0.0, at_most=1.0)
    return rows


def test_weak_rows_are_found_and_sound_ones_are_not():
    named = [complaint.split(" ", 2)[0] for complaint in complaints(table().as_data())]
    assert named == ["weak:"] * 7
    assert "passes ± 0.02" in complaints(table().as_data())[2]
    assert "its tolerance is 5.9 SE (why: 6 SE)" in complaints(table().as_data())[3]


def test_a_sentence_is_a_reason_and_a_number_of_standard_errors_is_none():
    rows = table().as_data()
    for row in rows:
        row["why"] = "Rounding alone: the two formulas are the same."
    assert complaints(rows) == []
    for why in ("", "8 SE", "4 SE + Δt/4", "4 SE: each log-variance has 2/n", "as promised"):
        for row in rows:
            row["why"] = why
        assert len(complaints(rows)) == 7, why


def test_the_error_that_is_planted_is_the_larger_of_two():
    row = {"exact": -2.0, "measured": -2.0, "standard_error": 0.01, "tolerance": 0.04}
    assert planted(row) == pytest.approx(0.2)
    assert planted(row | {"standard_error": 0.1}) == pytest.approx(0.8)
    assert planted(row | {"standard_error": None}) == pytest.approx(0.2)
    assert planted(row | {"exact": 0.0}) == pytest.approx(0.08)
    # At exactly four standard errors a row notices eight of them, wherever in them it lies.
    for measured in (0.959, 1.0, 1.041):
        at = {"exact": 1.0, "measured": measured, "standard_error": 0.0105, "tolerance": 0.042}
        assert lets_through(at) is None
        assert too_wide(at) is None


def test_the_rows_of_a_notebook_are_read_as_they_were_made():
    data = nbformat.from_dict(table()._repr_mimebundle_())
    output = nbformat.v4.new_output("execute_result", data=data)
    cells = [nbformat.v4.new_markdown_cell("text"), nbformat.v4.new_code_cell("table")]
    cells[1].outputs = [output]
    notebook = nbformat.reads(
        nbformat.writes(nbformat.v4.new_notebook(cells=cells)), as_version=nbformat.NO_CONVERT
    )
    nbformat.validate(notebook)
    assert rows_of(notebook) == table().as_data()
    assert len(overview(rows_of(notebook)).splitlines()) == 2 + 11
    assert rows_of(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("table")])) == []


@pytest.mark.nightly
def test_a_strict_build_shows_the_table_and_keeps_its_rows(tmp_path):
    book = Book(tmp_path)
    book.chapter(
        "one",
        """
        from scorelab.figures.measured import Measured
        found = Measured()
        found.bound("weak", measured=0.1, at_most=1.0, why="Nobody has said yet how small it is.")
        found
        """,
    )
    book.configure("one", parts=(*PARTS, "figures"))
    code, output = book.build()
    assert code == 0, output
    [row] = rows_of(nbformat.read(book.root / "_build/jupyter_execute/one.ipynb", as_version=4))
    assert row == {
        "claim": "weak",
        "exact": None,
        "measured": 0.1,
        "standard_error": None,
        "tolerance": 1.0,
        "why": "Nobody has said yet how small it is.",
    }
    assert rows_of(nbformat.read(book.root / "_build/html/one.ipynb", as_version=4)) == [row]
    assert "<em>Nobody has said yet how small it is.</em>" in book.page("one")


if __name__ == "__main__":
    for name in CHAPTERS:
        print(f"\n## {name}\n")
        print(overview(rows_of(nbformat.read(EXECUTED / f"{name}.ipynb", as_version=4))))
