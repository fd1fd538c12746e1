r"""How a derivation is printed: the field's notation, short lines.

Plain LaTeX that KaTeX and MathJax both know; a line that would be too wide for a page is split.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from scorelab.derivations.printing.latex import Printer, is_negative

__all__ = ["latex_equation", "width"]

MAX_WIDTH = 60


def latex_equation(
    relation: sp.Basic,
    notation: Mapping[Any, str],
    rename: Callable[[str], str] = lambda tex: tex,
) -> str:
    """Return the LaTeX of a relation, split into `aligned` lines where it is too wide.

    Args:
        relation: An equation or an inequality.
        notation: As for `Derivation`.
        rename: What is done to the printed sides before they are split.
    """
    printer = Printer(notation)

    def shown(expression: sp.Expr) -> str:
        return rename(printer.doprint(expression))

    left, right = map(shown, relation.args)
    sign = printer.sign(relation)
    if width(f"{left} {sign} {right}") <= MAX_WIDTH:
        return f"{left} {sign} {right}"
    rows = _rows(printer, shown, relation.args[1])
    if width(left) + width(rows[0]) + 3 <= MAX_WIDTH:
        lines = [f"{left} &{sign} {rows[0]}"]
    else:
        lines = [
            f"&{row}" if i == 0 else rf"&\quad {row}"
            for i, row in enumerate(_rows(printer, shown, relation.args[0]))
        ]
        lines.append(rf"&{sign} {rows[0]}")
    lines += [rf"&\quad {row}" for row in rows[1:]]
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def width(latex: str) -> float:
    """Estimate how wide LaTeX is when typeset, in characters."""
    widest = 0.0
    for line in latex.split(r"\\"):
        widest = max(widest, _measure(_TOKEN.findall(line))[0])
    return widest


def _rows(printer: Printer, shown: Callable[[sp.Expr], str], side: sp.Expr) -> list[str]:
    """Return the terms of a sum, as many a row as fit."""
    if not side.is_Add:
        return [shown(side)]
    terms = sorted(printer._as_ordered_terms(side), key=is_negative)
    rows = [shown(terms[0])]
    for term in terms[1:]:
        negative = is_negative(term)
        body = ("- " if negative else "+ ") + shown(-term if negative else term)
        if width(f"{rows[-1]} {body}") + 6 <= MAX_WIDTH:
            rows[-1] += " " + body
        else:
            rows.append(body)
    return rows


_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_]|[^\s\\{}^_]")
_WIDE = {
    r"\log": 3.0,
    r"\exp": 3.0,
    r"\lim": 3.0,
    r"\quad": 2.0,
    r"\sum": 2.0,
    r"\int": 1.5,
    r"\infty": 2.0,
    r"\to": 2.0,
    r"\operatorname": 0.0,
    r"\mathrm": 0.0,
    r"\mathcal": 0.0,
    r"\mathbf": 0.0,
    r"\boldsymbol": 0.0,
    r"\mathbb": 0.0,
    r"\left": 0.0,
    r"\right": 0.0,
    r"\limits": 0.0,
    r"\,": 0.3,
    r"\;": 0.4,
    r"\!": -0.2,
    r"\begin": 0.0,
    r"\end": 0.0,
    r"\nabla": 1.2,
    r"\le": 3.0,
    r"\ge": 3.0,
}


def _measure(tokens: list[str], start: int = 0) -> tuple[float, int]:
    """Return the width of a group and where it ends."""
    total, i = 0.0, start
    while i < len(tokens) and tokens[i] != "}":
        token = tokens[i]
        i += 1
        if token == r"\frac":
            top, i = _argument(tokens, i)
            bottom, i = _argument(tokens, i)
            total += max(top, bottom) + 0.5
        elif token in "^_":
            inner, i = _argument(tokens, i)
            total += 0.7 * inner
        elif token == "{":
            inner, i = _measure(tokens, i)
            total += inner
            i += 1
        elif token in "+-=<>":
            total += 3.0
        else:
            total += _WIDE.get(token, 1.0)
    return total, i


def _argument(tokens: list[str], i: int) -> tuple[float, int]:
    if i < len(tokens) and tokens[i] == "{":
        inner, i = _measure(tokens, i + 1)
        return inner, i + 1
    return 1.0, i + 1
