"""Turns what a reader hands in into numbers; errors complete the phrase `must be …, but`."""

from __future__ import annotations

import ast
import inspect
import unicodedata
from collections.abc import Callable, Mapping, Sequence

import sympy as sp
import torch
from torch import Tensor

__all__ = [
    "Unanswered",
    "described",
    "formula",
    "guarded",
    "letter",
    "real",
    "refuse",
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


def tensor(value: object) -> Tensor:
    """Anything that holds numbers, as a float64 tensor; raises `ValueError` for what does not."""
    refuse(value, str, bool)
    try:
        if isinstance(value, Sequence):
            value = [_plain(v) for v in value]
        found = torch.as_tensor(value).detach().cpu()
    except (TypeError, ValueError, RuntimeError):
        try:  # sympy's numbers
            found = torch.tensor(float(value))  # type: ignore[arg-type]
        except (TypeError, ValueError, RuntimeError):
            raise ValueError(f"it is, or returns, {described(value)}") from None
    return real(found) if found.is_complex() else found.double()


def _plain(value: object) -> object:
    """An entry of a list as Python's own number, or as it is."""
    if isinstance(value, Tensor):
        return value.tolist()
    return float(value) if isinstance(value, sp.Expr) else value  # type: ignore[arg-type]


def real(values: Tensor) -> Tensor:
    """Real and imaginary part, so that both are compared, and NaN can be."""
    return torch.view_as_real(values.to(torch.complex128))


def letter(name: str) -> str:
    """`epsilon` for `varepsilon`, `\\epsilon` and ε; other names as they are."""
    name = name.lstrip("\\")
    if name.removeprefix("var") in ("epsilon", "theta", "kappa", "pi", "rho", "sigma", "phi"):
        return name.removeprefix("var")
    greek = unicodedata.name(name, "") if len(name) == 1 else ""
    return greek.rsplit(" ", 1)[-1].lower() if greek.startswith("GREEK SMALL LETTER") else name


def value_at(expression: sp.Expr, point: Mapping[str, sp.Rational]) -> complex:
    """The expression's value where its symbols, by name, are those of `point`; NaN at a pole."""
    # As decimals: a fraction to the power of a fraction sympy would try to write as an exact root.
    at = {s: sp.Float(point[letter(s.name)], 30) for s in expression.free_symbols}
    try:
        return complex(sp.N(expression.subs(at), 20))
    except (TypeError, ValueError, ZeroDivisionError):  # a pole, or not a number at all
        return complex("nan")


def refuse(answer: object, *kinds: type) -> None:
    """Raise `ValueError` for kinds that Python takes for numbers, and no reader means as one."""
    if isinstance(answer, kinds):
        raise ValueError(f"it is {described(answer)}")


# Longer text and larger powers would be slow; no answer of the book comes near.
_LONGEST, _LARGEST_BASE, _LARGEST_POWER = 1_000, 10**50, 1_000
_FUNCTIONS = {
    **{name: getattr(sp, name) for name in ("sqrt", "exp", "log", "sin", "cos", "tan", "tanh")},
    **{name: getattr(sp, name) for name in ("sinh", "cosh", "erf")},
    "ln": sp.log,
    "abs": sp.Abs,
}
_CONSTANTS = {"pi": sp.pi, "π": sp.pi, "E": sp.E}


def formula(text: str) -> sp.Expr:
    """A formula that is written as text, such as `d/2 + 3*h`; `^` is a power.

    Nothing of it is run: its syntax tree may hold numbers, names, arithmetic and a few functions
    of analysis, each of which is built anew.

    Raises:
        ValueError: If it holds anything else.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError
        return _built(ast.parse(text.strip().replace("^", "**"), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        raise ValueError(f"it is {described(text)}, which is no formula") from None


def _built(node: ast.expr) -> sp.Expr:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return sp.Float(value) if isinstance(value, float) else sp.Integer(value)
        case ast.Name(id=name):
            return _CONSTANTS.get(name, sp.Symbol(name))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_built(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _built(operand)
        case ast.BinOp(left=left, op=operator, right=right):
            return _combined(_built(left), operator, _built(right))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_built(argument))
    raise ValueError


def _combined(left: sp.Expr, operator: ast.operator, right: sp.Expr) -> sp.Expr:
    match operator:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.Pow() if not (_is_above(_LARGEST_BASE, left) or _is_above(_LARGEST_POWER, right)):
            return left**right
    raise ValueError


def _is_above(bound: int, value: sp.Expr) -> bool:
    return bool(value.is_number and abs(value) > bound)


def described(value: object) -> str:
    """A value as an error message names it."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, str):
        return f"the text {value!r}"
    if callable(value):
        return f"the function `{getattr(value, '__name__', value)}`"
    return f"of type {type(value).__name__}"
