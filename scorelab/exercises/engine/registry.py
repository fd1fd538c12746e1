"""All exercises of the book by name. A chapter's module is imported when one of its own is asked
for, so that no page depends on the exercises of another."""

from __future__ import annotations

import json
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from scorelab.exercises.engine.judging import About, Exercise, Result

__all__ = ["CHAPTERS", "INDEX", "about", "available", "check", "exercise"]

# Written by `make index`.
INDEX = Path(__file__).parents[1] / "index.json"
CHAPTERS: dict[str, tuple[str, ...]] = {
    chapter: tuple(labels) for chapter, labels in json.loads(INDEX.read_text("utf-8")).items()
}
"""The labels of the exercises, by the module of their chapter, in the order of the book."""


def check(name: str, answer: object) -> Result:
    """Judge an answer to an exercise of the book.

    Args:
        name: The exercise's label, one of `available()`.
        answer: What `about(name)` says: a number, a sympy expression, a function, a tensor or a
            choice. While it is `...`, or a function that returns nothing, there is nothing to check
            yet.

    Returns:
        A result that prints `Right` with what was checked, or a hint; true if the answer is right.

    Raises:
        ValueError: If there is no such exercise (the message lists names that are near), or the
            answer is of another kind or shape than expected. What a function of yours raises is
            passed on as it is.
    """
    return exercise(name).judge(name, answer)


def about(name: str) -> About:
    """What an exercise expects, its grade, and code to start from.

    Args:
        name: The exercise's label, one of `available()`.

    Raises:
        ValueError: If there is no such exercise; the message lists names that are near.
    """
    expects = exercise(name).expects
    return About(
        name=name,
        chapter=_chapter(name),
        grade=exercise(name).grade,
        expects=expects.describe(),
        stub=expects.stub(),
        check=f'exercises.check("{name}", {expects.variable})',
    )


def available() -> list[str]:
    """Return the names of all exercises that can be checked, in the order of the book."""
    return [label for labels in CHAPTERS.values() for label in labels]


def exercise(name: str) -> Exercise:
    """The exercise `name` with its truth and mistakes; raises as `about` does."""
    chapter = _chapter(name)
    return import_module(_module(chapter)).EXERCISES[name]


def _chapter(name: str) -> str:
    names = available()
    if name not in names:
        near = get_close_matches(str(name), names, n=3, cutoff=0.4) or names
        raise ValueError(f"no exercise is called {name!r}; did you mean {', '.join(near)}?")
    return next(chapter for chapter, labels in CHAPTERS.items() if name in labels)


def _module(chapter: str) -> str:
    return f"scorelab.exercises.{chapter}"
