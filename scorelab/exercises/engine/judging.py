"""One exercise, and how an answer to it is judged.

A module of this package holds the exercises of one chapter, by their labels there:

    EXERCISES = {
        "ex-full-step": Exercise(
            grade="warm-up",
            minutes=5,
            varies={"alpha": (0.01, 0.02, 0.005)},        # the book's own first
            expects=Number(),
            truth=lambda alpha: conventions.half_step(alpha),   # from scorelab or sympy
            right="2*alpha",                              # as a reader would write it
            mistakes=(
                Mistake("alpha", "this is α itself; hold the two noises side by side"),
                Mistake("truth/4", "the factor is applied the wrong way round"),
            ),
            hint="Both terms of the step must agree. Start with the noise.",
            checked="against both terms of the step",
        ),
    }

- `truth`, `right` and each mistake's `answer` are *answers*: a number, a formula as text, a list of
  these, a letter … as `expects` says. A formula is one of sympy in the numbers of `varies`, the
  symbols of the expression that is expected, and `truth`; where a function is expected, it is what
  the function returns, in Python with `math` and `torch`, and `truth` is the right function.
- What takes more than a formula is a function that takes the numbers it needs by name and returns
  an answer. It runs when an answer is checked, not on import.
- `truth` comes from the package's exact formulas, `right` is written anew, as in the solution; the
  tests hold one against the other.
- A mistake is recognised by what it gives: its `answer` is the wrong formula, evaluated. With
  `entry`, it is the wrong value of one of several numbers, whatever the others are. For a mistake
  with many faces, `when(given, truth)` looks at the tensors that `expects.read` made.
- A hint names the mistake and where to look. It never states the answer; a test looks for it. Texts
  may hold formulas in double braces, such as `{{2*alpha}}`.
- What has no single answer expects `Open(why=…)`, and nothing else but grade and minutes is given.
- Give a function's signature a name that the chapter does not use: notebooks define it.

What the exercise says stands in `text/en/CHAPTER.md` and `text/es/CHAPTER.md` (`texts`). `make
index` enters a new exercise into the table of all of them. Tests: `tests/test_exercises.py` for
every exercise, `tests/test_exercise_pages.py` for what its page says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

import sympy as sp
import torch

from scorelab.exercises.engine.kinds import Choice, Function, Kind, Open, Tensors
from scorelab.exercises.engine.reading import Unanswered, is_a
from scorelab.exercises.engine.results import Result
from scorelab.exercises.engine.texts import Text
from scorelab.exercises.engine.varying import bound, code, drawn, evaluated, filled, function

__all__ = ["GRADES", "Exercise", "Mistake", "Variant", "in_double_precision"]

_CODE = "{{right:code}}"
GRADES = ("warm-up", "derive", "code", "explore")


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that is often given.

    Args:
        answer: The wrong answer; see the module.
        hint: Names what went wrong, in Markdown, without the right answer.
        when: Recognises it, given the tensors of an answer and of the truth. By default an answer
            is this mistake if it agrees with `answer` within the tolerance.
        entry: The index of the one number of several that is wrong.
    """

    answer: Any = field(repr=False)
    hint: str
    when: Callable[[Tensors, Tensors], bool] | None = field(default=None, repr=False)
    entry: int | None = None


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """What one exercise asks, and what is known about answers to it; see the module.

    Args:
        grade: One of `GRADES`.
        minutes: How long a student needs, about.
        expects: The kind of answer.
        truth: The right answer, from the package's exact formulas or sympy.
        right: The right answer, written independently; for the tests and for solutions.
        mistakes: Wrong answers with hints of their own. The first that fits is named.
        hint: For all other wrong answers: where to look.
        checked: What a right answer was held against, to finish "Right: ".
        varies: The values that each of its numbers may have, by name, the book's own first.
        admits: Called with the numbers by name; whether they go together. By default all do.
        helpers: Functions that its formulas call, by name; of numbers.
    """

    grade: Literal["warm-up", "derive", "code", "explore"]
    minutes: int = 0
    expects: Kind
    truth: Any = field(default=None, repr=False)
    right: Any = field(default=None, repr=False)
    mistakes: tuple[Mistake, ...] = field(default=(), repr=False)
    hint: str = ""
    checked: str = ""
    varies: Mapping[str, Sequence] = field(default_factory=dict, repr=False)
    admits: Callable[..., bool] | None = field(default=None, repr=False)
    helpers: Mapping[str, Callable] = field(default_factory=dict, repr=False)

    def variant(self, label: str, seed: int | None = None, text: Text | None = None) -> Variant:
        """The exercise with the numbers of a seed, ready to be asked and judged.

        Args:
            label: Its name.
            seed: None for the book's own numbers; what does not vary has these for every seed.
            text: What it says, if it does not say so itself.

        Raises:
            ValueError: If `seed` is neither None nor an integer.
        """
        return Variant(self, drawn(label, seed, self.varies, self.admits), text)

    def judge(self, name: str, answer: object) -> Result:
        """Compare an answer with the truth, then with the known mistakes; the book's numbers."""
        return self.variant(name).judge(name, answer)


class Variant:
    """An exercise whose numbers are chosen.

    Args:
        exercise: The exercise.
        numbers: A value for each name of `exercise.varies`.
        text: What it says; its phrase is the meaning of the kind if that has none.

    Attributes:
        truth, right: Functions of no argument that return the answers.
        mistakes: The mistakes, whose `answer` is such a function too.
        expects, hint, checked: As of the exercise, with numbers for formulas.
    """

    def __init__(
        self, exercise: Exercise, numbers: Mapping[str, object], text: Text | None = None
    ) -> None:
        self.exercise, self.numbers, self.text = exercise, numbers, text
        self.grade, self.minutes = exercise.grade, exercise.minutes
        self.hint, self.checked = self.fill(exercise.hint), self.fill(exercise.checked)
        self.expects = self._expected(exercise.expects)
        self.truth, self.right = self._answer(exercise.truth), self._answer(exercise.right)
        self.mistakes = tuple(
            replace(m, answer=self._mistaken(m), hint=self.fill(m.hint), when=self._when(m))
            for m in exercise.mistakes
        )

    def fill(self, text: str) -> str:
        """A text of this exercise with its numbers."""
        return filled(text, self._names)

    @property
    def solution(self) -> str:
        """The text of the solution, with the code of the answer where it says so."""
        written = self.text.solution
        if _CODE in written:
            written = written.replace(_CODE, f"```python\n{self._right_code()}\n```")
        return self.fill(written)

    @property
    def told(self) -> str:
        """The text of the solution without its code, which a page executes."""
        return self.fill(self.text.solution.replace(_CODE, ""))

    def _right_code(self) -> str:
        answer = self.right() if callable(self.exercise.right) else self.exercise.right
        names = "|".join(self.numbers) or "(?!)"
        source = code(answer, self.expects.signature)
        return re.sub(rf"\b({names})\b", lambda m: str(self.numbers[m[1]]), source)

    def _expected(self, kind: Kind) -> Kind:
        asks = self.text.asks if self.text else ""
        if isinstance(kind, Open):
            return kind
        if isinstance(kind, Choice):
            options = kind.options or {k: self.fill(v) for k, v in self.text.options.items()}
            return replace(kind, question=self.fill(kind.question or asks), options=options)
        kind = replace(kind, meaning=self.fill(kind.meaning or asks))
        if isinstance(kind, Function):
            asked = {"arguments": kind.arguments, "observe": kind.observe}
            kind = replace(kind, **{n: bound(f, self.numbers) for n, f in asked.items() if f})
        return kind

    def _names(self, formula: str) -> dict[str, object]:
        """What the names in a formula stand for; the truth, which may take long, if it is named."""
        symbols = getattr(self.expects, "symbols", {}) if hasattr(self, "expects") else {}
        known = {name: sp.Symbol(name, positive=True) for name in symbols}
        known |= {**self.exercise.helpers, **self.numbers}
        return known | {name: getattr(self, name)() for name in ("truth",) if name in formula}

    def _answer(self, answer: object) -> Callable[[], object]:
        """A function of no argument that returns an answer, and computes it once."""
        if callable(answer):
            return cache(bound(answer, self.numbers))
        return cache(lambda: self._value(answer))

    def _value(self, answer: object) -> object:
        kind = self.expects
        if is_a(answer, list):
            return [self._value(part) for part in answer]
        if not is_a(answer, str) or isinstance(kind, Choice):
            return answer
        if isinstance(kind, Function):
            return function(answer, kind.signature, self._names(answer))
        return evaluated(answer, self._names(answer))

    def _mistaken(self, mistake: Mistake) -> Callable[[], object]:
        answer = self._answer(mistake.answer)
        if mistake.entry is None:
            return answer

        def among_the_right() -> list:
            values = list(self.truth())
            values[mistake.entry] = answer()
            return values

        return among_the_right

    def _when(self, mistake: Mistake) -> Callable[[Tensors, Tensors], bool] | None:
        if mistake.entry is None or mistake.when is not None:
            return mistake.when
        answer, kind, entry = self._answer(mistake.answer), self.expects, mistake.entry

        def when(given: Tensors, right: Tensors) -> bool:
            wrong = torch.tensor(float(answer()))
            same = torch.isclose(given[0][entry], wrong, rtol=kind.rtol, atol=kind.atol)
            return given[0].shape == right[0].shape and bool(same)

        return when

    def judge(self, name: str, answer: object) -> Result:
        """Compare an answer with the truth, then with the known mistakes."""
        if isinstance(self.expects, Open):
            return Result(name, "open", f"there is no single answer: {self.expects.why}")
        with in_double_precision():
            return self._compare(name, answer)

    def _compare(self, name: str, answer: object) -> Result:
        try:
            given = self._read(name, answer)
        except Unanswered:
            return Result(name, "nothing to check yet", f"{self.expects.describe()}.")
        truth = self.expects.read(self.truth())
        if self.expects.same(given, truth):
            return Result(name, "right", self.checked)
        for mistake in self.mistakes:
            if self._is(mistake, given, truth):
                return Result(name, "not yet", mistake.hint)
        complaint = self.expects.complaint(given, truth)
        if complaint is not None:
            raise self._error(name, complaint)
        return Result(name, "not yet", self.expects.remark(given, truth) or self.hint)

    def _is(self, mistake: Mistake, given: Tensors, truth: Tensors) -> bool:
        if mistake.when is not None:
            try:
                return bool(mistake.when(given, truth))
            except (IndexError, RuntimeError):  # it looks for an entry that this answer has not
                return False
        return self.expects.same(given, self.expects.read(mistake.answer()))

    def _read(self, name: str, answer: object) -> Tensors:
        if answer is ...:
            raise Unanswered
        try:
            return self.expects.read(answer)
        except ValueError as error:
            if hasattr(error, "__notes__"):  # raised inside the reader's own function
                raise
            raise self._error(name, str(error)) from None

    def _error(self, name: str, what: str) -> ValueError:
        return ValueError(f"{name}: the answer must be {self.expects.describe()}; but {what}")


@contextmanager
def in_double_precision() -> Iterator[None]:
    """Precise whatever the reader's default is, and without a trace in torch's random numbers."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_default_dtype(before)
