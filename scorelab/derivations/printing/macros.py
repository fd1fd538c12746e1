r"""The one table of TeX macros, and what each place that writes TeX makes of it.

MathJax is told what the names mean. Derivations may use them in their notation and reasons; what
sympy prints holds what they stand for, so that it can be read anywhere. In LaTeX that leaves the
book they are names again, with a prefix: a talk may well define its own `\N` or `\R`.
"""

import re
from collections.abc import Mapping

__all__ = ["MACROS", "PREFIX", "ROLES", "Macros", "definitions", "expand", "fold"]

# A value is the replacement, or `(replacement, number of arguments)`.
Macros = Mapping[str, str | tuple[str, int]]

MACROS: Macros = {
    # Sets and laws
    "R": r"\mathbb{R}",
    "E": r"\mathbb{E}",
    "P": r"\mathbb{P}",
    "N": r"\mathcal{N}",
    "normal": (r"\mathcal{N}\!\left(#1\right)", 1),
    "Var": r"\operatorname{Var}",
    "Cov": r"\operatorname{Cov}",
    "KL": (r"\mathrm{KL}\!\left(#1\,\middle\|\,#2\right)", 2),
    "Fisher": (r"\mathrm{F}\!\left(#1\,\middle\|\,#2\right)", 2),
    # Calculus
    "dd": r"\mathrm{d}",
    "dw": r"\mathrm{d}w",
    "dwbar": r"\mathrm{d}\bar{w}",
    "score": r"\nabla_{\!x}\log p",
    "grad": r"\nabla",
    "divergence": r"\nabla\!\cdot",
    # Linear algebra
    "tr": r"\operatorname{tr}",
    "diag": r"\operatorname{diag}",
    "T": r"^{\mathsf{T}}",
    "norm": (r"\left\lVert #1\right\rVert", 1),
    "abs": (r"\left\lvert #1\right\rvert", 1),
    "inner": (r"\left\langle #1,\,#2\right\rangle", 2),
    # Optimisation
    "argmin": r"\operatorname*{arg\,min}",
    "argmax": r"\operatorname*{arg\,max}",
}

ROLES: Macros = {
    "rv": "x",
    "bm": "w",
    "bmbar": r"\bar{w}",
    "dw": r"\mathrm{d}\bm",
    "dwbar": r"\mathrm{d}\bmbar",
}
r"""What the words of a theorem call the random state, Brownian motion, and the one that runs back.

A notation may give them other letters than the symbols beside them have: a random $X_t$ takes the
values $x$, and $W_t$ is no weight $w$.
"""


def expand(tex: str, macros: Macros = MACROS | ROLES) -> str:
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


PREFIX = "scorelab"


def fold(tex: str) -> str:
    r"""Write prefixed names for what the macros without arguments stand for.

    Args:
        tex: A formula, for example `\mathcal{N}(x; \mu, v)`.

    Returns:
        The formula with names, for example `\scorelabN(x; \mu, v)`.
    """

    def name(match: re.Match[str]) -> str:
        # A name must not run into the letters that follow it.
        after = match.string[match.end() : match.end() + 1]
        return f"\\{PREFIX}{_NAMES[match[0]]}" + " " * after.isalpha()

    return _MEANINGS.sub(name, tex)


def definitions(used_by: str | None = None) -> str:
    r"""Return the macros for LaTeX: `\providecommand`, so that what a talk defines before stays.

    Args:
        used_by: LaTeX; the macros that it does not use are left out.
    """
    lines = []
    for name, value in MACROS.items():
        text, count = value if isinstance(value, tuple) else (value, 0)
        if used_by is None or re.search(rf"\\{PREFIX}{name}(?![A-Za-z])", used_by):
            arguments = f"[{count}]" if count else ""
            lines.append(rf"\providecommand{{\{PREFIX}{name}}}{arguments}{{{text}}}")
    return "\n".join(lines) + "\n" * bool(lines)


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


_NAMES = {text: name for name, text in MACROS.items() if isinstance(text, str)}
_MEANINGS = re.compile(
    # Of two that begin alike the longer one; no part of a longer command.
    "|".join(
        re.escape(text) + ("" if text.endswith("}") else "(?![A-Za-z])")
        for text in sorted(_NAMES, key=len, reverse=True)
    )
)
