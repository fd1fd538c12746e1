r"""Tweedie's formula: the score of noisy data is a denoiser.

For any law $p$ of the clean $x$ and $y = x + \sigma z$, the posterior mean is
$\mathbb{E}[x \mid y] = y + \sigma^2 \nabla_y \log q(y)$, and the posterior covariance,
$\sigma^2 I + \sigma^4 \nabla^2 \log q$, follows from the next derivative. From Robbins (1956),
where it is credited to Tweedie, and Efron (2011).
"""

import sympy as sp
from sympy import Derivative, Function, Integral, log, oo

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation
from scorelab.derivations.engine.stand_ins import density

x, y = sp.symbols("x y", real=True)
x1, x2, y1, y2 = sp.symbols("x_1 x_2 y_1 y_2", real=True)
sigma = sp.Symbol("sigma", positive=True)
p, q, N, D, S = Function("p"), Function("q"), Function("N"), Function("D"), Function("S")
P, Q, C = Function("P"), Function("Q"), Function("C")
A1, A2 = Function("A_1"), Function("A_2")

_STATEMENT = r"""
Let $x$ have any law $p$ in $\mathbb R^d$, let $\tilde x = x + \sigma z$ with
$z \sim \mathcal N(0, I)$ independent of $x$, and let $q$ be the density of $\tilde x$. Then
$\mathbb E[x \mid \tilde x] = \tilde x + \sigma^2 \nabla \log q(\tilde x)$ and
$\operatorname{Cov}[x \mid \tilde x] = \sigma^2 I + \sigma^4 \nabla^2 \log q(\tilde x)$.
"""


def derive() -> Derivation:
    """Derive the posterior mean for any law of the data, then its covariance."""
    noise, plane = N(y, x), ((x1, -oo, oo), (x2, -oo, oo))

    def over_x(of: sp.Expr) -> Integral:
        return Integral(of, (x, -oo, oo))

    def over_plane(of: sp.Expr) -> Integral:
        return Integral(of * P(x1, x2) * N(y1, x1) * N(y2, x2), *plane)

    score, noisy = Derivative(log(q(y)), y), Q(y1, y2)
    return Derivation(
        "tweedie",
        "Tweedie's formula",
        [
            definition(
                "kernel",
                N(y, x),
                gaussian(y, x, sigma**2),
                "Noise of standard deviation $\\sigma$ is added to $x$.",
            ),
            Step(
                "kernel-mass",
                equation(Integral(noise, (y, -oo, oo)), sp.S.One),
                "A density in $y$, whatever $x$.",
            ),
            definition(
                "noisy",
                q(y),
                over_x(p(x) * noise),
                "The law of the noisy $y$, for any law $p$ of the clean $x$.",
            ),
            definition(
                "denoiser",
                D(y),
                over_x(x * p(x) * noise) / q(y),
                "The mean of $x$ given $y$, by Bayes' rule.",
            ),
            definition(
                "spread",
                S(y),
                over_x(x**2 * p(x) * noise) / q(y) - D(y) ** 2,
                "The variance of $x$ given $y$.",
            ),
            Step(
                "kernel-slope",
                equation(Derivative(noise, y), (x - y) / sigma**2 * noise),
                "The kernel's slope is the kernel times a linear function.",
            ),
            Step(
                "slope",
                equation(Derivative(q(y), y), over_x((x - y) / sigma**2 * p(x) * noise)),
                "Differentiating below the integral: $p$ does not depend on $y$.",
            ),
            Step(
                "score",
                equation(score, (over_x(x * p(x) * noise) / q(y) - y) / sigma**2),
                "Divided by $q$ the integral is a posterior mean …",
            ),
            Step(
                "score-denoiser",
                equation(score, (D(y) - y) / sigma**2),
                "… so the score is the way to the denoised point, in units of $\\sigma^2$.",
            ),
            Step(
                "variance",
                equation(S(y), sigma**2 + sigma**4 * Derivative(log(q(y)), (y, 2))),
                "One derivative more: the curvature of $\\log q$ is the posterior variance.",
            ),
            definition(
                "plane",
                noisy,
                Integral(P(x1, x2) * N(y1, x1) * N(y2, x2), *plane),
                "Two coordinates of a vector, and $P$ what $p$ and the kernel say of them while "
                "the others are integrated; the other noisy coordinates are held fixed.",
            ),
            definition(
                "mean-1", A1(y1, y2), over_plane(x1) / noisy, "The means of both by Bayes' rule, …"
            ),
            definition("mean-2", A2(y1, y2), over_plane(x2) / noisy, "… one each, …"),
            definition(
                "mixed",
                C(y1, y2),
                over_plane(x1 * x2) / noisy - A1(y1, y2) * A2(y1, y2),
                "… and their covariance given the noisy point.",
            ),
            Step(
                "covariance",
                equation(C(y1, y2), sigma**4 * Derivative(log(noisy), y1, y2)),
                "Off the diagonal $\\sigma^2$ is missing: the noise is independent. With the "
                "variances the covariance is $\\sigma^2 I + \\sigma^4 \\nabla^2 \\log q$.",
            ),
            Step(
                "tweedie",
                equation(D(y), y + sigma**2 * score),
                "Solved for the mean: whoever knows the score can denoise.",
            ),
        ],
        statement=_STATEMENT.strip(),
        assumptions=(
            "The noise is Gaussian, N(0, σ²I), and independent of x; of the law of x nothing is "
            "assumed, neither a density (p(x) dx stands for any law) nor a moment.",
            "Derivatives in x̃ go below the integral over x. This holds for every law: near each "
            "x̃, a derivative of the Gaussian kernel is bounded by one constant for all x.",
            "The steps are written for one coordinate, and for a pair, with the other noisy "
            "coordinates held fixed and the other clean ones integrated; they never use that p has "
            "mass one.",
        ),
        sources=(
            "Robbins (1956), An Empirical Bayes Approach to Statistics, Proceedings of the Third "
            "Berkeley Symposium, volume 1",
            "Efron (2011), Tweedie's Formula and Selection Bias, Journal of the American "
            "Statistical Association 106(496), section 2",
        ),
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
    )
