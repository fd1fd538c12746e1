r"""LaTeX that compiles alone and can be `\input`, and slides for Beamer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scorelab.derivations.export.formats import MACROS_FILE
from scorelab.derivations.export.framing import frames
from scorelab.derivations.export.parts import latex_text, pieces, source
from scorelab.derivations.printing.macros import definitions, fold

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["beamer", "excerpt", "latex", "macros"]

_ARTICLE = r"\documentclass[10pt]{article}"
_SLIDES = r"\documentclass[aspectratio=169]{beamer}"


def latex(derivation: "Derivation", *, symbols: Mapping[str, str] | None = None) -> str:
    r"""Return LaTeX that compiles alone and can be `\input`, with the labels of the book."""
    return _file(derivation, _ARTICLE, _body(derivation, symbols))


def excerpt(derivation: "Derivation", *, symbols: Mapping[str, str] | None = None) -> str:
    r"""Return what `latex` shows, to be pasted into a document that loads amsmath.

    It brings the macros that it uses, and bold letters for blackboard bold where a document has
    none (amssymb has them).
    """
    body = _body(derivation, symbols)
    notation = definitions(used_by=body)
    if r"\mathbb" in notation + body:
        notation = "\\providecommand{\\mathbb}[1]{\\mathbf{#1}}\n" + notation
    return f"% {source(derivation)}. Every step was checked.\n{notation}{body}\n"


def beamer(
    derivation: "Derivation",
    *,
    symbols: Mapping[str, str] | None = None,
    overlays: bool = False,
    per_frame: int = 2,
) -> str:
    r"""Return Beamer frames that compile alone and can be `\input`: a frame for a step or two.

    Args:
        derivation: The derivation.
        symbols: New TeX by a symbol's name.
        overlays: Uncover the reason first, then the equation.
        per_frame: How many steps may share a frame, where they fit.

    Raises:
        ValueError: If `per_frame` is less than 1, or for `symbols` as `pieces` does.
    """
    slides, first = [], 1
    total = len(derivation.steps)
    for group in frames(pieces(derivation, symbols), per_frame):
        last = first + len(group) - 1
        place = f"{first}" if first == last else f"{first}--{last}"
        names = ", ".join(piece.name for piece in group)
        pause = "\n\\pause\n" if overlays else "\n"
        body = pause.join(
            f"{latex_text(piece.reason)}{pause}\\[\n{fold(piece.tex)}\n\\]\n"
            rf"\hfill{{\scriptsize {piece.mark}}}\par"
            for piece in group
        )
        slides.append(
            rf"\begin{{frame}}{{{latex_text(derivation.title)}}}"
            "\n"
            rf"\framesubtitle{{{names} ({place} of {total})}}"
            f"\n{body}\n"
            r"\end{frame}"
        )
        first = last + 1
    return _file(derivation, _SLIDES, "\n\n".join(slides))


def macros() -> str:
    """Return the file of all macros, read by every exported file that finds it beside itself."""
    return (
        "% The notation of The Score Lab: what is changed here changes in every exported file.\n"
        + definitions()
    )


def _body(derivation: "Derivation", symbols: Mapping[str, str] | None) -> str:
    """Return the title, the reasons and the labelled equations."""
    lines = [rf"\subsection*{{{latex_text(derivation.title)}}}"]
    for piece in pieces(derivation, symbols):
        lines += [
            "",
            rf"\noindent {latex_text(piece.reason)} \emph{{({piece.mark})}}",
            rf"\begin{{equation}}\label{{{piece.label}}}",
            fold(piece.tex),
            r"\end{equation}",
        ]
    return "\n".join(lines)


def _file(derivation: "Derivation", document_class: str, body: str) -> str:
    r"""Add what makes a file compile alone: skipped where a document has begun already."""
    return (
        rf"""% {source(derivation)}. Every step was checked.
% Compile this file alone, or \input it below \begin{{document}} (needs amsmath and amssymb).
\expandafter\ifx\csname @nodocument\endcsname\relax\else
{document_class}
\usepackage{{amsmath,amssymb}}
\begin{{document}}
\def\labend{{\end{{document}}}}
\fi
% The notation: {MACROS_FILE} where there is one, else these.
\InputIfFileExists{{{MACROS_FILE}}}{{}}{{}}
"""
        + definitions(used_by=body)
        + f"\n{body}\n\n\\csname labend\\endcsname\n"
    )
