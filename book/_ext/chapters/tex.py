r"""TeX for places that know neither the book's macros nor its numbering."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Macros = Mapping[str, str | tuple[str, int]]


def expand(tex: str, macros: Macros) -> str:
    r"""Replace the book's macros by what they stand for.

    Args:
        tex: A formula, without its dollar signs.
        macros: A replacement for each name, or a pair of the replacement, which holds `#1`, `#2` …,
            and the number of arguments.

    Returns:
        The formula in plain TeX.
    """
    if not macros:
        return tex
    names = "|".join(sorted(map(re.escape, macros), key=len, reverse=True))
    pattern = re.compile(rf"\\({names})(?![A-Za-z])[ \t]*")
    position = 0
    while match := pattern.search(tex, position):
        value = macros[match[1]]
        text, count = value if isinstance(value, tuple) else (value, 0)
        end = match.end() if count else match.start() + 1 + len(match[1])
        for number in range(1, count + 1):
            argument, end = _argument(tex, end)
            text = text.replace(f"#{number}", argument)
        # A name must not run into the letters that follow it.
        gap = " " if re.search(r"\\[A-Za-z]+$", text) and tex[end : end + 1].isalpha() else ""
        tex = tex[: match.start()] + text + gap + tex[end:]
        position = match.start()  # what a macro stands for may hold others
    return tex


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


def _argument(tex: str, start: int) -> tuple[str, int]:
    """The argument of a macro that begins at `start`, and where it ends."""
    while tex[start : start + 1].isspace():
        start += 1
    if tex[start : start + 1] != "{":
        match = re.compile(r"\\[A-Za-z]+|\\?.", re.DOTALL).match(tex, start)
        return (match[0], match.end()) if match else ("", start)
    depth = 0
    for position in range(start, len(tex)):
        if tex[position] in "{}" and tex[position - 1 : position] != "\\":
            depth += 1 if tex[position] == "{" else -1
            if depth == 0:
                return tex[start + 1 : position], position + 1
    raise ValueError(f"an argument is not closed: {tex[start:]!r}")
