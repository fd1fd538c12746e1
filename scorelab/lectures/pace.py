"""How long things take in a lecture and alone: one model for chapters, slides and plans.

It is an estimate, for a lecturer who speaks every sentence, writes every line and says why, and
lets the audience guess before a figure is shown.
"""

from collections.abc import Mapping

from scorelab.lectures.plan import Item

__all__ = ["GRADES", "PACE", "QUESTIONS", "estimate", "minutes"]

PACE: Mapping[str, tuple[float, float, float]] = {
    "words": (1 / 100, 1 / 150, 1 / 200),
    "captions": (0.0, 0.0, 1 / 200),
    "formulas": (1.5, 1.5, 1 / 3),
    "steps": (1.5, 1.5, 1 / 2),
    "figures": (3.0, 1.5, 1 / 2),
    "listings": (1.0, 0.0, 0.0),
    "lines": (0.0, 0.1, 1 / 30),
}
"""Minutes each: in a lecture; alone, with pencil and paper; and read once without a pencil.

Captions are words, which a lecturer says instead of reading them.
"""

GRADES: Mapping[str, int] = {"Warm-up": 5, "Derive": 20, "Code": 20, "Explore": 30}
"""Minutes of an exercise, alone, by the grade with which its text begins."""

QUESTIONS = 5
"""Minutes that a plan must leave at the least."""


def minutes(**count: float) -> float:
    """Return the minutes of so many of each of `PACE` in a lecture."""
    return sum(n * PACE[what][0] for what, n in count.items())


def estimate(item: Item, n_steps: int | None = None) -> float:
    """Return the minutes of an item of a plan that is no part of a chapter.

    Args:
        item: A theorem, a live figure, a slide of one's own or homework.
        n_steps: How many steps of a theorem are shown; by default those that the plan names.
    """
    if item.kind == "theorem":
        return minutes(steps=len(item.steps) if n_steps is None else n_steps, formulas=1)
    if item.kind == "live":
        return minutes(figures=1)
    if item.kind == "homework":
        return 1.0
    return minutes(words=len(item.text.split()), formulas=item.text.count("$$") / 2)
