"""Checks of a student's own answers to the laboratory, by the letters of its sheet::

    import scorelab as sl

    sl.lab.check("P1 b", GaussianMixture)   # your own class: right, or a hint
    sl.lab.about("P1 b")                    # what the check expects
    sl.lab.available()                      # the questions

An answer is held against the truth on cases that this module makes, with values, gradients, shapes,
tails and weights; a sampler by the law that it draws from, a loss by its floor. A wrong one gets a
hint, which names the mistake if it is one that is often made, and never the solution.

`python -m scorelab lab grade FOLDER` runs the same checks on a folder of submissions.
"""

import lazy_loader

# `python -m scorelab` asks this package for a command; torch and sympy wait for a question.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"asking": ["Question", "about", "available", "check"]}
)
