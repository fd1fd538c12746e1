r"""TeX for places that know neither the book's macros nor its numbering."""

from __future__ import annotations

import re
from collections.abc import Callable

from scorelab.derivations.printing.macros import Macros, expand

__all__ = ["Macros", "display", "expand", "plain_output"]


def display(tex: str, tag: str | None = None, *, bare: bool = False) -> str:
    r"""A displayed formula as Jupyter reads it: `$$ … \tag{n} $$`.

    Args:
        tex: The formula.
        tag: Its number on the page, if it has one.
        bare: Whether `tex` brings its own display environment, such as `align`.
    """
    tex = tex.strip()
    if bare:
        return tex
    if r"\\" in tex and not tex.startswith(r"\begin{"):
        tex = f"\\begin{{split}}\n{tex}\n\\end{{split}}"
    numbered = f"{tex} \\tag{{{tag}}}" if tag else tex
    return f"$$\n{numbered}\n$$"


def plain_output(markdown: str, macros: Macros, number: Callable[[str], str | None]) -> str:
    r"""The Markdown that a cell displayed, without what only the book understands.

    Args:
        markdown: MyST Markdown: labelled displays, `:::` containers, roles.
        macros: See `expand`.
        number: The number of the equation with a given label, if it has one.
    """
    lines = [line for line in markdown.splitlines() if not re.match(r"\s*:{3,}", line)]
    text = re.sub(r"(?m)^\{[.#][^}\n]*\}$\n?", "", "\n".join(lines))
    text = re.sub(r"\[([^\]\n]*)\]\{[.#][^}\n]*\}", r"*\1*", text)
    return re.sub(
        r"\$\$(.+?)\$\$(?:[ \t]*\(([\w.:-]+)\))?|(?<![\\$])\$([^$\n]+?)\$",
        lambda match: (
            f"${expand(match[3], macros)}$"
            if match[3]
            else display(expand(match[1], macros), number(match[2]) if match[2] else None)
        ),
        text,
        flags=re.DOTALL,
    )
