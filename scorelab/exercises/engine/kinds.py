"""The kinds of answers that an exercise may expect: how each is read and when two are the same.

An answer is *read* into plain numbers first. All that follows compares numbers: the answer's with
those of the truth, and with those of the mistakes that are known to be made.
"""

from __future__ import annotations

import random
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sympy as sp
import torch

from scorelab.exercises.engine.evaluating import symbols_of
from scorelab.exercises.engine.reading import (
    described,
    formula,
    guarded,
    is_a,
    letter,
    number,
    real,
    tensor,
    value_at,
)

__all__ = ["Choice", "Expression", "Function", "Kind", "Number", "Open", "Values"]

Tensors = list[torch.Tensor]
# Letters that a choice may hold, and how long a wrong one may be that is shown.
_MOST = 40
# A formula as near to the truth as that, relatively, is called close, and a number twice as far.
_NEARLY = 0.01
_WORDS: Mapping[str, Mapping[str, Any]] = {
    "en": {
        "number": "a number",
        "values": "a tensor of shape",
        "expression": "a sympy expression in",
        "function": ("a function", "which returns"),
        "letter": "one letter",
        "letters": 'all letters that apply, such as `"xy"`',
        "open": "a judgement of your own",
        "answer": "Your answer",
        "return": "Return",
        "unchecked": "Nothing is checked here",
    },
    "es": {
        "number": "un número",
        "values": "un tensor de forma",
        "expression": "una expresión de sympy en",
        "function": ("una función", "que devuelve"),
        "letter": "una letra",
        "letters": 'todas las letras que correspondan, como `"xy"`',
        "open": "un juicio propio",
        "answer": "Respuesta",
        "return": "Devuelve",
        "unchecked": "Aquí no se verifica nada",
    },
}


class Kind(ABC):
    """What an exercise expects. `read` turns an answer into float64 tensors."""

    rtol: float
    atol: float

    @property
    def variable(self) -> str:
        """The name under which a notebook keeps the answer."""
        return "answer"

    @abstractmethod
    def describe(self, language: str = "en") -> str:
        """What to hand in, as a phrase that starts with `a` or `one`."""

    def stub(self, language: str = "en") -> str:
        """Code with the place of the answer left open as `...`."""
        return f"{_comment(_asked(self, language))}\nanswer = ..."

    @abstractmethod
    def read(self, answer: object) -> Tensors:
        """The answer as tensors.

        Raises:
            ValueError: If it is not of this kind; the message completes `must be …, but`.
            Unanswered: If its place is still open.
        """

    def same(self, one: Tensors, other: Tensors) -> bool:
        """Whether two answers that were read agree within the tolerance; NaN equals NaN."""
        return len(one) == len(other) and all(
            a.shape == b.shape
            and bool(torch.isclose(a, b, rtol=self.rtol, atol=self.atol, equal_nan=True).all())
            for a, b in zip(one, other, strict=True)
        )

    def remark(self, given: Tensors, truth: Tensors) -> str | None:
        """What to say of a wrong answer that is none of the known mistakes; None if nothing."""
        return None

    def complaint(self, given: Tensors, truth: Tensors) -> str | None:
        """What is wrong with the answer's form, judged against the truth's; None if nothing."""
        shapes = [[tuple(t.shape) for t in answer] for answer in (given, truth)]
        if shapes[0] == shapes[1]:
            return None
        return f"its shape is {_listed(shapes[0])} where {_listed(shapes[1])} was expected"


@dataclass(frozen=True, kw_only=True)
class Number(Kind):
    """One number; a text such as `"0.01"`, `"24 %"` or `"sqrt(2)/3"` is read as one.

    Args:
        meaning: What the number is, such as "the `step_size` to pass".
        rtol, atol: How far from the truth it may be; for a measured number, `atol` is four
            standard errors of the difference of two measurements.
    """

    meaning: str = ""
    rtol: float = 1e-3
    atol: float = 0.0

    def describe(self, language: str = "en") -> str:
        return f"{_WORDS[language]['number']}, {self.meaning}"

    def read(self, answer: object) -> Tensors:
        value = number(answer)
        if isinstance(value, complex):
            raise ValueError(f"it is {described(answer)}")
        if value != value or abs(value) == float("inf"):
            raise ValueError(f"it is {value}")
        return [torch.tensor(value, dtype=torch.float64)]

    def remark(self, given: Tensors, truth: Tensors) -> str | None:
        return _more_digits(self, given, truth)


@dataclass(frozen=True, kw_only=True)
class Values(Kind):
    """A tensor, or a list of numbers.

    Args:
        meaning: What the entries are.
        shape: Its shape.
        rtol, atol: As for `Number`, entry by entry.
    """

    meaning: str = ""
    shape: tuple[int, ...]
    rtol: float = 1e-3
    atol: float = 0.0

    def describe(self, language: str = "en") -> str:
        return f"{_WORDS[language]['values']} {self.shape}, {self.meaning}"

    def read(self, answer: object) -> Tensors:
        if is_a(answer, complex, np.complexfloating):
            raise ValueError(f"it is {described(answer)}")
        found = tensor(answer)
        # A row or a column of the right length holds the same numbers in the same order.
        long = [tuple(n for n in shape if n != 1) for shape in (found.shape, self.shape)]
        return [found.reshape(self.shape) if long[0] == long[1] else found]

    def remark(self, given: Tensors, truth: Tensors) -> str | None:
        return _more_digits(self, given, truth)


@dataclass(frozen=True, kw_only=True)
class Expression(Kind):
    """A sympy expression, compared at five random points of its symbols' ranges.

    Two analytic functions that agree there agree; a simplification by sympy is not needed.
    Symbols count by name, whatever their assumptions; `varepsilon` and `ε` are `epsilon`. Of an
    equation the right side counts. A text such as `"d/2 + 3*h"` is read as a formula.

    Args:
        meaning: What the expression is.
        symbols: The range of each symbol in it, by name, such as `{"epsilon": (0.1, 1.9)}`.
        rtol, atol: How far from the truth its values may be, for coefficients given as decimals.
    """

    meaning: str = ""
    symbols: Mapping[str, tuple[float, float]]
    rtol: float = 1e-6
    atol: float = 1e-12

    def describe(self, language: str = "en") -> str:
        names = ", ".join(f"`{name}`" for name in self.symbols)
        return f"{_WORDS[language]['expression']} {names}: {self.meaning}"

    def read(self, answer: object) -> Tensors:
        if is_a(answer, str):
            expression = formula(str.__str__(answer))
        elif is_a(answer, sp.Basic):
            expression = answer.rhs if is_a(answer, sp.Eq) else answer
            if not is_a(expression, sp.Expr):
                raise ValueError(f"it is {described(answer)}")
        elif callable(answer):
            raise ValueError(f"it is {described(answer)}: hand in what it returns, as a text")
        else:
            values = [complex(number(answer))] * len(self._points())
            return [real(torch.tensor(values))]
        names = symbols_of(expression)
        strange = sorted({letter(name) for name in names} - set(self.symbols))
        if strange:
            raise ValueError(f"it also holds {', '.join(f'`{name}`' for name in strange)}")
        values = [value_at(expression, names, point) for point in self._points()]
        return [real(torch.tensor(values, dtype=torch.complex128))]

    def remark(self, given: Tensors, truth: Tensors) -> str | None:
        if _is_constant(given) and not _is_constant(truth):
            names = ", ".join(f"`{name}`" for name in self.symbols)
            return (
                "this is a number, such as the value at one place. Hand in the formula itself, "
                f"in {names}."
            )
        if replace(self, rtol=_NEARLY).same(given, truth):
            return (
                "this is close everywhere. If its numbers are rounded, write them exactly, such "
                "as `1/3`; else look for a small term."
            )
        return None

    def _points(self) -> list[dict[str, sp.Rational]]:
        draw = random.Random(0)
        return [
            {
                name: sp.Rational(draw.randint(int(1e6 * low), int(1e6 * high)), 10**6)
                for name, (low, high) in self.symbols.items()
            }
            for _ in range(5)
        ]


@dataclass(frozen=True, kw_only=True)
class Function(Kind):
    """A Python function, or a class that is called alike.

    Args:
        signature: Such as `step(x, score, step_size)`. The name must be none that the chapter uses.
        meaning: What it returns.
        arguments: Gives the tuples of arguments with which it is called; what it returns is
            compared.
        observe: In place of `arguments`: takes the function and returns what is compared, a tensor
            or a list of them, such as a moment of the law that it samples.
        rtol, atol: How far its values may be from those of the truth.
    """

    signature: str
    meaning: str = ""
    arguments: Callable[[], Iterable[tuple]] | None = None
    observe: Callable[[Callable], Any] | None = None
    rtol: float = 1e-5  # room for single precision, and for a 1e-8 that guards a division
    atol: float = 1e-9

    @property
    def variable(self) -> str:
        return self.signature.partition("(")[0]

    def describe(self, language: str = "en") -> str:
        a, which = _WORDS[language]["function"]
        return f"{a} `{self.signature}`, {which} {self.meaning}"

    def stub(self, language: str = "en") -> str:
        returned = f"{_WORDS[language]['return']} {self.meaning}."
        return f"def {self.signature}:\n{_comment(returned, indent='    ')}\n    ..."

    def read(self, answer: object) -> Tensors:
        if not callable(answer):
            raise ValueError(f"it is {described(answer)}")
        function = guarded(answer, self.signature)
        if self.observe is not None:
            seen = self.observe(function)
        else:
            seen = [function(*arguments) for arguments in self.arguments()]
        return [tensor(s) for s in (seen if isinstance(seen, list | tuple) else [seen])]


@dataclass(frozen=True, kw_only=True)
class Choice(Kind):
    """One of several statements, or those of them that hold, each known by a letter.

    Args:
        question: What to choose, such as "the assumption that the proof needs".
        options: The statements, by letter, in the words of the chapter.
        several: Whether more than one may hold; the answer is then a text such as `"ac"`, or a set
            of letters. Brackets, as in `"(c)"`, do not count.
    """

    question: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    several: bool = False
    rtol: float = 0.0
    atol: float = 0.0

    def describe(self, language: str = "en") -> str:
        how = _WORDS[language]["letters" if self.several else "letter"]
        return f"{how}: {self.question}"

    def stub(self, language: str = "en") -> str:
        lines = [_comment(f"{letter}: {text}") for letter, text in self.options.items()]
        return "\n".join([_comment(_asked(self, language)), *lines, "answer = ..."])

    def read(self, answer: object) -> Tensors:
        letters = ", ".join(self.options)
        answer = str.__str__(answer) if is_a(answer, str) else answer
        parts = list(answer) if is_a(answer, str, list, tuple, set, frozenset) else [None]
        if len(parts) > _MOST or not all(is_a(part, str) for part in parts):
            raise ValueError(f"it is {described(answer)}; the letters are {letters}")
        chosen = {str.lower(part) for part in parts if str.strip(part, " ,()")}
        if strange := sorted(chosen - set(self.options)):
            shown = ", ".join(
                name if name.isprintable() and len(name) < _MOST else "such a thing"
                for name in strange[:5]
            )
            raise ValueError(f"there is no {shown}; the letters are {letters}")
        if not chosen or (len(chosen) > 1 and not self.several):
            raise ValueError(f"it names {len(chosen)} letters of {letters}")
        return [torch.tensor([letter in chosen for letter in self.options], dtype=torch.float64)]


@dataclass(frozen=True, kw_only=True)
class Open(Kind):
    """No single answer, so nothing is checked.

    Args:
        why: Why there is none.
    """

    why: str

    def describe(self, language: str = "en") -> str:
        return f"{_WORDS[language]['open']}: {self.why}"

    def stub(self, language: str = "en") -> str:
        return _comment(f"{_WORDS[language]['unchecked']}: {self.why}") + "\nanswer = ..."

    def read(self, answer: object) -> Tensors:
        return []


def _is_constant(values: Tensors) -> bool:
    """Whether an answer to an `Expression` has one value at all points."""
    return bool((values[0] == values[0][:1]).all())


def _more_digits(kind: Number | Values, given: Tensors, truth: Tensors) -> str | None:
    """What to say of numbers that miss the truth by little more than the tolerance."""
    rtol = kind.rtol and max(2 * kind.rtol, 2 * _NEARLY)
    wider = replace(kind, rtol=rtol, atol=2 * kind.atol)
    if not wider.same(given, truth):
        return None
    asked = f"{100 * kind.rtol:g} %" if kind.rtol else f"{kind.atol:g}"
    return f"close, but it is wanted to {asked}: compute it more exactly, or look for a small term."


def _asked(kind: Kind, language: str) -> str:
    return f"{_WORDS[language]['answer']}: {kind.describe(language)}."


def _listed(shapes: list[tuple]) -> str:
    return ", ".join(dict.fromkeys(map(str, shapes))) or "nothing"


def _comment(text: str, indent: str = "") -> str:
    mark = f"{indent}# "
    return textwrap.fill(text.replace("`", ""), 79, initial_indent=mark, subsequent_indent=mark)
