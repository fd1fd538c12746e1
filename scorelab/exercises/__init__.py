"""Exercises that answer back.

Each exercise of the book has a label, such as `ex-full-step`. `check` compares your answer with
the exact one, computed when you ask, and answers `Right` or with a hint, which names your mistake
if it is one that is often made. It never gives the answer away::

    from scorelab import exercises

    exercises.about("ex-full-step")        # what kind of answer is expected
    exercises.check("ex-full-step", 0.5)   # right, or a hint

With a `seed` many have other numbers, and `sheet` writes them, with their solutions, as a sheet
that stands alone.
"""

import lazy_loader

__all__ = ["About", "Result", "about", "available", "check", "listing", "sheet"]

# torch and sympy take seconds to import, and the command's options need neither.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "engine.registry": ["about", "available", "check", "listing"],
        "engine.results": ["About", "Result"],
        "engine.sheets": ["sheet"],
    },
)
