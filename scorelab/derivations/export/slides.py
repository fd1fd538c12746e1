"""Slides in HTML, one file that needs no network: reveal.js, styles and set formulas are in it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scorelab._support.extras import needed

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["reveal"]


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
    with needed("slides in HTML need"):
        from scorelab.derivations.export.decks import writer

        return writer.reveal(derivation, symbols=symbols, overlays=overlays, per_frame=per_frame)
