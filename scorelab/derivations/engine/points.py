r"""Both sides of a relation at random points, to 30 digits: what is false is refuted by one."""

import random
from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp
from sympy.core.evalf import mp  # mpmath, which comes with sympy
from sympy.core.function import AppliedUndef, UndefinedFunction

from scorelab.derivations.engine.densities import integrate_line

__all__ = ["CheckError", "Draw", "compare", "derivatives", "lines", "numbers"]

# What the functions and symbols that may be any become at one point.
Draw = Callable[[random.Random], Mapping[Any, Any]]

_FAR = 4
# Six points nearby, then one at each distance.
_PLACES = (*[None] * 6, *range(_FAR))
_DIGITS = 30
_TOLERANCE = sp.Float("1e-20")


class CheckError(Exception):
    """The relation does not hold, or cannot be evaluated."""


def compare(
    relation: type, pairs: list[tuple[sp.Expr, sp.Expr]], concrete: Draw, *, once: bool = False
) -> bool:
    """Compare both sides at random admissible points, at each with other functions, or at one.

    Some points are far out, where nothing has to be integrated numerically: √(x − 3)² is 3 − x
    for every x that is tried below 3.

    Returns:
        Whether they could be evaluated at all.

    Raises:
        CheckError: If the relation does not hold at a point.
    """
    rng = random.Random(0)
    sides = sp.Tuple(*(side for pair in pairs for side in pair))
    for far in _PLACES[:1] if once else _PLACES:
        values, point = _values(sides, concrete, rng, far)
        if not values:
            return far is not None
        for left, right in zip(values[::2], values[1::2], strict=True):
            if not _holds(relation, left, right, point):
                return False
    return True


def numbers(expression: sp.Expr, concrete: Draw) -> list[sp.Expr]:
    """Return the values of an expression at random points, none if that is not arithmetic."""
    if expression.has(sp.Integral, sp.Limit):
        return []
    rng = random.Random(0)
    found = []
    for far in _PLACES:
        values, _ = _values(sp.Tuple(expression), concrete, rng, far)
        value = sp.N(values[0], _DIGITS) if values else sp.nan
        if value.is_number and value.is_finite:
            found.append(value)
    return found


def _values(
    sides: sp.Tuple, concrete: Draw, rng: random.Random, far: int | None
) -> tuple[list[sp.Expr], dict]:
    """Return expressions with all that is free put in, and what was; no expression if it fails."""
    for old, new in concrete(rng).items():
        is_function = isinstance(old, UndefinedFunction)
        sides = sides.replace(old, new) if is_function else sides.subs(old, new)
    if sides.has(AppliedUndef):
        return [], {}
    sides = sp.Tuple(*(lines(derivatives(side)) for side in sides))
    labels = {indexed.base.label for indexed in sides.atoms(sp.Indexed)}
    if far is not None and (labels or sides.has(sp.Integral)):
        return [], {}
    free = sorted(sides.free_symbols - labels, key=str)
    point = {s: _draw(s, rng, far) for s in free if isinstance(s, sp.Symbol)}
    # Sums must have become finite before their indexed terms are known.
    sides = sides.subs(point).doit(integrals=False)
    for indexed in sorted(sides.atoms(sp.Indexed), key=str):
        point[indexed] = _draw(indexed, rng)
    return [side.xreplace(point) for side in sides], point


def _holds(relation: type, left: sp.Expr, right: sp.Expr, point: Mapping) -> bool:
    """Whether the two numbers could be computed; raise if they are not in the relation."""
    for digits, most in ((_DIGITS, 100), (300, 5000)):
        a, b = (sp.N(_quadrature(side), digits, maxn=most) for side in (left, right))
        if not all(number.is_number and number.is_finite for number in (a, b)):
            return False
        if _related(relation, left, right, a, b):
            return True
        if left.has(sp.Integral) or right.has(sp.Integral):
            break
    shown = ", ".join(f"{symbol} = {value}" for symbol, value in point.items())
    raise CheckError(f"the sides are {sp.N(a, 8)} and {sp.N(b, 8)} at {shown}")


def _quadrature(side: sp.Expr) -> sp.Expr:
    """Replace integrals by numbers; `evalf` would walk through the integrand at every node."""

    def number(integral: sp.Integral) -> sp.Expr:
        function = sp.lambdify(integral.variables, integral.function, "mpmath", cse=True)
        with mp.workdps(_DIGITS + 5):
            ends = sp.lambdify([], [list(limit[1:]) for limit in integral.limits], "mpmath")()
            value, error = mp.quad(function, *ends, error=True)
            if not error <= mp.mpf(10) ** (3 - _DIGITS) * (1 + abs(value)):
                return sp.nan
            return sp.sympify(value)

    def ready(e: sp.Basic) -> bool:
        return isinstance(e, sp.Integral) and not e.free_symbols and not e.has(AppliedUndef)

    return side.replace(ready, number)


def _related(relation: type, left: sp.Expr, right: sp.Expr, a: sp.Expr, b: sp.Expr) -> bool:
    if relation is not sp.Equality:
        return bool(relation(a, b))
    # Of numbers that cancel, the terms say what is small.
    terms = [abs(a), abs(b)]
    if min(terms) < _TOLERANCE:
        terms += [abs(sp.N(t, 15)) for side in (left, right) for t in sp.Add.make_args(side)]
    if abs(a - b) <= _TOLERANCE * max(terms):
        return True
    # An integral that vanishes has no terms to be compared with.
    return (left.has(sp.Integral) or right.has(sp.Integral)) and abs(a - b) <= _TOLERANCE


def _draw(symbol: sp.Basic, rng: random.Random, far: int | None = None) -> sp.Expr:
    """Draw a value that the assumptions on a symbol allow; far out, of another size each time."""
    if symbol.is_integer:
        low = 1 if symbol.is_positive else 0 if symbol.is_nonnegative else -8
        return sp.Integer(rng.randint(low, 8 if far is None else 40))
    if far is not None:
        # From 0.03 to 300, every symbol in an order of its own.
        turn = (far + random.Random(str(symbol)).randrange(_FAR)) % _FAR
        size = sp.Rational(round(1000 * 10 ** (turn - 1.5 + rng.random())), 1000)
        return size if symbol.is_nonnegative else size * rng.choice((-1, 1))
    low = 20 if symbol.is_positive else 0 if symbol.is_nonnegative else -200
    return sp.Rational(rng.randint(low, 200), 100)


def lines(expression: sp.Expr) -> sp.Expr:
    """Carry out the integrals over the line whose integrand is a polynomial times a Gaussian."""

    def inside(integral: sp.Integral) -> sp.Expr:
        (x, *ends), *outer = integral.limits
        if ends != [-sp.oo, sp.oo]:
            return integral
        inner = integrate_line(integral.function, x)
        return lines(sp.Integral(inner, *outer)) if outer else inner

    return expression.replace(lambda e: isinstance(e, sp.Integral), inside)


def derivatives(expression: sp.Expr) -> sp.Expr:
    """Differentiate (also at a point), and leave limits, sums and integrals as they stand."""
    return expression.replace(
        lambda e: isinstance(e, sp.Derivative | sp.Subs),
        lambda e: e.doit(limits=False, sums=False, integrals=False),
    )
