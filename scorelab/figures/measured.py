"""The table that closes every chapter: what was claimed, what is exact, what was measured.

A row that does not hold raises, so a book with a false claim does not build.
"""

import html
import math
import re

from scorelab.estimate import Estimate

__all__ = ["FalseClaim", "Measured"]


class FalseClaim(AssertionError):
    """A measured value that is further from the exact one than its tolerance."""


class Measured:
    """Rows of claim, exact value, measured value and tolerance; shown as a table.

    ```python
    table = Measured()
    table.row("the density integrates to 1", exact=1.0, measured=integral, tolerance=1e-6)
    table
    ```
    """

    def __init__(self) -> None:
        self.rows: list[tuple[str, float | None, float, float, str]] = []

    def row(
        self, claim: str, *, exact: float, measured: float, tolerance: float, why: str = ""
    ) -> None:
        """Check one claim and add it to the table.

        Args:
            claim: what is claimed, in words; may hold $…$.
            exact: the value by derivation or closed form.
            measured: the value found; an `Estimate` is shown with its standard error.
            tolerance: how far `measured` may be from `exact`, in the same units.
            why: where the tolerance comes from; "4 SE" and the like.

        Raises:
            FalseClaim: if they differ by more than `tolerance`, or any of them is not a number.
        """
        error = abs(float(measured) - float(exact))
        if not error <= tolerance or math.isnan(tolerance):
            raise FalseClaim(
                f"{claim}: exact {float(exact):.6g}, measured {measured!s}, "
                f"differ by {error:.3g} > {tolerance:.3g}"
            )
        self.rows.append((claim, float(exact), measured, float(tolerance), why))

    def estimate(self, claim: str, *, exact: float, measured: Estimate, errors: float = 4) -> None:
        """Check an estimate against `exact` within so many of its standard errors."""
        self.row(
            claim,
            exact=exact,
            measured=measured,
            tolerance=errors * measured.standard_error,
            why=f"{errors:g} SE",
        )

    def bound(self, claim: str, *, measured: float, at_most: float) -> None:
        """Check that `measured` lies between 0 and `at_most`; no exact value is shown."""
        if not 0 <= float(measured) <= at_most:
            raise FalseClaim(f"{claim}: measured {measured!s}, not between 0 and {at_most:.3g}")
        self.rows.append((claim, None, measured, float(at_most), ""))

    def _repr_markdown_(self) -> str:
        lines = ["{.measured}", "| claim | exact | measured | tolerance |", "|---|--:|--:|--:|"]
        for claim, *cells in self._cells():
            lines.append("| " + " | ".join([_text(claim), *cells]) + " |")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return "\n".join(" · ".join(cells) for cells in self._cells())

    def _cells(self) -> list[list[str]]:
        return [
            [
                claim,
                "" if exact is None else _number(exact),
                str(measured) if isinstance(measured, Estimate) else _number(measured),
                ("≤ " if exact is None else "± ")
                + _number(tolerance, 2)
                + (f" ({why})" if why else ""),
            ]
            for claim, exact, measured, tolerance, why in self.rows
        ]


def _text(claim: str) -> str:
    """A claim as Markdown of one cell: no HTML outside of formulas, formulas as they are."""
    parts = re.split(r"(\$[^$]+\$)", claim)
    parts[::2] = [html.escape(part, quote=False) for part in parts[::2]]
    return "".join(parts).replace("|", r"\|")  # a pipe would end the cell, even in a formula


def _number(value: float, digits: int = 4) -> str:
    """Significant digits, small and large numbers as powers of ten."""
    value = float(value)
    # From 10^digits on, .{digits}g would write 1e+04 and the like.
    if value != 0 and not 1e-3 <= abs(value) < 10**digits - 0.5:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa} × 10{_superscript(int(exponent))}"
    return f"{value:.{digits}g}"


def _superscript(number: int) -> str:
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
