"""MyST Markdown: the steps as the chapters show them, and the theorem whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from scorelab.derivations.export.parts import Theorem, prepared

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["markdown", "steps"]


def markdown(
    derivation: "Derivation",
    *,
    language: str | None = None,
    notation: str | Path | None = None,
    symbols: Mapping[str, str] | None = None,
    marks: bool = True,
) -> str:
    """Return the theorem with its assumptions, its proof and its sources; see `prepared`."""
    theorem = prepared(
        derivation, language=language, notation=notation, symbols=symbols, marks=marks
    )
    said = theorem.phrases
    blocks = [f"**{said['theorem']}** ({theorem.title})", theorem.statement]
    blocks += _list(said["assumptions"], theorem.assumptions)
    blocks += [f"**{said['proof']}**", *_steps(theorem, titles=True)]
    blocks += _list(said["sources"], theorem.sources)
    return "\n\n".join(block for block in blocks if block) + "\n"


def steps(derivation: "Derivation") -> str:
    """Return the steps alone: a `div` of class `derivation` with labelled equations."""
    return "\n\n".join(_steps(prepared(derivation), titles=False)) + "\n"


def _steps(theorem: Theorem, *, titles: bool) -> list[str]:
    blocks = [":::{div} derivation"]
    for piece in theorem.steps:
        kind = "defined" if piece.checked == "definition" else "checked"
        title = f"*{piece.title}.* " if titles and piece.title != piece.name else ""
        mark = f" [{piece.mark}]{{.{kind}}}" if piece.mark else ""
        blocks.append(f"{title}{piece.reason}{mark}")
        blocks.append(f"$$\n{piece.tex}\n$$ ({piece.label})")
    return [*blocks, ":::"]


def _list(title: str, items: tuple[str, ...]) -> list[str]:
    return [f"**{title}**", "\n".join(f"- {item}" for item in items)] if items else []
