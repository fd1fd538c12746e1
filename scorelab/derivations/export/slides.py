"""Slides in HTML, one file that needs no network: reveal.js, styles and set formulas are in it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["reveal"]

_NEEDS = ("quickjs", "sphinx-mathjax-offline", "sphinx-revealjs")


def reveal(
    derivation: "Derivation",
    *,
    symbols: Mapping[str, str] | None = None,
    overlays: bool = False,
    per_frame: int = 2,
) -> str:
    """Return an HTML page with a slide for a step or two, for a browser and nothing else.

    Args:
        derivation: The derivation.
        symbols: New TeX by a symbol's name.
        overlays: Uncover the reason first, then the equation.
        per_frame: How many steps may share a slide, where they fit.

    Raises:
        ModuleNotFoundError: If one of the packages for decks is missing; the message says how to
            install them.
        ValueError: If `per_frame` is less than 1, or for `symbols` as `pieces` does.
    """
    try:
        from scorelab.derivations.export.decks import writer

        return writer.reveal(derivation, symbols=symbols, overlays=overlays, per_frame=per_frame)
    except ModuleNotFoundError as error:
        if error.name not in _NEEDS:
            raise
        raise ModuleNotFoundError(
            f"slides in HTML need {error.name}: pip install 'scorelab[decks]'", name=error.name
        ) from None
