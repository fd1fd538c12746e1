"""Turns what a reader hands in into numbers; errors complete the phrase `must be …, but`."""

from __future__ import annotations

import inspect
import unicodedata
from collections.abc import Callable, Mapping, Sequence

import sympy as sp
import torch
from torch import Tensor

__all__ = [
    "Unanswered",
    "described",
    "guarded",
    "letter",
    "real",
    "refuse_text",
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
    refuse_text(value)
    if isinstance(value, Sequence) and any(isinstance(v, Tensor) for v in value):
        value = [v.tolist() if isinstance(v, Tensor) else v for v in value]
    try:
        found = torch.as_tensor(value).detach().cpu()
    except (TypeError, ValueError, RuntimeError):
        try:  # sympy's numbers
            found = torch.tensor(float(value))  # type: ignore[arg-type]
        except (TypeError, ValueError, RuntimeError):
            raise ValueError(f"it is, or returns, {described(value)}") from None
    return real(found) if found.is_complex() else found.double()


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


def refuse_text(answer: object) -> None:
    """Raise `ValueError` for what Python would take for a number, and no reader means as one."""
    if isinstance(answer, str | bool):
        raise ValueError(f"it is {described(answer)}")


def described(value: object) -> str:
    """A value as an error message names it."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, str):
        return f"the text {value!r}"
    if callable(value):
        return f"the function `{getattr(value, '__name__', value)}`"
    return f"of type {type(value).__name__}"
