"""MyST Markdown, as the chapters show it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scorelab.derivations.export.parts import pieces

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["markdown"]


def markdown(derivation: "Derivation", *, symbols: Mapping[str, str] | None = None) -> str:
    """Return MyST Markdown: a `div` of class `derivation` with labelled equations."""
    blocks = [":::{div} derivation"]
    for piece in pieces(derivation, symbols):
        kind = "defined" if piece.mark == "definition" else "checked"
        blocks.append(f"{piece.reason} [{piece.mark}]{{.{kind}}}")
        blocks.append(f"$$\n{piece.tex}\n$$ ({piece.label})")
    return "\n\n".join([*blocks, ":::"]) + "\n"
