r"""LaTeX that compiles alone and can be `\input`, and slides for Beamer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scorelab.derivations.export.pieces import Piece, latex_text, pieces, source
from scorelab.macros import definitions, fold

if TYPE_CHECKING:
    from scorelab.derivations.derivation import Derivation

__all__ = ["MACROS_FILE", "beamer", "latex", "macros"]

MACROS_FILE = "scorelab-macros.tex"

_ARTICLE = r"\documentclass[10pt]{article}"
_SLIDES = r"\documentclass[aspectratio=169]{beamer}"
_HEIGHT = 12.5  # of a slide's body, in lines


def latex(derivation: "Derivation", *, symbols: Mapping[str, str] | None = None) -> str:
    r"""Return LaTeX that compiles alone and can be `\input`, with the labels of the book."""
    lines = [rf"\subsection*{{{latex_text(derivation.title)}}}"]
    for piece in pieces(derivation, symbols):
        lines += [
            "",
            rf"\noindent {latex_text(piece.reason)} \emph{{({piece.mark})}}",
            rf"\begin{{equation}}\label{{{piece.label}}}",
            fold(piece.tex),
            r"\end{equation}",
        ]
    return _file(derivation, _ARTICLE, "\n".join(lines))


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
    if per_frame < 1:
        raise ValueError(f"per_frame must be at least 1, got {per_frame}")
    frames, first = [], 1
    total = len(derivation.steps)
    for group in _groups(pieces(derivation, symbols), per_frame):
        last = first + len(group) - 1
        place = f"{first}" if first == last else f"{first}--{last}"
        names = ", ".join(piece.name for piece in group)
        pause = "\n\\pause\n" if overlays else "\n"
        body = pause.join(
            f"{latex_text(piece.reason)}{pause}\\[\n{fold(piece.tex)}\n\\]\n"
            rf"\hfill{{\scriptsize {piece.mark}}}\par"
            for piece in group
        )
        frames.append(
            rf"\begin{{frame}}{{{latex_text(derivation.title)}}}"
            "\n"
            rf"\framesubtitle{{{names} ({place} of {total})}}"
            f"\n{body}\n"
            r"\end{frame}"
        )
        first = last + 1
    return _file(derivation, _SLIDES, "\n\n".join(frames))


def macros() -> str:
    """Return the file of all macros, read by every exported file that finds it beside itself."""
    return (
        "% The notation of The Score Lab: what is changed here changes in every exported file.\n"
        + definitions()
    )


def _groups(steps: list[Piece], per_frame: int) -> list[list[Piece]]:
    """Put neighbours together where they fit on a slide."""
    groups: list[list[Piece]] = []
    for piece in steps:
        fits = (
            groups
            and len(groups[-1]) < per_frame
            and sum(map(_height, groups[-1])) + _height(piece) <= _HEIGHT
        )
        if fits:
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return groups


def _height(piece: Piece) -> float:
    """Estimate the lines that a step takes on a slide: reason, equation, mark."""
    rows = piece.tex.split(r"\\")
    tall = (r"\frac", r"\int", r"\sum", r"\begin{pmatrix}", r"\lim")
    equation = sum(2.2 if any(sign in row for sign in tall) else 1.2 for row in rows)
    return -(-len(piece.reason) // 75) + equation + 1.8


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
