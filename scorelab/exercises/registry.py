"""All exercises of the book by name. A chapter's module is imported when one of its own is asked
for, so that no page depends on the exercises of another."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec

from scorelab.exercises.exercise import About, Exercise, Result

__all__ = ["CHAPTERS", "about", "available", "check", "exercise"]

# The labels of the exercises, by the module of their chapter, in the order of the book.
CHAPTERS = {
    "mixture": ("ex-mean-score", "ex-stein", "ex-softmax", "ex-unequal"),
    "langevin": (
        "ex-full-step",
        "ex-square-root",
        "ex-condition",
        "ex-temperature",
        "ex-prior",
    ),
    "fisher": (
        "ex-fisher-asymmetry",
        "ex-islands",
        "ex-implicit-ridges",
        "ex-noise-sees",
    ),
    "denoising": ("ex-missing-minus", "ex-sheet-sigma", "ex-antithetic", "ex-small-sigma"),
    "noise_schedule": (
        "ex-first-levels",
        "ex-largest-distance",
        "ex-without-square",
        "ex-better-schedule",
    ),
    "annealed_langevin": (
        "ex-annealed-time",
        "ex-learning-or-annealing",
        "ex-other-weights",
        "ex-denoise-twice",
        "ex-few-data",
    ),
    "diffusions": (
        "ex-which-brownian",
        "ex-ito-square",
        "ex-cosine",
        "ex-small-slips",
        "ex-eta-steps",
    ),
    "ornstein_uhlenbeck": (
        "ex-ou-half-life",
        "ex-ou-lost-half",
        "ex-ou-markov",
        "ex-ou-vasicek",
        "ex-ou-standardise",
    ),
    "euler_maruyama": ("ex-fence", "ex-implicit", "ex-kurtosis", "ex-geometric"),
    "generation": (
        "ex-three-clocks",
        "ex-prior-mismatch",
        "ex-forgotten-scale",
        "ex-forty-evaluations",
        "ex-how-much-noise",
    ),
    "images": (
        "ex-images-price",
        "ex-images-clock",
        "ex-images-straight",
        "ex-images-nothing",
        "ex-images-ema",
    ),
    "conventions": ("ex-paper-step", "ex-two-clocks", "ex-from-noise", "ex-variance"),
}


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
    return [n for chapter, names in CHAPTERS.items() if find_spec(_module(chapter)) for n in names]


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
    return f"{__package__}.{chapter}"
