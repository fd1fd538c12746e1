"""Results in rows and columns: a table on the page, lines of text in a terminal."""

import html
import re
from collections.abc import Iterable, Sequence

from scorelab.estimate import Estimate

__all__ = ["Table"]

FORMULA = re.compile(r"(\$[^$]+\$)")


class Table:
    """A table of results, as a chapter shows them.

    ```python
    Table(["T", "distance to the floor"], [(3.0, 4.2), (5.0, 1.6)])
    ```
    """

    def __init__(self, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Keep the rows.

        Args:
            heads: the heads of the columns, in words; may hold $…$.
            rows: as many cells each as there are heads. Numbers are shown with four significant
                digits, an `Estimate` with its standard error, all else by its text.

        Raises:
            ValueError: if a row has more or fewer cells than there are heads.
        """
        self.heads = list(heads)
        self.rows = [[cell if isinstance(cell, str) else shown(cell) for cell in r] for r in rows]
        for i, row in enumerate(self.rows):
            if len(row) != len(self.heads):
                raise ValueError(f"row {i} has {len(row)} cells for {len(self.heads)} heads: {row}")

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {"text/markdown": self._repr_markdown_(), "text/plain": repr(self)}

    def _repr_markdown_(self) -> str:
        # A column of numbers is read from its right end, one of words from its left.
        columns = zip(*self.rows, strict=True) if self.rows else [[]] * len(self.heads)
        rule = ["--:" if all(map(_is_number, column)) else "---" for column in columns]
        lines = [map(markdown_cell, row) for row in (self.heads, *self.rows)]
        lines.insert(1, rule)
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def __repr__(self) -> str:
        lines = [self.heads, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )


def shown(value: object, digits: int = 4) -> str:
    """Significant digits, small and large numbers as powers of ten; what is no number, by name."""
    if isinstance(value, (Estimate, int)):
        return str(value)
    try:
        value = float(value)
    except (TypeError, ValueError):
        return str(value)
    # From 10^digits on, .{digits}g would write 1e+04 and the like.
    if value != 0 and not 1e-3 <= abs(value) < 10**digits - 0.5:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa} × 10{_superscript(int(exponent))}"
    return f"{value:.{digits}g}"


def markdown_cell(text: str) -> str:
    """Text as Markdown of one cell: no HTML outside of formulas, formulas as they are."""
    parts = FORMULA.split(text)
    parts[::2] = [html.escape(part, quote=False) for part in parts[::2]]
    return "".join(parts).replace("|", r"\|")  # a pipe would end the cell, even in a formula


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[-+−≤≥ ]*[\d.,]+(e[-+]\d+)?( ± \S+)?( × 10\S+)?[ %]*", cell))


def _superscript(number: int) -> str:
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
