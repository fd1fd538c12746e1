"""Exercises of the page "Notation and conventions"."""

import math

import sympy as sp
import torch
from torch import Tensor

from scorelab.conventions import full_step, half_step, sigma_at_ou_time
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Expression, Function, Number

__all__ = ["EXERCISES"]

PUBLISHED = 6.2e-6
sigma, d = sp.symbols("sigma d", positive=True)


def _integral_of_printed_kernel() -> sp.Expr:
    """The kernel factorises, so its integral is a power of that over one coordinate."""
    u = sp.Symbol("u", real=True)
    one = sp.integrate(sp.exp(-(u**2) / (2 * sigma)), (u, -sp.oo, sp.oo))
    return one**d / (sigma * sp.sqrt((2 * sp.pi) ** d))


def _noises_and_levels() -> list[tuple[Tensor, Tensor]]:
    """As many coordinates as rows in one of them, so that the wrong axis is not an error."""
    generator = torch.Generator().manual_seed(0)
    levels = torch.tensor([0.1, 0.5, 2.0])
    return [(torch.randn(3, k, generator=generator), levels) for k in (3, 2, 1)]


def _score(noise: Tensor, sigma: Tensor) -> Tensor:
    return -noise / sigma[:, None]


def _same_sign(noise: Tensor, sigma: Tensor) -> Tensor:
    return noise / sigma[:, None]


def _by_the_variance(noise: Tensor, sigma: Tensor) -> Tensor:
    return -noise / sigma[:, None] ** 2


def _multiplied(noise: Tensor, sigma: Tensor) -> Tensor:
    return -noise * sigma[:, None]


def _undivided(noise: Tensor, sigma: Tensor) -> Tensor:
    return -noise


def _along_the_rows(noise: Tensor, sigma: Tensor) -> Tensor:
    return -noise / (sigma if noise.shape[1] in (1, len(sigma)) else sigma[:, None])


EXERCISES = {
    "ex-paper-step": Exercise(
        grade="warm-up",
        expects=Number(meaning="the `step_size` that stands for α = 6.2 × 10⁻⁶"),
        truth=lambda: half_step(PUBLISHED),
        right=lambda: 1.24e-5,
        mistakes=(
            Mistake(
                lambda: PUBLISHED,
                "this is the published number itself, and the two forms differ.",
            ),
            Mistake(
                lambda: full_step(PUBLISHED),
                "this converts from the half form to the full one; the paper's is the full one.",
            ),
            Mistake(
                lambda: math.sqrt(2 * PUBLISHED),
                "this is the standard deviation of the noise in one step.",
            ),
        ),
        hint="Compare the pull, or the noise, of the two forms in the table above.",
        checked="pull and noise of the two forms agree.",
    ),
    "ex-two-clocks": Exercise(
        grade="derive",
        expects=Number(meaning="the noise level σ of x + σz at τ = 1"),
        truth=lambda: sigma_at_ou_time(2.0),
        right=lambda: 2.5277,
        mistakes=(
            Mistake(
                lambda: sigma_at_ou_time(1.0),
                "this is σ at t = 1: the two clocks were taken for one.",
            ),
            Mistake(
                lambda: sigma_at_ou_time(0.5),
                "the clock runs the other way: their process is the faster one.",
            ),
            Mistake(lambda: sigma_at_ou_time(2.0) ** 2, "this is the variance σ²."),
            Mistake(
                lambda: math.sqrt(1 - math.exp(-2)),
                "this is the standard deviation of the process's noise. The signal has shrunk as "
                "well, and σ is the ratio of the two.",
            ),
        ),
        hint="Find the t that belongs to τ = 1 first, then σ at that t.",
        checked="equal to the σ of the Ornstein-Uhlenbeck process at that time.",
    ),
    "ex-from-noise": Exercise(
        grade="code",
        expects=Function(
            signature="score_from_noise(noise, sigma)",
            meaning="the score (n, d) for a predicted noise (n, d) at noise levels sigma (n,)",
            arguments=_noises_and_levels,
        ),
        truth=lambda: _score,
        right=lambda: lambda noise, sigma: torch.einsum("ij,i->ij", noise, -1 / sigma),
        mistakes=(
            Mistake(
                lambda: _same_sign,
                "the sign is turned: the noise leads away from the data, the score leads back.",
            ),
            Mistake(
                lambda: _by_the_variance,
                "a variance stands in place of a standard deviation. That division belongs to the "
                "displacement, which has a factor σ in it already.",
            ),
            Mistake(
                lambda: _multiplied,
                "multiplied where it should be divided: the less noise, the steeper the density.",
            ),
            Mistake(
                lambda: _undivided,
                "the noise has no unit; a score has one over the unit of x. Something is missing.",
            ),
            Mistake(
                lambda: _along_the_rows,
                "each coordinate gets the level of a row: give σ an axis of length one to "
                "broadcast along.",
            ),
        ),
        hint="The table above has both targets of denoising. Try one row and one level first.",
        checked="three batches in one, two and three dimensions, with a level for each row.",
    ),
    "ex-variance": Exercise(
        grade="explore",
        expects=Expression(
            meaning="the integral of the printed kernel over all of space",
            symbols={"sigma": (0.2, 3.0), "d": (1.0, 6.0)},
        ),
        truth=_integral_of_printed_kernel,
        right=lambda: sigma ** (d / 2 - 1),
        mistakes=(
            Mistake(
                lambda: sp.Integer(1),
                "then it would be a density in every dimension. Integrate one coordinate, then "
                "raise to the power d.",
            ),
            Mistake(
                lambda: sigma ** (d - 1),
                "this is what one gets with a standard deviation in the exponent, 2σ². Look again "
                "at what is printed there.",
            ),
            Mistake(
                lambda: sigma ** (d / 2),
                "the σ in front of the exponential has been left out.",
            ),
            Mistake(
                lambda: sigma ** (1 - d / 2),
                "this is the factor that would mend it, which is the inverse.",
            ),
            Mistake(
                lambda: sigma ** (-sp.Rational(1, 2)),
                "this is for d = 1; any d is asked for.",
            ),
        ),
        hint="The exponential is a product over the coordinates, so is its integral.",
        checked="sympy's integral, at five values of σ and d.",
    ),
}
