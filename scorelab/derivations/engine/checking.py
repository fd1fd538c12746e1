r"""How a step is checked: left − right is reduced to zero, or evaluated at random points."""

from collections.abc import Sequence

import sympy as sp
from sympy.concrete.expr_with_limits import AddWithLimits
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom

from scorelab.derivations.engine.points import CheckError, Draw, compare, derivatives, lines

__all__ = ["CheckError", "check", "unfold"]


def check(
    relation: sp.Basic,
    definitions: Sequence[sp.Equality],
    concrete: Draw,
    known: Sequence[sp.Equality] = (),
    mark: str = "",
) -> str:
    """Return how `relation` was shown to hold: `"symbolic"` or `"numeric"`, or else `mark`.

    Args:
        relation: An equation, of scalars or of matrices, or an inequality of scalars.
        definitions: Equations whose left sides stand for their right sides.
        concrete: A function that takes a `random.Random` and returns what the undefined
            functions become at one point, see `Derivation`.
        known: Equations that were shown to hold. If one has the same left side, its right side
            may stand for it.
        mark: `"observed"` if points are evidence enough for an inequality, `"cited"` for a known
            theorem, which points can only refute.

    Raises:
        CheckError: If it does not hold, or if it is an inequality that is neither proved nor said
            to be observed.
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
                return mark or "symbolic"
    unknown = any(side.has(AppliedUndef) for pair in pairs for side in pair)
    if mark == "cited":
        # It is not for us to prove, but what is false of numbers is not a theorem. An equation
        # for a function says nothing of others.
        if not unknown:
            compare(relation.func, pairs, concrete)
        return mark
    # A wrong claim is refuted by one point, before `simplify` is asked in vain.
    operations = _has_operations(pairs)
    if not operations:
        compare(relation.func, pairs, concrete, once=True)
    if not equal and _true_by_assumptions(relation.func, *pairs[0]):
        return mark or "symbolic"
    # An integral over a function that is not known is left to numbers.
    carry_out = _between_ends if unknown else _do
    done = [(carry_out(left), carry_out(right)) for left, right in pairs]
    if equal and all(_vanishes_by_algebra(a - b) for a, b in done):
        return mark or "symbolic"
    if operations and (unknown or not _has_operations(done)):
        compare(relation.func, done, concrete, once=True)
    if equal and all(_vanishes(a - b) for a, b in done):
        return mark or "symbolic"
    if not equal and _true_by_assumptions(relation.func, *done[0]):
        return mark or "symbolic"
    if equal and any(_is_nonzero_rational(a - b) for a, b in done):
        raise CheckError("the sides differ by a rational function that is not zero")
    if not compare(relation.func, done, concrete):
        raise CheckError("sympy neither proves it nor can evaluate it")
    if not equal and not mark:
        raise CheckError(
            "points are no proof of an inequality: give a reason that sympy can follow, or say "
            'that it is "observed"'
        )
    return mark or "numeric"


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
    difference = derivatives(difference).as_dummy()
    return all(_is_rational_zero(part) for part in _merge(difference)) or _is_rational_zero(
        _gather(difference)
    )


def _do(side: sp.Expr) -> sp.Expr:
    """Carry out limits, sums and integrals."""
    done = lines(derivatives(_between_ends(side)))
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


def _vanishes(difference: sp.Expr) -> bool:
    """Reduce to zero with everything that `simplify` has."""
    # `simplify` would try for minutes to integrate what `_do` could not.
    return sp.simplify(_freeze(difference, (AddWithLimits, sp.Limit))) == 0


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
    # A lone symbol would itself become a dummy.
    return gathered if gathered.is_Symbol else gathered.as_dummy()


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


def _is_nonzero_rational(difference: sp.Expr) -> bool:
    """Whether it is a rational function of independent symbols, and not zero.

    Points may be its roots: n(n − 1)(n − 2) vanishes at every integer that is tried below 3.
    """
    difference = sp.together(derivatives(difference))
    symbols = difference.free_symbols
    return (
        bool(symbols)
        and not difference.has(AppliedUndef, sp.Indexed, AddWithLimits, sp.Limit)
        and difference.is_rational_function(*symbols) is True
        and not _is_rational_zero(difference)
    )


def _true_by_assumptions(relation: type, left: sp.Expr, right: sp.Expr) -> bool:
    """Whether the signs of squares, of exponentials and of such integrals prove an inequality."""
    difference = left - right
    if not difference.has(sp.Integral):
        difference = sp.simplify(difference)
    return relation(sp.factor(_known_signs(difference)), 0) == sp.true


def _known_signs(expression: sp.Expr) -> sp.Expr:
    """Let a symbol that is not negative stand for each integral of what is nowhere negative."""

    def has_sign(e: sp.Basic) -> bool:
        if not isinstance(e, sp.Integral) or any(len(limit) != 3 for limit in e.limits):
            return False
        inside = derivatives(e.function)
        for x, low, high in e.limits:
            if (high - low).is_extended_nonnegative is not True:
                return False
            if low.is_finite:
                # Between the ends, x is this for some s > 0.
                s = sp.Dummy(positive=True)
                inside = inside.subs(x, (low + high * s) / (1 + s) if high.is_finite else low + s)
        return sp.factor(inside).is_nonnegative is True

    return expression.replace(has_sign, lambda _: sp.Dummy(nonnegative=True))
