"""Exercises of the chapter "Choosing the noise levels"."""

from collections.abc import Callable, Sequence
from functools import cache

import sympy as sp
import torch
from sympy.stats import Normal, cdf
from torch import Tensor

from scorelab.examples import book_mixture
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Expression, Function, Values
from scorelab.langevin import annealed_langevin_dynamics
from scorelab.metrics import mode_weights
from scorelab.noise import geometric_sigmas, variance_after

__all__ = ["EXERCISES"]

d, sigma = sp.symbols("d sigma", positive=True)


def _by_hand(levels: int, last: float, eta: float, steps: int) -> list[float]:
    """γ, η, λ, and the share of the start that is left."""
    sigmas = geometric_sigmas(1, last, levels)
    stationary = variance_after(10_000, 1.0, eta)
    return [float(sigmas[0] / sigmas[1]), eta, stationary, (1 - eta / 2) ** (2 * steps)]


def _common(n: int) -> sp.Expr:
    """Twice the mass of N(0, σ²) beyond half of the distance, √n d."""
    return 2 * cdf(Normal("n", 0, sigma))(-sp.sqrt(n) * d / 2)


# A step without its square: a test is known by the steps that it lets pass

STEPS_TO_TEST = (
    lambda sigmas, epsilon: epsilon * sigmas**2 / sigmas[-1] ** 2,
    lambda sigmas, epsilon: epsilon * sigmas / sigmas[-1],
    lambda sigmas, epsilon: epsilon * torch.ones_like(sigmas),
    lambda sigmas, epsilon: epsilon * sigmas[-1] ** 2 / sigmas**2,
    lambda sigmas, epsilon: epsilon * sigmas**2,
    lambda sigmas, epsilon: 2 * epsilon * sigmas**2 / sigmas[-1] ** 2,
)


def _verdicts(test: Callable) -> Tensor:
    """For each of the steps above, whether the test lets them pass."""

    def given_any(steps: Callable) -> Callable:
        return lambda sigmas, epsilon: steps(torch.as_tensor(sigmas).double(), epsilon)

    return torch.tensor([float(bool(test(given_any(steps)))) for steps in STEPS_TO_TEST])


def _all_levels(rule):
    sigmas = geometric_sigmas(12, 0.05, 20)
    ratios = rule(sigmas, 5e-4) / sigmas**2
    return torch.allclose(ratios, torch.full_like(ratios, 5e-4 / 0.05**2))


def _three_levels(rule):
    levels = torch.tensor([12.0, 1.0, 0.05])
    found = rule(levels, 0.2 * 0.05**2) / levels**2
    return torch.allclose(found, torch.full_like(found, 0.2))


def _two_steps(rule):
    """At the levels 8 and 2, with ε = 0.1."""
    first, last = rule(torch.tensor([8.0, 2.0]), 0.1)
    return float(first), float(last)


# Better for the same price

PRICE = 22 * 27


def _observed(schedule: Callable) -> Tensor:
    """Whether the price is kept, the last level, the order, and each weight within 0.015."""
    sigmas, eta, n_steps = schedule()
    levels = tuple(torch.as_tensor(sigmas).flatten().tolist())
    cheap = len(levels) * int(n_steps) <= PRICE
    fine = abs(levels[-1] - 0.05) < 1e-6
    falling = levels[0] >= levels[-1]
    weights = _weights(levels, float(eta), int(n_steps)) if cheap and fine else (0.0,)
    missed = [abs(found - true) for found, true in zip(weights, (0.6, 0.1, 0.3), strict=False)]
    return torch.tensor([float(cheap), float(fine), float(falling), float(max(missed) < 0.015)])


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


EXERCISES = {
    "ex-first-levels": Exercise(
        grade="warm-up",
        minutes=15,
        varies={
            "levels": (10, 8, 12),
            "last": (0.01, 0.02, 0.005),
            "eta": (0.2, 0.1, 0.4),
            "steps": (100, 50),
        },
        expects=Values(shape=(4,), rtol=0.01),
        truth=_by_hand,
        right=["last**(-1/(levels - 1))", "eta", "4/(4 - eta)", "exp(2*steps*log(1 - eta/2))"],
        mistakes=(
            Mistake(
                "last**(-1/levels)",
                "γ: {{levels}} levels have one ratio less between them.",
                entry=0,
            ),
            Mistake(
                "last**(1/(levels - 1))",
                "γ is the larger level over the smaller one.",
                entry=0,
            ),
            Mistake("eta*last", "η: ε is divided by the *square* of the last level.", entry=1),
            Mistake(
                "eta*last**2",
                "η: this is ε; it has to be divided by the last variance.",
                entry=1,
            ),
            Mistake(
                "1/(1 - eta/2)",
                "λ: this is the bias of a step of twice the size. The factor with half of η in it "
                "multiplies the *point*.",
                entry=2,
            ),
            Mistake("truth[2] - 1", "λ: this is what it exceeds one by.", entry=2),
            Mistake("1/truth[2]", "λ: upside down; the law is too wide.", entry=2),
            Mistake(
                "(1 - eta/2)**steps",
                "the share: this is that of the point. A variance shrinks by the square.",
                entry=3,
            ),
            Mistake(
                "(1 - eta)**(2*steps)",
                "the share: the pull is half a step, so the factor holds half of η.",
                entry=3,
            ),
        ),
        hint="Compare your four numbers one by one with their formulas: the ratio of neighbours, "
        "ε over a variance, the fixed point of a step, and what many steps leave.",
        checked="the four formulas, to one per cent.",
    ),
    "ex-largest-distance": Exercise(
        grade="derive",
        minutes=20,
        varies={"n": (1, 4, 9, 2)},
        expects=Expression(symbols={"d": (0.5, 3.0), "sigma": (0.5, 2.0)}),
        truth=_common,
        right="erfc(sqrt(n)*d/(2*sqrt(2)*sigma))",
        mistakes=(
            Mistake(
                "truth/2",
                "this is one tail. Half way the two densities cross, and there is a tail on each "
                "side.",
            ),
            Mistake(
                "truth.subs(d, 2*d)",
                "this is the mass beyond the other point. The densities cross half way.",
            ),
            Mistake("truth.subs(d, sqrt(2)*d)", "a √2 is lost between Φ and erfc."),
            Mistake("1 - truth", "this is what is *not* common."),
            Mistake(
                "truth.subs(sigma, sqrt(sigma))",
                "σ is a standard deviation. Here it is used as a variance.",
            ),
            Mistake(
                "exp(-n*d**2/(8*sigma**2))",
                "this is the height of the crossing over that of a peak, or the integral of the "
                "root of the product. The mass below *both* densities is asked for.",
            ),
        ),
        hint="How far apart are the points? Draw the two densities on the line through them. At "
        "each place the lower one counts; where do they cross?",
        checked="the integral of the lower of the two densities.",
    ),
    "ex-without-square": Exercise(
        grade="code",
        minutes=20,
        expects=Function(signature="steps_pass(rule)", observe=_verdicts),
        helpers={"two": _two_steps},
        truth=lambda: _all_levels,
        right=lambda: _three_levels,
        mistakes=(
            Mistake(
                "abs(two(rule)[1] - 0.1) < 1e-9",
                "your test lets steps pass that are wrong at the first level. At the last one "
                "nearly every mistake gives the same number.",
            ),
            Mistake(
                "abs(two(rule)[0] / 8**2 - two(rule)[1] / 2**2) < 1e-9",
                "your test lets steps pass that are alike in the units of their level, but with "
                "another η than ε over the last variance.",
            ),
            Mistake(
                "two(rule)[0] > two(rule)[1]",
                "your test only sees that steps grow with the noise; by how much decides.",
            ),
            Mistake(
                "not truth(rule)",
                "your test answers the contrary: true is for steps that are as they should be.",
            ),
            Mistake(
                "False",
                "your test lets nothing pass, and so refuses what is sound. Are floating-point "
                "numbers compared with a tolerance? Is η what it should be?",
            ),
            Mistake("True", "your test lets everything pass: it cannot fail."),
        ),
        hint="Your test was given six functions, of which one is sound. Look at a level that is "
        "not the last, and at the step in units of its variance.",
        checked="your test lets the book's steps pass, and refuses five others.",
    ),
    "ex-better-schedule": Exercise(
        grade="explore",
        minutes=45,
        expects=Function(signature="better_schedule()", observe=_observed),
        helpers={"geometric_sigmas": geometric_sigmas},
        truth="([5 * 0.01 ** (i / 9) for i in range(10)], 1.0, 59)",
        right="(geometric_sigmas(4, 0.05, 10), 1.0, 59)",
        mistakes=(
            Mistake(
                "(geometric_sigmas(12, 0.05, 20), 0.2, 100)",
                "too dear: levels times steps must not be more than what the chosen schedule "
                "takes.",
                when=lambda given, truth: given[0].shape == truth[0].shape and given[0][0] == 0,
            ),
            Mistake(
                "(geometric_sigmas(4, 0.05, 10).flip(0), 1.0, 59)",
                "the levels are turned around: a run begins at the largest.",
                when=lambda given, truth: given[0].shape == truth[0].shape and given[0][2] == 0,
            ),
            Mistake(
                "(geometric_sigmas(4, 0.5, 10), 1.0, 59)",
                "the last level is another one than that of the chosen schedule.",
                when=lambda given, truth: given[0].shape == truth[0].shape and given[0][1] == 0,
            ),
            Mistake(
                "(geometric_sigmas(12, 0.05, 22), 4 / 27, 27)",
                "the price is kept, but a weight is off by more than 0.015. At which levels are "
                "the weights decided, and how much of Tη do these get?",
            ),
        ),
        hint="Give the steps to the levels at which the modes part, and take larger ones.",
        checked="20,000 particles with exact scores, within the price: every weight within 0.015.",
    ),
}
