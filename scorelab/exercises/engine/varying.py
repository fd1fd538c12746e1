"""The numbers of a variant, and what formulas and texts are with these numbers.

What an exercise says and what it compares is written in names: `2*alpha` in a table of mistakes,
`{{2*alpha}}` in a text. Both are formulas of sympy in the exercise's own numbers, and in `truth`,
the right answer. All of them are the package's; what a reader hands in never comes here.
"""

from __future__ import annotations

import hashlib
import inspect
import math
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import sympy as sp
import torch

__all__ = ["bound", "code", "drawn", "evaluated", "filled", "function"]

Numbers = Mapping[str, object]
_TRIES = 1_000
_CURLY = ("epsilon", "phi")  # letters of which the book writes the other form
_PLACE = re.compile(r"\{\{([^{}]+?)(?::([^{}:]+))?\}\}")


def drawn(
    label: str,
    seed: int | None,
    varies: Mapping[str, Sequence],
    admits: Callable[..., bool] | None = None,
) -> dict[str, object]:
    """One value of each number, the same for a seed wherever it is drawn.

    Args:
        label: Of the exercise, so that two exercises do not vary together.
        seed: None for the book's own numbers, which are the first of each.
        varies: The values that each number may have.
        admits: Called with the numbers by name; whether they go together.

    Raises:
        ValueError: If `seed` is no integer, or no choice but the book's is admitted.
    """
    own = {name: values[0] for name, values in varies.items()}
    if seed is None or not varies:
        return own
    if type(seed) is not int:
        raise ValueError(f"seed must be an integer, got {seed!r}")
    for attempt in range(_TRIES):
        chosen = {
            name: values[_hashed(f"{label} {seed} {attempt} {name}") % len(values)]
            for name, values in varies.items()
        }
        if chosen != own and (admits is None or admits(**chosen)):
            return chosen
    raise ValueError(f"varies of {label} admits no numbers but the book's")


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def bound(call: Callable, numbers: Numbers) -> Callable:
    """A function with those of the numbers that it asks for by name."""
    asked = inspect.signature(call).parameters
    return partial(call, **{name: value for name, value in numbers.items() if name in asked})


def evaluated(formula: str, names: Numbers) -> sp.Expr:
    """A formula of the package with some of its names given; the others are symbols."""
    return sp.sympify(sp.sympify(formula, locals={n: _symbolic(v) for n, v in names.items()}))


def _symbolic(value: object) -> object:
    """A number, or a formula as text, as sympy's own, so that 1/3 stays what it is."""
    if isinstance(value, list | tuple):
        return [_symbolic(part) for part in value]
    return value if callable(value) else sp.sympify(value)


def function(formula: str, signature: str, names: Numbers) -> Callable:
    """The function of a signature such as `step(x, size)` that returns a formula in Python."""
    _, _, arguments = signature.partition("(")
    return eval(f"lambda {arguments[:-1]}: {formula}", {"math": math, "torch": torch, **names})


def code(answer: str | Callable, signature: str) -> str:
    """The source of a function, under the name in `signature`."""
    if isinstance(answer, str):
        return f"def {signature}:\n    return {answer}"
    source = textwrap.dedent(inspect.getsource(answer)).rstrip()
    return re.sub(r"^def \w+", f"def {signature.partition('(')[0]}", source)


def filled(text: str, names: Callable[[str], Numbers]) -> str:
    """A text with the values of its formulas, which stand in double braces.

    `{{2*alpha}}` is a number with up to four digits, `{{alpha:.2f}}` one in a format of Python's,
    and `{{h:tex}}` a formula in TeX.

    Args:
        text: With formulas in the names of an exercise.
        names: Gives what the names in a formula stand for.
    """

    def value(match: re.Match) -> str:
        formula, form = match[1].strip(), match[2]
        known = names(formula)
        if form is None and isinstance(known.get(formula), str):
            return known[formula]
        found = evaluated(formula, known)
        if form == "tex":
            letters = {s: rf"\var{s.name}" for s in found.free_symbols if s.name in _CURLY}
            return sp.latex(found, symbol_names=letters)
        if form is None and found.is_Integer:
            return str(found)
        return f"{float(found):{form or '.4g'}}"

    return _PLACE.sub(value, text)
