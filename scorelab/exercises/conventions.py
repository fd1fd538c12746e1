"""Exercises of the page "Notation and conventions"."""

import sympy as sp
import torch
from torch import Tensor

from scorelab.conventions import half_step, sigma_at_ou_time
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Expression, Function, Number
from scorelab.matching import dsm_target

__all__ = ["EQUATIONS", "EXERCISES"]

EQUATIONS = {
    "eq-langevin": r"""
x \leftarrow x + \frac{\varepsilon}{2}\, s(x) + \sqrt{\varepsilon}\, z,
\qquad z \sim \mathcal N(0, I).
""",
}
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


EXERCISES = {
    "ex-paper-step": Exercise(
        grade="warm-up",
        minutes=5,
        varies={"digits": (6.2, 3.3, 1.8, 2.5, 4.7)},
        expects=Number(),
        truth=lambda digits: half_step(digits * 1e-6),
        right="2*digits/10**6",
        mistakes=(
            Mistake(
                "digits/10**6", "this is the published number itself, and the two forms differ."
            ),
            Mistake(
                "digits/10**6/2",
                "this converts from the half form to the full one; the paper's is the full one.",
            ),
            Mistake(
                "4*digits/10**6",
                "the factor is applied twice: the pull alone gives it, and so does the noise.",
            ),
            Mistake(
                "sqrt(2*digits/10**6)",
                "this is the standard deviation of the noise in one step.",
            ),
        ),
        hint="Compare the pull, or the noise, of the two forms.",
        checked="pull and noise of the two forms agree.",
    ),
    "ex-two-clocks": Exercise(
        grade="derive",
        minutes=15,
        varies={"tau": (1, 0.5, 2, 1.5, 0.25)},
        expects=Number(),
        helpers={"at_ou_time": lambda t: sigma_at_ou_time(float(t))},
        truth="at_ou_time(2*tau)",
        right="sqrt(exp(2*tau) - 1)",
        mistakes=(
            Mistake(
                "at_ou_time(tau)", "this is σ at t = {{tau}}: the two clocks were taken for one."
            ),
            Mistake(
                "at_ou_time(tau/2)",
                "the clock runs the other way: their process is the faster one.",
            ),
            Mistake("2*tau", "this is the t that belongs to τ = {{tau}}. Which σ is reached then?"),
            Mistake("truth**2", "this is the variance σ²."),
            Mistake(
                "sqrt(1 - exp(-2*tau))",
                "this is the standard deviation of the process's noise. The signal has shrunk as "
                "well, and σ is the ratio of the two.",
            ),
            Mistake(
                "1 - exp(-2*tau)",
                "this is the variance of the process's noise. The signal has shrunk as well, and σ "
                "is the ratio of the two standard deviations.",
            ),
            Mistake("1/truth", "this is signal over noise; σ is noise over signal."),
        ),
        hint="Find the t that belongs to τ = {{tau}} first, then σ at that t.",
        checked="equal to the σ of the Ornstein-Uhlenbeck process at that time.",
    ),
    "ex-from-noise": Exercise(
        grade="code",
        minutes=10,
        expects=Function(
            signature="score_from_noise(noise, sigma)", arguments=_noises_and_levels, rtol=1e-4
        ),
        helpers={"dsm_target": dsm_target},
        truth="dsm_target(sigma[:, None] * noise, torch.zeros_like(noise), sigma)",
        right="-noise / sigma[:, None]",
        mistakes=(
            Mistake(
                "noise / sigma[:, None]",
                "the sign is turned: the noise leads away from the data, the score leads back.",
            ),
            Mistake(
                "-noise / sigma[:, None] ** 2",
                "a variance stands in place of a standard deviation. That division belongs to the "
                "displacement, which has a factor σ in it already.",
            ),
            Mistake(
                "-noise / sigma[:, None].sqrt()",
                "σ is a standard deviation here, and no root is to be taken of it.",
            ),
            Mistake(
                "-noise * sigma[:, None]",
                "multiplied where it should be divided: the less noise, the steeper the density.",
            ),
            Mistake(
                "-noise",
                "the noise has no unit; a score has one over the unit of x. Something is missing.",
            ),
            Mistake(
                "-noise / (sigma if noise.shape[1] in (1, len(sigma)) else sigma[:, None])",
                "each coordinate gets the level of a row: give σ an axis of length one to "
                "broadcast along.",
            ),
        ),
        hint="The page's table has both targets of denoising. Try one row and one level first.",
        checked="three batches in one, two and three dimensions, with a level for each row.",
    ),
    "ex-variance": Exercise(
        grade="explore",
        minutes=20,
        expects=Expression(symbols={"sigma": (0.2, 3.0), "d": (1.0, 6.0)}),
        truth=_integral_of_printed_kernel,
        right="sigma**(d/2 - 1)",
        mistakes=(
            Mistake(
                "1",
                "then it would be a density in every dimension. Integrate one coordinate, then "
                "raise to the power d.",
            ),
            Mistake(
                "2", "this is a dimension. The integral is asked for, as a formula in σ and d."
            ),
            Mistake(
                "sqrt(sigma)",
                "this is a standard deviation. The integral is asked for, as a formula in σ and d.",
            ),
            Mistake(
                "sigma**(d - 1)",
                "this is what one gets with a standard deviation in the exponent, 2σ². Look again "
                "at what is printed there.",
            ),
            Mistake("sigma**(d/2)", "the σ in front of the exponential has been left out."),
            Mistake(
                "(2*pi*sigma)**(d/2)",
                "this is the integral of the exponential alone, without what it is divided by.",
            ),
            Mistake(
                "sigma**(1 - d/2)", "this is the factor that would mend it, which is the inverse."
            ),
            Mistake("1/sqrt(sigma)", "this is for d = 1; any d is asked for."),
        ),
        hint="The exponential is a product over the coordinates, so is its integral.",
        checked="sympy's integral, at five values of σ and d.",
    ),
}
