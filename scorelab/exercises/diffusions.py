"""Exercises of the chapter "Diffusions and their reversal"."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import sympy as sp
import torch
from scipy.stats import kstest
from torch import Tensor

from scorelab.examples import book_mixture
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Choice, Expression, Function, Tensors, Values
from scorelab.exercises.engine.reading import described
from scorelab.exercises.engine.ways import WayBack
from scorelab.mixture import GaussianMixture
from scorelab.sde import SDE, OrnsteinUhlenbeck
from scorelab.solvers import euler_maruyama, heun

__all__ = ["EXERCISES"]


# Which of these is Brownian: a Gaussian process of mean zero is known by its covariance


def _covariances(s: sp.Expr, t: sp.Expr, stretch: int, later: int) -> dict[str, sp.Expr]:
    """E[x(s) x(t)] of each candidate, from E[w(s) w(t)] = min(s, t) and bilinearity."""

    def shared(u: sp.Expr, v: sp.Expr) -> sp.Expr:
        return sp.Min(u, v)

    def increments(u: tuple, v: tuple) -> sp.Expr:
        """E[(w(u₁) − w(u₀)) (w(v₁) − w(v₀))]."""
        (u0, u1), (v0, v1) = u, v
        return shared(u1, v1) - shared(u1, v0) - shared(u0, v1) + shared(u0, v0)

    return {
        "a": stretch**2 * shared(s / stretch**2, t / stretch**2),
        "b": increments((later, s + later), (later, t + later)),
        "c": shared(s, t),
        "d": sp.sqrt(s) * sp.sqrt(t),
        "e": increments((later - s, later), (later - t, later)),
    }


def _brownian(stretch: int, later: int) -> str:
    s, t = sp.Rational(1, 3), sp.Rational(4, 5)
    found = _covariances(s, t, stretch, later)
    return "".join(letter for letter, shared in found.items() if shared == sp.Min(s, t))


# The square of a Brownian motion

w, t = sp.symbols("w t", positive=True)


def _ito_integral() -> sp.Expr:
    """∫w dw: Φ(w) with Φ' = w, less the time integral of Φ''/2, by the generator."""
    square = sp.integrate(w, w)
    return square - sp.integrate(square.diff(w, 2) / 2, (t, 0, t))


# A quarter of a circle: drift, noise and law of the process at three times

ANGLE = sp.pi * t / 2
SCALE, STD = sp.cos(ANGLE), sp.sin(ANGLE)


def _process(
    drift: sp.Expr, noise: sp.Expr, std: sp.Expr = STD, scale: sp.Expr = SCALE
) -> Callable[[], SDE]:
    """The class of the process with f = drift · x, g = noise, and law N(scale · x(0), std²)."""
    slope, strength, factor, spread = (
        sp.lambdify(t, e, "math") for e in (drift, noise, scale, std)
    )

    class Process(SDE):
        T = 0.99

        def drift(self, x: Tensor, t: float) -> Tensor:
            return slope(t) * x

        def diffusion(self, t: float) -> float:
            return strength(t)

        def perturbation(self, t: float) -> tuple[float, float]:
            return factor(t), spread(t)

    return Process


PULL = SCALE.diff(t) / SCALE
NOISE = sp.sqrt((STD**2).diff(t) - 2 * PULL * STD**2)


def _by_moments() -> Callable[[], SDE]:
    """From ȧ = α a and d(b²)/dt = 2 α b² + g²."""
    return _process(PULL, NOISE)


class QuarterCircle(SDE):
    T = 0.99

    def drift(self, x, t):
        return -math.pi / 2 * math.tan(math.pi * t / 2) * x

    def diffusion(self, t):
        return math.sqrt(math.pi * math.tan(math.pi * t / 2))

    def perturbation(self, t):
        return math.cos(math.pi * t / 2), math.sin(math.pi * t / 2)


def _coefficients(make: Callable[[], SDE]) -> list[Tensor]:
    process = make()
    if not isinstance(process, SDE):
        raise ValueError(f"what it returns is {described(process)} and no `SDE`")
    x = torch.tensor([[-1.0, 2.0], [0.5, 3.0]])
    seen = []
    for at in (0.15, 0.5, 0.8):
        numbers = [process.diffusion(at), *process.perturbation(at)]
        seen += [process.drift(x, at), torch.tensor([float(number) for number in numbers])]
    return seen


# Small slips, and the variance that each makes of a Gaussian on a long way back


def _settles(
    factor: sp.Expr = sp.S.One,
    eta: sp.Expr = sp.S.One,
    variance: float = 1.0,
    score_time: float = 2.0,
) -> sp.Expr:
    """The fixed point of dv/dτ = −2cv + η²g², where c x is the drift for each unit of t.

    The score is that of the law which was N(0, `variance`), at `score_time`, whatever the time is.
    """
    process = OrnsteinUhlenbeck()
    law = process.marginal(GaussianMixture([1.0], [[0.0]], [variance]), score_time)
    one, t = torch.ones(1, 1), 2.0
    pull = -sp.nsimplify(float(law.score(one)), rational=True)
    c = sp.nsimplify(float(process.drift(one, t)), rational=True)
    c += factor * process.diffusion(t) ** 2 * pull
    v = sp.Symbol("v")
    (fixed,) = sp.solve(sp.Eq(-2 * c * v + eta**2 * process.diffusion(t) ** 2, 0), v)
    return fixed


@cache
def _slipped(factor: float, noise: float, data: float) -> list[float]:
    exact = sp.nsimplify
    fixed = [
        _settles(factor=exact(factor)),
        _settles(score_time=1.0),
        _settles(eta=exact(noise)),
        _settles(variance=data, score_time=0.0),
    ]
    return [float(v) for v in fixed]


def _late_is_wrong(given: Tensors, truth: Tensors) -> bool:
    return given[0].shape == truth[0].shape and not torch.isclose(given[0][1], truth[0][1])


# What noise costs: which of four statements hold

ETAS = (0.0, 1.0, 2.0, 4.0)


@cache
def _distances(n_steps: int, seed: int) -> dict[str, float]:
    """Kolmogorov's distance from the data for each η, and for Heun's flow."""
    plane = book_mixture()
    data = GaussianMixture(plane.weights, plane.means[:, :1], plane.covariances[:, :1, :1])
    process = OrnsteinUhlenbeck(T=8)
    score = process.score_at(data.noisy_score)
    generator = torch.Generator().manual_seed(seed)
    start = process.marginal(data, 4.0).sample(20_000, generator=generator)
    span = (4.0, process.t_min)
    ends = {
        f"{eta:g}": euler_maruyama(
            WayBack(process, score, eta), start, n_steps=n_steps, t_span=span, generator=generator
        ).final
        for eta in ETAS
    }
    flow = process.probability_flow(score)
    ends["heun"] = heun(flow, start, n_steps=n_steps // 2, t_span=span).final
    return {name: _kolmogorov(data, end[:, 0]) for name, end in ends.items()}


def _kolmogorov(law: GaussianMixture, points: Tensor) -> float:
    spread = law.covariances[:, 0, 0].sqrt()

    def cdf(x: np.ndarray) -> np.ndarray:
        units = (torch.as_tensor(x)[:, None] - law.means[:, 0]) / spread
        return (torch.special.ndtr(units) @ law.weights).numpy()

    return float(kstest(points.numpy(), cdf).statistic)


def _what_holds(steps: int) -> str:
    off = _distances(steps, seed=0)
    etas = {name: off[name] for name in (f"{eta:g}" for eta in ETAS)}
    closest = min(etas, key=etas.get)
    holds = {
        "a": closest == "0",
        "b": off["1"] < off["0"],
        "c": closest == "4",
        "d": off["heun"] < min(etas.values()),
    }
    return "".join(letter for letter, true in holds.items() if true)


def _chosen(index: int) -> Callable[[Tensors, Tensors], bool]:
    return lambda given, truth: bool(given[0][index])


def _too_few(given: Tensors, truth: Tensors) -> bool:
    return bool((given[0] <= truth[0]).all())


EXERCISES = {
    "ex-which-brownian": Exercise(
        grade="warm-up",
        minutes=10,
        varies={"stretch": (2, 3, 4, 5), "later": (1, 2, 3)},
        expects=Choice(several=True),
        truth=_brownian,
        right="abce",
        mistakes=(
            Mistake(
                "abcde",
                "each has the variance t, but one of those that you chose is a single kick for "
                "all times. How much do its values at two times have in common?",
                when=_chosen(3),
            ),
            Mistake(
                "bc",
                "those that you chose are; but they are not all. Multiply the values at two times "
                "s < t, and average, for each one that you left out.",
                when=_too_few,
            ),
        ),
        hint="A Gaussian process of mean zero is known by its covariances. Compare each with "
        "min(s, t).",
        checked="its covariance at two times, against min(s, t).",
    ),
    "ex-ito-square": Exercise(
        grade="derive",
        minutes=20,
        expects=Expression(symbols={"w": (-2.0, 2.0), "t": (0.2, 2.0)}),
        truth=_ito_integral,
        right="(w**2 - t)/2",
        mistakes=(
            Mistake(
                "w**2/2",
                "this is the ordinary calculus, in which the squares of the increments vanish. "
                "Here they add up.",
            ),
            Mistake(
                "(w**2 + t)/2",
                "the sign: this is the sum with w taken at the *end* of each step.",
            ),
            Mistake(
                "w**2 - t", "this is twice the integral: the square changes by 2w dw and more."
            ),
            Mistake("w**2/2 - t", "the mean of this is not zero. Divide *both* terms by two."),
            Mistake("w**2 - t/2", "the mean of this is not zero. Divide *both* terms by two."),
            Mistake(
                "t/2",
                "this is what the integral lacks, compared with the ordinary calculus; and what "
                "is the integral itself?",
            ),
            Mistake(
                "-t/2",
                "this is by how much the integral differs from that of the ordinary calculus; and "
                "what is the integral itself?",
            ),
            Mistake(
                0,
                "this is its mean over the paths. The integral differs from path to path: say it "
                "by where the path is at the end.",
            ),
        ),
        hint="Expand (w + dw)², keep the square of dw, sum over the steps and solve for the "
        "integral. Its mean must be zero.",
        checked="Itô's formula, at five random places.",
    ),
    "ex-cosine": Exercise(
        grade="code",
        minutes=30,
        expects=Function(signature="QuarterCircle()", observe=_coefficients),
        truth=_by_moments,
        right=lambda: QuarterCircle,
        mistakes=(
            Mistake(
                lambda: _process(PULL, NOISE**2),
                "`diffusion` returns g², and the integrator wants g.",
            ),
            Mistake(
                lambda: _process(PULL, NOISE, STD**2),
                "`perturbation` returns the variance b², and the package wants the standard "
                "deviation.",
            ),
            Mistake(
                lambda: _process(PULL, NOISE, SCALE, STD),
                "`perturbation` returns b and a; the order is the scale a first, then b.",
            ),
            Mistake(
                lambda: _process(-PULL, NOISE),
                "the drift pushes outwards, but a shrinks.",
            ),
            Mistake(
                lambda: _process(2 * PULL / sp.pi, sp.sqrt(2 * sp.tan(ANGLE))),
                "the chain rule: the derivative of the angle by t is lost.",
            ),
            Mistake(
                lambda: _process(PULL, sp.sqrt((STD**2).diff(t))),
                "your noise only fills up b². It must also replace what the drift takes away "
                "from the noise that is there already.",
            ),
            Mistake(
                lambda: _process(PULL, NOISE / sp.sqrt(2)),
                "g² is half of what it should be: the derivative of b² is 2 b ḃ, and α acts "
                "on a *variance* twice.",
            ),
            Mistake(
                lambda: _process(SCALE.diff(t), NOISE),
                "your drift has ȧ for its factor; the mean of the process obeys ȧ = α a.",
            ),
        ),
        hint="Hold `drift`, `diffusion` and `perturbation`, at t = ½, against what a linear drift "
        "α x does: the mean obeys ȧ = α a, and a variance changes by 2α times itself, and by g².",
        checked="the drift, g and the law, at three times.",
    ),
    "ex-small-slips": Exercise(
        grade="derive",
        minutes=30,
        varies={
            "factor": (0.9, 0.8, 0.75, 0.7),
            "noise": (1.1, 1.2, 0.9, 0.8),
            "data": (0.5, 0.4, 0.25, 0.2),
        },
        expects=Values(shape=(4,)),
        truth=_slipped,
        right=["1/(2*factor - 1)", "1", "noise**2", "data/(2 - data)"],
        mistakes=(
            Mistake(
                "1/factor",
                "{{factor}} times the score: a variance of 1/λ is what Langevin dynamics would "
                "have. Here the drift of the process pushes outwards as well.",
                entry=0,
            ),
            Mistake(
                "factor",
                "{{factor}} times the score: a weaker pull makes the law wider, not narrower.",
                entry=0,
            ),
            Mistake(
                "2*factor - 1",
                "{{factor}} times the score: this is the rate. The variance settles where the rate "
                "times the variance is what the noise adds.",
                entry=0,
            ),
            Mistake(
                "1",
                "{{factor}} times the score: the pull no longer balances the push.",
                entry=0,
            ),
            Mistake(
                "1/sqrt(2*factor - 1)",
                "{{factor}} times the score: this is the standard deviation.",
                entry=0,
            ),
            Mistake(
                "2",
                "the score of t/2: write down the score of N(0, 1) at time t, and that at t/2.",
                entry=1,
                when=_late_is_wrong,
            ),
            Mistake(
                "noise",
                "{{noise}} times the noise: the noise enters a variance by its square, and this is "
                "the standard deviation.",
                entry=2,
            ),
            Mistake(
                "1",
                "{{noise}} times the noise: nothing in the drift has followed the noise.",
                entry=2,
            ),
            Mistake(
                "1/noise**2",
                "{{noise}} times the noise: this is one over the variance, a precision.",
                entry=2,
            ),
            Mistake(
                "2*noise**2/(1 + noise**2)",
                "{{noise}} times the noise: if the drift followed, its factor would be another "
                "one. In this slip the noise alone is changed.",
                entry=2,
            ),
            Mistake(
                "data",
                "the score of the data: it would balance the push where the law is that of the "
                "data. On the way the laws are wider, and the data's pull is too strong.",
                entry=3,
            ),
            Mistake(
                "data/2",
                "the score of the data: here it acts alone, but the drift of the process pushes "
                "outwards.",
                entry=3,
            ),
            Mistake(
                "(2 - data)/data",
                "the score of the data: this is one over the variance, a precision.",
                entry=3,
            ),
            Mistake(
                "sqrt(data/(2 - data))",
                "the score of the data: this is the standard deviation.",
                entry=3,
            ),
            Mistake(
                "1/(2/sqrt(data) - 1)",
                "the score of the data: {{data}} is the *variance*, and a score divides by that.",
                entry=3,
            ),
        ),
        hint="Find the drift, a multiple of x, for each slip, and from it the rate "
        "at which a variance changes on the way back. Where does it stand still?",
        checked="the fixed points of the variance.",
    ),
    "ex-eta-steps": Exercise(
        grade="explore",
        minutes=30,
        varies={"steps": (10, 8, 12)},
        expects=Choice(several=True),
        truth=_what_holds,
        right="db",
        mistakes=(
            Mistake(
                "ad",
                "no noise does not mean no error: the drift of a finite step is wrong too, and "
                "without noise nothing is forgotten. Compare η = 0 with its neighbour.",
                when=_chosen(0),
            ),
            Mistake(
                "cd",
                "errors are forgotten, but the drift grows with η² as well, and it is followed in "
                "the same few steps. Look at η = 4.",
                when=_chosen(2),
            ),
            Mistake(
                "b",
                "what you chose holds, but it is not all that does. Look at all five columns.",
                when=_too_few,
            ),
        ),
        hint="Run all five at {{steps}} steps with 20,000 particles and compare their Kolmogorov "
        "distances.",
        checked="20,000 particles for each, sent back in {{steps}} steps just now.",
    ),
}
