"""Exercises that answer back.

Each exercise of the book has a label, such as `ex-full-step`. `check` compares your answer with
the exact one, computed when you ask, and answers `Right` or with a hint, which names your mistake
if it is one that is often made. It never gives the answer away::

    from scorelab import exercises

    exercises.about("ex-full-step")        # what kind of answer is expected
    exercises.check("ex-full-step", 0.5)   # right, or a hint
"""

from scorelab.exercises.engine.judging import About, Result
from scorelab.exercises.engine.registry import about, available, check

__all__ = ["About", "Result", "about", "available", "check"]
