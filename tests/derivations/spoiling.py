"""A derivation with one equation spoilt: what its checks must refuse, at that step."""

from copy import copy
from dataclasses import replace

import sympy as sp

from scorelab import derivations
from scorelab.derivations import Derivation, Step


def taken(step: Step) -> bool:
    """Whether a step is a definition or a known theorem, not a claim."""
    return step.checked in ("definition", "cited")


def with_equation(derivation: Derivation, step_name: str, wrong: sp.Basic) -> Derivation:
    """Return the derivation with another equation in a step, without steps that cannot notice.

    Those are the claims after a spoilt claim, and the claims above: they are known to hold, and
    only what they said of the same left side is used further down.
    """
    steps = list(derivation.steps)
    place = [step.name for step in steps].index(step_name)
    end = len(steps) if taken(steps[place]) else place + 1
    rest = [replace(steps[place], equation=wrong), *steps[place + 1 : end]]
    sides = {later.equation.lhs for later in rest if not taken(later)}
    spoilt = copy(derivation)
    kept = [s for s in steps[:place] if taken(s) or s.equation.lhs in sides]
    spoilt.steps = (*kept, *rest)
    return spoilt


def spoilt(name: str, step_name: str, *, left=None, right=None) -> Derivation:
    """Return the derivation called `name` with functions applied to the sides of a step."""
    derivation = derivations.unchecked(name)
    old = derivation[step_name].equation
    sides = [of(side) if of else side for of, side in zip((left, right), old.args, strict=True)]
    return with_equation(derivation, step_name, old.func(*sides, evaluate=False))
