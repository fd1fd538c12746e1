"""Slides in HTML, one file that needs no network: reveal.js, styles and set formulas are in it."""

from collections.abc import Mapping
from pkgutil import resolve_name
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scorelab.derivations.derivation import Derivation

__all__ = ["reveal"]

# Loaded when a deck is asked for, and only then: it needs packages that nothing else does, and the
# chapters of the book, which all derive something, do not depend on how a deck looks.
_MAKER = "scorelab.decks.derivation:reveal"
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
        make = resolve_name(_MAKER)
        return make(derivation, symbols=symbols, overlays=overlays, per_frame=per_frame)
    except ModuleNotFoundError as error:
        if error.name not in _NEEDS:
            raise
        raise ModuleNotFoundError(
            f"slides in HTML need {error.name}: pip install 'scorelab[decks]'", name=error.name
        ) from None
