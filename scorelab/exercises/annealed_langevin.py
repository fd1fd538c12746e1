"""Exercises of the chapter "Annealed Langevin dynamics"."""

from functools import cache

import sympy as sp
import torch
from torch import Tensor

from scorelab import derivations
from scorelab.derivations.catalogue.tweedie import q, y
from scorelab.derivations.catalogue.tweedie import sigma as noise
from scorelab.derivations.engine.densities import gaussian
from scorelab.examples import book_mixture
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Choice, Expression, Function, Number
from scorelab.langevin import langevin_dynamics
from scorelab.matching import NoisyScore
from scorelab.metrics import mode_weights
from scorelab.noise import geometric_sigmas

__all__ = ["EXERCISES"]

v, sigma = sp.symbols("v sigma", positive=True)


def _levels() -> Tensor:
    return geometric_sigmas(12, 0.05, 20)


# Where the time goes


def _first_share(power: float) -> float:
    """The first level's share of the sum of a power of the levels."""
    parts = _levels() ** power
    return float(parts[0] / parts.sum())


# Is it the learning or the annealing? The exact score at the last level, in place of a learned one


@cache
def _far_share_at_last_level() -> float:
    mixture = book_mixture().to(torch.float64)
    generator = torch.Generator().manual_seed(0)
    final = langevin_dynamics(
        lambda x: mixture.noisy_score(x, 0.05),
        torch.randn(1_000, 2, generator=generator),
        step_size=0.05,
        n_steps=800,
        generator=generator,
    ).final
    return float(mode_weights(mixture, final)[2])


# Other weights: one step at one level


def _steps() -> list[tuple]:
    """Points and draws at the first, a middle and the last level, for two values of ε."""
    score = book_mixture().noisy_score
    generator = torch.Generator().manual_seed(0)
    x = 5 * torch.randn(10, 2, generator=generator)
    z = torch.randn(10, 2, generator=generator)
    return [
        (x, score, level, 0.05, step_size, z)
        for level in (12.0, 1.0, 0.05)
        for step_size in (5e-4, 1e-4)
    ]


def _moved(x: Tensor, score: NoisyScore, level: float, step: float, z: Tensor) -> Tensor:
    """A step of Langevin dynamics at one level."""
    return x + step / 2 * score(x, level) + step**0.5 * z


def _annealed(x, score, sigma, sigma_last, step_size, z):
    return _moved(x, score, sigma, step_size * sigma**2 / sigma_last**2, z)


def _annealed_by_noise(x, score, sigma, sigma_last, step_size, z):
    noise_size = sigma / sigma_last * step_size**0.5
    return x + noise_size * (noise_size / 2 * score(x, sigma) + z)


def _without_square(x, score, sigma, sigma_last, step_size, z):
    return _moved(x, score, sigma, step_size * sigma / sigma_last, z)


def _not_annealed(x, score, sigma, sigma_last, step_size, z):
    return _moved(x, score, sigma, step_size, z)


def _turned_ratio(x, score, sigma, sigma_last, step_size, z):
    return _moved(x, score, sigma, step_size * sigma_last**2 / sigma**2, z)


def _not_divided(x, score, sigma, sigma_last, step_size, z):
    return _moved(x, score, sigma, step_size * sigma**2, z)


def _whole_pull(x, score, sigma, sigma_last, step_size, z):
    alpha = step_size * sigma**2 / sigma_last**2
    return x + alpha * score(x, sigma) + alpha**0.5 * z


def _root_of_two(x, score, sigma, sigma_last, step_size, z):
    alpha = step_size * sigma**2 / sigma_last**2
    return x + alpha / 2 * score(x, sigma) + (2 * alpha) ** 0.5 * z


def _full_step(x, score, sigma, sigma_last, step_size, z):
    return _moved(x, score, sigma, 2 * step_size * sigma**2 / sigma_last**2, z)


def _without_root(x, score, sigma, sigma_last, step_size, z):
    alpha = step_size * sigma**2 / sigma_last**2
    return x + alpha / 2 * score(x, sigma) + alpha * z


def _last_score(x, score, sigma, sigma_last, step_size, z):
    return _moved(x, score, sigma_last, step_size * sigma**2 / sigma_last**2, z)


def _downhill(x, score, sigma, sigma_last, step_size, z):
    alpha = step_size * sigma**2 / sigma_last**2
    return x - alpha / 2 * score(x, sigma) + alpha**0.5 * z


def _increment(x, score, sigma, sigma_last, step_size, z):
    return _annealed(x, score, sigma, sigma_last, step_size, z) - x


# Denoising twice


def _factor() -> sp.Expr:
    """The factor by which Tweedie's formula pulls a point to the middle, on N(0, v)."""
    law = sp.Lambda(y, gaussian(y, 0, v + noise**2))
    denoiser = derivations.get("tweedie")["tweedie"].equation.rhs.replace(q, law).doit()
    return sp.simplify(denoiser / y).subs(noise, sigma)


def _after(steps: int) -> sp.Expr:
    return _factor() ** (2 * steps) * (v + sigma**2)


EXERCISES = {
    "ex-annealed-time": Exercise(
        grade="warm-up",
        expects=Number(meaning="the first level's share of the process time", rtol=3e-3),
        truth=lambda: _first_share(2),
        right=lambda: 1 - 240 ** (-2 / 19),
        mistakes=(
            Mistake(
                lambda: _first_share(1),
                "the steps grow with the *square* of σ.",
            ),
            Mistake(
                lambda: 1 - 240 ** (-1 / 19),
                "the steps grow with the *square* of σ.",
            ),
            Mistake(
                lambda: _first_share(0),
                "this is the share of the *steps*. They are not equally long.",
            ),
            Mistake(
                lambda: 1 - 240 ** (-2 / 20),
                "20 levels have 19 ratios between them.",
            ),
            Mistake(
                lambda: 240 ** (-2 / 19),
                "this is the ratio of two neighbouring levels' times, or the share of all levels "
                "but the first.",
            ),
            Mistake(
                lambda: _first_share(-2),
                "the levels are turned around: the first has the most noise, and the longest "
                "steps.",
            ),
        ),
        hint="The times of the levels are a geometric series. What is its ratio, and how much of "
        "the sum is its first term?",
        checked="the sum over the 20 levels.",
    ),
    "ex-learning-or-annealing": Exercise(
        grade="code",
        expects=Number(
            meaning="the far mode's share after 800 steps at the last level alone",
            rtol=0.0,
            atol=0.02,  # the network's arrows are not exact in the empty land
        ),
        truth=_far_share_at_last_level,
        right=lambda: 0.0,
        mistakes=(
            Mistake(
                lambda: float(book_mixture().weights[2]),
                "this is the far mode's weight, or its share with annealing. Which σ did you pass, "
                "and where did the particles start?",
            ),
            Mistake(
                lambda: 1.0,
                "this is the share of the near pair, or the sum of all three.",
            ),
            Mistake(
                lambda: 12.0,
                "this is the barrier, in nats. The share of the particles is asked for.",
            ),
        ),
        hint="Start from standard normal draws, keep σ at its last value throughout, and take the "
        "last of the three shares that `mode_weights` gives.",
        checked="a run with the exact score at the same level ends alike.",
    ),
    "ex-other-weights": Exercise(
        grade="code",
        expects=Function(
            signature="annealed_step(x, score, sigma, sigma_last, step_size, z)",
            meaning="the next state: one step at the level sigma of the annealed run, whose ε is "
            "step_size and whose last level is sigma_last, with z for its normal draw",
            arguments=_steps,
        ),
        truth=lambda: _annealed,
        right=lambda: _annealed_by_noise,
        mistakes=(
            Mistake(
                lambda: _without_square,
                "the step grows with σ where it should grow with its *square*. At the last level "
                "nobody notices; at the first the particles hardly move.",
            ),
            Mistake(
                lambda: _not_annealed,
                "the step is the same at all levels. Its size must follow the noise.",
            ),
            Mistake(
                lambda: _turned_ratio,
                "the ratio is upside down: much noise asks for a large step.",
            ),
            Mistake(
                lambda: _not_divided,
                "ε is the step of the *last* level. Put that level in, and see what is left.",
            ),
            Mistake(
                lambda: _whole_pull,
                "a whole step of pull with a noise that belongs to half of it.",
            ),
            Mistake(
                lambda: _root_of_two,
                "half a step of pull with a noise that belongs to a whole one.",
            ),
            Mistake(
                lambda: _full_step,
                "this is the full-step form: a sound step, but its ε means half of the book's.",
            ),
            Mistake(
                lambda: _without_root,
                "the noise of a step is the root of its size, times z.",
            ),
            Mistake(
                lambda: _last_score,
                "the score is taken at the last level. Each level has its own.",
            ),
            Mistake(lambda: _downhill, "the pull points away from the data."),
            Mistake(
                lambda: _increment,
                "this is the change of the state; the new state is asked for.",
            ),
        ),
        hint="First the size of the step at this level, then a step of Langevin dynamics with it, "
        "on the score of this level.",
        checked="ten points at the first, a middle and the last level, for two values of ε.",
    ),
    "ex-denoise-twice": Exercise(
        grade="derive",
        expects=Expression(
            meaning="the variance after two denoising steps at level σ, on data N(0, v) with noise "
            "σ",
            symbols={"v": (0.5, 3.0), "sigma": (0.2, 1.5)},
        ),
        truth=lambda: _after(2),
        right=lambda: v**4 / (v + sigma**2) ** 3,
        mistakes=(
            Mistake(lambda: _after(1), "this is the variance after one step."),
            Mistake(lambda: _after(3), "this is the variance after three steps."),
            Mistake(
                lambda: _factor() ** 2 * (v + sigma**2) * _factor(),
                "the second factor acts on the point, so its square acts on the variance.",
            ),
            Mistake(
                lambda: _factor() ** 4 * v,
                "this starts from clean data: before the first step the points carry noise.",
            ),
            Mistake(
                lambda: (v / (v + sigma)) ** 4 * (v + sigma),
                "σ is a standard deviation; its square belongs beside v.",
            ),
            Mistake(
                lambda: sp.sqrt(_after(2)),
                "this is the standard deviation.",
            ),
            Mistake(
                lambda: v,
                "the second step does not repair the first. By which factor does a step multiply "
                "the point?",
            ),
        ),
        hint="A step multiplies the point by a constant. Which, and what does that do to the "
        "variance?",
        checked="Tweedie's formula, applied twice to a Gaussian.",
    ),
    "ex-few-data": Exercise(
        grade="explore",
        expects=Choice(
            question="where 200 points hurt most, and why",
            options={
                "a": "at large σ: much noise needs much data",
                "b": "at all levels alike: the network shares its parameters",
                "c": "at small σ: the optimum there is the score of 200 narrow bumps",
                "d": "nowhere: the noise is fresh at every step, so the data is too",
            },
        ),
        truth=lambda: "c",
        right=lambda: ["C"],
        mistakes=(
            Mistake(
                lambda: "a",
                "under much noise only the mean and the spread of the points are left to see; how "
                "many points does one need for these?",
            ),
            Mistake(
                lambda: "b",
                "compare the two networks level by level: the ratio of their errors is not the "
                "same.",
            ),
            Mistake(
                lambda: "d",
                "the noise is fresh, but it is added to the same points. Which law do the noisy "
                "points have when the noise is narrow?",
            ),
        ),
        hint="Compare the errors of the two networks at a level at each end.",
        checked="the law of noisy copies of 200 points, against the noisy law.",
    ),
}
