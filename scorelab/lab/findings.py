"""What a judge may find in an answer that is not right: it is raised, and put into words later."""

from __future__ import annotations

import traceback

__all__ = ["Raised", "Unfit", "Wrong"]


class Wrong(Exception):
    """The answer is wrong.

    Args:
        key: Of the hint, among those of the question.
    """

    def __init__(self, key: str = "else") -> None:
        super().__init__(key)
        self.key = key


class Unfit(Exception):
    """The answer is not what the question expects, so that nothing can be compared.

    Args:
        key: Of the sentence that says so.
        details: What the sentence leaves open.
    """

    def __init__(self, key: str, **details: object) -> None:
        super().__init__(key)
        self.key, self.details = key, details


class Raised(Exception):
    """The student's own code raises.

    Args:
        name: Of the function, or method, that was called.
        error: What it raises.
    """

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(name)
        self.name, self.error = name, error

    def told(self, sentences: dict[str, str]) -> str:
        """The sentence that names the error and the line, the last one that is the student's."""
        text = str(self.error).strip().partition("\n")[0]
        error = f"{type(self.error).__name__}" + (f" ({text})" if text else "")
        lines = [frame.line for frame in traceback.extract_tb(self.error.__traceback__)]
        frames = traceback.extract_tb(self.error.__traceback__)
        own = [f.line for f in frames if f.line and "site-packages" not in f.filename]
        own = [f for f in own if f in lines]
        where = sentences["where"].format(line=own[-1]) if own else ""
        return sentences["raised"].format(name=self.name, error=error, where=where)
