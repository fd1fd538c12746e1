r"""The Fisher divergence between two Gaussians, in closed form.

$F(p, q) = \mathbb{E}_p (\nabla \log p - \nabla \log q)^2$ (Hyvärinen, 2005, without the factor
½). For Gaussians both scores are linear, so the expectation needs two moments only.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, exp, log, oo

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

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

    return Derivation(
        "fisher-gaussians",
        "The Fisher divergence between two Gaussians",
        [
            definition("p", p(x), gaussian(x, m1, v1), "The law of the data, a Gaussian."),
            definition("q", q(x), gaussian(x, m2, v2), "The model, another Gaussian."),
            Step(
                "moments-p",
                equation(line(exp(k * x) * p(x)), exp(k * m1 + k**2 * v1 / 2)),
                "The mean of $e^{kx}$ holds all moments: mass one ($k = 0$), mean $m_1$ and "
                "variance $v_1$ (its logarithm's derivatives there).",
            ),
            Step(
                "moments-q",
                equation(line(exp(k * x) * q(x)), exp(k * m2 + k**2 * v2 / 2)),
                "So it does for the model.",
            ),
            Step(
                "score-p",
                equation(Derivative(log(p(x)), x), -(x - m1) / v1),
                "The score of a Gaussian is linear: it points to the mean.",
            ),
            Step(
                "score-q",
                equation(Derivative(log(q(x)), x), -(x - m2) / v2),
                "So is the model's.",
            ),
            definition(
                "divergence",
                F,
                line(p(x) * gap**2),
                "The Fisher divergence compares the two scores where $p$ has its mass.",
            ),
            definition(
                "slope",
                b,
                1 / v2 - 1 / v1,
                "The difference of two lines is a line; its slope is due to the variances …",
            ),
            definition(
                "height",
                c,
                (m1 - m2) / v2,
                "… and its height at the mean of $p$ to the means.",
            ),
            Step("line", equation(gap, straight), "So the scores differ by this much."),
            Step(
                "moment",
                equation(F, line(p(x) * straight**2)),
                "So the divergence is a second moment of a Gaussian.",
            ),
            Step(
                "integrated",
                equation(F, c**2 + b**2 * v1),
                "The integral, done: the cross term has mean zero.",
            ),
            Step(
                "flat-model",
                equation(line(p(x) * Derivative(log(p(x)), x) ** 2), 1 / v1),
                "Against a flat model, whose score is zero, what is left is the data's own Fisher "
                "information.",
            ),
            Step(
                "closed-form",
                equation(F, (m1 - m2) ** 2 / v2**2 + (v1 - v2) ** 2 / (v1 * v2**2)),
                "Written out. The first term is what the means cost, the second what the variances "
                "cost; both are squares, so it is zero only if both agree. It tends to $1/v_1$ as "
                "$v_2 \\to \\infty$.",
            ),
        ],
        statement=r"""For $p = \mathcal N(\mu_1, \Sigma_1)$ and $q = \mathcal N(\mu_2, \Sigma_2)$
in $\mathbb R^d$,
$$
\mathbb E_p \lVert \nabla \log p - \nabla \log q \rVert^2
= \lVert \Sigma_2^{-1} (\mu_1 - \mu_2) \rVert^2
+ \operatorname{tr}\bigl[(\Sigma_2^{-1} - \Sigma_1^{-1})\, \Sigma_1\,
(\Sigma_2^{-1} - \Sigma_1^{-1})\bigr] .
$$""",
        assumptions=(
            "Both covariances are positive definite.",
            "The steps are in one dimension; in $d$ dimensions the matrix $\\Sigma_2^{-1} - "
            "\\Sigma_1^{-1}$ takes the place of the slope.",
        ),
        sources=(
            "Hyvärinen (2005), Estimation of non-normalized statistical models by score matching, "
            "Journal of Machine Learning Research 6, for the divergence (there with a factor ½)",
        ),
    )
