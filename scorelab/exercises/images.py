"""Exercises of the chapter "Images"."""

import math
from collections.abc import Callable
from functools import cache

import sympy as sp
import torch
from torch import Tensor

from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Choice, Expression, Function, Number, Values
from scorelab.noise import NoiseSchedule
from scorelab.sde import SDE, OrnsteinUhlenbeck, VarianceExploding
from scorelab.training.mnist.data import load_mnist

__all__ = ["EXERCISES"]

lam, n = sp.symbols("lamda n", positive=True)


# The price of caution: evaluations for one image, as a multiple of those of a sample


@cache
def _schedule(last: float) -> tuple[int, int]:
    """Levels, and steps at each."""
    schedule = NoiseSchedule.from_data(load_mnist().images[:4_000], sigma_min=last)
    return len(schedule.sigmas), schedule.n_steps


def _levels(last: float) -> int:
    return _schedule(float(last))[0]


def _steps(last: float) -> int:
    return _schedule(float(last))[1]


def _price(last: float, steps: int) -> float:
    return math.prod(_schedule(last)) / (steps + 1)


# A clock of your own: what a process says at three times


def _sayings(clock: Callable) -> list[Tensor]:
    """Scale, standard deviation, drift and diffusion at three times."""
    process, x = clock(), torch.tensor([[-1.0, 2.0]])
    found = []
    for at in (0.0, 0.6, 1.0):
        scale, std = process.perturbation(at)
        parts = (scale, std, process.drift(x, at), process.diffusion(at))
        found += [torch.as_tensor(part) for part in parts]
    return found


class _Clock(SDE):
    """The Ornstein-Uhlenbeck process at the time log(1 + σ(t)² − σ(0)²), by way of its class."""

    T = 1.0
    prior_std = 1.0

    def __init__(self, first: float, last: float) -> None:
        self.first, self.last, self.rate = first, last, math.log(last / first)

    def sigma(self, t: Tensor) -> Tensor:
        return self.first * torch.exp(self.rate * t)

    def time(self, t: float | Tensor) -> Tensor:
        return torch.log1p(self.sigma(torch.as_tensor(t)) ** 2 - torch.tensor(self.first) ** 2)

    def speed(self, t: float) -> Tensor:
        at = torch.tensor(float(t), requires_grad=True)
        with torch.enable_grad():
            return torch.autograd.grad(self.time(at), at)[0]

    def drift(self, x: Tensor, t: float) -> Tensor:
        return self.speed(t) * OrnsteinUhlenbeck().drift(x, float(self.time(t)))

    def diffusion(self, t: float) -> Tensor:
        return self.speed(t).sqrt() * OrnsteinUhlenbeck().diffusion(float(self.time(t)))

    def perturbation(self, t: float) -> tuple[Tensor, Tensor]:
        return OrnsteinUhlenbeck().perturbation(self.time(t))


def _by_hand(first: float, last: float) -> type[SDE]:
    class GeometricClock(SDE):
        T = 1.0
        prior_std = 1.0

        def drift(self, x, t):
            return -x * self.diffusion(t) ** 2 / 2

        def diffusion(self, t):
            rate = math.log(last / first)
            sigma = first * math.exp(rate * t)
            return sigma * math.sqrt(2 * rate / (1 + sigma**2 - first**2))

        def perturbation(self, t):
            noise = first**2 * ((last / first) ** (2 * t) - 1)
            return 1 / math.sqrt(1 + noise), math.sqrt(noise / (1 + noise))

    return GeometricClock


class _Straight(_Clock):
    def sigma(self, t):
        return self.first + (self.last - self.first) * t


class _Turned(_Clock):
    def sigma(self, t):
        return self.first * torch.exp(self.rate * (1 - t))

    def diffusion(self, t):
        return (-self.speed(t)).sqrt()


class _WithoutOne(_Clock):
    def time(self, t):
        return 2 * torch.log(self.sigma(torch.as_tensor(t)) / self.first)


class _NoisyStart(_Clock):
    """As if σ(t) were seen, and there were noise at time 0."""

    def time(self, t):
        return torch.log1p(self.sigma(torch.as_tensor(t)) ** 2)


class _OwnTime(_Clock):
    """The right law, with the coefficients of the process in its own time."""

    def speed(self, t):
        return torch.tensor(1.0)


class _NoRoot(_Clock):
    def diffusion(self, t):
        return self.speed(t)


class _NoHalf(_Clock):
    def drift(self, x, t):
        return 2 * super().drift(x, t)


class _Towards(_Clock):
    def drift(self, x, t):
        return -super().drift(x, t)


class _Variance(_Clock):
    def perturbation(self, t):
        scale, std = super().perturbation(t)
        return scale, std**2


class _SigmaAsStd(_Clock):
    def perturbation(self, t):
        return super().perturbation(t)[0], torch.expm1(self.time(t)).sqrt()


def _clock(kind: type[SDE]) -> Callable:
    """An answer: a process with the exercise's two levels."""
    return lambda first, last: lambda: kind(first, last)


# The straight way: how far below that of fresh noise the squared length is, in its scatter


def _missing() -> sp.Expr:
    """What is lost of a variance of 1 in each of n coordinates."""
    return n * sp.expand(1 - (1 - lam) ** 2 - lam**2)


def _scatter() -> sp.Expr:
    """The standard deviation of ‖z‖², from the moments of a normal draw."""
    z = sp.Symbol("z", real=True)
    density = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    second, fourth = (sp.integrate(z**k * density, (z, -sp.oo, sp.oo)) for k in (2, 4))
    return sp.sqrt(n * (fourth - second**2))


# What an average is for: θ ← ρθ + z, and the average θ̄ ← mθ̄ + (1 − m)θ


def _share(m: float, rho: float) -> float:
    """E θ̄² / E θ² in the long run: the fixed point of the three second moments."""
    keep, new, rho = float(m), 1 - float(m), float(rho)
    # Of (E θ², E θθ̄, E θ̄²) after a step, by those before it; the noise adds `given`.
    step = torch.tensor(
        [
            [rho**2, 0.0, 0.0],
            [new * rho**2, keep * rho, 0.0],
            [(new * rho) ** 2, 2 * keep * new * rho, keep**2],
        ],
        dtype=torch.float64,
    )
    given = torch.tensor([1.0, new, new**2], dtype=torch.float64)
    theta, _, average = torch.linalg.solve(torch.eye(3).double() - step, given)
    return float(average / theta)


EXERCISES = {
    "ex-images-price": Exercise(
        grade="warm-up",
        minutes=10,
        varies={"steps": (100, 200, 400), "last": (0.02, 0.01, 0.05)},
        expects=Number(rtol=0.02),  # whoever leaves the last denoising out is welcome too
        helpers={"levels": _levels, "each": _steps},
        truth=_price,
        right="levels(last)*each(last)/(steps + 1)",
        mistakes=(
            Mistake(
                "levels(last)*each(last)",
                "this is the number of evaluations; by which factor is it more than those of the "
                "sample?",
            ),
            Mistake("1000*truth", "a thousand images take a thousand times as long by either way."),
            Mistake("levels(last)/(steps + 1)", "so it would be with one step at each level."),
            Mistake("each(last)/(steps + 1)", "so it would be at one level."),
            Mistake(
                "(levels(last) + each(last))/(steps + 1)",
                "levels and steps are added: the steps are made at each level.",
            ),
            Mistake(
                "2*truth", "twice too large: a step of Langevin dynamics asks for the score once."
            ),
            Mistake("1/truth", "this is how many times as fast it would be."),
        ),
        hint="The schedule has `sigmas`, its levels, and `n_steps`, the steps at each. How often "
        "does one image ask for the score?",
        checked="the schedule for 4,000 images, chosen just now.",
    ),
    "ex-images-clock": Exercise(
        grade="code",
        minutes=30,
        varies={"first": (0.02, 0.01, 0.05), "last": (12, 10, 20)},
        expects=Function(signature="GeometricClock()", observe=_sayings),
        truth=_clock(_Clock),
        right=_by_hand,
        mistakes=(
            Mistake(
                _clock(_Straight),
                "the law fits its coefficients, but σ falls in equal differences; in a geometric "
                "fall the ratios are equal.",
            ),
            Mistake(
                _clock(_Turned),
                "the clock runs the wrong way: at time 0 there are the data.",
            ),
            Mistake(
                _clock(_WithoutOne),
                "a 1 is missing: σ is the noise over the scale, and the scale shrinks as well. "
                "The noise that is seen is not e^B.",
            ),
            Mistake(
                _clock(_NoisyStart),
                "at time 0 nothing has happened yet, so `perturbation(0)` is (1, 0). The noise "
                "that is seen is √(σ(t)² − σ(0)²).",
            ),
            Mistake(
                _clock(_OwnTime),
                "the law is right, but the coefficients are those per unit of the process's own "
                "time. Your clock runs faster or slower than that.",
            ),
            Mistake(
                _clock(_NoRoot),
                "a clock that runs twice as fast doubles the *variance* of the noise.",
            ),
            Mistake(_clock(_NoHalf), "the drift is twice too large."),
            Mistake(_clock(_Towards), "the drift leads away from the origin."),
            Mistake(
                _clock(_Variance),
                "`perturbation` gives the scale and the standard deviation of x(t); yours gives "
                "its variance.",
            ),
            Mistake(
                _clock(_SigmaAsStd),
                "`perturbation` gives the standard deviation of x(t), not σ: that is measured in "
                "units of the scale.",
            ),
            Mistake(
                _clock(VarianceExploding),
                "this is the variance-exploding process. The exercise asks for the one with a "
                "drift.",
            ),
        ),
        hint="First the time B(t) of the Ornstein-Uhlenbeck process at which the level that is "
        "seen is √(σ(t)² − σ(0)²); "
        "the law follows from B, and the coefficients from its derivative.",
        checked="the law and both coefficients, at three times.",
    ),
    "ex-images-straight": Exercise(
        grade="derive",
        minutes=20,
        varies={"many": (784, 3072, 256, 1024)},
        expects=Expression(symbols={"lamda": (0.1, 0.45), "n": (2.0, 800.0)}),
        helpers={"missing": _missing, "scatter": _scatter},
        truth="missing()/scatter()",
        right="sqrt(2*n)*lamda*(1 - lamda)",
        mistakes=(
            Mistake("-truth", "the sign: how far *below* is asked for."),
            Mistake("missing()/n", "this is what ‖z‖²/n loses. In units of which scatter?"),
            Mistake("missing()", "this is what ‖z‖² loses. In units of which scatter?"),
            Mistake(
                "missing()/scatter()**2",
                "this is divided by a variance; the standard deviation is asked for.",
            ),
            Mistake(
                "missing()/sqrt(n)",
                "the square of a normal draw has not the variance 1. Its fourth moment is 3.",
            ),
            Mistake(
                "missing()/sqrt(3*n)",
                "the fourth moment alone is not yet the variance of the square.",
            ),
            Mistake(
                "truth/2",
                "half of it: the cross term of two weights that add up to one occurs twice.",
            ),
            Mistake("truth/n", "all n coordinates lose; here only one does."),
            Mistake(
                "sqrt(2*n)*(1 - sqrt((1 - lamda)**2 + lamda**2))",
                "this compares lengths. The question is about their squares.",
            ),
        ),
        hint="Three steps: the variance of a coordinate on the line, for independent ends; what n "
        "of them lose; the variance of the square of a normal draw.",
        checked="the moments, integrated by sympy, for five dimensions and mixtures.",
    ),
    "ex-images-nothing": Exercise(
        grade="warm-up",
        minutes=10,
        expects=Choice(several=True),
        truth="ac",
        right={"A", "C"},
        mistakes=(
            Mistake(
                "acd",
                "nearly. Where does the run stop, and how much noise is in a state there?",
            ),
            Mistake(
                "ace",
                "nearly. What is the network told about the known half: y, or a noisy state?",
            ),
            Mistake(
                "acde",
                "two too many. How much noise is left where the run stops? And is the network told "
                "what the known half will become?",
            ),
            Mistake(
                "bc",
                "both runs start from the same z and draw the same noise. What could differ?",
            ),
            Mistake("a", "and if all pixels are known: what does `torch.where` choose?"),
            Mistake("c", "and if no pixel is known: what does `torch.where` choose?"),
        ),
        hint="Read `torch.where` with a mask of one kind, and ask what of the score is left.",
        checked="the mask decides, pixel by pixel, whose score is taken.",
    ),
    "ex-images-ema": Exercise(
        grade="explore",
        minutes=30,
        varies={"m": (0.98, 0.95, 0.99), "middle": (0.9, 0.8, 0.5), "flat": (0.99, 0.98)},
        expects=Values(shape=(3,), rtol=0.06),  # 4 SE of a ratio of variances of 20,000 networks
        helpers={"share": _share},
        truth=lambda m, middle, flat: [_share(m, rho) for rho in (0, middle, flat)],
        right=[
            "(1 - m)/(1 + m)",
            "(1 - m)*(1 + m*middle)/((1 + m)*(1 - m*middle))",
            "(1 - m)*(1 + m*flat)/((1 + m)*(1 - m*flat))",
        ],
        mistakes=(
            Mistake(
                ["sqrt(truth[0])", "sqrt(truth[1])", "sqrt(truth[2])"],
                "these are ratios of distances. The loss goes with their squares.",
            ),
            Mistake(
                ["1/truth[0]", "1/truth[1]", "1/truth[2]"],
                "the other way round: which share is left?",
            ),
            Mistake(["truth[2]", "truth[1]", "truth[0]"], "the order: ρ = 0 comes first."),
            Mistake(
                ["share(m, 0)"] * 3,
                "this holds if every step brings an independent network. With ρ > 0 neighbours "
                "are alike, and there is less to average.",
            ),
            Mistake(["1 - m"] * 3, "this is the weight of the newest network in the average."),
            Mistake(
                ["1 - truth[0]", "1 - truth[1]", "1 - truth[2]"],
                "this is the share that the average takes away.",
            ),
        ),
        hint="Simulate many networks side by side, until both have forgotten their start, and "
        "divide two mean squares.",
        checked="the fixed point of the second moments, to 6 %.",
    ),
}
