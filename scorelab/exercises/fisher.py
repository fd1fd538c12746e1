"""Exercises of the chapter "The Fisher divergence"."""

import math

import sympy as sp
import torch
from torch import Tensor

from scorelab import derivations
from scorelab.derivations.catalogue.fisher_gaussians import m1, m2, v1, v2
from scorelab.examples import book_mixture
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Expression, Function, Number, Values

__all__ = ["EXERCISES"]

x = sp.Symbol("x", real=True)
w, u = sp.symbols("w u", positive=True)


# Only samples of p vote


def _both_ways(wide: float) -> list[float]:
    """F(p, q) and F(q, p) for p = N(0, 1) and q = N(0, wide)."""
    closed = derivations.get("fisher-gaussians")["closed-form"].equation.rhs
    variances = ((1, wide), (wide, 1))
    return [float(closed.subs({m1: 0, m2: 0, v1: one, v2: other})) for one, other in variances]


def _gaussian_kl(wide: float) -> list[float]:
    return [(ratio - 1 - math.log(ratio)) / 2 for ratio in (1 / wide, wide)]


# Two islands


def _islands_kl(p: sp.Symbol, q: sp.Symbol) -> sp.Expr:
    """The Kullback-Leibler divergence of two islands with weights p and q, by its integrals."""
    mass = sp.integrate((1 + sp.cos(sp.pi * x)) / 2, (x, -1, 1))
    return mass * (1 - p) * sp.log((1 - p) / (1 - q)) + mass * p * sp.log(p / q)


# No target needed: a model θᵀφ(x), whose implicit objective is a quadratic in θ


def _features() -> list[tuple]:
    """Values (n, m) and gradients (n, m, 2) of 1, x₁, x₂, tanh(x₁ − x₂), x₁ x₂ at 500 points."""
    draws = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    points = draws * torch.tensor([1.5, 0.8]) + torch.tensor([0.5, 0.0])
    one, zero = torch.ones(500), torch.zeros(500)
    first, second = points.unbind(1)
    ridge = (first - second).tanh()
    slope = 1 - ridge**2
    phi = torch.stack([one, first, second, ridge, first * second], 1)
    along_first = torch.stack([zero, one, zero, slope, second], 1)
    along_second = torch.stack([zero, zero, one, -slope, first], 1)
    return [(phi, torch.stack([along_first, along_second], 2))]


def _solved(phi: Tensor, slopes: Tensor) -> Tensor:
    return -torch.linalg.solve(phi.T @ phi / len(phi), slopes.mean(0))


def _by_pseudoinverse(phi, slopes):
    return -(torch.linalg.pinv(phi.T @ phi) @ slopes.sum(0))


def _uphill(phi, slopes):
    return -_solved(phi, slopes)


def _halved(phi, slopes):
    return _solved(phi, slopes) / 2


def _doubled(phi, slopes):
    return 2 * _solved(phi, slopes)


def _no_inverse(phi, slopes):
    return -slopes.mean(0)


def _sum_and_mean(phi, slopes):
    return _solved(phi, slopes) / len(phi)


def _mean_and_sum(phi, slopes):
    return _solved(phi, slopes) * len(phi)


def _centred(phi, slopes):
    return -torch.linalg.pinv(torch.cov(phi.T, correction=0)) @ slopes.mean(0)


def _lying(phi, slopes):
    return _solved(phi, slopes).T


# Which noise levels see the weights?


def _divergence_of_weights() -> float:
    """The Kullback-Leibler divergence that is left when the modes lie far apart."""
    weights = book_mixture().weights
    return float(torch.xlogy(weights, weights / torch.tensor([0.3, 0.05, 0.65])).sum())


EXERCISES = {
    "ex-fisher-asymmetry": Exercise(
        grade="warm-up",
        expects=Values(
            meaning="F(p, q) and F(q, p) for p = N(0, 1) and q = N(0, 4), in this order", shape=(2,)
        ),
        truth=lambda: _both_ways(4),
        right=lambda: [(1 - 1 / 4) ** 2, 4 * (1 - 1 / 4) ** 2],
        mistakes=(
            Mistake(
                lambda: _both_ways(4)[::-1],
                "the two are exchanged. The expectation is taken under the law that is named "
                "first; p is the narrow one.",
            ),
            Mistake(
                lambda: [value / 2 for value in _both_ways(4)],
                "F has no ½ in this book. (The loss has one.)",
            ),
            Mistake(
                lambda: _both_ways(16),
                "4 is the *variance* of q. Here it is used as the standard deviation.",
            ),
            Mistake(
                lambda: _both_ways(2),
                "this has q with half of its variance. In the closed form v is the variance as it "
                "stands, with no root taken.",
            ),
            Mistake(
                lambda: _both_ways(4)[:1] * 2,
                "the gap of the two scores is the same both times, but the law of its samples is "
                "not.",
            ),
            Mistake(
                lambda: [value**0.5 for value in _both_ways(4)],
                "these are root mean squares; F is the mean of the square.",
            ),
            Mistake(
                lambda: _gaussian_kl(4),
                "these are Kullback-Leibler divergences: they compare densities, F compares "
                "scores.",
            ),
        ),
        hint="Both scores are lines through 0. Take the difference of their slopes, square it, and "
        "multiply by the variance of the law under which the mean is taken.",
        checked="the closed form for two Gaussians, both ways.",
    ),
    "ex-islands": Exercise(
        grade="derive",
        expects=Expression(
            meaning="the Kullback-Leibler divergence of p_w (the data) from p_u (the model)",
            symbols={"w": (0.1, 0.9), "u": (0.1, 0.9)},
        ),
        truth=lambda: _islands_kl(w, u),
        right=lambda: w * (sp.log(w) - sp.log(u)) + (1 - w) * (sp.log(1 - w) - sp.log(1 - u)),
        mistakes=(
            Mistake(
                lambda: _islands_kl(u, w),
                "this is the other direction. The samples come from p_w; the mean is taken with "
                "its weights.",
            ),
            Mistake(
                lambda: sp.Integer(0),
                "this is F. The densities of the two laws do differ, on each island by a factor.",
            ),
            Mistake(
                lambda: -_islands_kl(w, u),
                "this is negative, which no divergence may be: look at the ratio in the logarithm.",
            ),
            Mistake(
                lambda: w * sp.log(w / u),
                "this is one island. The other contributes too, with what is left of the weight.",
            ),
            Mistake(
                lambda: 2 * _islands_kl(w, u),
                "twice too large: which mass has one bump b?",
            ),
            Mistake(
                lambda: sp.log(w / u) + sp.log((1 - w) / (1 - u)),
                "the two logarithms are not weighted: the mean is taken under p_w.",
            ),
        ),
        hint="On an island the ratio of the two densities is a constant. So the integral is that "
        "constant's logarithm times the island's mass.",
        checked="the integral over both islands, at five pairs of weights.",
    ),
    "ex-implicit-ridges": Exercise(
        grade="code",
        expects=Function(
            signature="fit_without_target(phi, slopes)",
            meaning="θ, of shape (m, d), that minimises the implicit objective of the model θᵀφ, "
            "given values φ (n, m) and gradients ∇φ (n, m, d) of its features at n samples",
            arguments=_features,
        ),
        truth=lambda: _solved,
        right=lambda: _by_pseudoinverse,
        mistakes=(
            Mistake(
                lambda: _uphill,
                "the sign is turned: this field points away from the data. Set the gradient of the "
                "objective to zero once more, term by term.",
            ),
            Mistake(
                lambda: _halved,
                "half of it: the square in the objective has a ½, which the derivative cancels.",
            ),
            Mistake(
                lambda: _doubled,
                "twice too large: the trace in the objective has no factor in front, the square "
                "has ½.",
            ),
            Mistake(
                lambda: _no_inverse,
                "this would be it if the features were orthonormal: their second moments are "
                "missing.",
            ),
            Mistake(
                lambda: _sum_and_mean,
                "too small by the number of samples: a sum stands beside a mean.",
            ),
            Mistake(
                lambda: _mean_and_sum,
                "too large by the number of samples: a sum stands beside a mean.",
            ),
            Mistake(
                lambda: _centred,
                "the features were centred: the quadratic term has their second moments, not "
                "their covariance.",
            ),
            Mistake(lambda: _lying, "rows and columns are exchanged."),
        ),
        hint="Write the objective as a quadratic and a linear term in θ, both means over the "
        "samples, and differentiate.",
        checked="the minimum of the quadratic, for five features at 500 points.",
    ),
    "ex-noise-sees": Exercise(
        grade="explore",
        expects=Number(
            meaning="the area under the hump, over the logarithm of σ, with the far mode twice as "
            "far away",
            rtol=0.0,
            atol=0.01,  # 4 SE for 4,000 draws a level are 0.0075
        ),
        truth=_divergence_of_weights,
        right=lambda: 0.7 * math.log(2) - 0.3 * math.log(13 / 6),
        mistakes=(
            Mistake(
                lambda: 2 * _divergence_of_weights(),
                "twice too large. If it is measured: no factor stands in front of the area. If it "
                "is a guess: what does the area measure, and does it know the distance?",
            ),
            Mistake(
                lambda: 4 * _divergence_of_weights(),
                "four times too large: it need not grow with the square of the distance.",
            ),
            Mistake(
                lambda: _divergence_of_weights() / 2,
                "half of it. ½ F is integrated over σ², and the hump is σ² F over the logarithm "
                "of σ: is a 2 lost between them?",
            ),
            Mistake(
                lambda: _divergence_of_weights() / (4 / 59 * math.log(10)),
                "this is the sum over the levels. For an area, multiply by the distance of two "
                "levels on the axis, `log_step`.",
            ),
        ),
        hint="Multiply `means[2]` by 2 in both laws, with the same levels as in the figure, and "
        "add up `log_step` times σ² F.",
        checked="the exact Kullback-Leibler divergence of the two sets of weights, within four "
        "standard errors.",
    ),
}
