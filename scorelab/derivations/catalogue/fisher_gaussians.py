r"""The Fisher divergence between two Gaussians, in closed form.

$F(p, q) = \mathbb{E}_p (\nabla \log p - \nabla \log q)^2$ (Hyvärinen, 2005, without the factor
½). For Gaussians both scores are linear, so the expectation needs two moments only.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, exp, log, oo

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem

x, m1, m2 = sp.symbols("x m_1 m_2", real=True)
b, c, k = sp.symbols("b c k", real=True)
v1, v2 = sp.symbols("v_1 v_2", positive=True)
F = sp.Symbol("F", nonnegative=True)
p, q = Function("p"), Function("q")


def derive() -> Derivation:
    """Derive F for two Gaussians on the line; coordinates of independent ones add up."""
    gap = Derivative(log(p(x)), x) - Derivative(log(q(x)), x)

    straight = b * (x - m1) + c

    def line(of: sp.Expr) -> Integral:
        return Integral(of, (x, -oo, oo))

    return theorem(
        "fisher-gaussians",
        [
            definition("p", p(x), gaussian(x, m1, v1)),
            definition("q", q(x), gaussian(x, m2, v2)),
            Step("moments-p", equation(line(exp(k * x) * p(x)), exp(k * m1 + k**2 * v1 / 2))),
            Step("moments-q", equation(line(exp(k * x) * q(x)), exp(k * m2 + k**2 * v2 / 2))),
            Step("score-p", equation(Derivative(log(p(x)), x), -(x - m1) / v1)),
            Step("score-q", equation(Derivative(log(q(x)), x), -(x - m2) / v2)),
            definition("divergence", F, line(p(x) * gap**2)),
            definition("slope", b, 1 / v2 - 1 / v1),
            definition("height", c, (m1 - m2) / v2),
            Step("line", equation(gap, straight)),
            Step("moment", equation(F, line(p(x) * straight**2))),
            Step("integrated", equation(F, c**2 + b**2 * v1)),
            Step("flat-model", equation(line(p(x) * Derivative(log(p(x)), x) ** 2), 1 / v1)),
            Step(
                "closed-form", equation(F, (m1 - m2) ** 2 / v2**2 + (v1 - v2) ** 2 / (v1 * v2**2))
            ),
        ],
        roles={x: "value", p: "density"},
    )
