"""Exercises of the chapter "The Fisher divergence"."""

import math

import sympy as sp
import torch

from scorelab import derivations
from scorelab.derivations.catalogue.fisher_gaussians import m1, m2, v1, v2
from scorelab.examples import book_mixture
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Expression, Function, Number, Tensors, Values

__all__ = ["EQUATIONS", "EXERCISES"]

EQUATIONS = {
    "eq-fisher": r"""
F(p, q) = \mathbb E_{x \sim p}\, \bigl\lVert \nabla \log p(x) - \nabla \log q(x) \bigr\rVert^2 .
""",
    "eq-fisher-kl": r"""
\operatorname{KL}(p, q) = \tfrac12 \int_0^\infty F(p_\sigma, q_\sigma)\, d(\sigma^2) .
""",
    "eq-implicit": r"""
\tfrac12 F = \mathbb E_p \Bigl[ \tfrac12 \lVert s(x) \rVert^2 + \operatorname{tr} \nabla s(x) \Bigr] + \text{const} .
""",  # noqa: E501
}


def _both_ways(v: float) -> list[float]:
    """F(p, q) and F(q, p) for p = N(0, 1) and q = N(0, v)."""
    closed = derivations.get("fisher-gaussians")["closed-form"].equation.rhs
    variances = ((1, v), (v, 1))
    return [float(closed.subs({m1: 0, m2: 0, v1: one, v2: other})) for one, other in variances]


def _islands_kl(p: sp.Symbol, q: sp.Symbol) -> sp.Expr:
    """The Kullback-Leibler divergence of two islands with weights p and q, by its integrals."""
    x = sp.Symbol("x", real=True)
    mass = sp.integrate((1 + sp.cos(sp.pi * x)) / 2, (x, -1, 1))
    return mass * (1 - p) * sp.log((1 - p) / (1 - q)) + mass * p * sp.log(p / q)


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


def _is_stabilised(given: Tensors, truth: Tensors) -> bool:
    """Whether θ solves (E[φφᵀ] + λI) θ = −E[∇φ] with some λ > 0."""
    ((phi, slopes),) = _features()
    theta = given[0]
    missed = phi.T @ phi / len(phi) @ theta + slopes.mean(0)
    factor = -(missed * theta).sum() / theta.square().sum()
    rest = missed + factor * theta
    return bool(factor > 0) and bool(rest.norm() < 1e-3 * missed.norm())


def _divergence_of_weights(heavy: float) -> float:
    """The Kullback-Leibler divergence that is left when the modes lie far apart."""
    weights = book_mixture().weights
    other = torch.tensor([6 / 7 * (1 - heavy), (1 - heavy) / 7, heavy])
    return float(torch.xlogy(weights, weights / other).sum())


_GROWS = (
    "too large by a factor. If it is measured: no factor stands in front of the area. If it is a "
    "guess: what does the area measure, and does it know the distance?"
)

EXERCISES = {
    "ex-fisher-asymmetry": Exercise(
        grade="warm-up",
        minutes=10,
        varies={"v": (4, 2, 3, 5, 9)},
        expects=Values(shape=(2,)),
        truth=_both_ways,
        right=["(1 - 1/v)**2", "v*(1 - 1/v)**2"],
        mistakes=(
            Mistake(
                ["truth[1]", "truth[0]"],
                "the two are exchanged. The expectation is taken under the law that is named "
                "first; p is the narrow one.",
            ),
            Mistake(["truth[0]/2", "truth[1]/2"], "F has no ½ in this book. (The loss has one.)"),
            Mistake(
                lambda v: _both_ways(v**2),
                "{{v}} is the *variance* of q. Here it is used as the standard deviation.",
            ),
            Mistake(
                lambda v: _both_ways(math.sqrt(v)),
                "this has the root of q's variance in the place of the variance. In the closed "
                "form v is the variance as it stands, with no root taken.",
            ),
            Mistake(
                lambda v: _both_ways(1 / v),
                "{{v}} is a variance. Here it is used as a precision, one over the variance.",
            ),
            Mistake(
                ["truth[0]", "truth[0]"],
                "the gap of the two scores is the same both times, but the law of its samples is "
                "not.",
            ),
            Mistake(
                ["sqrt(truth[0])", "sqrt(truth[1])"],
                "these are root mean squares; F is the mean of the square.",
            ),
            Mistake(
                ["(1/v - 1 + log(v))/2", "(v - 1 - log(v))/2"],
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
        minutes=25,
        expects=Expression(symbols={"w": (0.1, 0.9), "u": (0.1, 0.9)}),
        helpers={"kl": _islands_kl},
        truth="kl(w, u)",
        right="w*(log(w) - log(u)) + (1 - w)*(log(1 - w) - log(1 - u))",
        mistakes=(
            Mistake(
                "kl(u, w)",
                "this is the other direction. The samples come from p_w; the mean is taken with "
                "its weights.",
            ),
            Mistake(
                "0",
                "this is F. The densities of the two laws do differ, on each island by a factor.",
            ),
            Mistake(
                "-truth",
                "this is negative, which no divergence may be: look at the ratio in the logarithm.",
            ),
            Mistake(
                "-kl(u, w)",
                "this is negative, which no divergence may be: look at the ratio in the logarithm, "
                "and under which law the mean is taken.",
            ),
            Mistake(
                "w*log(w/u)",
                "this is one island. The other contributes too, with what is left of the weight.",
            ),
            Mistake(
                "(1 - w)*log((1 - w)/(1 - u))",
                "this is one island. The other contributes too, with what is left of the weight.",
            ),
            Mistake("2*truth", "twice too large: which mass has one bump b?"),
            Mistake(
                "log(w/u) + log((1 - w)/(1 - u))",
                "the two logarithms are not weighted: the mean is taken under p_w.",
            ),
        ),
        hint="On an island the ratio of the two densities is a constant. So the integral is that "
        "constant's logarithm times the island's mass.",
        checked="the integral over both islands, at five pairs of weights.",
    ),
    "ex-implicit-ridges": Exercise(
        grade="code",
        minutes=30,
        expects=Function(
            signature="fit_without_target(phi, slopes)", arguments=_features, rtol=1e-4
        ),
        truth="-torch.linalg.solve(phi.T @ phi / len(phi), slopes.mean(0))",
        right="-torch.linalg.pinv(phi.T @ phi) @ slopes.sum(0)",
        mistakes=(
            Mistake(
                "-truth(phi, slopes)",
                "the sign is turned: this field points away from the data. Set the gradient of the "
                "objective to zero once more, term by term.",
            ),
            Mistake(
                "truth(phi, slopes) / 2",
                "half of it: the square in the objective has a ½, which the derivative cancels.",
            ),
            Mistake(
                "2 * truth(phi, slopes)",
                "twice too large: the trace in the objective has no factor in front, the square "
                "has ½.",
            ),
            Mistake(
                "-slopes.mean(0)",
                "this would be it if the features were orthonormal: their second moments are "
                "missing.",
            ),
            Mistake(
                "truth(phi, slopes) / len(phi)",
                "too small by the number of samples: a sum stands beside a mean.",
            ),
            Mistake(
                "truth(phi, slopes) * len(phi)",
                "too large by the number of samples: a sum stands beside a mean.",
            ),
            Mistake(
                "-torch.linalg.pinv(torch.cov(phi.T, correction=0)) @ slopes.mean(0)",
                "the features were centred: the quadratic term has their second moments, not "
                "their covariance.",
            ),
            Mistake("truth(phi, slopes).T", "rows and columns are exchanged."),
            Mistake(
                "-torch.linalg.solve(phi.T @ phi / len(phi) + 0.01 * torch.eye(phi.shape[1]), "
                "slopes.mean(0))",
                "a multiple of the identity is added to the second moments. That keeps θ small "
                "where samples are few, but it minimises another objective: the check wants none.",
                when=_is_stabilised,
            ),
        ),
        hint="Write the objective as a quadratic and a linear term in θ, both means over the "
        "samples, and differentiate.",
        checked="the minimum of the quadratic, for five features at 500 points.",
    ),
    "ex-noise-sees": Exercise(
        grade="explore",
        minutes=30,
        varies={"far": (2, 3, 4), "heavy": (0.65, 0.58)},
        expects=Number(
            rtol=0.0,
            atol=0.01,  # 4 SE for 4,000 draws a level are 0.0075
        ),
        truth=_divergence_of_weights,
        right="7/10*log(7/(10*(1 - heavy))) + 3/10*log(3/(10*heavy))",
        mistakes=(
            Mistake("2*truth", _GROWS),
            Mistake("far*truth", _GROWS),
            Mistake(
                "far**2*truth",
                "{{far**2}} times too large: it need not grow with the square of the distance.",
            ),
            Mistake(
                "truth/2",
                "half of it. ½ F is integrated over σ², and the hump is σ² F over the logarithm "
                "of σ: is a 2 lost between them?",
            ),
            Mistake(
                "truth/log(10)",
                "this is the area over the decimal logarithm of σ; the natural one is asked for.",
            ),
            Mistake(
                "truth/(4/59*log(10))",
                "this is the sum over the levels. For an area, multiply by the distance of two "
                "levels on the axis.",
            ),
        ),
        hint="Multiply `means[2]` by {{far}} in both laws, and add up σ² F times the distance of "
        "two neighbouring levels in log σ.",
        checked="the exact Kullback-Leibler divergence of the two sets of weights, within four "
        "standard errors.",
    ),
}
