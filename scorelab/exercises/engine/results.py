"""What an exercise answers: the result of a check, and what it is like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["About", "Result"]


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
        title: Its title.
        minutes: How long a student needs, about.
        varies: Whether a seed gives it other numbers.
    """

    name: str
    chapter: str
    grade: str
    expects: str
    stub: str
    check: str
    title: str
    minutes: int
    varies: bool

    def __repr__(self) -> str:
        """The grade, what is expected, and the code to start from."""
        return f"{self.name} ({self.grade}): {self.expects}.\n\n{self.stub}\n\n{self.check}"

    def _repr_markdown_(self) -> str:
        return (
            f"**{self.name}** ({self.grade}): {self.expects}.\n\n"
            f"```python\n{self.stub}\n\n{self.check}\n```"
        )
