"""Exercises of the chapter "Denoising score matching"."""

import sympy as sp
import torch
from torch import Tensor

from scorelab import derivations
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Choice, Expression, Function
from scorelab.matching import NoisyScore, dsm_target
from scorelab.mixture import GaussianMixture

__all__ = ["EXERCISES"]

d, h, sigma = sp.symbols("d h sigma", positive=True)


# The missing minus: the loss of a multiple of the exact score


def _loss_of(multiple: int) -> sp.Expr:
    """σ² times the loss, if h is what there is to learn: the floor is d/2 − h, E‖s‖²/2 is h/σ²."""
    floor = d / 2 - h
    excess = (multiple - 1) ** 2 * h
    return floor + excess


# A variance that calls itself σ


def _sheet_over_standard() -> sp.Expr:
    """The score of the printed kernel over that of the standard one."""
    steps = derivations.get("dsm-target")
    slopes = [steps[name].equation.rhs for name in ("printed-slope", "standard-slope")]
    return sp.cancel(slopes[0] / slopes[1])


# Noise and its mirror image


def _pairs() -> list[tuple]:
    """A score in three dimensions, and clean points with their noise at two levels."""
    law = GaussianMixture([0.3, 0.7], [[1.0, -1.0, 0.0], [-2.0, 0.0, 2.0]], [1.0, 0.3])
    generator = torch.Generator().manual_seed(0)
    x = law.sample(20, generator=generator)
    z = torch.randn(20, 3, generator=generator)
    return [(law.noisy_score, x, level, z) for level in (0.4, 2.5)]


def _term(score: Tensor, target: Tensor) -> Tensor:
    return 0.5 * (score - target).square().sum(1)


def _by_package(model: NoisyScore, x: Tensor, sigma: float, z: Tensor) -> Tensor:
    both = [x + sigma * z, x - sigma * z]
    return sum(_term(model(noisy, sigma), dsm_target(noisy, x, sigma)) for noisy in both) / 2


def _by_hand(model, x, sigma, z):
    scores = torch.stack([model(x + sigma * z, sigma), model(x - sigma * z, sigma)])
    targets = torch.stack([-z, z]) / sigma
    return ((scores - targets) ** 2).sum(-1).mean(0) / 2


def _without_minus(model, x, sigma, z):
    terms = [_term(model(x + sigma * n, sigma), n / sigma) for n in (z, -z)]
    return sum(terms) / 2


def _over_sigma(model, x, sigma, z):
    terms = [_term(model(x + sigma * n, sigma), -n) for n in (z, -z)]
    return sum(terms) / 2


def _over_variance_twice(model, x, sigma, z):
    terms = [_term(model(x + sigma * n, sigma), -n / sigma**2) for n in (z, -z)]
    return sum(terms) / 2


def _variance_as_noise(model, x, sigma, z):
    terms = [_term(model(x + sigma**0.5 * n, sigma), -n / sigma) for n in (z, -z)]
    return sum(terms) / 2


def _twice(model, x, sigma, z):
    return 2 * _by_package(model, x, sigma, z)


def _four_times(model, x, sigma, z):
    return 4 * _by_package(model, x, sigma, z)


def _mean_of_coordinates(model, x, sigma, z):
    return _by_package(model, x, sigma, z) / x.shape[1]


def _weighted(model, x, sigma, z):
    return sigma**2 * _by_package(model, x, sigma, z)


def _one_side(model, x, sigma, z):
    return _term(model(x + sigma * z, sigma), -z / sigma)


def _same_point(model, x, sigma, z):
    score = model(x + sigma * z, sigma)
    return (_term(score, -z / sigma) + _term(score, z / sigma)) / 2


def _same_target(model, x, sigma, z):
    terms = [_term(model(x + sigma * n, sigma), -z / sigma) for n in (z, -z)]
    return sum(terms) / 2


EXERCISES = {
    "ex-missing-minus": Exercise(
        grade="warm-up",
        expects=Expression(
            meaning="σ² times the loss, with the minus in its target, of a network that was "
            "trained perfectly without it, if h is what there is to learn",
            symbols={"d": (1.0, 9.0), "h": (0.1, 0.5)},
        ),
        truth=lambda: _loss_of(-1),
        right=lambda: d / 2 + 3 * h,
        mistakes=(
            Mistake(
                lambda: _loss_of(1),
                "this is the floor, which is where the student's own loss stops. Here the network "
                "is held against the right target.",
            ),
            Mistake(
                lambda: _loss_of(0),
                "this is the loss of a network that says zero. This one says something, and the "
                "contrary of what it should.",
            ),
            Mistake(
                lambda: 4 * h,
                "this is the excess alone. The loss is the floor and the excess.",
            ),
            Mistake(
                lambda: d / 2 + 4 * h,
                "the excess stands on the floor, and not on the line of the zero network.",
            ),
            Mistake(
                lambda: d / 2 + h,
                "the network is wrong by twice the score, and the excess is a square: is the 2 "
                "squared?",
            ),
            Mistake(
                lambda: d / 2 + 7 * h,
                "this counts the excess without its ½: the loss has one, and so has h.",
            ),
        ),
        hint="Write the loss as floor and excess. The floor is d/2 − h; for the excess, ask by "
        "what the network differs from the right score.",
        checked="the floor and the excess of a network that has learned −s.",
    ),
    "ex-sheet-sigma": Exercise(
        grade="derive",
        expects=Expression(
            meaning="the factor by which the best network's output differs from the score",
            symbols={"sigma": (0.1, 3.0)},
        ),
        truth=_sheet_over_standard,
        right=lambda: sp.Eq(sp.Symbol("k"), sigma),
        mistakes=(
            Mistake(
                lambda: 1 / sigma,
                "the wrong way round: at σ = 0.1, is the target of the sheet longer than the right "
                "one, or shorter?",
            ),
            Mistake(
                lambda: sigma**2,
                "this is one σ too many. Divide the one target by the other.",
            ),
            Mistake(
                lambda: sigma**-2,
                "this is one σ too many, and the wrong way round. Divide the target of the sheet "
                "by the right one.",
            ),
            Mistake(
                lambda: sp.sqrt(sigma),
                "this is the standard deviation of the sheet's kernel as it stands. But the noise "
                "that was added is σ z, whatever the sheet says.",
            ),
            Mistake(lambda: -sigma, "the sign is right in the sheet: both targets point back."),
            Mistake(
                lambda: sp.Integer(1),
                "then nothing would be wrong. Compare the two targets at one pair (x, x̃).",
            ),
        ),
        hint="The best network gives the mean of its target at x̃. By what constant do the two "
        "targets differ?",
        checked="the score of the sheet's kernel over that of the standard one.",
    ),
    "ex-antithetic": Exercise(
        grade="code",
        expects=Function(
            signature="mirrored_terms(model, x, sigma, z)",
            meaning="one term a row, (n,): the denoising loss of each row of x, averaged over its "
            "noise z and over −z, with the ½ and without a weight",
            arguments=_pairs,
        ),
        truth=lambda: _by_package,
        right=lambda: _by_hand,
        mistakes=(
            Mistake(
                lambda: _without_minus,
                "the sign of the target: it points from the noisy point to the clean one.",
            ),
            Mistake(
                lambda: _over_sigma,
                "the target is σ times too long or short: the *variance* stands below x̃ − x, and "
                "x̃ − x is σ z.",
            ),
            Mistake(
                lambda: _over_variance_twice,
                "the target is divided by σ once too often: x̃ − x holds a σ already.",
            ),
            Mistake(
                lambda: _variance_as_noise,
                "the noise is too strong or too weak: σ is a standard deviation, and here it is "
                "used as a variance.",
            ),
            Mistake(
                lambda: _twice,
                "twice too large: either the ½ is missing, or the two terms are added where their "
                "mean is asked for.",
            ),
            Mistake(
                lambda: _four_times,
                "four times too large: the ½ is missing, and so is the mean of the two terms.",
            ),
            Mistake(
                lambda: _mean_of_coordinates,
                "the squares are averaged over the coordinates; the loss adds them up. The two "
                "differ by the dimension.",
            ),
            Mistake(
                lambda: _weighted,
                "this has the weight σ² in it. It is a good weight; the check wants none.",
            ),
            Mistake(lambda: _one_side, "this is the plain loss: −z does not occur."),
            Mistake(
                lambda: _same_point,
                "the target is mirrored and the noisy point is not: each noise needs its own call "
                "of the model.",
            ),
            Mistake(
                lambda: _same_target,
                "the noisy point is mirrored and the target is not: the way back from the other "
                "side is another one.",
            ),
        ),
        hint="Compare with `dsm_terms` at one row: first the noisy point, then the target, then "
        "the square.",
        checked="equal to the package's terms for 20 rows in three dimensions, at two levels.",
    ),
    "ex-small-sigma": Exercise(
        grade="explore",
        expects=Choice(
            question="what you find for the relative errors after 300 steps at each level",
            options={
                "a": "Small σ wins: its law is the closest to the data",
                "b": "All levels end alike, since the weight σ² makes their losses alike",
                "c": "Small σ loses, since hardly any of its gradient is signal",
                "d": "Large σ loses, since its target is the noisiest",
            },
        ),
        truth=lambda: "c",
        right=lambda: {"C"},
        mistakes=(
            Mistake(
                lambda: "a",
                "it is the closest, but that says what one would like to learn and not how well "
                "one can. Measure it.",
            ),
            Mistake(
                lambda: "b",
                "the weight makes the *losses* alike. Which share of each of them can be learned?",
            ),
            Mistake(
                lambda: "d",
                "the target is −z/σ: at which end is it the largest, against the score?",
            ),
        ),
        hint="Run the three trainings, and read the figure of what there is to learn beside them.",
        checked="at small σ, what there is to learn is a share of the loss proportional to σ².",
    ),
}
