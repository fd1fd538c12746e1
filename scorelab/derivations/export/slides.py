"""Slides in HTML, one file that needs no network: reveal.js, styles and set formulas are in it."""

from typing import TYPE_CHECKING, Any

from scorelab._support.extras import needed
from scorelab.derivations.export.parts import prepared

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["reveal"]


def reveal(
    derivation: "Derivation",
    *,
    overlays: bool = False,
    per_frame: int | None = None,
    **look: Any,
) -> str:
    """Return an HTML page with a slide for a step or two, for a browser and nothing else.

    Args:
        derivation: The derivation.
        overlays: Uncover the reason first, then the equation.
        per_frame: How many steps share a slide; by default two, where they fit.
        look: `language`, `notation`, `symbols` and `marks`, as for `prepared`.

    Raises:
        ModuleNotFoundError: If one of the packages for decks is missing; the message says how to
            install them.
        ValueError: If `per_frame` is less than 1, or as `prepared` does.
    """
    theorem = prepared(derivation, **look)
    with needed("slides in HTML need"):
        from scorelab.derivations.export.decks import writer

        return writer.reveal(theorem, overlays=overlays, per_frame=per_frame)
