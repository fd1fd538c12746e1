"""All exercises of the book by name. A chapter's module is imported when one of its own is asked
for, so that no page depends on the exercises of another."""

from __future__ import annotations

import json
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from scorelab.exercises.engine import texts
from scorelab.exercises.engine.judging import Exercise, Variant
from scorelab.exercises.engine.results import About, Result

__all__ = ["CHAPTERS", "INDEX", "about", "available", "chapter_of", "check", "exercise", "listing"]

# Written by `make index`.
INDEX = Path(__file__).parents[1] / "index.json"
CHAPTERS: dict[str, tuple[str, ...]] = {
    chapter: tuple(labels) for chapter, labels in json.loads(INDEX.read_text("utf-8")).items()
}
"""The labels of the exercises, by the module of their chapter, in the order of the book."""


def check(name: str, answer: object, *, seed: int | None = None) -> Result:
    """Judge an answer to an exercise of the book.

    Args:
        name: The exercise's label, one of `available()`.
        answer: What `about(name)` says: a number, a sympy expression, a function, a tensor or a
            choice. While it is `...`, or a function that returns nothing, there is nothing to check
            yet.
        seed: Of the variant that was asked, as on its sheet; by default the book's own numbers.

    Returns:
        A result that prints `Right` with what was checked, or a hint; true if the answer is right.

    Raises:
        ValueError: If there is no such exercise (the message lists names that are near), `seed` is
            no integer, or the answer is of another kind or shape than expected. What a function of
            yours raises is passed on as it is.
    """
    return exercise(name, seed).judge(name, answer)


def about(name: str, *, seed: int | None = None, language: str = "en") -> About:
    """What an exercise expects, its grade, and code to start from.

    Args:
        name: The exercise's label, one of `available()`.
        seed: Of a variant; by default the book's own numbers.
        language: `en` or `es`, of the title and of what is expected.

    Raises:
        ValueError: If there is no such exercise (the message lists names that are near), no such
            language, or `seed` is no integer.
    """
    variant = exercise(name, seed, language)
    expects = variant.expects
    with_seed = f", seed={seed}" if variant.numbers and seed is not None else ""
    return About(
        name=name,
        chapter=chapter_of(name),
        grade=variant.grade,
        expects=expects.describe(language),
        stub=expects.stub(language),
        check=f'exercises.check("{name}", {expects.variable}{with_seed})',
        title=variant.text.title,
        minutes=variant.minutes,
        varies=bool(variant.numbers),
    )


def available() -> list[str]:
    """Return the names of all exercises that can be checked, in the order of the book."""
    return [label for labels in CHAPTERS.values() for label in labels]


def listing(language: str = "en") -> list[About]:
    """What each exercise is like, in the order of the book; raises as `about` does."""
    return [about(name, language=language) for name in available()]


def exercise(name: str, seed: int | None = None, language: str = "en") -> Variant:
    """The exercise `name` with its truth and mistakes; arguments and errors as of `about`."""
    chapter = chapter_of(name)
    known: Exercise = import_module(_module(chapter)).EXERCISES[name]
    return known.variant(name, seed, texts.text(chapter, name, language))


def chapter_of(name: str) -> str:
    """The module of the chapter that an exercise belongs to; raises as `about` does."""
    names = available()
    if name not in names:
        near = get_close_matches(str(name), names, n=3, cutoff=0.4) or names
        raise ValueError(f"no exercise is called {name!r}; did you mean {', '.join(near)}?")
    return next(chapter for chapter, labels in CHAPTERS.items() if name in labels)


def _module(chapter: str) -> str:
    return f"scorelab.exercises.{chapter}"
