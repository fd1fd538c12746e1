r"""Tweedie's formula: the score of noisy data is a denoiser.

For any law $p$ of the clean $x$ and $y = x + \sigma z$, the posterior mean is
$\mathbb{E}[x \mid y] = y + \sigma^2 \nabla_y \log q(y)$, and the posterior covariance,
$\sigma^2 I + \sigma^4 \nabla^2 \log q$, follows from the next derivative. From Robbins (1956),
where it is credited to Tweedie, and Efron (2011).
"""

import sympy as sp
from sympy import Derivative, Function, Integral, log, oo

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem
from scorelab.derivations.engine.stand_ins import density

x, y = sp.symbols("x y", real=True)
x1, x2, y1, y2 = sp.symbols("x_1 x_2 y_1 y_2", real=True)
sigma = sp.Symbol("sigma", positive=True)
p, q, N, D, S = Function("p"), Function("q"), Function("N"), Function("D"), Function("S")
P, Q, C = Function("P"), Function("Q"), Function("C")
A1, A2 = Function("A_1"), Function("A_2")


def derive() -> Derivation:
    """Derive the posterior mean for any law of the data, then its covariance."""
    noise, plane = N(y, x), ((x1, -oo, oo), (x2, -oo, oo))

    def over_x(of: sp.Expr) -> Integral:
        return Integral(of, (x, -oo, oo))

    def over_plane(of: sp.Expr) -> Integral:
        return Integral(of * P(x1, x2) * N(y1, x1) * N(y2, x2), *plane)

    score, noisy = Derivative(log(q(y)), y), Q(y1, y2)
    return theorem(
        "tweedie",
        [
            definition("kernel", N(y, x), gaussian(y, x, sigma**2)),
            Step("kernel-mass", equation(Integral(noise, (y, -oo, oo)), sp.S.One)),
            definition("noisy", q(y), over_x(p(x) * noise)),
            definition("denoiser", D(y), over_x(x * p(x) * noise) / q(y)),
            definition("spread", S(y), over_x(x**2 * p(x) * noise) / q(y) - D(y) ** 2),
            Step("kernel-slope", equation(Derivative(noise, y), (x - y) / sigma**2 * noise)),
            Step("slope", equation(Derivative(q(y), y), over_x((x - y) / sigma**2 * p(x) * noise))),
            Step(
                "score",
                equation(score, over_x(x * p(x) * noise) / (sigma**2 * q(y)) - y / sigma**2),
            ),
            Step("score-denoiser", equation(score, (D(y) - y) / sigma**2)),
            Step("variance", equation(S(y), sigma**2 + sigma**4 * Derivative(log(q(y)), (y, 2)))),
            definition("plane", noisy, Integral(P(x1, x2) * N(y1, x1) * N(y2, x2), *plane)),
            definition("mean-1", A1(y1, y2), over_plane(x1) / noisy),
            definition("mean-2", A2(y1, y2), over_plane(x2) / noisy),
            definition("mixed", C(y1, y2), over_plane(x1 * x2) / noisy - A1(y1, y2) * A2(y1, y2)),
            Step("covariance", equation(C(y1, y2), sigma**4 * Derivative(log(noisy), y1, y2))),
            Step("tweedie", equation(D(y), y + sigma**2 * score)),
        ],
        notation={
            N: r"\mathcal{N}(#1; #2, \sigma^2)",
            D: r"\mathbb{E}[x \mid #1]",
            S: r"\operatorname{Var}[x \mid #1]",
            Q: r"q(#1, #2)",
            A1: r"m_1(#1, #2)",
            A2: r"m_2(#1, #2)",
            C: r"c(#1, #2)",
        },
        concrete={p: density, P: density},
        results=("variance", "covariance", "tweedie"),
        roles={x: "data", y: "noised", p: "density", sigma: "noise-level"},
    )
