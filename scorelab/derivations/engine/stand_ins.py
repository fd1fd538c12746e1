r"""What stands for a function that may be any, when a step is evaluated at a point.

Each family draws a member anew, with no symmetry of its own: what holds for the density, the field
or the kernel that was drawn holds for reasons that are not in it. All of them can be integrated
against Gaussians in closed form.
"""

import random
from collections.abc import Callable

import sympy as sp

from scorelab.derivations.engine.densities import gaussian

__all__ = ["Family", "density", "evolving", "field", "plane", "positive", "special"]

# Draws a member that takes so many arguments.
Family = Callable[[random.Random, int], sp.Lambda]


def density(rng: random.Random, arity: int) -> sp.Lambda:
    """A density in its first argument: a skewed mixture, whose means move with the others."""
    x, *rest = _arguments(arity)
    share = _between(rng, 20, 45)
    return sp.Lambda(
        (x, *rest),
        sum(
            weight * gaussian(x, mean + sum(_slope(rng) * y for y in rest), _between(rng, *spread))
            for weight, mean, spread in (
                (share, -_between(rng, 60, 120), (30, 60)),
                (1 - share, _between(rng, 20, 90), (80, 140)),
            )
        ),
    )


def evolving(rng: random.Random, arity: int) -> sp.Lambda:
    """A density in its first argument, whose parts move and widen with the last, a time."""
    x, t = _arguments(arity)
    still = density(rng, 1)
    move, widen = _slope(rng), _between(rng, 20, 90)
    grown = sp.sqrt(1 + widen * t)
    return sp.Lambda((x, t), still((x - move * t - t**2 / 7) / grown) / grown)


def plane(rng: random.Random, arity: int) -> sp.Lambda:
    """A density of two numbers that are not independent, and then of a time if there is one."""
    x, y, *time = _arguments(arity)
    spread = 1 + sum(_between(rng, 20, 90) * t for t in time)
    first = density(rng, 1)
    return sp.Lambda(
        (x, y, *time),
        first(x / spread) / spread * gaussian(y, _slope(rng) * x + x**2 / 9, spread),
    )


def field(rng: random.Random, arity: int) -> sp.Lambda:
    """A function of any sign with all its derivatives, in all its arguments."""
    arguments = _arguments(arity)
    mix = sum(_slope(rng) * u for u in arguments)
    cubic = sum(_slope(rng) * (mix + _slope(rng) * arguments[0]) ** k for k in range(4))
    return sp.Lambda(tuple(arguments), cubic + _slope(rng) * sp.exp(mix / 2))


def positive(rng: random.Random, arity: int) -> sp.Lambda:
    """A function that is positive, for example a noise that depends on time."""
    arguments = _arguments(arity)
    mix = sum(_slope(rng) * u for u in arguments)
    return sp.Lambda(tuple(arguments), _between(rng, 30, 150) + mix**2 + sp.exp(mix / 3))


def special(function: sp.Lambda) -> str:
    """Say in which way a function is too special to stand for any, or `""`.

    A Gaussian has no third derivative of its logarithm, a quadratic none of its own, and what is
    even or odd has integrals that vanish: a false theorem may hold for them.
    """
    x = function.variables[0]
    at = {u: sp.Rational(7 + 2 * k, 11) for k, u in enumerate(function.variables)}
    body = function.expr
    if _is_zero(body.diff(x, 3), at):
        return "its third derivative is zero"
    if _is_zero(sp.log(body).diff(x, 3), at):
        return "the third derivative of its logarithm is zero"
    mirrored = body.subs(x, -x)
    if _is_zero(body - mirrored, at) or _is_zero(body + mirrored, at):
        return "it is even or odd"
    return ""


def _arguments(arity: int) -> list[sp.Symbol]:
    return [sp.Dummy(f"x_{k}", real=True) for k in range(arity)]


def _between(rng: random.Random, low: int, high: int) -> sp.Rational:
    return sp.Rational(rng.randint(low, high), 100)


def _slope(rng: random.Random) -> sp.Rational:
    return _between(rng, 20, 70) * rng.choice((-1, 1))


def _is_zero(expression: sp.Expr, at: dict) -> bool:
    return all(
        abs(sp.N(expression.subs({u: value + shift for u, value in at.items()}), 30))
        < sp.Float("1e-20")
        for shift in (0, sp.Rational(1, 3))
    )
