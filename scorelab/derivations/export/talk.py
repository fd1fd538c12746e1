r"""Slides for Beamer: the theorem in a block, its steps on frames, its sources at the end."""

from typing import TYPE_CHECKING, Any

from scorelab.derivations.export.framing import ROOM, frames, height
from scorelab.derivations.export.parts import Piece, Theorem, prepared
from scorelab.derivations.export.tex import file, itemized, latex_text
from scorelab.derivations.printing.macros import PREFIX, definitions, fold

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["beamer"]

_SLIDES = r"\documentclass[aspectratio=169]{beamer}"
# A formula that is wider than the frame is set smaller.
_FIT = rf"""\providecommand{{\{PREFIX}fit}}[1]{{\begingroup
  \setbox0\hbox{{$\displaystyle #1$}}%
  \ifdim\wd0>\linewidth \resizebox{{\linewidth}}{{!}}{{\box0}}\else \box0 \fi\endgroup}}
"""


def beamer(
    derivation: "Derivation",
    *,
    bare: bool = False,
    overlays: bool = False,
    per_frame: int | None = None,
    **look: Any,
) -> str:
    r"""Return Beamer frames that compile alone and can be `\input`.

    Args:
        derivation: The derivation.
        bare: The theorem and the steps without frames, to be put into one's own.
        overlays: Uncover the reason first, then the equation.
        per_frame: How many steps share a frame; by default two, where they fit.
        look: `language`, `notation`, `symbols` and `marks`, as for `prepared`.

    Raises:
        ValueError: If `per_frame` is less than 1, or as `prepared` does.
    """
    theorem = prepared(derivation, **look)
    groups = frames([(piece.reason, piece.tex) for piece in theorem.steps], per_frame)
    said = theorem.phrases
    pause = "\n\\pause\n" if overlays else "\n"
    if bare:
        steps = "\n\n".join(_step(piece, pause) for piece in theorem.steps)
        body = f"{_statement(theorem)}\n\n{steps}"
        return f"% {theorem.source}.\n{_FIT}{definitions(used_by=body)}{body}\n"
    title = latex_text(theorem.title)
    slides = []
    if theorem.statement:
        slides.append(_frame(title, "", _statement(theorem), shrink=True))
    if theorem.assumptions:
        listed = f"\\footnotesize\n{itemized(theorem.assumptions)}"
        slides.append(_frame(said["assumptions"], title, listed, shrink=True))
    for group in groups:
        shown = [theorem.steps[i] for i in group]
        heading = " --- ".join(latex_text(piece.title) for piece in shown)
        place = f"{title} ({theorem.place(group)})".replace("–", "--")
        body = pause.join(_step(piece, pause) for piece in shown)
        crowded = sum(height(piece.reason, piece.tex) for piece in shown) > ROOM
        slides.append(_frame(heading, place, body, shrink=crowded))
    if theorem.sources:
        listed = f"\\footnotesize\n{itemized(theorem.sources)}"
        slides.append(_frame(said["sources"], title, listed))
    body = _translated(said["theorem"]) + _FIT + "\n" + "\n\n".join(slides)
    return file(theorem, _SLIDES, body)


def _translated(word: str) -> str:
    """Beamer's own name for a theorem, in another language than its own."""
    if word == "Theorem":
        return ""
    return rf"\deftranslation[to=English]{{Theorem}}{{{word}}}" + "\n"


def _frame(title: str, subtitle: str, body: str, *, shrink: bool = False) -> str:
    below = rf"\framesubtitle{{{subtitle}}}" + "\n" if subtitle else ""
    options = "[shrink]" if shrink else ""
    return f"\\begin{{frame}}{options}{{{title}}}\n{below}{body}\n\\end{{frame}}"


def _statement(theorem: Theorem) -> str:
    return (
        f"\\begin{{theorem}}[{{{latex_text(theorem.title)}}}]\n"
        f"{latex_text(theorem.statement)}\n\\end{{theorem}}"
    )


def _step(piece: Piece, pause: str) -> str:
    mark = rf"\hfill{{\scriptsize {piece.mark}}}\par" if piece.mark else ""
    formula = rf"\[ \{PREFIX}fit{{{fold(piece.tex)}}} \]"
    return f"{latex_text(piece.reason)}{pause}{formula}\n{mark}".rstrip()
