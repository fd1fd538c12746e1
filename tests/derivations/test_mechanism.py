"""The mechanism itself: what is accepted, what is refused, how it is said."""

import random

import pytest
import sympy as sp

from scorelab import derivations
from scorelab.derivations import Derivation, DerivationError, Step, printing
from scorelab.derivations.engine import checking, points
from scorelab.derivations.engine.derivation import definition, equation, observed
from scorelab.derivations.engine.stand_ins import density, field, positive
from scorelab.derivations.printing import latex

x, y = sp.symbols("x y", real=True)
a = sp.Symbol("a", positive=True)
f, g = sp.Function("f"), sp.Function("g")


def check(*steps: Step, **options) -> Derivation:
    return Derivation("sample", "A sample", steps, **options).check()


def claim(lhs, rhs) -> Step:
    return Step("claim", equation(lhs, rhs), "Because.")


def test_get_returns_the_same_checked_derivation():
    first = derivations.get("ou-moments")
    assert first is derivations.get("ou-moments")
    assert first.equations["mean-rate"] is first["mean-rate"].equation
    assert first.result is first.steps[-1].equation


def test_unknown_names_are_answered_with_near_ones():
    with pytest.raises(KeyError, match="did you mean mixture-score"):
        derivations.get("mixture_scores")
    with pytest.raises(KeyError, match="ula-bias"):
        derivations.get("????")
    with pytest.raises(KeyError, match="gaussian-slope"):
        derivations.unchecked("mixture-score")["nothing"]


@pytest.mark.parametrize(
    ("lhs", "rhs"),
    [
        (sp.Derivative(x * sp.exp(x), x), (1 + x) * sp.exp(x)),
        (sp.Integral(sp.exp(-(x**2) / (2 * a)), (x, -sp.oo, sp.oo)), sp.sqrt(2 * sp.pi * a)),
        (sp.Limit(sp.sin(x) / x, x, 0), 1),
        (sp.sin(x) ** 2 + sp.cos(x) ** 2, 1),
        (sp.Matrix([sp.Derivative(x**2, x), x - y]), sp.Matrix([2 * x, x - y])),
    ],
)
def test_true_claims_are_proved(lhs, rhs):
    assert check(claim(lhs, rhs))["claim"].checked == "symbolic"


def test_sums_over_an_index_are_linear():
    k, n = sp.symbols("k n", integer=True, positive=True)
    w = sp.IndexedBase("w", positive=True)
    lhs = sp.Sum(a * w[k] * (x + w[k]), (k, 1, n))
    rhs = a * x * sp.Sum(w[k], (k, 1, n)) + a * sp.Sum(w[k] ** 2, (k, 1, n))
    assert check(claim(lhs, rhs))["claim"].checked == "symbolic"
    with pytest.raises(DerivationError):
        check(claim(lhs, rhs - sp.Sum(w[k], (k, 1, n))))


def test_what_sympy_cannot_prove_is_evaluated():
    # The integrand and its mirror image add up to one; sympy finds no antiderivative.
    symmetric = sp.Integral(1 / (1 + sp.exp(sp.sin(x))), (x, -1, 1))
    assert check(claim(symmetric, 1))["claim"].checked == "numeric"
    with pytest.raises(DerivationError, match="the sides are"):
        check(claim(symmetric, 1 + sp.Rational(1, 10**12)))


def test_undefined_functions_need_a_concrete_one_for_numbers():
    wrong = claim(sp.Derivative(f(x) ** 2, x), f(x) * sp.Derivative(f(x), x))
    with pytest.raises(DerivationError, match="neither proves it nor can evaluate it"):
        check(wrong)
    with pytest.raises(DerivationError, match="the sides are"):
        check(wrong, concrete={f: field})
    with pytest.raises(DerivationError, match="the sides are"):
        check(wrong, concrete=lambda rng: {f: positive(rng, 1)})


def test_a_derivative_of_an_unknown_integral_is_not_taken_for_zero():
    # Freezing the integral inside the derivative once turned this into 0 = 0.
    steps = [
        definition("f", f(x), sp.Integral(g(y) * sp.exp(-x * y**2), (y, -sp.oo, sp.oo)), "Any g."),
        claim(sp.Derivative(sp.log(f(x)), x), 2 * sp.Derivative(sp.log(f(x)), x)),
    ]
    with pytest.raises(DerivationError):
        check(*steps)
    with pytest.raises(DerivationError, match="the sides are"):
        check(*steps, concrete={g: density})


def test_exponentials_of_halves_are_one_quantity():
    t = sp.Symbol("t", positive=True)
    quotient = (1 - sp.exp(-t)) / (1 - sp.exp(-t / 2))
    assert checking._vanishes_by_algebra(quotient - 1 - sp.exp(-t / 2))
    assert not checking._vanishes_by_algebra(quotient - 1 - sp.exp(-t))
    with pytest.raises(DerivationError, match="the sides are"):
        check(claim(sp.exp(t), 1 + sp.exp(t / 2)))


def test_a_derivative_at_a_point_is_taken_there():
    t, end = sp.symbols("t T", positive=True)
    backwards = sp.Subs(sp.Derivative(f(end - x), x), x, end - t)
    assert check(claim(backwards, -sp.Derivative(f(t), t)))["claim"].checked == "symbolic"
    with pytest.raises(DerivationError, match="the sides are"):
        check(claim(backwards, sp.Derivative(f(t), t)), concrete={f: field})


def test_definitions_are_unfolded_wherever_they_are_used():
    steps = [
        definition("f", f(x), x**2, "A square."),
        definition("g", g(x), f(x) + a, "Built on it."),
        claim(sp.Derivative(g(y), y), 2 * y),
    ]
    assert check(*steps)["claim"].checked == "symbolic"
    assert Derivation("sample", "", steps).unfold(g(3)) == 9 + a
    with pytest.raises(DerivationError, match="sample, step 'claim'"):
        check(definition("f", f(x), x**3, "A cube."), *steps[1:])


def test_a_defined_derivative_is_taken_where_it_is_asked_for():
    steps = [
        definition("f", f(x), sp.Derivative(sp.log(g(x)), x), "A score, by its definition."),
        claim(f(x / a) / a, sp.Derivative(sp.log(g(x / a)), x)),
    ]
    assert check(*steps)["claim"].checked == "symbolic"
    with pytest.raises(DerivationError, match="the sides are"):
        check(steps[0], claim(f(x / a), steps[1].equation.rhs), concrete={g: density})


def test_a_claim_that_says_nothing_is_refused():
    with pytest.raises(DerivationError, match="says nothing"):
        check(claim(x, x))
    with pytest.raises(DerivationError, match="is not an equation"):
        check(Step("claim", sp.true, "sympy had evaluated it."))
    with pytest.raises(DerivationError, match="entries"):
        check(claim(sp.Matrix([x, y]), sp.Matrix([x])))


def inequality(relation) -> Step:
    return Step("claim", relation, "")


def test_an_inequality_is_proved_by_signs_or_said_to_be_observed():
    assert check(inequality(sp.Gt(a**2 + 1, a**2, evaluate=False)))["claim"].checked == "symbolic"
    true, false = sp.Ge(sp.exp(x), 1 + x), sp.Lt(sp.exp(x), 1 + x)
    with pytest.raises(DerivationError, match="points are no proof"):
        check(inequality(true))
    assert check(observed("claim", true, ""))["claim"].checked == "observed"
    for step in (inequality(false), observed("claim", false, "")):
        with pytest.raises(DerivationError, match="the sides are"):
            check(step)


def test_an_integral_of_what_is_nowhere_negative_proves_an_inequality():
    """a − 1 − log a = (a − 1)² ∫ u/(1 − u + ua) du over (0, 1)."""
    u = sp.Symbol("u", real=True)
    gap = a - 1 - sp.log(a)
    whole = sp.Integral((a - 1) ** 2 * u / (1 - u + u * a), (u, 0, 1))
    steps = [Step("whole", equation(gap, whole), ""), inequality(sp.Ge(gap, 0, evaluate=False))]
    assert [step.checked for step in check(*steps).steps] == ["symbolic"] * 2
    with pytest.raises(DerivationError, match="step 'whole'"):
        check(Step("whole", equation(gap, 2 * whole), ""), steps[1])
    signed = sp.Integral(sp.exp(a * u) - 1, (u, -1, 1))
    with pytest.raises(DerivationError, match="points are no proof"):
        check(inequality(sp.Ge(signed, 0, evaluate=False)))


def test_two_steps_of_one_name_are_refused():
    with pytest.raises(DerivationError, match="two steps are called 'claim'"):
        Derivation("sample", "", [claim(x, y), claim(y, x)])


def test_random_points_respect_assumptions():
    rng = random.Random(1)
    n = sp.Symbol("n", integer=True, positive=True)
    for far in (None, 0, 1, 2, 3):
        assert all(points._draw(a, rng, far) > 0 for _ in range(50))
        assert all(points._draw(n, rng, far) in range(1, 41) for _ in range(50))
    sizes = {far: [abs(points._draw(x, rng, far)) for _ in range(50)] for far in range(4)}
    assert min(map(min, sizes.values())) < 0.1
    assert max(map(max, sizes.values())) > 100


@pytest.mark.parametrize(
    ("expression", "tex"),
    [
        (1 / sp.sqrt(2 * sp.pi * a), r"\frac{1}{\sqrt{2 \pi a}}"),
        (y - x, "y - x"),
        (-x - y, "- x - y"),
        (sp.exp(-(x**2) / 2), r"e^{- x^{2} / 2}"),
        (sp.exp(-x / a), r"\exp\left(- \frac{x}{a}\right)"),
        (sp.exp(-x), "e^{- x}"),
        (sp.log(f(x)), r"\log f(x)"),
        (a / 2 * sp.Derivative(f(x), x), r"\frac{a}{2} \frac{\partial}{\partial x} f(x)"),
        (f(x) * (y - x) / a, r"f(x) \frac{y - x}{a}"),
        (a ** (x / y), "a^{x / y}"),
        (f(x / a), "f(x / a)"),
        (sp.sqrt(a) * x, r"\sqrt{a} x"),
        (x * (a - y), r"x \left(a - y\right)"),
        (-sp.Rational(1, 2), r"- \frac{1}{2}"),
        (
            sp.Subs(sp.Derivative(f(x), x), x, a),
            r"\left. \frac{\partial}{\partial x} f(x) \right|_{x = a}",
        ),
    ],
)
def test_the_printer_writes_what_the_field_writes(expression, tex):
    assert latex.Printer({}).doprint(expression) == tex


def test_long_equations_are_split():
    long = sum(sp.Symbol(f"x_{i}") ** 2 * sp.cos(i * x) for i in range(2, 14))
    tex = printing.latex_equation(equation(y, long), {})
    assert tex.startswith(r"\begin{aligned}")
    assert printing.width(tex) <= printing.MAX_WIDTH < printing.width(tex.replace(r"\\", ""))


def test_a_slice_is_a_part_with_the_same_labels():
    whole = derivations.unchecked("ula-bias")
    part = whole["score":"linear-move"]
    assert [step.name for step in part.steps] == ["score", "move", "linear-move"]
    assert part.to_markdown().split("$$")[1] in whole.to_markdown()
    assert "(eq-ula-bias-move)" in part.to_markdown()
    assert len(whole[:"score"].steps) + len(whole["move":].steps) == len(whole.steps)
    with pytest.raises(KeyError, match="no step 'nowhere'"):
        whole["nowhere":]
