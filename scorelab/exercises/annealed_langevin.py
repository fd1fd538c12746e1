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

__all__ = ["EQUATIONS", "EXERCISES"]

EQUATIONS = {
    "eq-annealed-step": r"""
\begin{aligned}
x &\leftarrow x + \frac{\alpha_i}{2}\, s(x, \sigma_i) + \sqrt{\alpha_i}\, z, \\
\alpha_i &= \varepsilon\, \frac{\sigma_i^2}{\sigma_L^2}, \qquad i = 1, \dots, L.
\end{aligned}
""",
}
v, sigma = sp.symbols("v sigma", positive=True)


def _share(levels: int, top: int, power: int) -> float:
    """The first level's share of the sum of a power of the levels."""
    parts = geometric_sigmas(int(top), 0.05, int(levels)) ** int(power)
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


def _moved(
    x: Tensor,
    score: NoisyScore,
    level: float,
    alpha: float,
    z: Tensor,
    pull: float = 0.5,
    shake: float = 1.0,
) -> Tensor:
    """A step of Langevin dynamics at one level; the right one has half of the pull."""
    return x + pull * alpha * score(x, level) + shake * alpha**0.5 * z


def _annealed(x, score, sigma, sigma_last, step_size, z):
    alpha = step_size * sigma**2 / sigma_last**2
    return x + alpha / 2 * score(x, sigma) + alpha**0.5 * z


# Denoising more than once


@cache
def _factor() -> sp.Expr:
    """The factor by which Tweedie's formula pulls a point to the middle, on N(0, v)."""
    law = sp.Lambda(y, gaussian(y, 0, v + noise**2))
    denoiser = derivations.get("tweedie")["tweedie"].equation.rhs.replace(q, law).doit()
    return sp.simplify(denoiser / y).subs(noise, sigma)


EXERCISES = {
    "ex-annealed-time": Exercise(
        grade="warm-up",
        minutes=10,
        varies={"levels": (20, 10, 15, 30), "top": (12, 10, 8)},
        expects=Number(rtol=3e-3),
        helpers={"share": _share},
        truth=lambda levels, top: _share(levels, top, 2),
        right="1 - (20*top)**(-2/(levels - 1))",
        mistakes=(
            Mistake("share(levels, top, 1)", "the steps grow with the *square* of σ."),
            Mistake("1 - (20*top)**(-1/(levels - 1))", "the steps grow with the *square* of σ."),
            Mistake(
                "1/levels",
                "this is the share of the *steps*. They are not equally long.",
            ),
            Mistake(
                "1 - (20*top)**(-2/levels)",
                "{{levels}} levels have one ratio less between them.",
            ),
            Mistake(
                "(20*top)**(-2/(levels - 1))",
                "this is the ratio of two neighbouring levels' times, or the share of all levels "
                "but the first.",
            ),
            Mistake(
                "share(levels, top, -2)",
                "the levels are turned around: the first has the most noise, and the longest "
                "steps.",
            ),
        ),
        hint="The times of the levels are a geometric series. What is its ratio, and how much of "
        "the sum is its first term?",
        checked="the sum over the {{levels}} levels.",
    ),
    "ex-learning-or-annealing": Exercise(
        grade="code",
        minutes=20,
        expects=Number(
            rtol=0.0,
            atol=0.02,  # the network's arrows are not exact in the empty land
        ),
        truth=_far_share_at_last_level,
        right=0.001,  # one particle of a thousand
        mistakes=(
            Mistake(
                lambda: float(book_mixture().weights[2]),
                "this is the far mode's weight, or its share with annealing. Which σ did you pass, "
                "and where did the particles start?",
            ),
            Mistake(
                "1",
                "this is the share of the near pair, or the sum of all three.",
            ),
            Mistake(
                "12",
                "this is the barrier, in nats. The share of the particles is asked for.",
            ),
        ),
        hint="Start from standard normal draws, keep σ at its last value throughout, and take the "
        "last of the three shares that `mode_weights` gives.",
        checked="a run with the exact score at the same level ends alike.",
    ),
    "ex-other-weights": Exercise(
        grade="code",
        minutes=30,
        expects=Function(
            signature="annealed_step(x, score, sigma, sigma_last, step_size, z)",
            arguments=_steps,
            rtol=1e-4,  # pull and state nearly cancel at some of the points
        ),
        helpers={"moved": _moved},
        truth="moved(x, score, sigma, step_size * (sigma / sigma_last) ** 2, z)",
        right=lambda: _annealed,
        mistakes=(
            Mistake(
                "moved(x, score, sigma, step_size * sigma / sigma_last, z)",
                "the step grows with σ where it should grow with its *square*. At the last level "
                "nobody notices; at the first the particles hardly move.",
            ),
            Mistake(
                "moved(x, score, sigma, step_size, z)",
                "the step is the same at all levels. Its size must follow the noise.",
            ),
            Mistake(
                "moved(x, score, sigma, step_size * (sigma_last / sigma) ** 2, z)",
                "the ratio is upside down: much noise asks for a large step.",
            ),
            Mistake(
                "moved(x, score, sigma, step_size * sigma**2, z)",
                "ε is the step of the *last* level. Put that level in, and see what is left.",
            ),
            Mistake(
                "moved(x, score, sigma, step_size * (sigma / sigma_last) ** 2, z, pull=1)",
                "a whole step of pull with a noise that belongs to half of it.",
            ),
            Mistake(
                "moved(x, score, sigma, step_size * (sigma / sigma_last) ** 2, z, shake=2**0.5)",
                "half a step of pull with a noise that belongs to a whole one.",
            ),
            Mistake(
                "moved(x, score, sigma, 2 * step_size * (sigma / sigma_last) ** 2, z)",
                "this is the full-step form: a sound step, but its ε means half of the book's.",
            ),
            Mistake(
                "moved(x, score, sigma, step_size * (sigma / sigma_last) ** 2, z,"
                " shake=step_size**0.5 * sigma / sigma_last)",
                "the noise of a step is the root of its size, times z.",
            ),
            Mistake(
                "moved(x, score, sigma_last, step_size * (sigma / sigma_last) ** 2, z)",
                "the score is taken at the last level. Each level has its own.",
            ),
            Mistake(
                "moved(x, score, sigma, step_size * (sigma / sigma_last) ** 2, z, pull=-0.5)",
                "the pull points away from the data.",
            ),
            Mistake(
                "truth(x, score, sigma, sigma_last, step_size, z) - x",
                "this is the change of the state; the new state is asked for.",
            ),
        ),
        hint="First the size of the step at this level, then a step of Langevin dynamics with it, "
        "on the score of this level.",
        checked="ten points at the first, a middle and the last level, for two values of ε.",
    ),
    "ex-denoise-twice": Exercise(
        grade="derive",
        minutes=20,
        varies={"n": (2, 3, 4, 5)},
        expects=Expression(symbols={"v": (0.5, 3.0), "sigma": (0.2, 1.5)}),
        truth=lambda n: _factor() ** (2 * n) * (v + sigma**2),
        right="v**(2*n)/(v + sigma**2)**(2*n - 1)",
        mistakes=(
            Mistake(
                "truth*(v + sigma**2)**2/v**2",
                "this is the variance after one step less.",
            ),
            Mistake("truth*v**2/(v + sigma**2)**2", "this is the variance after one step more."),
            Mistake(
                "truth*(v + sigma**2)/v",
                "the last factor acts on the point, so its square acts on the variance.",
            ),
            Mistake(
                "truth*v/(v + sigma**2)",
                "this starts from clean data: before the first step the points carry noise.",
            ),
            Mistake(
                "truth.subs(sigma, sqrt(sigma))",
                "σ is a standard deviation; its square belongs beside v.",
            ),
            Mistake("sqrt(truth)", "this is the standard deviation."),
            Mistake(
                "(1 - sigma**2/(2*(v + sigma**2)))**(2*n)*(v + sigma**2)",
                "these are half steps, as those of Langevin dynamics. A denoising step has no ½.",
            ),
            Mistake(
                "v",
                "the next step does not repair the one before. By which factor does a step "
                "multiply the point?",
            ),
            Mistake(
                "0",
                "this is where the sequence goes. A formula for {{n}} steps is asked for.",
            ),
        ),
        hint="A step multiplies the point by a constant. Which, and what does that do to the "
        "variance?",
        checked="Tweedie's formula, applied {{n}} times to a Gaussian.",
    ),
    "ex-few-data": Exercise(
        grade="explore",
        minutes=30,
        expects=Choice(),
        truth="c",
        right=["C"],
        mistakes=(
            Mistake(
                "a",
                "under much noise only the mean and the spread of the points are left to see; how "
                "many points does one need for these?",
            ),
            Mistake(
                "b",
                "compare the two networks level by level: the ratio of their errors is not the "
                "same.",
            ),
            Mistake(
                "d",
                "the noise is fresh, but it is added to the same points. Which law do the noisy "
                "points have when the noise is narrow?",
            ),
        ),
        hint="Compare the errors of the two networks at a level at each end.",
        checked="the law of noisy copies of 200 points, against the noisy law.",
    ),
}
