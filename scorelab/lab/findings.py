"""What a judge may find in an answer that is not right: it is raised, and put into words later."""

from __future__ import annotations

import traceback
from pathlib import Path

__all__ = ["Raised", "Unfit", "Wrong"]

_PACKAGE = Path(__file__).parents[1]


class Wrong(Exception):
    """The answer is wrong.

    Args:
        key: Of the hint, among those of the question; what follows a colon tells apart mistakes
            that have the same.
    """

    def __init__(self, key: str = "else") -> None:
        super().__init__(key)
        self.key = key.partition(":")[0]


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
        frames = traceback.extract_tb(self.error.__traceback__)
        own = [f.line for f in frames if f.line and not _is_foreign(f.filename)]
        where = sentences["where"].format(line=own[-1]) if own else ""
        return sentences["raised"].format(name=self.name, error=error, where=where)


def _is_foreign(file: str) -> bool:
    """Whether a file belongs to a package that is installed, this one among them."""
    return "site-packages" in file or Path(file).is_relative_to(_PACKAGE)
