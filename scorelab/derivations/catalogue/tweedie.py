r"""Tweedie's formula: the score of noisy data is a denoiser.

For any law $p$ of the clean $x$ and $y = x + \sigma z$, the posterior mean is
$\mathbb{E}[x \mid y] = y + \sigma^2 \nabla_y \log q(y)$, and the posterior variance follows from
the next derivative. From Robbins (1956), where it is credited to Tweedie, and Efron (2011).
"""

import sympy as sp
from sympy import Derivative, Function, Integral, log, oo

from scorelab.derivations.engine.densities import gaussian, integrate_line
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation
from scorelab.derivations.engine.stand_ins import density

x, y = sp.symbols("x y", real=True)
sigma = sp.Symbol("sigma", positive=True)
p, q, N, D, S = Function("p"), Function("q"), Function("N"), Function("D"), Function("S")
score = Function("s")


def derive() -> Derivation:
    """Derive the posterior mean for any law of the data, then its variance."""
    kernel = gaussian(y, x, sigma**2)

    def over_x(of: sp.Expr) -> Integral:
        return Integral(of * p(x) * N(y, x), (x, -oo, oo))

    kernel_slope = sp.factor(kernel.diff(y) / kernel)
    slope = (
        over_x(sp.S.One)
        .diff(y)
        .replace(lambda e: isinstance(e, Derivative), lambda e: kernel_slope * e.expr)
    )
    # E[(x − y)/σ² | y]: the two parts of the integral, divided by q.
    by_parts = (over_x(x) / q(y) - y) / sigma**2
    (mean,) = sp.solve(sp.Eq(score(y), (D(y) - y) / sigma**2), D(y))
    mean = sp.expand(mean)
    second = sp.expand(sigma**2 * mean.diff(y))

    def written(of: sp.Expr) -> sp.Expr:
        return of.subs(score(y), Derivative(log(q(y)), y))

    return Derivation(
        "tweedie",
        "Tweedie's formula",
        [
            definition(
                "kernel", N(y, x), kernel, "Noise of standard deviation $\\sigma$ is added to $x$."
            ),
            Step(
                "kernel-mass",
                equation(Integral(N(y, x), (y, -oo, oo)), integrate_line(kernel, y)),
                "A density in $y$, whatever $x$.",
            ),
            definition(
                "noisy",
                q(y),
                over_x(sp.S.One),
                "The law of the noisy $y$, for any law $p$ of the clean $x$.",
            ),
            definition(
                "denoiser", D(y), over_x(x) / q(y), "The mean of $x$ given $y$, by Bayes' rule."
            ),
            definition(
                "spread", S(y), over_x(x**2) / q(y) - D(y) ** 2, "The variance of $x$ given $y$."
            ),
            Step(
                "kernel-slope",
                equation(Derivative(N(y, x), y), kernel_slope * N(y, x)),
                "The kernel's slope is the kernel times a linear function.",
            ),
            Step(
                "slope",
                equation(Derivative(q(y), y), slope),
                "Differentiating below the integral: $p$ does not depend on $y$.",
            ),
            Step(
                "score",
                equation(Derivative(log(q(y)), y), by_parts),
                "Divided by $q$ the integral is a posterior mean …",
            ),
            Step(
                "score-denoiser",
                equation(Derivative(log(q(y)), y), (D(y) - y) / sigma**2),
                "… so the score is the way to the denoised point, in units of $\\sigma^2$.",
            ),
            Step(
                "variance",
                equation(S(y), written(second)),
                "One derivative more: the curvature of $\\log q$ is the posterior variance.",
            ),
            Step(
                "tweedie",
                equation(D(y), written(mean)),
                "Solved for the mean: whoever knows the score can denoise.",
            ),
        ],
        notation={
            N: r"\mathcal{N}(#1; #2, \sigma^2)",
            D: r"\mathbb{E}[x \mid #1]",
            S: r"\operatorname{Var}[x \mid #1]",
        },
        concrete={p: density},
    )
