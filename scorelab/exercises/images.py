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


# The price of caution: evaluations for one image, as a multiple of those of a sample above

HERE = 100 + 1


@cache
def _schedule() -> tuple[int, int]:
    """Levels, and steps at each."""
    images = load_mnist().images[:4_000]
    schedule = NoiseSchedule.from_data(images, sigma_min=0.02)
    return len(schedule.sigmas), schedule.n_steps


def _price() -> float:
    n_levels, n_steps = _schedule()
    return n_levels * n_steps / HERE


# A clock of your own: what a process says at three times

FIRST, LAST = 0.02, 12.0
RATE = math.log(LAST / FIRST)


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

    def sigma(self, t: Tensor) -> Tensor:
        return FIRST * torch.exp(RATE * t)

    def time(self, t: float | Tensor) -> Tensor:
        return torch.log1p(self.sigma(torch.as_tensor(t)) ** 2 - FIRST**2)

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


class _ByHand(SDE):
    T = 1.0
    prior_std = 1.0

    def drift(self, x, t):
        return -x * self.diffusion(t) ** 2 / 2

    def diffusion(self, t):
        sigma = FIRST * 600**t
        return sigma * (2 * math.log(600) / (1 + sigma**2 - FIRST**2)) ** 0.5

    def perturbation(self, t):
        noise = FIRST**2 * (600 ** (2 * t) - 1)
        return 1 / math.sqrt(1 + noise), math.sqrt(noise / (1 + noise))


class _Straight(_Clock):
    def sigma(self, t):
        return FIRST + (LAST - FIRST) * t


class _Turned(_Clock):
    def sigma(self, t):
        return LAST * torch.exp(-RATE * t)

    def diffusion(self, t):
        return (-self.speed(t)).sqrt()


class _WithoutOne(_Clock):
    def time(self, t):
        return 2 * torch.log(self.sigma(torch.as_tensor(t)) / FIRST)


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


class _SigmaAsStd(_Clock):
    def perturbation(self, t):
        return super().perturbation(t)[0], torch.expm1(self.time(t)).sqrt()


class _Exploding(VarianceExploding):
    def __init__(self):
        super().__init__(FIRST, LAST)


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

MEMORY = 0.98
PULLS = (0.0, 0.9, 0.99)


def _share(rho: float) -> float:
    """E θ̄² / E θ² in the long run: the fixed point of the three second moments."""
    keep, new = MEMORY, 1 - MEMORY
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


def _shares() -> list[float]:
    return [_share(rho) for rho in PULLS]


def _simulated() -> list[float]:
    found = []
    generator = torch.Generator().manual_seed(0)
    for rho in PULLS:
        theta = average = torch.zeros(20_000)
        for _ in range(1_000):
            theta = rho * theta + torch.randn(20_000, generator=generator)
            average = MEMORY * average + (1 - MEMORY) * theta
        found.append(float(average.square().mean() / theta.square().mean()))
    return found


EXERCISES = {
    "ex-images-price": Exercise(
        grade="warm-up",
        expects=Number(
            meaning="the evaluations for an image by Part II's criteria, over 101",
            rtol=0.02,  # whoever leaves the last denoising out is welcome too
        ),
        truth=_price,
        right=lambda: math.prod(_schedule()) / 101,
        mistakes=(
            Mistake(
                lambda: math.prod(_schedule()),
                "this is the number of evaluations; by how much is it more than ours?",
            ),
            Mistake(
                lambda: 1_000 * _price(),
                "a thousand images take a thousand times as long by either way.",
            ),
            Mistake(
                lambda: _schedule()[0] / HERE,
                "so it would be with one step at each level.",
            ),
            Mistake(
                lambda: _schedule()[1] / HERE,
                "so it would be at one level.",
            ),
            Mistake(
                lambda: sum(_schedule()) / HERE,
                "levels and steps are added: the steps are made at each level.",
            ),
            Mistake(
                lambda: 2 * _price(),
                "twice too large: a step of Langevin dynamics asks for the score once.",
            ),
            Mistake(lambda: 1 / _price(), "this is how many times as fast it would be."),
        ),
        hint="The two numbers of the schedule are printed where it was made. How often does one "
        "image ask for the score?",
        checked="the schedule for 4,000 images, chosen just now.",
    ),
    "ex-images-clock": Exercise(
        grade="code",
        expects=Function(
            signature="GeometricClock()",
            meaning="the process as an `SDE` with `drift`, `diffusion` and `perturbation`, on "
            "times from 0 to 1 (it may be a class)",
            observe=_sayings,
        ),
        truth=lambda: _Clock,
        right=lambda: _ByHand,
        mistakes=(
            Mistake(
                lambda: _Straight,
                "the law fits its coefficients, but σ falls in equal differences; in a geometric "
                "fall the ratios are equal.",
            ),
            Mistake(
                lambda: _Turned,
                "the clock runs the wrong way: at time 0 there are the data.",
            ),
            Mistake(
                lambda: _WithoutOne,
                "a 1 is missing: σ is the noise over the scale, and the scale shrinks as well. "
                "The noise that is seen is not e^B.",
            ),
            Mistake(
                lambda: _NoisyStart,
                "at time 0 nothing has happened yet, so `perturbation(0)` is (1, 0). The noise "
                "that is seen is √(σ(t)² − σ(0)²).",
            ),
            Mistake(
                lambda: _OwnTime,
                "the law is right, but the coefficients are those per unit of the process's own "
                "time. Your clock runs faster or slower than that.",
            ),
            Mistake(
                lambda: _NoRoot,
                "a clock that runs twice as fast doubles the *variance* of the noise.",
            ),
            Mistake(lambda: _NoHalf, "the drift is twice too large."),
            Mistake(lambda: _Towards, "the drift leads away from the origin."),
            Mistake(
                lambda: _SigmaAsStd,
                "`perturbation` gives the standard deviation of x(t), not σ: that is measured in "
                "units of the scale.",
            ),
            Mistake(
                lambda: _Exploding,
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
        expects=Expression(
            meaning="by how many standard deviations of a fresh noise's ‖z‖² the mean of ‖z‖² on "
            "the straight line lies below that of fresh noise",
            symbols={"lamda": (0.1, 0.45), "n": (2.0, 800.0)},
        ),
        truth=lambda: _missing() / _scatter(),
        right=lambda: sp.sqrt(2 * n) * lam * (1 - lam),
        mistakes=(
            Mistake(
                lambda: -_missing() / _scatter(),
                "the sign: how far *below* is asked for.",
            ),
            Mistake(
                lambda: _missing() / n,
                "this is what ‖z‖²/n loses. In units of which scatter?",
            ),
            Mistake(lambda: _missing(), "this is what ‖z‖² loses. In units of which scatter?"),
            Mistake(
                lambda: _missing() / _scatter() ** 2,
                "this is divided by a variance; the standard deviation is asked for.",
            ),
            Mistake(
                lambda: _missing() / sp.sqrt(n),
                "the square of a normal draw has not the variance 1. Its fourth moment is 3.",
            ),
            Mistake(
                lambda: _missing() / sp.sqrt(3 * n),
                "the fourth moment alone is not yet the variance of the square.",
            ),
            Mistake(
                lambda: _missing() / 2 / _scatter(),
                "half of it: the cross term of two weights that add up to one occurs twice.",
            ),
            Mistake(
                lambda: (1 - (1 - lam) ** 2 - lam**2) / sp.sqrt(2 * n),
                "all n coordinates lose; here only one does.",
            ),
            Mistake(
                lambda: sp.sqrt(2 * n) * (1 - sp.sqrt((1 - lam) ** 2 + lam**2)),
                "this compares lengths. The question is about their squares.",
            ),
        ),
        hint="Three steps: the variance of a coordinate on the line, for independent ends; what n "
        "of them lose; the variance of the square of a normal draw.",
        checked="the moments, integrated by sympy, for five dimensions and mixtures.",
    ),
    "ex-images-nothing": Exercise(
        grade="warm-up",
        expects=Choice(
            question="which of them hold",
            options={
                "a": "With no pixel known, the samples are those of the plain sampler, bit by bit",
                "b": "With no pixel known, the samples have the plain sampler's law, but differ "
                "from its images",
                "c": "With all pixels known, it makes no difference to the score which network is "
                "asked",
                "d": "With all pixels known, the last state of the run is y exactly",
                "e": "With half of them known, the samples are exact draws of the other half "
                "given the known one",
            },
            several=True,
        ),
        truth=lambda: "ac",
        right=lambda: {"A", "C"},
        mistakes=(
            Mistake(
                lambda: "acd",
                "nearly. Where does the run stop, and how much noise is in a state there?",
            ),
            Mistake(
                lambda: "ace",
                "nearly. What is the network told about the known half: y, or a noisy state?",
            ),
            Mistake(
                lambda: "acde",
                "two too many. How much noise is left where the run stops? And is the network told "
                "what the known half will become?",
            ),
            Mistake(
                lambda: "bc",
                "both runs start from the same z and draw the same noise. What could differ?",
            ),
            Mistake(lambda: "a", "and if all pixels are known: what does `torch.where` choose?"),
            Mistake(lambda: "c", "and if no pixel is known: what does `torch.where` choose?"),
        ),
        hint="Read `torch.where` with a mask of one kind, and ask what of the score is left.",
        checked="the mask decides, pixel by pixel, whose score is taken.",
    ),
    "ex-images-ema": Exercise(
        grade="explore",
        expects=Values(
            meaning="the share of the excess loss that the average leaves, for ρ = 0, 0.9 and 0.99 "
            "with m = 0.98",
            shape=(3,),
            rtol=0.06,  # 4 SE of a ratio of variances of 20,000 networks
        ),
        truth=_shares,
        right=_simulated,
        mistakes=(
            Mistake(
                lambda: [share**0.5 for share in _shares()],
                "these are ratios of distances. The loss goes with their squares.",
            ),
            Mistake(
                lambda: [1 / share for share in _shares()],
                "the other way round: which share is left?",
            ),
            Mistake(lambda: _shares()[::-1], "the order: ρ = 0 comes first."),
            Mistake(
                lambda: [_share(0.0)] * 3,
                "this holds if every step brings an independent network. With ρ > 0 neighbours "
                "are alike, and there is less to average.",
            ),
            Mistake(
                lambda: [1 - MEMORY] * 3,
                "this is the weight of the newest network in the average.",
            ),
            Mistake(
                lambda: [1 - share for share in _shares()],
                "this is the share that the average takes away.",
            ),
        ),
        hint="Simulate many networks side by side, until both have forgotten their start, and "
        "divide two mean squares.",
        checked="the fixed point of the second moments, to 6 %.",
    ),
}
