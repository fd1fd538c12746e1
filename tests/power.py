"""Whether the rows of "what we measured" can fail: what error each would have let through.

A row is asked whether it would notice an error of a tenth of its exact value or of eight standard
errors of its own measurement, whichever is larger; a bound, whether it would notice three times the
value. A row that would not needs a reason in words, and so does a tolerance wider than four
standard errors.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path

import nbformat

from scorelab.figures.measured import MEASURED, is_sentence

SHARE, ERRORS, FACTOR, WIDEST = 0.1, 8, 3, 4


def planted(row: dict) -> float:
    """The error that the row must notice; 0 if there is nothing to measure it by."""
    share = SHARE * abs(row["exact"])
    return max(share, ERRORS * (row["standard_error"] or 0.0))


def lets_through(row: dict) -> str | None:
    """What passes this row and should not, in words."""
    if row["exact"] is None:
        if FACTOR * row["measured"] <= row["tolerance"]:
            return f"{FACTOR} times {row['measured']:.3g} is still at most {row['tolerance']:.3g}"
        return None
    error = planted(row)
    if error == 0:
        return "it has no scale: it is exactly 0 and has no standard error"
    off = min(abs(row["measured"] + sign * error - row["exact"]) for sign in (1, -1))
    if off <= row["tolerance"]:
        return f"an error of {error:.3g} passes ± {row['tolerance']:.3g}"
    return None


def too_wide(row: dict) -> str | None:
    """How much wider than four standard errors the tolerance is, in words."""
    if row["exact"] is None or not row["standard_error"]:
        return None
    errors = row["tolerance"] / row["standard_error"]
    return None if errors <= WIDEST * (1 + 1e-9) else f"its tolerance is {errors:.1f} SE"


def complaints(rows: Iterable[dict]) -> list[str]:
    """The rows that could not fail, or hardly, and do not say why."""
    return [
        f"{row['claim']}: {'; '.join(found)} (why: {row['why'] or 'nothing'})"
        for row in rows
        if (found := [f for f in (lets_through(row), too_wide(row)) if f])
        and not is_sentence(row["why"])
    ]


def rows_of(notebook: nbformat.NotebookNode) -> list[dict]:
    """The rows of all tables of an executed notebook."""
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    return [row for o in outputs for row in o.get("data", {}).get(MEASURED, {}).get("rows", [])]


def tables_in(source: Path) -> int:
    """How many tables a chapter's source makes in cells of its own."""
    return len(re.findall(r"^\w+ = (?:sl\.)?Measured\(\)$", source.read_text(), flags=re.MULTILINE))


def overview(rows: Iterable[dict]) -> str:
    """All rows with what they notice, as a table in Markdown: the smallest error that fails."""
    lines = ["| claim | exact | measured | tolerance | notices |", "|---|--:|--:|--:|--:|"]
    for row in rows:
        exact, error = row["exact"], row["standard_error"]
        if exact is None:
            ratio = row["tolerance"] / row["measured"] if row["measured"] else math.inf
            notices = f"× {ratio:.2g}"
        else:
            least = row["tolerance"] + abs(row["measured"] - exact)
            notices = f"{least:.2g}" + (f" = {least / error:.1f} SE" if error else "")
        shown = "" if exact is None else f"{exact:.4g}"
        measured = f"{row['measured']:.4g}" + (f" ± {error:.2g}" if error else "")
        claim = row["claim"].replace("|", r"\|")
        lines.append(f"| {claim} | {shown} | {measured} | {row['tolerance']:.2g} | {notices} |")
    return "\n".join(lines)
