"""Exercises of the chapter "Gaussian mixtures and their score"."""

import math

import sympy as sp
import torch
from scipy.optimize import brentq
from torch import Tensor

from scorelab.examples import book_mixture
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Choice, Expression, Function, Number, Tensors
from scorelab.exercises.engine.mixtures import averaged, logits, pulls
from scorelab.mixture import GaussianMixture

__all__ = ["EXERCISES"]

x = sp.Symbol("x")


# Why the softmax


def _mixtures_and_points() -> list[tuple]:
    """Near points, where every formula works, and far ones, where all densities underflow."""
    mixture = book_mixture()
    near = mixture.sample(20, generator=torch.Generator().manual_seed(0))
    far = torch.tensor([[60.0, 60.0], [-300.0, 900.0]])
    parts = (mixture.weights, mixture.means, mixture.covariances)
    return [(points, *parts) for points in (near, far)]


def _exact(x: Tensor, weights: Tensor, means: Tensor, covariances: Tensor) -> Tensor:
    return GaussianMixture(weights, means, covariances).score(x)


def _by_softmax(x, weights, means, covariances):
    shares = logits(x, weights, means, covariances).softmax(1)
    return averaged(shares, pulls(x, means, covariances))


def _literal(x, weights, means, covariances):
    terms = logits(x, weights, means, covariances).exp()
    return averaged(terms, pulls(x, means, covariances)) / terms.sum(1, keepdim=True)


def _underflows(given: Tensors, truth: Tensors) -> bool:
    near = given[0].shape == truth[0].shape and torch.allclose(given[0], truth[0], rtol=1e-6)
    return near and not bool(given[1].isfinite().all())


def _away(x, weights, means, covariances):
    return -_exact(x, weights, means, covariances)


def _covariance_times(x, weights, means, covariances):
    shares = logits(x, weights, means, covariances).softmax(1)
    multiplied = torch.einsum("kij,nkj->nki", covariances, means - x[:, None])
    return averaged(shares, multiplied)


def _without_determinant(x, weights, means, covariances):
    terms = logits(x, weights, means, covariances) + 0.5 * torch.logdet(covariances)
    return averaged(terms.softmax(1), pulls(x, means, covariances))


def _without_weights(x, weights, means, covariances):
    terms = logits(x, torch.ones_like(weights), means, covariances)
    return averaged(terms.softmax(1), pulls(x, means, covariances))


def _weights_alone(x, weights, means, covariances):
    return averaged(weights.expand(len(x), -1), pulls(x, means, covariances))


def _gradient_of_density(x, weights, means, covariances):
    terms = logits(x, weights, means, covariances).exp()
    return averaged(terms, pulls(x, means, covariances))


def _softmax_over_points(x, weights, means, covariances):
    shares = logits(x, weights, means, covariances).softmax(0)
    return averaged(shares, pulls(x, means, covariances))


# Unequal weights


def _zero(weight: float, low: float, high: float) -> float:
    pair = GaussianMixture([weight, 1 - weight], [[-4.0], [4.0]], [1.0, 1.0])
    at = torch.zeros(1, 1)
    return brentq(lambda place: pair.score(at + place).item(), low, high)


EXERCISES = {
    "ex-mean-score": Exercise(
        grade="warm-up",
        expects=Choice(
            question="what the proof assumes about p",
            options={
                "a": "p is symmetric about its mean",
                "b": "p is smooth and falls to zero at infinity",
                "c": "the score falls to zero at infinity",
                "d": "the mean of p is zero",
            },
        ),
        truth=lambda: "b",
        right=lambda: ["B"],
        mistakes=(
            Mistake(
                lambda: "a",
                "the book's mixture has no such symmetry, and its mean score is zero all the "
                "same. Cancel the two p first, then look at the integral that is left.",
            ),
            Mistake(
                lambda: "c",
                "the score of a Gaussian grows without bound, and its mean is zero all the same. "
                "Which function's derivative is integrated once the two p have cancelled?",
            ),
            Mistake(
                lambda: "d",
                "moving p moves its scores along with it, so its mean cannot matter. Write out "
                "the integral of one partial derivative.",
            ),
        ),
        hint="Write the mean score as an integral and cancel what can be cancelled.",
        checked="the integral of a derivative is a difference of boundary values, both zero.",
    ),
    "ex-stein": Exercise(
        grade="derive",
        expects=Expression(
            meaning="for h(x) = sin(x) in one dimension, that whose mean under any p is the mean "
            "of s(x) h(x)",
            symbols={"x": (0.1, 3.0)},
        ),
        truth=lambda: -sp.diff(sp.sin(x), x),
        right=lambda: -sp.cos(x),
        mistakes=(
            Mistake(lambda: sp.cos(x), "the minus of the integration by parts is missing."),
            Mistake(
                lambda: -sp.sin(x),
                "h is to be differentiated: the derivative moves from p to h.",
            ),
            Mistake(
                lambda: sp.sin(x),
                "this is h itself. The derivative moves from p to h, and what does the "
                "integration by parts do to the sign?",
            ),
            Mistake(
                lambda: -x * sp.sin(x),
                "this puts s(x) = −x, the score of the standard normal law alone. The identity "
                "must hold for every p, so no score may be left in it.",
            ),
        ),
        hint="Write p s as the derivative of p, integrate by parts, and put in h(x) = sin(x).",
        checked="equal at five random points.",
    ),
    "ex-softmax": Exercise(
        grade="code",
        expects=Function(
            signature="stable_score(x, weights, means, covariances)",
            meaning="the score (n, d) of a mixture with weights (K,), means (K, d) and "
            "covariances (K, d, d) at points x (n, d), however far out",
            arguments=_mixtures_and_points,
        ),
        truth=lambda: _exact,
        right=lambda: _by_softmax,
        mistakes=(
            Mistake(
                lambda: _literal,
                "right where the samples are, but not finite at (60, 60): every density underflows "
                "there and 0/0 is left. Stay with logarithms until the largest has been "
                "subtracted.",
                when=_underflows,
            ),
            Mistake(lambda: _away, "the sign is turned: this field points downhill."),
            Mistake(
                lambda: _covariance_times,
                "each pull is multiplied by the covariance where it should be divided by it: a "
                "narrow component must pull harder.",
            ),
            Mistake(
                lambda: _without_determinant,
                "this is what one gets if the responsibilities forget that a narrow Gaussian is "
                "taller: the normalising constants of the components differ.",
            ),
            Mistake(
                lambda: _without_weights,
                "the components are treated as equally heavy: their weights belong into the "
                "responsibilities.",
            ),
            Mistake(
                lambda: _weights_alone,
                "the pulls are averaged with the same weights everywhere. Close to a mode that "
                "stands alone, its own pull alone should count.",
            ),
            Mistake(
                lambda: _gradient_of_density,
                "this is the gradient of p, not of its logarithm: the shares at a point must sum "
                "to one.",
            ),
            Mistake(
                lambda: _softmax_over_points,
                "the shares are normalised over the points, where they should be over the "
                "components: look at the axis.",
            ),
        ),
        hint="Compare with automatic differentiation of log p at a few points near the modes: "
        "first the pull of one component, then its share.",
        checked="equal to the exact score of the book's mixture at 20 of its samples, and at two "
        "points so far out that every density is 0 in double precision.",
    ),
    "ex-unequal": Exercise(
        grade="explore",
        expects=Number(meaning="the unstable zero of the score for w = 0.99"),
        truth=lambda: _zero(0.99, -1, 2),
        right=lambda: 0.61301,
        mistakes=(
            Mistake(
                lambda: math.log(0.99 / 0.01) / 8,
                "there the two responsibilities are equal. The two pulls still differ in strength "
                "at that point, so the score is not zero yet.",
            ),
            Mistake(
                lambda: -_zero(0.99, -1, 2),
                "this is on the wrong side. The heavier component sits at −4; whose ground grows?",
            ),
            Mistake(
                lambda: _zero(0.9, -1, 2),
                "this is the zero for w = 0.9.",
            ),
            Mistake(
                lambda: _zero(0.999, -1, 2),
                "this is the zero for w = 0.999.",
            ),
            Mistake(
                lambda: 0.0,
                "this is the zero for equal weights.",
            ),
            Mistake(
                lambda: _zero(0.99, 3, 5),
                "this zero is a mode: the score falls through it, so it attracts. Look for the "
                "one that repels.",
            ),
            Mistake(
                lambda: _zero(0.99, -5, -3),
                "this zero is a mode: the score falls through it, so it attracts. Look for the "
                "one that repels.",
            ),
        ),
        hint="Plot the score between the modes. There it is zero three times; take the zero at "
        "which it rises, and bracket it narrowly.",
        checked="the root of the exact score, to one part in a thousand.",
    ),
}
