r"""How a step is checked: left − right is reduced to zero, or evaluated at random points."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy as sp
from sympy.concrete.expr_with_limits import AddWithLimits
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom

from scorelab.derivations.engine.densities import integrate_line

__all__ = ["CheckError", "check", "unfold"]

_POINTS = 5
_DIGITS = 30
_TOLERANCE = sp.Float("1e-20")


class CheckError(Exception):
    """The relation does not hold, or cannot be evaluated."""


def check(
    relation: sp.Basic,
    definitions: Sequence[sp.Equality],
    concrete: Mapping[Any, Any] | Callable[[random.Random], Mapping[Any, Any]],
    known: Sequence[sp.Equality] = (),
) -> str:
    """Return `"symbolic"` or `"numeric"`, whichever way `relation` was shown to hold.

    Args:
        relation: An equation, of scalars or of matrices, or an inequality of scalars.
        definitions: Equations whose left sides stand for their right sides.
        concrete: Replacements for a numerical evaluation, see `Derivation`.
        known: Equations that were shown to hold. If one has the same left side, its right side
            may stand for it.

    Raises:
        CheckError: If it does not hold.
    """
    if isinstance(relation, BooleanAtom) or not isinstance(relation, Relational):
        raise CheckError(f"{relation} is not an equation")
    if relation.lhs == relation.rhs:
        raise CheckError("both sides are the same expression: the step says nothing")
    equal = isinstance(relation, sp.Equality)
    for earlier in reversed(known):
        if earlier.lhs == relation.lhs and isinstance(earlier, sp.Equality):
            relation = relation.func(earlier.rhs, relation.rhs, evaluate=False)
            break
    # Fewer definitions written out mean less algebra: the latest ones are unfolded first.
    seen, pairs = set(), []
    for written_out in range(len(definitions) + 1):
        pairs = _pairs(relation, definitions[len(definitions) - written_out :])
        if equal and tuple(pairs) not in seen:
            seen.add(tuple(pairs))
            if all(_vanishes_by_algebra(left - right) for left, right in pairs):
                return "symbolic"
    # An integral over a function that is not known is left to numbers.
    unknown = any(side.has(AppliedUndef) for pair in pairs for side in pair)
    # A wrong claim is refuted by one point, before `simplify` is asked in vain.
    if not _has_operations(pairs):
        _evaluate(relation.func, pairs, concrete, points=1)
    carry_out = _between_ends if unknown else _do
    done = [(carry_out(left), carry_out(right)) for left, right in pairs]
    if _has_operations(pairs) and not _has_operations(done):
        _evaluate(relation.func, done, concrete, points=1)
    if equal and all(_vanishes_by_algebra(a - b) or _vanishes(a - b) for a, b in done):
        return "symbolic"
    if not equal and _true_by_assumptions(relation.func, *done[0]):
        return "symbolic"
    if not _evaluate(relation.func, done, concrete, points=_POINTS):
        raise CheckError("sympy neither proves it nor can evaluate it")
    return "numeric"


def unfold(expression: sp.Basic, definitions: Sequence[sp.Equality]) -> sp.Basic:
    """Return `expression` with defined symbols and functions replaced, the latest first."""
    for known in reversed(definitions):
        left, right = known.args
        if not expression.has(left.func if isinstance(left, AppliedUndef) else left):
            continue
        if isinstance(left, AppliedUndef):
            expression = expression.replace(left.func, _Meaning(left.args, right))
        else:
            expression = expression.subs(left, right)
    return expression


class _Meaning:
    """A function that was defined; called with values it gives its meaning for them."""

    def __init__(self, variables: tuple[sp.Symbol, ...], body: sp.Expr) -> None:
        # A lone symbol would itself become a dummy.
        self.plain = sp.Lambda(variables, body if body.is_Symbol else body.as_dummy())
        self.has_slope = body.has(sp.Derivative)

    def __call__(self, *values: sp.Expr) -> sp.Expr:
        if self.has_slope and not all(value.is_Symbol for value in values):
            # ∂f/∂x at x = y/a: `Lambda` would put y/a below the ∂ as well.
            pairs = list(zip(self.plain.variables, values, strict=True))
            return self.plain.expr.subs(pairs, simultaneous=True)
        return self.plain(*values)


def _pairs(
    relation: Relational, definitions: Sequence[sp.Equality]
) -> list[tuple[sp.Expr, sp.Expr]]:
    """Return (left, right) entry by entry, with definitions written out."""
    sides = []
    for side in relation.args:
        written = unfold(side, definitions)
        is_matrix = getattr(written, "is_Matrix", False)
        sides.append(list(sp.Matrix(written)) if is_matrix else [written])
    if len(sides[0]) != len(sides[1]):
        raise CheckError(f"the sides have {len(sides[0])} and {len(sides[1])} entries")
    return list(zip(*sides, strict=True))


def _vanishes_by_algebra(difference: sp.Expr) -> bool:
    """Reduce to zero by linearity, differentiation and rational algebra alone."""
    difference = _evaluate_derivatives(difference).as_dummy()
    return all(_is_rational_zero(part) for part in _merge(difference)) or _is_rational_zero(
        _gather(difference)
    )


def _do(side: sp.Expr) -> sp.Expr:
    """Carry out limits, sums and integrals."""
    done = _integrate_lines(_evaluate_derivatives(_between_ends(side)))
    return _gather(done.doit())


def _has_operations(pairs: list[tuple[sp.Expr, ...]]) -> bool:
    return any(side.has(sp.Integral, sp.Limit) for pair in pairs for side in pair)


def _between_ends(expression: sp.Expr) -> sp.Expr:
    """Apply the fundamental theorem of calculus, also to functions that sympy does not know."""

    def is_total(e: sp.Basic) -> bool:
        return (
            isinstance(e, sp.Integral)
            and isinstance(e.function, sp.Derivative)
            and len(e.limits) == 1
            and e.function.variables == e.limits[0][:1]
            and all(end.is_finite for end in e.limits[0][1:])
        )

    def difference(integral: sp.Integral) -> sp.Expr:
        ((x, low, high),) = integral.limits
        inner = integral.function.expr
        return inner.subs(x, high) - inner.subs(x, low)

    return expression.replace(is_total, difference)


def _integrate_lines(expression: sp.Expr) -> sp.Expr:
    """Carry out the integrals over the line whose integrand is a polynomial times a Gaussian."""

    def inside(integral: sp.Integral) -> sp.Expr:
        (x, *ends), *outer = integral.limits
        if ends != [-sp.oo, sp.oo]:
            return integral
        inner = integrate_line(integral.function, x)
        return _integrate_lines(sp.Integral(inner, *outer)) if outer else inner

    return expression.replace(lambda e: isinstance(e, sp.Integral), inside)


def _vanishes(difference: sp.Expr) -> bool:
    """Reduce to zero with everything that `simplify` has."""
    # `simplify` would try for minutes to integrate what `_do` could not.
    return sp.simplify(_freeze(difference, (AddWithLimits, sp.Limit))) == 0


def _evaluate_derivatives(expression: sp.Expr) -> sp.Expr:
    """Differentiate (also at a point), and leave limits, sums and integrals as they stand."""
    return expression.replace(
        lambda e: isinstance(e, sp.Derivative | sp.Subs),
        lambda e: e.doit(limits=False, sums=False, integrals=False),
    )


def _is_rational_zero(expression: sp.Expr) -> bool:
    kinds = (AddWithLimits, sp.Limit, sp.Function)
    numerator, _ = sp.fraction(sp.together(_freeze(expression, kinds)))
    return sp.expand(numerator, power_base=False, log=False) == 0


def _merge(expression: sp.Expr) -> list[sp.Expr]:
    """Return parts whose vanishing makes `expression` vanish: Σf − Σg becomes Σ(f − g)."""
    inside: dict[tuple, sp.Expr] = {}
    outside = sp.S.Zero
    for term in sp.Add.make_args(sp.expand_mul(expression, deep=False)):
        factors = sp.Mul.make_args(term)
        wholes = [f for f in factors if isinstance(f, AddWithLimits)]
        if len(wholes) == 1:
            (whole,) = wholes
            others = sp.Mul(*(f for f in factors if f is not whole))
            key = (whole.func, whole.limits)
            inside[key] = inside.get(key, sp.S.Zero) + others * whole.function
        else:
            outside += term
    return [outside, *inside.values()]


def _gather(expression: sp.Expr) -> sp.Expr:
    """Write sums and integrals as linear combinations of sums and integrals of single terms.

    Two expressions that differ in the order of summation and arithmetic then become the same.
    """

    def split(whole: AddWithLimits) -> sp.Expr:
        bound = set(whole.variables)
        total = sp.S.Zero
        expanded = sp.expand(whole.function, power_exp=False, power_base=False, log=False)
        for term in sp.Add.make_args(expanded):
            inside, outside = [], []
            for factor in sp.Mul.make_args(term):
                (inside if factor.free_symbols & bound else outside).append(factor)
            total += sp.Mul(*outside) * whole.func(sp.Mul(*inside), *whole.limits)
        return total

    gathered = expression.replace(lambda e: isinstance(e, AddWithLimits), split)
    return gathered.as_dummy()


def _freeze(expression: sp.Expr, kinds: tuple[type, ...]) -> sp.Expr:
    """Replace expressions of some kinds by symbols, so that what is left is algebra.

    Derivatives are always replaced as a whole: the derivative of a symbol would be zero. Of
    exponentials e^u and e^(u/2) become powers of one symbol, and e^(u+v) a product.
    """
    kinds = (*kinds, sp.Derivative, sp.Subs)
    names: dict[sp.Basic, sp.Dummy] = {}

    def walk(e: sp.Basic) -> sp.Basic:
        if isinstance(e, sp.exp) and isinstance(e, kinds):
            exponent = sp.factor(walk(e.args[0]))
            if sp.fraction(exponent)[1].is_number:
                exponent = sp.expand(exponent)
            product = sp.S.One
            for power, base in (u.as_coeff_Mul() for u in sp.Add.make_args(exponent)):
                product *= names.setdefault(sp.exp(base / 2), sp.Dummy(positive=True)) ** (
                    2 * power
                )
            return product
        if e.is_Pow and e.exp.is_Rational and e.exp.q == 2 and e.has(sp.exp):
            # Where all is real, the root of a quotient is the quotient of the roots.
            top, bottom = sp.fraction(sp.factor(walk(e.base)))
            return top**e.exp / bottom**e.exp
        if isinstance(e, kinds):
            return names.setdefault(e, sp.Dummy(real=True))
        return e.func(*map(walk, e.args)) if e.args else e

    return walk(expression)


def _true_by_assumptions(relation: type, left: sp.Expr, right: sp.Expr) -> bool:
    answer = relation(sp.factor(sp.simplify(left - right)), 0)
    return answer == sp.true


def _evaluate(
    relation: type, pairs: list[tuple[sp.Expr, sp.Expr]], concrete: Any, points: int
) -> bool:
    """Compare both sides at random admissible points.

    Returns:
        Whether they could be evaluated at all.

    Raises:
        CheckError: If the relation does not hold at a point.
    """
    rng = random.Random(0)
    for _ in range(points):
        values = dict(concrete(rng) if callable(concrete) else concrete)
        sides = sp.Tuple(*(side for pair in pairs for side in pair))
        for old, new in values.items():
            is_function = isinstance(old, UndefinedFunction)
            sides = sides.replace(old, new) if is_function else sides.subs(old, new)
        if sides.has(AppliedUndef):
            return False
        sides = sp.Tuple(*(_integrate_lines(_evaluate_derivatives(side)) for side in sides))
        labels = {indexed.base.label for indexed in sides.atoms(sp.Indexed)}
        free = (s for s in sides.free_symbols - labels if isinstance(s, sp.Symbol))
        point = {symbol: _draw(symbol, rng) for symbol in sorted(free, key=str)}
        # Sums must have become finite before their indexed terms are known.
        sides = sides.subs(point).doit(integrals=False)
        for indexed in sorted(sides.atoms(sp.Indexed), key=str):
            point[indexed] = _draw(indexed, rng)
        numbers = [sp.N(side.xreplace(point), _DIGITS) for side in sides]
        if not all(number.is_number and number.is_finite for number in numbers):
            return False
        for left, right in zip(numbers[::2], numbers[1::2], strict=True):
            close = abs(left - right) <= _TOLERANCE * (1 + abs(left))
            if not (close if relation is sp.Equality else relation(left, right)):
                shown = ", ".join(f"{symbol} = {value}" for symbol, value in point.items())
                raise CheckError(f"the sides are {sp.N(left, 8)} and {sp.N(right, 8)} at {shown}")
    return True


def _draw(symbol: sp.Basic, rng: random.Random) -> sp.Expr:
    """Draw a value that the assumptions on a symbol allow."""
    if symbol.is_integer:
        low = 1 if symbol.is_positive else 0 if symbol.is_nonnegative else -3
        return sp.Integer(rng.randint(low, 4))
    low = 20 if symbol.is_positive else -200
    return sp.Rational(rng.randint(low, 200), 100)
