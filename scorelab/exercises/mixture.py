"""Exercises of the chapter "Gaussian mixtures and their score"."""

import math

import sympy as sp
import torch
from scipy.optimize import brentq

from scorelab.examples import book_mixture
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Choice, Expression, Function, Number, Tensors
from scorelab.exercises.engine.mixtures import averaged, logits, pulls
from scorelab.mixture import GaussianMixture

__all__ = ["EXERCISES"]


def _slope(h: sp.Expr) -> sp.Expr:
    return sp.diff(sp.sympify(h))


# Functions, with what stands in Stein's identity for each.
_STEIN = {
    "sin(x)": "-cos(x)",
    "cos(x)": "sin(x)",
    "sin(2*x)": "-2*cos(2*x)",
    "cos(3*x)": "3*sin(3*x)",
    "tanh(x)": "tanh(x)**2 - 1",
    "exp(-x**2)": "2*x*exp(-x**2)",
}


def _mixtures_and_points() -> list[tuple]:
    """Near points, where every formula works, and far ones, where all densities underflow."""
    mixture = book_mixture()
    near = mixture.sample(20, generator=torch.Generator().manual_seed(0))
    far = torch.tensor([[60.0, 60.0], [-300.0, 900.0]])
    parts = (mixture.weights, mixture.means, mixture.covariances)
    return [(points, *parts) for points in (near, far)]


def _by_softmax(x, weights, means, covariances):
    laws = torch.distributions.MultivariateNormal(means, covariances)
    shares = (weights.log() + laws.log_prob(x[:, None])).softmax(1)
    steps = (means - x[:, None])[..., None]
    pulls = torch.linalg.solve(covariances, steps)[..., 0]
    return (shares[..., None] * pulls).sum(1)


def _literal(x, weights, means, covariances):
    terms = logits(x, weights, means, covariances).exp()
    return averaged(terms, pulls(x, means, covariances)) / terms.sum(1, keepdim=True)


def _fails_far_out(given: Tensors, truth: Tensors) -> bool:
    """Whatever it is there: not a number, or zero if something was added to the density."""
    return torch.allclose(given[0], truth[0], rtol=0.01, atol=0.01)


def _covariance_times(x, weights, means, covariances):
    shares = logits(x, weights, means, covariances).softmax(1)
    multiplied = torch.einsum("kij,nkj->nki", covariances, means - x[:, None])
    return averaged(shares, multiplied)


def _without_determinant(x, weights, means, covariances):
    terms = logits(x, weights, means, covariances) + 0.5 * torch.logdet(covariances)
    return averaged(terms.softmax(1), pulls(x, means, covariances))


def _zero(weight: float, distance: float, low: float, high: float) -> float:
    """The zero between two places of the score of two modes at ±distance."""
    w, m = float(weight), float(distance)
    pair = GaussianMixture([w, 1 - w], [[-m], [m]], [1.0, 1.0])
    at = torch.zeros(1, 1)
    return brentq(lambda place: pair.score(at + place).item(), float(low), float(high))


def _iterated(w: float, m: float) -> float:
    """The same in the middle: x = m tanh(m x − log(w/(1 − w))/2), solved for the slow x."""
    x = 0.0
    for _ in range(60):
        x = (math.log(w / (1 - w)) / 2 + math.atanh(x / m)) / m
    return x


_MODE = "this zero is a mode: the score falls through it, so it attracts. Look for the one that "
_MODE += "repels."

EXERCISES = {
    "ex-mean-score": Exercise(
        grade="warm-up",
        minutes=10,
        expects=Choice(),
        truth="b",
        right=["B"],
        mistakes=(
            Mistake(
                "a",
                "a mixture of unequal Gaussians has no such symmetry, and its mean score is zero "
                "all the same. Cancel the two p first, then look at the integral that is left.",
            ),
            Mistake(
                "c",
                "the score of a Gaussian grows without bound, and its mean is zero all the same. "
                "Which function's derivative is integrated once the two p have cancelled?",
            ),
            Mistake(
                "d",
                "moving p moves its scores along with it, so its mean cannot matter. Write out "
                "the integral of one partial derivative.",
            ),
        ),
        hint="Write the mean score as an integral and cancel what can be cancelled.",
        checked="the integral of a derivative is a difference of boundary values, both zero.",
    ),
    "ex-stein": Exercise(
        grade="derive",
        minutes=15,
        varies={"h": tuple(_STEIN)},
        expects=Expression(symbols={"x": (0.1, 3.0)}),
        helpers={"slope": _slope},
        truth=lambda h: -_slope(h),
        right=lambda h: _STEIN[h],
        mistakes=(
            Mistake("slope(h)", "the minus of the integration by parts is missing."),
            Mistake("-h", "h is to be differentiated: the derivative moves from p to h."),
            Mistake(
                "h",
                "this is h itself. The derivative moves from p to h, and what does the "
                "integration by parts do to the sign?",
            ),
            Mistake(
                "-x*h",
                "this puts s(x) = −x, the score of the standard normal law alone. The identity "
                "must hold for every p, so no score may be left in it.",
            ),
            Mistake(
                "x*h",
                "this puts s(x) = x, and even for the standard normal law the score has the other "
                "sign. The identity must hold for every p, so no score may be left in it.",
            ),
        ),
        hint="Write p s as the derivative of p, integrate by parts, and put in your h.",
        checked="equal at five random points.",
    ),
    "ex-softmax": Exercise(
        grade="code",
        minutes=25,
        expects=Function(
            signature="stable_score(x, weights, means, covariances)",
            arguments=_mixtures_and_points,
            rtol=1e-4,
        ),
        helpers={
            "GaussianMixture": GaussianMixture,
            "averaged": averaged,
            "logits": logits,
            "pulls": pulls,
        },
        truth="GaussianMixture(weights, means, covariances).score(x)",
        right=lambda: _by_softmax,
        mistakes=(
            Mistake(
                lambda: _literal,
                "right where the samples are, but not at (60, 60): every density underflows there, "
                "and 0/0 is left, or 0 if something small was added below. Stay with logarithms "
                "until the largest has been subtracted.",
                when=_fails_far_out,
            ),
            Mistake(
                "-truth(x, weights, means, covariances)",
                "the sign is turned: this field points downhill.",
            ),
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
                "truth(x, torch.ones_like(weights) / len(weights), means, covariances)",
                "the components are treated as equally heavy: their weights belong into the "
                "responsibilities.",
            ),
            Mistake(
                "averaged(weights.expand(len(x), -1), pulls(x, means, covariances))",
                "the pulls are averaged with the same weights everywhere. Close to a mode that "
                "stands alone, its own pull alone should count.",
            ),
            Mistake(
                "averaged(logits(x, weights, means, covariances).exp(), "
                "pulls(x, means, covariances))",
                "this is the gradient of p, not of its logarithm: the shares at a point must sum "
                "to one.",
            ),
            Mistake(
                "averaged(logits(x, weights, means, covariances).softmax(0), "
                "pulls(x, means, covariances))",
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
        minutes=25,
        varies={"w": (0.99, 0.95, 0.97, 0.98), "m": (4, 3, 5)},
        expects=Number(),
        helpers={"zero": _zero},
        truth="zero(w, m, -1, 2)",
        right=_iterated,
        mistakes=(
            Mistake(
                "log(w/(1 - w))/(2*m)",
                "there the two responsibilities are equal. The two pulls still differ in strength "
                "at that point, so the score is not zero yet.",
            ),
            Mistake(
                "-truth",
                "this is on the wrong side. The heavier component sits at −{{m}}; whose ground "
                "grows?",
            ),
            Mistake("zero(0.9, m, -1, 2)", "this is the zero for w = 0.9."),
            Mistake("zero(0.999, m, -1, 2)", "this is the zero for w = 0.999."),
            Mistake("0", "this is the zero for equal weights."),
            Mistake("zero(w, m, m - 1, m + 1)", _MODE),
            Mistake("zero(w, m, -m - 1, 1 - m)", _MODE),
        ),
        hint="Plot the score between the modes. There it is zero three times; take the zero at "
        "which it rises, and bracket it narrowly.",
        checked="the root of the exact score, to one part in a thousand.",
    ),
}
