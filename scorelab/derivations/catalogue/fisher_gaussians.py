r"""The Fisher divergence between two Gaussians, in closed form.

$F(p, q) = \mathbb{E}_p (\nabla \log p - \nabla \log q)^2$ (Hyvärinen, 2005, without the factor
½). For Gaussians both scores are linear, so the expectation needs two moments only.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, log, oo

from scorelab.derivations.engine.densities import gaussian, integrate_line
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, m1, m2 = sp.symbols("x m_1 m_2", real=True)
b, c = sp.symbols("b c", real=True)
v1, v2 = sp.symbols("v_1 v_2", positive=True)
F = sp.Symbol("F", nonnegative=True)
p, q = Function("p"), Function("q")


def derive() -> Derivation:
    """Derive F for two Gaussians on the line; coordinates of independent ones add up."""
    score_p = sp.factor(log(gaussian(x, m1, v1)).diff(x))
    score_q = sp.factor(log(gaussian(x, m2, v2)).diff(x))
    gap = Derivative(log(p(x)), x) - Derivative(log(q(x)), x)
    integral = Integral(p(x) * gap**2, (x, -oo, oo))

    # A line through the mean of p: its slope b is due to the variances, its height c to the means.
    line = b * (x - m1) + c
    height = sp.factor((score_p - score_q).subs(x, m1))
    slope = sp.factor((score_p - score_q).diff(x))
    moment = Integral(p(x) * line**2, (x, -oo, oo))
    closed = sp.expand(sp.simplify(integrate_line(gaussian(x, m1, v1) * line**2, x)))
    by_means, by_variances = height**2, sp.factor(closed.subs({c: 0, b: slope}))
    flat = Limit(by_means + by_variances, v2, oo)
    return Derivation(
        "fisher-gaussians",
        "The Fisher divergence between two Gaussians",
        [
            definition("p", p(x), gaussian(x, m1, v1), "The law of the data, a Gaussian."),
            definition("q", q(x), gaussian(x, m2, v2), "The model, another Gaussian."),
            Step(
                "mass",
                equation(Integral(p(x), (x, -oo, oo)), 1),
                "The expectation is taken under $p$, which has mass one.",
            ),
            Step(
                "score-p",
                equation(Derivative(log(p(x)), x), score_p),
                "The score of a Gaussian is linear: it points to the mean.",
            ),
            Step("score-q", equation(Derivative(log(q(x)), x), score_q), "So is the model's."),
            definition(
                "divergence",
                F,
                integral,
                "The Fisher divergence compares the two scores where $p$ has its mass.",
            ),
            definition("slope", b, slope, "The difference of two lines is a line; its slope …"),
            definition("height", c, height, "… and its height at the mean of $p$."),
            Step("line", equation(gap, line), "So the scores differ by this much."),
            Step(
                "moment",
                equation(F, moment),
                "So the divergence is a second moment of a Gaussian.",
            ),
            Step(
                "integrated",
                equation(F, closed),
                "The integral, done: the cross term has mean zero.",
            ),
            Step(
                "flat-model",
                equation(flat, flat.doit()),
                "Before the result, a limit of it: against a flat model what is left is the "
                "data's own Fisher information.",
            ),
            Step(
                "closed-form",
                equation(F, by_means + by_variances),
                "Written out. The first term is what the means cost, the second what the variances "
                "cost; both are squares, so it is zero only if both agree.",
            ),
        ],
    )
