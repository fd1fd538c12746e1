"""Theorems that are false, and true for one example: none may pass for one of all."""

import pytest
import sympy as sp
from spoiling import spoilt
from sympy import Derivative, Function, Integral, exp, log, oo
from tiers import nightly_but

from scorelab.derivations import Derivation, DerivationError, Step
from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import cited, definition, equation, observed
from scorelab.derivations.engine.stand_ins import density, evolving, field

x, y, theta = sp.symbols("x y theta", real=True)
a, sigma, t = sp.symbols("a sigma t", positive=True)
n = sp.Symbol("n", integer=True)
p, q, s, f, D, S, N = (Function(name) for name in ("p", "q", "s", "f", "D", "S", "N"))

slope = Derivative(log(q(y)), y)
over_x = lambda of: Integral(of * p(x) * N(y, x), (x, -oo, oo))  # noqa: E731
NOISY = [
    definition("kernel", N(y, x), gaussian(y, x, sigma**2), "Gaussian noise."),
    definition("noisy", q(y), over_x(sp.S.One), "The noisy law."),
    definition("denoiser", D(y), over_x(x) / q(y), "The mean of x."),
    definition("spread", S(y), over_x(x**2) / q(y) - D(y) ** 2, "Its variance."),
]
third = Derivative(log(q(y)), (y, 3))
variance = sigma**2 + sigma**4 * Derivative(log(q(y)), (y, 2))
loss = p(x) * (s(x) - Derivative(log(p(x)), x)) ** 2 / 2
implicit = p(x) * (s(x) ** 2 / 2 + Derivative(s(x), x))
constant = p(x) * Derivative(log(p(x)), x) ** 2 / 2
over = lambda of: Integral(of, (x, -a, a))  # noqa: E731
ends = p(a) * s(a) - p(-a) * s(-a)


def claim(lhs, rhs) -> Step:
    return Step("claim", equation(lhs, rhs), "Because.")


# Each pair: steps that are true, and steps that are not, in the same setting.
ANY_DENSITY = {"concrete": {p: density}}
ANY_MODEL = {"concrete": {p: density, s: field}}
PAIRS = {
    "Tweedie's formula for one prior": (
        [*NOISY, claim(D(y), y + sigma**2 * slope)],
        [*NOISY, claim(D(y), (y + sigma**2) / (1 + sigma**2))],
        ANY_DENSITY,
    ),
    "the variance, with a term that a Gaussian does not have": (
        [*NOISY, claim(S(y), variance)],
        [*NOISY, claim(S(y), variance + 7 * third)],
        ANY_DENSITY,
    ),
    "the implicit identity and a mean": (
        [claim(over(loss), over(implicit + constant) - ends)],
        [claim(over(loss), over(implicit + constant) - ends + over(x * p(x)))],
        ANY_MODEL,
    ),
    "the implicit identity and a third derivative": (
        [claim(over(loss), over(implicit + constant) - ends)],
        [claim(over(loss), over(implicit + constant + Derivative(s(x), (x, 3)) * p(x)) - ends)],
        ANY_MODEL,
    ),
    "an odd moment": (
        [claim(Integral(x * p(x), (x, -a, a)), -Integral(-x * p(x), (x, -a, a)))],
        [claim(Integral(x * p(x), (x, -a, a)), 0)],
        ANY_DENSITY,
    ),
    "a polynomial with small roots": (
        [claim(n * (n - 1), n**2 - n)],
        [claim(sp.prod([n - k for k in range(5)]), 0)],
        {},
    ),
    "a root of what is positive nearby": (
        [claim(sp.Abs(x - 3) ** 2 / (1 + x**2), (x**2 - 6 * x + 9) / (1 + x**2))],
        [claim(sp.sqrt((x - 3) ** 2), 3 - x)],
        {},
    ),
    "zero, nearly": (
        [claim((exp(a) + 1) * exp(-a), 1 + exp(-a))],
        [claim(exp(-100 * a**2), 0)],
        {},
    ),
    "an inequality of numbers that are near": (
        [Step("claim", sp.Le(2 * x, 1 + x**2, evaluate=False), "")],
        [Step("claim", sp.Lt(x, 3, evaluate=False), "")],
        {},
    ),
    "what is observed nearby": (
        [observed("claim", sp.Le(1 + x, exp(x), evaluate=False), "")],
        [observed("claim", sp.Lt(x, 3, evaluate=False), "")],
        {},
    ),
    "what is cited, of numbers": (
        [cited("fact", f(x), sp.sin(x) ** 2 + sp.cos(x) ** 2, ""), claim(f(x), 1)],
        [cited("fact", sp.Derivative(sp.sin(x), x), sp.sin(x), ""), claim(2 * x, x + x)],
        {"sources": ["Euclid, Elements"]},
    ),
    "an even function of time": (
        [claim(Derivative(p(x, t) ** 2, t), 2 * p(x, t) * Derivative(p(x, t), t))],
        [claim(Derivative(p(x, t), t), Derivative(p(x, t), (x, 2)))],
        {"concrete": {p: evolving}},
    ),
}


# The rest take their time: what may be any function is integrated.
QUICK = [name for name in PAIRS if "identity" not in name and "Gaussian" not in name]


@pytest.mark.parametrize("name", nightly_but(QUICK, [*PAIRS]))
def test_a_false_theorem_is_refused_and_its_true_neighbour_is_not(name):
    true, false, options = PAIRS[name]
    assert Derivation("true", "", true, **options).check().steps[-1].checked
    with pytest.raises(DerivationError):
        Derivation("false", "", false, **options).check()


ONE = sp.Lambda(x, gaussian(x, 1, 1))
TWEEDIE = [*NOISY, claim(D(y), (y + sigma**2) / (1 + sigma**2))]
UNSOUND = {
    "a function is defined twice": [
        definition("f", f(x), x, ""),
        definition("again", f(x), 2 * x, ""),
        claim(f(x), 2 * x),
    ],
    "a symbol is defined twice": [
        definition("a", a, sp.S.One, ""),
        definition("again", a, sp.S(2), ""),
        claim(a + x, x + 2),
    ],
    "a function is defined by itself": [
        definition("f", f(x), f(x) + 1, ""),
        claim(f(x), f(x) + 1),
    ],
    "a symbol is used before it is defined": [
        definition("f", f(x), a * x, ""),
        definition("a", a, sp.S(2), ""),
        claim(f(x) / a, x),
    ],
    "a positive symbol is negative": [
        definition("a", a, -1 - x**2, ""),
        claim(sp.sqrt(a**2), a),
    ],
    "a positive symbol is negative at times": [
        definition("a", a, 1 - sigma, ""),
        claim(sp.sqrt(a**2), a),
    ],
    "a value is defined, not a function": [definition("f", f(0), 1, ""), claim(f(0) + x, 1 + x)],
    "one argument stands for two": [definition("f", f(x, x), x, ""), claim(f(x, x), x)],
    "the result is cited": [claim(2 * x, x + x), cited("fact", f(x), x, "")],
}


@pytest.mark.parametrize("name", UNSOUND)
def test_what_proves_anything_is_refused(name):
    with pytest.raises(DerivationError):
        Derivation("unsound", "", UNSOUND[name], sources=["Euclid"]).check()


@pytest.mark.parametrize(
    "concrete",
    [
        {p: ONE},
        lambda rng: {p: ONE},
        lambda rng: {p: sp.Lambda(x, gaussian(x, rng.randint(1, 9), rng.randint(1, 9)))},
        lambda rng: {p: sp.Lambda(x, 1 / (rng.randint(1, 99) + x**2))},
        lambda rng: {p: sp.Lambda(x, 1 + rng.randint(1, 99) * x + x**2)},
    ],
    ids=["fixed", "drawn but fixed", "Gaussians", "even", "quadratic"],
)
def test_one_example_does_not_stand_for_any(concrete):
    with pytest.raises(DerivationError, match="may be any"):
        Derivation("false", "", TWEEDIE, concrete=concrete).check()


def test_what_is_cited_needs_a_source():
    steps = [cited("fact", f(x), x**2, "A theorem."), claim(Derivative(f(x), x), 2 * x)]
    marks = [step.checked for step in Derivation("d", "", steps, sources=["Euclid"]).check().steps]
    assert marks == ["cited", "symbolic"]
    with pytest.raises(DerivationError, match="source"):
        Derivation("d", "", steps).check()


@pytest.mark.parametrize(
    ("name", "step", "wrong"),
    [
        pytest.param(
            "tweedie",
            "variance",
            lambda right: right + 7 * third,
            marks=pytest.mark.nightly,
        ),
        pytest.param(
            "dsm-equivalence",
            "difference",
            lambda right: right + s(y, theta) * Derivative(log(q(y)), (y, 3)),
            marks=pytest.mark.nightly,
        ),
        pytest.param(
            "dsm-equivalence",
            "difference",
            lambda right: right + Derivative(s(y, theta), (theta, 2)),
            marks=pytest.mark.nightly,
        ),
        pytest.param(
            "dsm-equivalence",
            "gradient",
            lambda right: right + Derivative(s(y, theta), (theta, 2)),
            marks=pytest.mark.nightly,
        ),
        ("implicit-score-matching", "identity", lambda right: right + over(x * p(x)).subs(a, A)),
        (
            "implicit-score-matching",
            "identity",
            lambda right: right + over(Derivative(s(x), (x, 3)) * p(x)).subs(a, A),
        ),
    ],
)
def test_a_term_that_one_example_hides_is_refused(name, step, wrong):
    """The book's own theorems, each with a term that vanishes for a Gaussian or a quadratic."""
    with pytest.raises(DerivationError, match=f"step '{step}'"):
        spoilt(name, step, right=wrong).check()


A = sp.Symbol("A", positive=True)
