r"""What is left of the denoising loss when the score is perfect.

The denoising loss of Vincent (2011) does not go down to zero: the target is random given the
noisy point. For one coordinate of Gaussian data $\mathcal N(0, \tau^2)$ and noise $\sigma$ the
remainder is an elementary integral; coordinates add up.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, log, oo

from scorelab.derivations.engine.densities import gaussian, integrate_line
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, y = sp.symbols("x y", real=True)
sigma, tau = sp.symbols("sigma tau", positive=True)
floor = sp.Symbol("J_min", positive=True)
p, q, N, s = Function("p"), Function("q"), Function("N"), Function("s")


def derive() -> Derivation:
    """Derive the floor for Gaussian data, and its limits under the weight σ²."""
    data, kernel = gaussian(x, 0, tau**2), gaussian(y, x, sigma**2)
    noisy = integrate_line(data * kernel, x)
    score = sp.factor(log(noisy).diff(y))
    target = sp.factor(log(kernel).diff(y))

    def expected(of: sp.Expr) -> Integral:
        return Integral(of * p(x) * N(y, x), (x, -oo, oo), (y, -oo, oo))

    def value(of: sp.Expr) -> sp.Expr:
        return sp.factor(integrate_line(integrate_line(of * data * kernel, x), y))

    of_target, of_score, cross = value(target**2), value(score**2), value(score * target)
    closed = sp.factor((of_target - 2 * cross + of_score) / 2)
    weighted = sp.cancel(sigma**2 * closed)
    return Derivation(
        "dsm-floor",
        "The floor of the denoising loss",
        [
            definition("data", p(x), data, "One coordinate of Gaussian data."),
            definition("kernel", N(y, x), kernel, "Noise of standard deviation $\\sigma$."),
            definition(
                "noisy", q(y), Integral(p(x) * N(y, x), (x, -oo, oo)), "The law of the noisy data."
            ),
            Step("noisy-law", equation(q(y), noisy), "The variances add."),
            definition(
                "score", s(y), score, "The best model there is: the score of the noisy law."
            ),
            Step(
                "perfect",
                equation(Derivative(log(noisy), y), s(y)),
                "It is the slope of the logarithm of the law just found.",
            ),
            Step(
                "target",
                equation(Derivative(log(N(y, x)), y), target),
                "The model is asked for this target, which is random given $y$.",
            ),
            definition(
                "floor",
                floor,
                expected((s(y) - target) ** 2 / 2),
                "So its loss is not zero. It is",
            ),
            Step(
                "target-square",
                equation(expected(target**2), of_target),
                "Three integrals are needed: the target's size,",
            ),
            Step("score-square", equation(expected(s(y) ** 2), of_score), "the score's,"),
            Step(
                "cross",
                equation(expected(s(y) * target), cross),
                "and their product, which is the score's again: the target is the score plus "
                "noise that is not correlated with it.",
            ),
            Step(
                "closed-form",
                equation(floor, closed),
                "Half of the first minus half of the second. For $d$ coordinates, $d$ times this.",
            ),
            Step(
                "small-noise",
                equation(Limit(weighted, sigma, 0), sp.limit(weighted, sigma, 0)),
                "Where there is little noise, the floor is one half a coordinate: the target is "
                "nothing but noise there.",
            ),
            Step(
                "large-noise",
                equation(Limit(weighted, sigma, oo), sp.limit(weighted, sigma, oo)),
                "It is zero where the noise hides the data.",
            ),
            Step(
                "weighted",
                equation(sigma**2 * floor, weighted),
                "With the weight $\\lambda(\\sigma) = \\sigma^2$, which makes all levels alike.",
            ),
        ],
        notation={N: r"\mathcal{N}(#1; #2, \sigma^2)", floor: r"J_{\min}"},
    )
