"""Turns what a reader hands in into numbers; errors complete the phrase `must be …, but`.

Of what is handed in nothing is run unless a function was asked for: its type says what it is, and
only numbers, arrays, formulas and lists of these are looked into.
"""

from __future__ import annotations

import ast
import inspect
import re
import types
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

import numpy as np
import sympy as sp
import torch
from torch import Tensor

from scorelab.exercises.engine.evaluating import Formula, symbols_of, value_of

__all__ = [
    "Unanswered",
    "described",
    "formula",
    "guarded",
    "is_a",
    "letter",
    "number",
    "real",
    "tensor",
    "value_at",
]


class Unanswered(Exception):
    """There is nothing to check yet: the answer is still `...`."""


def guarded(answer: Callable, signature: str) -> Callable:
    """`answer`, which says of its own errors where they come from and may not return `None`."""
    name = signature.partition("(")[0]

    def function(*args: object, **kwargs: object) -> object:
        try:
            inspect.signature(answer).bind(*args, **kwargs)
        except TypeError as error:
            raise ValueError(f"it cannot be called as `{signature}`: {error}") from None
        except ValueError:  # a built-in without a signature
            pass
        try:
            value = answer(*args, **kwargs)
        except Exception as error:
            error.add_note(f"This was raised inside your answer `{name}`.")
            raise
        if value is None or value is ...:
            raise Unanswered
        return value

    return function


# What is longer is not looked into, and what is nested more deeply.
_LONGEST, _MOST, _DEEPEST = 1_000, 10**7, 8
_PLAIN = (int, float, complex, Fraction, Decimal)
_COMMA = re.compile(r"([+-]?\d+),(\d+)((?:[eE][+-]?\d+)?)")
# How formulas are typed: with signs of their own, or as code of a library.
_SIGNS = str.maketrans(
    {"^": "**", "−": "-", "·": "*", "×": "*", "²": "**2", "³": "**3", "½": "(1/2)", "√": "sqrt"}
    | {chr(0x2080 + digit): f"_{digit}" for digit in range(10)}
)
# A number before a letter or a bracket is a factor, but for one like 1e-9.
_FACTOR = re.compile(r"(?<![\w.])(\d+\.?\d*) *(?=[^\W\d_]|\()(?![eE][-+]?\d)")
_LIBRARY = re.compile(r"\b(?:np|numpy|math|torch|sp|sympy)\.(?=[a-z])")


def is_a(value: object, *kinds: type) -> bool:
    """Whether a value is of one of these kinds; unlike `isinstance`, it asks the type alone."""
    return issubclass(type(value), kinds)


def number(value: object) -> float | complex:
    """One number, of Python, numpy, torch or sympy, or as text; `"24 %"` is 0.24, `"0,5"` is 0.5.

    Raises:
        ValueError: If it is none, or beyond all measure.
    """
    try:
        if type(value) in _PLAIN:
            return value if type(value) is complex else float(value)
        if is_a(value, float):  # such as an `Estimate`
            return float.__add__(value, 0.0)
        if is_a(value, np.number):
            return complex(value) if is_a(value, np.complexfloating) else float(value)
        if type(value) is np.ndarray and value.size == 1 and value.dtype.kind in "iufc":
            return number(value.reshape(-1)[0])
        if is_a(value, list, tuple) and len(value) == 1 and not is_a(value[0], list, tuple):
            return number(value[0])
        if is_a(value, Tensor) and value.numel() == 1 and value.dtype is not torch.bool:
            return value.detach().cpu().item()
        if is_a(value, sp.Expr) and not symbols_of(value):
            return _without_nothing(value_of(value, {}))
        if is_a(value, str):
            return _number_of_text(str.strip(value))
    except OverflowError:
        raise ValueError(f"it is {described(value)}, and too large") from None
    except (TypeError, RuntimeError):
        pass
    raise ValueError(f"it is {described(value)}")


def _number_of_text(text: str) -> float | complex:
    if len(text) > _LONGEST:
        raise ValueError(f"it is {described(text)}")
    if text.endswith("%"):
        return _number_of_text(text[:-1].strip()) / 100
    comma = _COMMA.fullmatch(text)
    if comma:
        if len(comma[2]) == 3 and comma[1].lstrip("+-") not in ("0", ""):
            raise ValueError(f"the comma of {text!r} may mean two things: write a point")
        text = text.replace(",", ".")
    try:
        return float(text)
    except ValueError:
        pass
    found = formula(text)
    if symbols_of(found):
        raise ValueError(f"it is {described(text)}")
    return _without_nothing(value_of(found, {}))


def _without_nothing(value: complex) -> float | complex:
    """A number without an imaginary part that is none."""
    return value.real if abs(value.imag) <= 1e-12 * abs(value) else value


def tensor(value: object) -> Tensor:
    """Anything that holds numbers, as a float64 tensor; raises `ValueError` for what does not."""
    try:
        if is_a(value, Tensor):
            found = value.detach().cpu()
            found = found.to_dense() if found.layout is not torch.strided else found
        elif is_a(value, np.ndarray):
            found = torch.as_tensor(np.array(value, order="C"))
        elif is_a(value, list, tuple, range):
            found = torch.as_tensor(_entries(value, 0))
        elif is_a(value, str):
            raise TypeError
        else:
            found = torch.as_tensor(number(value))
        if found.numel() > _MOST:
            raise TypeError
        return real(found) if found.is_complex() else found.double()
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"it is, or returns, {described(value)}") from None


def _entries(values: list | tuple | range, depth: int) -> list:
    """The numbers of a list of lists as Python's own."""
    if len(values) > _MOST or depth > _DEEPEST:
        raise ValueError
    return [
        _entries(v, depth + 1)
        if is_a(v, list, tuple, range)
        else v.tolist()
        if is_a(v, Tensor, np.ndarray)
        else number(v)
        for v in values
    ]


def real(values: Tensor) -> Tensor:
    """Real and imaginary part, so that both are compared, and NaN can be."""
    return torch.view_as_real(values.to(torch.complex128))


def letter(name: str) -> str:
    """`epsilon` for `varepsilon`, `\\epsilon` and ε, `v_0` for `v0`; other names as they are."""
    name = re.sub(r"^([a-z])(\d)$", r"\1_\2", name.lstrip("\\"))
    name = {"lambda": "lamda", "eps": "epsilon"}.get(name, name)
    if name.removeprefix("var") in ("epsilon", "theta", "kappa", "pi", "rho", "sigma", "phi"):
        return name.removeprefix("var")
    greek = unicodedata.name(name, "") if len(name) == 1 else ""
    return greek.rsplit(" ", 1)[-1].lower() if greek.startswith("GREEK SMALL LETTER") else name


def value_at(expression: Formula, names: set[str], point: Mapping[str, sp.Rational]) -> complex:
    """The expression's value where its symbols, `names`, are those of `point`; NaN at a pole."""
    return value_of(expression, {name: float(point[letter(name)]) for name in names})


def formula(text: str) -> ast.expr:
    """A formula that is written as text, such as `d/2 + 3 h`; `^` is a power, `np.exp` is `exp`.

    Nothing of it is run: its syntax tree may hold numbers, names, arithmetic and a few functions of
    analysis, which `evaluating` computes.

    Raises:
        ValueError: If it holds anything else.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError
        plain = _LIBRARY.sub("", text.strip().translate(_SIGNS))
        plain = re.sub(r"\blambda\b", "lamda", _FACTOR.sub(r"\1*", plain))
        tree = ast.parse(plain, mode="eval").body
        symbols_of(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        raise ValueError(f"it is {described(text)}, which is no formula") from None
    return tree


def described(value: object) -> str:
    """A value as an error message names it, in one short line, without asking the value itself."""
    if is_a(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if is_a(value, str):
        text = str.__str__(value)
        return f"the text {text!r}" if len(text) < 80 else f"a text of {len(text)} characters"
    if is_a(value, types.FunctionType, types.BuiltinFunctionType):
        return f"the function `{value.__name__}`"
    return f"of type {type(value).__name__}"
