"""The table that closes every chapter: what was claimed, what is exact, what was measured.

A row that does not hold raises, so a book with a false claim does not build. The table's output
also holds its rows as data, so that a test can ask of each what error it would have let through.
"""

import math
import re

from scorelab.estimate import Estimate
from scorelab.figures.tables import FORMULA, markdown_cell, shown

__all__ = ["FalseClaim", "Measured"]

MEASURED = "application/vnd.scorelab.measured+json"
"""The MIME type of the rows as data: ``rows``, a list of what `Measured.as_data` returns."""


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
            why: where the tolerance comes from: "4 SE" and the like, shown beside it. If it is
                wider than four standard errors, or an error of 10 % or of eight standard errors
                would pass, a sentence that says why; it is shown below the claim.

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

    def bound(self, claim: str, *, measured: float, at_most: float, why: str = "") -> None:
        """Check that `measured` lies between 0 and `at_most`; no exact value is shown.

        Args:
            claim: what is claimed, in words; may hold $…$.
            measured: the value found; an `Estimate` is shown with its standard error.
            at_most: the largest value that is no mistake.
            why: where the bound comes from. If three times the value would pass, a sentence that
                says why the bound is so wide; it is shown below the claim.

        Raises:
            FalseClaim: if `measured` is negative, above `at_most`, or not a number.
        """
        if not 0 <= float(measured) <= at_most:
            raise FalseClaim(f"{claim}: measured {measured!s}, not between 0 and {at_most:.3g}")
        self.rows.append((claim, None, measured, float(at_most), why))

    def as_data(self) -> list[dict]:
        """The rows as what JSON has, with all digits.

        Each has ``claim``, ``exact`` (None for a bound), ``measured``, ``standard_error`` (None if
        there is none), ``tolerance`` and ``why``.
        """
        return [
            {
                "claim": claim,
                "exact": exact,
                "measured": float(measured),
                "standard_error": _standard_error(measured),
                "tolerance": tolerance,
                "why": why,
            }
            for claim, exact, measured, tolerance, why in self.rows
        ]

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {
            MEASURED: {"rows": self.as_data()},
            "text/markdown": self._repr_markdown_(),
            "text/plain": repr(self),
        }

    def _repr_markdown_(self) -> str:
        lines = ["{.measured}", "| claim | exact | measured | tolerance |", "|---|--:|--:|--:|"]
        for (claim, *cells), (*_, why) in zip(self._cells(), self.rows, strict=True):
            below = f" *{markdown_cell(why)}*" if is_sentence(why) else ""
            lines.append("| " + " | ".join([markdown_cell(claim) + below, *cells]) + " |")
        return "\n".join(lines)

    def __repr__(self) -> str:
        rows = zip(self._cells(), self.rows, strict=True)
        return "\n".join(
            " · ".join([*cells, *([why] if is_sentence(why) else [])]) for cells, (*_, why) in rows
        )

    def _cells(self) -> list[list[str]]:
        return [
            [
                claim,
                "" if exact is None else shown(exact),
                shown(measured),
                ("≤ " if exact is None else "± ")
                + shown(tolerance, 2)
                + (f" ({why})" if why and not is_sentence(why) else ""),
            ]
            for claim, exact, measured, tolerance, why in self.rows
        ]


def is_sentence(why: str) -> bool:
    """Whether this says why in words, as "4 SE" and the like do not."""
    words = re.findall(r"\w{2,}", FORMULA.sub(" ", why))
    return len([word for word in words if word.isalpha() and word != "SE"]) >= 5


def _standard_error(measured: float) -> float | None:
    error = measured.standard_error if isinstance(measured, Estimate) else math.nan
    return float(error) if math.isfinite(error) else None
