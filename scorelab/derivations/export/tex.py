r"""LaTeX that compiles alone and can be `\input`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scorelab.derivations.export.formats import MACROS_FILE
from scorelab.derivations.export.parts import Theorem, prepared, written
from scorelab.derivations.printing.macros import PREFIX, definitions, fold

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["excerpt", "file", "itemized", "latex", "latex_text", "macros"]

_ARTICLE = r"\documentclass[10pt]{article}"
# A theorem that needs no package, so that a file can be read into any document.
_ENVIRONMENT = rf"""\ifcsname {PREFIX}theorem\endcsname\else
\newenvironment{{{PREFIX}theorem}}[2]{{\par\medskip\noindent\textbf{{#1}} (#2)\textbf{{.}}
\itshape}}{{\par\medskip}}
\fi
"""


def latex(
    derivation: "Derivation",
    *,
    bare: bool = False,
    **look: Any,
) -> str:
    r"""Return LaTeX that compiles alone and can be `\input`, with the labels of the book.

    Args:
        derivation: The derivation.
        bare: No document: the environments `theorem` and `proof` are those of one's own.
        look: `language`, `notation`, `symbols` and `marks`, as for `prepared`.

    Raises:
        ValueError: As `prepared` does.
    """
    theorem = prepared(derivation, **look)
    if bare:
        body = _bare(theorem)
        return f"% {theorem.source}.\n{definitions(used_by=body)}{body}\n"
    return file(theorem, _ARTICLE, _ENVIRONMENT + _body(theorem))


def excerpt(derivation: "Derivation") -> str:
    r"""Return what `latex` shows, to be pasted into a document that loads amsmath.

    It brings the macros that it uses, and bold letters for blackboard bold where a document has
    none (amssymb has them).
    """
    theorem = prepared(derivation)
    body = _ENVIRONMENT + _body(theorem)
    notation = definitions(used_by=body)
    if r"\mathbb" in notation + body:
        notation = "\\providecommand{\\mathbb}[1]{\\mathbf{#1}}\n" + notation
    return f"% {theorem.source}. {theorem.phrases['checked']}\n{notation}{body}\n"


def macros() -> str:
    """Return the file of all macros, read by every exported file that finds it beside itself."""
    return (
        "% The notation of The Score Lab: what is changed here changes in every exported file.\n"
        + definitions()
    )


def file(theorem: Theorem, document_class: str, body: str, preamble: str = "") -> str:
    r"""Add what makes a file compile alone: skipped where a document has begun already."""
    end = f"{PREFIX}end"
    return (
        rf"""% {theorem.source}. {theorem.phrases["checked"]}
% Compile this file alone, or \input it below \begin{{document}} (needs amsmath and amssymb).
\expandafter\ifx\csname @nodocument\endcsname\relax\else
{document_class}
\usepackage[utf8]{{inputenc}}
\usepackage{{amsmath,amssymb}}
{preamble}\begin{{document}}
\def\{end}{{\end{{document}}}}
\fi
% The notation: {MACROS_FILE} where there is one, else these.
\InputIfFileExists{{{MACROS_FILE}}}{{}}{{}}
"""
        + definitions(used_by=body)
        + f"\n{body}\n\n\\csname {end}\\endcsname\n"
    )


def latex_text(markdown: str) -> str:
    """Return Markdown text as LaTeX."""
    return written(
        markdown,
        text=_escaped,
        code=lambda code: rf"\texttt{{{_escaped(code)}}}",
        emphasis=lambda text: rf"\emph{{{latex_text(text)}}}",
        formula=lambda tex: f"${fold(tex)}$",
        displayed=lambda tex: f"\\[\n{fold(tex)}\n\\]",
    )


def itemized(items: Sequence[str]) -> str:
    """Return a list of Markdown texts as LaTeX."""
    rows = "\n".join(rf"  \item {latex_text(item)}" for item in items)
    return f"\\begin{{itemize}}\n{rows}\n\\end{{itemize}}"


def _body(theorem: Theorem) -> str:
    """Return the theorem, its assumptions, the labelled equations of its proof, the sources."""
    said = theorem.phrases
    title = latex_text(theorem.title)
    # A formula in a line breaks at few places: rather a loose line than one that sticks out.
    lines = [r"\begingroup\tolerance=9999\emergencystretch=6em"]
    lines.append(rf"\subsection*{{\raggedright {title}}}")
    if theorem.statement:
        lines += [
            rf"\begin{{{PREFIX}theorem}}{{{said['theorem']}}}{{{title}}}",
            latex_text(theorem.statement),
            rf"\end{{{PREFIX}theorem}}",
        ]
    lines += _listed(said["assumptions"], theorem.assumptions)
    lines += ["", rf"\medskip\noindent\emph{{{said['proof']}.}}", *_steps(theorem)]
    lines += _listed(said["sources"], theorem.sources)
    return "\n".join([*lines, "", r"\endgroup"])


def _bare(theorem: Theorem) -> str:
    said = theorem.phrases
    lines = [
        rf"\begin{{theorem}}[{{{latex_text(theorem.title)}}}]\label{{thm-{theorem.name}}}",
        latex_text(theorem.statement),
        r"\end{theorem}",
        *_listed(said["assumptions"], theorem.assumptions),
        r"\begin{proof}",
        *_steps(theorem),
        r"\end{proof}",
        *_listed(said["sources"], theorem.sources),
    ]
    return "\n".join(lines)


def _steps(theorem: Theorem) -> list[str]:
    lines = []
    for piece in theorem.steps:
        title = rf"\textbf{{{latex_text(piece.title)}.}} " if piece.title != piece.name else ""
        mark = rf" \emph{{({piece.mark})}}" if piece.mark else ""
        lines += [
            "",
            rf"\noindent {title}{latex_text(piece.reason)}{mark}",
            rf"\begin{{equation}}\label{{{piece.label}}}",
            fold(piece.tex),
            r"\end{equation}",
        ]
    return lines


def _listed(title: str, items: Sequence[str]) -> list[str]:
    return ["", rf"\medskip\noindent\textbf{{{title}}}", itemized(items)] if items else []


def _escaped(text: str) -> str:
    text = text.replace("\\", r"\textbackslash ")
    for sign in "&%#_{}":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("~", r"\textasciitilde{}").replace("^", r"\textasciicircum{}")
