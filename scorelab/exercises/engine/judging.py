"""One exercise, and how an answer to it is judged.

A module of this package holds the exercises of one chapter, by their labels there:

    EXERCISES = {
        "ex-full-step": Exercise(
            grade="warm-up",
            expects=Number(meaning="the `step_size` to pass"),
            truth=lambda: conventions.half_step(ALPHA),   # from scorelab or sympy
            right=lambda: 2 * 1e-2,                       # as a reader would write it
            mistakes=(
                Mistake(lambda: ALPHA, "this is α itself; hold the two noises side by side"),
            ),
            hint="Both terms of the step must agree. Start with the noise.",
            checked="against both terms of the step",
        ),
    }

- `truth`, `right` and each mistake's `answer` are functions of no argument that return *an answer*:
  a number, an expression, a function … as `expects` says. They run when an answer is checked, not
  on import. `truth` comes from the package's exact formulas, `right` is written anew, as in the
  chapter's solution; the tests hold one against the other.
- A mistake is recognised by what it gives: its `answer` is the wrong formula, evaluated. For a
  mistake with many faces, `when(given, truth)` looks at the tensors that `expects.read` made.
- A hint names the mistake and where to look. It never states the answer; a test looks for it.
- What has no single answer expects `Open(why=…)`, and nothing else but `grade` is given.
- Give a function's signature a name that the chapter does not use: notebooks define it.

`make index` enters a new exercise into the table of all of them. Tests: `tests/test_exercises.py`
for every exercise, `tests/test_exercise_pages.py` for what its page says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import torch

from scorelab.exercises.engine.kinds import Kind, Open, Tensors
from scorelab.exercises.engine.reading import Unanswered

__all__ = ["GRADES", "About", "Exercise", "Mistake", "Result"]

GRADES = ("warm-up", "derive", "code", "explore")


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that is often given.

    Args:
        answer: Returns the wrong answer.
        hint: Names what went wrong, in Markdown, without the right answer.
        when: Recognises it, given the tensors of an answer and of the truth. By default an answer
            is this mistake if it agrees with `answer()` within the tolerance.
    """

    answer: Callable[[], object] = field(repr=False)
    hint: str
    when: Callable[[Tensors, Tensors], bool] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """What one exercise asks, and what is known about answers to it; see the module.

    Args:
        grade: One of `GRADES`.
        expects: The kind of answer.
        truth: Returns the right answer, from the package's exact formulas or sympy.
        right: Returns the right answer, written independently; for the tests.
        mistakes: Wrong answers with hints of their own. The first that fits is named.
        hint: For all other wrong answers: where to look.
        checked: What a right answer was held against, to finish "Right: ".
    """

    grade: Literal["warm-up", "derive", "code", "explore"]
    expects: Kind
    truth: Callable[[], object] | None = field(default=None, repr=False)
    right: Callable[[], object] | None = field(default=None, repr=False)
    mistakes: tuple[Mistake, ...] = field(default=(), repr=False)
    hint: str = ""
    checked: str = ""

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
        return Result(name, "not yet", self.hint)

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


@dataclass(frozen=True, repr=False)
class Result:
    """What `check` answers: prints itself, and is true if the answer is right.

    Attributes:
        name: The exercise.
        verdict: `right`, `not yet`, `nothing to check yet` or `open`.
        message: What was checked, or a hint.
        said: The verdict as it is printed, if not as it is.
    """

    name: str
    verdict: Literal["right", "not yet", "nothing to check yet", "open"]
    message: str
    said: str = ""

    def __bool__(self) -> bool:
        """Whether the answer is right."""
        return self.verdict == "right"

    def __repr__(self) -> str:
        """One line: the verdict and the message."""
        return f"{self._verdict()}: {self.message}"

    def _repr_markdown_(self) -> str:
        return f"**{self._verdict()}:** {self.message}"

    def _verdict(self) -> str:
        return self.said or self.verdict.capitalize()


@dataclass(frozen=True, repr=False)
class About:
    """What an exercise is like; prints itself.

    Attributes:
        name: Its label in the book.
        chapter: The module, and page, that it belongs to.
        grade: `warm-up`, `derive`, `code` or `explore`.
        expects: What to hand in.
        stub: Code in which the place of the answer is left open.
        check: The line that checks it.
    """

    name: str
    chapter: str
    grade: str
    expects: str
    stub: str
    check: str

    def __repr__(self) -> str:
        """The grade, what is expected, and the code to start from."""
        return f"{self.name} ({self.grade}): {self.expects}.\n\n{self.stub}\n\n{self.check}"

    def _repr_markdown_(self) -> str:
        return (
            f"**{self.name}** ({self.grade}): {self.expects}.\n\n"
            f"```python\n{self.stub}\n\n{self.check}\n```"
        )
