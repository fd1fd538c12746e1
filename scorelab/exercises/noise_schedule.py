"""Exercises of the chapter "Choosing the noise levels"."""

from collections.abc import Callable, Sequence
from functools import cache, partial

import sympy as sp
import torch
from sympy.stats import Normal, cdf
from torch import Tensor

from scorelab.examples import book_mixture
from scorelab.exercises.engine.entries import wrong_entry
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Expression, Function, Values
from scorelab.langevin import annealed_langevin_dynamics
from scorelab.metrics import mode_weights
from scorelab.noise import geometric_sigmas, variance_after

__all__ = ["EXERCISES"]

d, sigma = sp.symbols("d sigma", positive=True)


# The first ten levels: γ, η, λ, and the share of the start that is left

EPSILON, LAST, STEPS = 2e-5, 0.01, 100


def _first_paper() -> list[float]:
    levels = geometric_sigmas(1, LAST, 10)
    ratio, eta = float(levels[0] / levels[1]), EPSILON / LAST**2
    stationary = variance_after(10_000, 1.0, eta)
    return [ratio, eta, stationary, (1 - eta / 2) ** (2 * STEPS)]


_entry = partial(wrong_entry, _first_paper, rtol=0.01)


# Why the largest distance


def _common(tail: sp.Expr, spread: sp.Expr = sigma) -> sp.Expr:
    """Twice the mass of N(0, spread²) beyond `tail`."""
    return 2 * cdf(Normal("n", 0, spread))(-tail)


# A step without its square: a test is known by the steps that it lets pass


def _steps_to_test() -> list[Callable]:
    return [_annealed, _first_power, _constant, _turned, _undivided, _full]


def _annealed(sigmas: Tensor, epsilon: float) -> Tensor:
    return epsilon * sigmas**2 / sigmas[-1] ** 2


def _first_power(sigmas: Tensor, epsilon: float) -> Tensor:
    return epsilon * sigmas / sigmas[-1]


def _constant(sigmas: Tensor, epsilon: float) -> Tensor:
    return epsilon * torch.ones_like(sigmas)


def _turned(sigmas: Tensor, epsilon: float) -> Tensor:
    return epsilon * sigmas[-1] ** 2 / sigmas**2


def _undivided(sigmas: Tensor, epsilon: float) -> Tensor:
    return epsilon * sigmas**2


def _full(sigmas: Tensor, epsilon: float) -> Tensor:
    return 2 * _annealed(sigmas, epsilon)


def _verdicts(test: Callable) -> Tensor:
    """For each of the steps above, whether the test lets them pass."""

    def given_any(steps: Callable) -> Callable:
        return lambda sigmas, epsilon: steps(torch.as_tensor(sigmas).double(), epsilon)

    return torch.tensor([float(bool(test(given_any(steps)))) for steps in _steps_to_test()])


def _all_levels(step_sizes):
    sigmas = geometric_sigmas(12, 0.05, 20)
    ratios = step_sizes(sigmas, 5e-4) / sigmas**2
    return torch.allclose(ratios, torch.full_like(ratios, 5e-4 / 0.05**2))


def _one_upper_level(step_sizes):
    alphas = step_sizes(torch.tensor([8.0, 2.0]), 0.1)
    return abs(float(alphas[0]) - 1.6) < 1e-9


def _last_level(step_sizes):
    return abs(float(step_sizes(torch.tensor([8.0, 2.0]), 0.1)[-1]) - 0.1) < 1e-9


def _alike(step_sizes):
    sigmas = torch.tensor([8.0, 2.0])
    first, last = step_sizes(sigmas, 0.1) / sigmas**2
    return abs(float(first - last)) < 1e-9


def _falling(step_sizes):
    first, last = step_sizes(torch.tensor([8.0, 2.0]), 0.1)
    return float(first) > float(last)


def _contrary(step_sizes):
    return not _all_levels(step_sizes)


def _never(step_sizes):
    return False


def _always(step_sizes):
    return True


# Better for the same price

PRICE = 22 * 27


def _observed(schedule: Callable) -> Tensor:
    """Whether the price is kept, the last level, and each weight within 0.015."""
    sigmas, eta, n_steps = schedule()
    levels = tuple(float(level) for level in sigmas)
    cheap = len(levels) * int(n_steps) <= PRICE
    fine = abs(levels[-1] - 0.05) < 1e-6
    weights = _weights(levels, float(eta), int(n_steps)) if cheap and fine else (0.0,)
    missed = [abs(found - true) for found, true in zip(weights, (0.6, 0.1, 0.3), strict=False)]
    return torch.tensor([float(cheap), float(fine), float(max(missed) < 0.015)])


@cache
def _weights(levels: Sequence[float], eta: float, n_steps: int) -> tuple[float, ...]:
    mixture = book_mixture().to(torch.float32)
    sigmas = torch.tensor(levels, dtype=torch.float32)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(20_000, 2, dtype=torch.float32, generator=generator)
    run = annealed_langevin_dynamics(
        mixture.noisy_score,
        sigmas[0] * noise,
        sigmas=sigmas,
        step_size=eta * float(sigmas[-1]) ** 2,
        n_steps=n_steps,
        generator=generator,
    )
    return tuple(float(weight) for weight in mode_weights(mixture, run.final))


def _from_four():
    return geometric_sigmas(4, 0.05, 10), 1.0, 59


def _from_five():
    return [5 * 0.01 ** (i / 9) for i in range(10)], 1.0, 59


def _as_chosen():
    return geometric_sigmas(12, 0.05, 22), 4 / 27, 27


def _baseline():
    return geometric_sigmas(12, 0.05, 20), 0.2, 100


def _coarse_end():
    return geometric_sigmas(4, 0.5, 10), 1.0, 59


EXERCISES = {
    "ex-first-levels": Exercise(
        grade="warm-up",
        expects=Values(
            meaning="γ, η, the factor λ of the last level's bias, and the share (1 − η/2)^(2T)",
            shape=(4,),
            rtol=0.01,
        ),
        truth=_first_paper,
        right=lambda: [100 ** (1 / 9), 0.2, 20 / 19, 7.05e-10],
        mistakes=(
            _entry(
                0,
                lambda: 100 ** (1 / 10),
                "γ: ten levels have nine ratios between them.",
            ),
            _entry(
                0,
                lambda: 100 ** (-1 / 9),
                "γ is the larger level over the smaller one.",
            ),
            _entry(
                1,
                lambda: EPSILON / LAST,
                "η: ε is divided by the *square* of the last level.",
            ),
            _entry(1, lambda: EPSILON, "η: this is ε; it has to be divided by the last variance."),
            _entry(
                2,
                lambda: 1 / (1 - 0.2 / 2),
                "λ: this is the bias of a step of twice the size. The factor with half of η in it "
                "multiplies the *point*.",
            ),
            _entry(
                2,
                lambda: 1 / (1 - 0.2 / 4) - 1,
                "λ: this is what it exceeds one by.",
            ),
            _entry(
                3,
                lambda: (1 - 0.2 / 2) ** STEPS,
                "the share: this is that of the point. A variance shrinks by the square.",
            ),
            _entry(
                3,
                lambda: (1 - 0.2) ** (2 * STEPS),
                "the share: the pull is half a step, so the factor holds half of η.",
            ),
        ),
        hint="Compare your four numbers one by one with their formulas: the ratio of neighbours, "
        "ε over a variance, the fixed point of a step, and what many steps leave.",
        checked="the four formulas, to one per cent.",
    ),
    "ex-largest-distance": Exercise(
        grade="derive",
        expects=Expression(
            meaning="the mass that the two laws have in common",
            symbols={"d": (0.5, 3.0), "sigma": (0.5, 2.0)},
        ),
        truth=lambda: _common(d / 2),
        right=lambda: sp.erfc(d / (2 * sp.sqrt(2) * sigma)),
        mistakes=(
            Mistake(
                lambda: _common(d / 2) / 2,
                "this is one tail. Half way the two densities cross, and there is a tail on each "
                "side.",
            ),
            Mistake(
                lambda: _common(d),
                "this is the mass beyond the other point. The densities cross half way.",
            ),
            Mistake(
                lambda: sp.erfc(d / (2 * sigma)),
                "a √2 is lost between Φ and erfc.",
            ),
            Mistake(
                lambda: 1 - _common(d / 2),
                "this is what is *not* common.",
            ),
            Mistake(
                lambda: _common(d / 2, sp.sqrt(sigma)),
                "σ is a standard deviation. Here it is used as a variance.",
            ),
            Mistake(
                lambda: sp.exp(-(d**2) / (8 * sigma**2)),
                "this is the height of the crossing over that of a peak, or the integral of the "
                "root of the product. The mass below *both* densities is asked for.",
            ),
        ),
        hint="Draw the two densities on the line through the points. At each place the lower one "
        "counts; where do they cross?",
        checked="the integral of the lower of the two densities.",
    ),
    "ex-without-square": Exercise(
        grade="code",
        expects=Function(
            signature="steps_pass(step_sizes)",
            meaning="whether the function `step_sizes(sigmas, epsilon)`, which gives the step of "
            "each level, does what the book says",
            observe=_verdicts,
        ),
        truth=lambda: _all_levels,
        right=lambda: _one_upper_level,
        mistakes=(
            Mistake(
                lambda: _last_level,
                "your test lets steps pass that are wrong at the first level. At the last one "
                "nearly every mistake gives the same number.",
            ),
            Mistake(
                lambda: _alike,
                "your test lets steps pass that are alike in the units of their level, but with "
                "another η than ε over the last variance.",
            ),
            Mistake(
                lambda: _falling,
                "your test only sees that steps grow with the noise; by how much decides.",
            ),
            Mistake(
                lambda: _contrary,
                "your test answers the contrary: true is for steps that are as they should be.",
            ),
            Mistake(
                lambda: _never,
                "your test lets nothing pass, and so refuses what is sound. Are floating-point "
                "numbers compared with a tolerance? Is η what it should be?",
            ),
            Mistake(lambda: _always, "your test lets everything pass: it cannot fail."),
        ),
        hint="Your test was given six functions, of which one is sound. Look at a level that is "
        "not the last, and at the step in units of its variance.",
        checked="your test lets the book's steps pass, and refuses five others.",
    ),
    "ex-better-schedule": Exercise(
        grade="explore",
        expects=Function(
            signature="better_schedule()",
            meaning="the levels, η and T of a schedule from your σ₁ to σ_L = 0.05",
            observe=_observed,
        ),
        truth=lambda: _from_four,
        right=lambda: _from_five,
        mistakes=(
            Mistake(
                lambda: _baseline,
                "too dear: levels times steps must not be more than what the chosen schedule "
                "takes.",
                when=lambda given, truth: given[0].shape == truth[0].shape and given[0][0] == 0,
            ),
            Mistake(
                lambda: _coarse_end,
                "the last level is another one than that of the chosen schedule.",
                when=lambda given, truth: given[0].shape == truth[0].shape and given[0][1] == 0,
            ),
            Mistake(
                lambda: _as_chosen,
                "the price is kept, but a weight is off by more than 0.015. At which levels are "
                "the weights decided, and how much of Tη do these get?",
            ),
        ),
        hint="Give the steps to the levels at which the modes part, and take larger ones.",
        checked="20,000 particles with exact scores, within the price: every weight within 0.015.",
    ),
}
