"""Exercises of the chapter "Generation"."""

import math
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
import sympy as sp
import torch
from torch import Tensor

from scorelab import derivations
from scorelab.conventions import ou_time, vp_time
from scorelab.derivations.catalogue.probability_flow import phi, t, x
from scorelab.examples import book_mixture
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Expression, Function, Values
from scorelab.exercises.engine.ways import WayBack
from scorelab.metrics import sliced_wasserstein
from scorelab.mixture import GaussianMixture
from scorelab.sde import SDE, OrnsteinUhlenbeck, VarianceExploding, VariancePreserving
from scorelab.solvers import heun

__all__ = ["EXERCISES"]


# Three clocks: the last level, the time of the Ornstein-Uhlenbeck process, the own time of a level


def _clocks(beta: float, level: float) -> list[float]:
    process = VariancePreserving(beta_max=beta)
    scale, std = process.perturbation(process.T)
    last = float(std / scale)
    return [last, ou_time(last), vp_time(level, beta_max=beta)]


# A prior that is a little wrong: the start's error, times the share of it that arrives


@cache
def _arrived(power: sp.Expr, fading: sp.Expr) -> sp.Expr:
    """exp(−t/2) times a power of the flow's share, times exp(−fading · t/2)."""
    share = 1 / derivations.get("probability-flow").unfold(phi(x, t)).diff(x)
    return sp.exp(-t / 2) * share**power * sp.exp(-fading * t / 2)


# A forgotten factor: a test is known by the bridges that it lets pass


def _crossed(point: Callable, level: Callable, factor: Callable) -> Callable:
    """A bridge that asks s at `point(x, a)` and `level(a, b)`, and multiplies by `factor(a)`."""

    def bridge(sde: SDE, s: Callable) -> Callable:
        def score(x: Tensor, t: float) -> Tensor:
            a, b = sde.perturbation(t)
            return factor(a) * s(point(x, a), level(a, b))

        return score

    return bridge


def _bridges() -> list[Callable]:
    def over(x: Tensor, a: float) -> Tensor:
        return x / a

    def ratio(a: float, b: float) -> float:
        return b / a

    return [
        _crossed(over, ratio, lambda a: 1 / a),
        _crossed(over, ratio, lambda a: 1.0),
        _crossed(over, ratio, lambda a: a),
        _crossed(over, ratio, lambda a: -1 / a),
        _crossed(lambda x, a: x, ratio, lambda a: 1 / a),
        _crossed(over, lambda a, b: b, lambda a: 1 / a),
        _crossed(over, lambda a, b: (b / a) ** 2, lambda a: 1 / a),
    ]


def _verdicts(test: Callable) -> Tensor:
    """For each of the bridges above, whether the test lets it pass."""
    return torch.tensor([float(bool(test(bridge))) for bridge in _bridges()])


def _differs(bridge: Callable, sde: SDE, at: float, points: Tensor) -> float:
    """The relative difference from the exact score of p_t."""
    law = book_mixture()
    right = sde.marginal(law, at).score(points)
    return float((bridge(sde, law.noisy_score)(points, at) - right).norm() / right.norm())


def _points() -> Tensor:
    return 3 * torch.randn(50, 2, generator=torch.Generator().manual_seed(0))


def _against_one_gaussian(bridge):
    wide = GaussianMixture([1.0], [[3.0]], [4.0])
    mean, variance = 3 * math.exp(-0.5), 4 * math.exp(-1) + 1 - math.exp(-1)
    found = bridge(OrnsteinUhlenbeck(), wide.noisy_score)(torch.tensor([[0.7]]), 1.0)
    return abs(float(found) + (0.7 - mean) / variance) < 1e-9


def _against_the_law(bridge):
    process, data = OrnsteinUhlenbeck(), book_mixture()
    law = process.marginal(data, 2.0)
    points = law.sample(100)
    right = law.score(points)
    found = bridge(process, data.noisy_score)(points, 2.0)
    return bool((found - right).norm() < 1e-6 * right.norm())


def _where_nothing_shrinks(bridge):
    return _differs(bridge, VarianceExploding(0.01, 50.0), 0.5, _points()) < 1e-6


def _near_the_data(bridge):
    found = bridge(OrnsteinUhlenbeck(), book_mixture().noisy_score)(_points(), 0.0025)
    return bool(found.isfinite().all())


def _by_direction(bridge):
    law, process = book_mixture(), OrnsteinUhlenbeck()
    right = process.marginal(law, 2.0).score(_points())
    found = bridge(process, law.noisy_score)(_points(), 2.0)
    return float(torch.cosine_similarity(right, found).min()) > 1 - 1e-6


def _at_the_origin(bridge):
    return _differs(bridge, OrnsteinUhlenbeck(), 2.0, torch.zeros(1, 2)) < 1e-6


def _contrary(bridge):
    return not _against_one_gaussian(bridge)


def _never(bridge):
    return False


# Where to put the steps: judged by the distance of twins, and by the particle in the middle

LAST = ou_time(0.05)
BY_HAND = [10, 8.3, 7.1, 6.3, 5.6, 5, 4.5, 4, 3.6, 3.2]
BY_HAND += [2.9, 2.5, 2.15, 1.8, 1.5, 1.25, 1, 0.7, 0.5, 0.2, LAST]


def _by_hand(n: int) -> Tensor:
    """n + 1 instants that lie as those do."""
    return torch.as_tensor(np.interp(np.linspace(0, 20, n + 1), range(21), BY_HAND))


def _judged(grid: Callable, n: int) -> Tensor:
    """Whether there are n + 1 instants, from T, to t_min, falling; and whether both gain."""
    instants = torch.as_tensor(grid()).flatten().double()
    form = [
        len(instants) == n + 1,
        abs(float(instants[0]) - 10) < 1e-5,
        abs(float(instants[-1]) - LAST) < 1e-5,  # 0.0025 is welcome
        bool((instants.diff() < 0).all()),
    ]
    gains = [False, False]
    if all(form):
        found, equal = _missed(tuple(instants.tolist())), _missed(_equal(n))
        gains = [found[0] < 0.75 * equal[0], found[1] < 0.99 * equal[1]]
    return torch.tensor([float(passed) for passed in [*form, *gains]])


def _equal(n: int) -> tuple[float, ...]:
    return tuple(torch.linspace(10, LAST, n + 1).double().tolist())


def _flow() -> SDE:
    process = OrnsteinUhlenbeck()
    return process.probability_flow(process.score_at(book_mixture().noisy_score))


@cache
def _ends(instants: tuple[float, ...]) -> Tensor:
    """Where Heun's method with these instants takes 2,000 points."""
    points = torch.randn(2_000, 2, generator=torch.Generator().manual_seed(0)).double()
    for begin, end in pairwise(instants):
        points = heun(_flow(), points, n_steps=1, t_span=(begin, end)).final
    return points


def _missed(instants: tuple[float, ...]) -> tuple[float, float]:
    fine, ends = _ends(_equal(200)), _ends(instants)
    fixed = torch.Generator().manual_seed(0)
    distance = sliced_wasserstein(ends, fine, n_projections=50, generator=fixed)
    return float(distance), float((ends - fine).norm(dim=1).median())


_IN_LOG_SIGMA = (
    "torch.linspace(math.log(math.expm1(10)) / 2, math.log(0.05), n + 1).exp().square().log1p()"
)


# How much noise: the two coefficients


def _coefficients(family: Callable) -> list[Tensor]:
    """Drift and diffusion for two processes and three strengths of the noise."""
    law, points = book_mixture(), _points()
    found = []
    for sde, at in ((OrnsteinUhlenbeck(), 2.0), (VariancePreserving(), 0.5)):
        score = sde.score_at(law.noisy_score)
        for strength in (0.0, 0.5, 2.0):
            way = family(sde, score, strength)
            found += [torch.as_tensor(way.drift(points, at)), torch.as_tensor(way.diffusion(at))]
    return found


class Family(SDE):
    """The way back with η times the noise."""

    def __init__(self, sde, score, eta):
        self.sde, self.score, self.eta, self.T = sde, score, eta, sde.T

    def drift(self, x, t):
        flow = self.sde.probability_flow(self.score).drift(x, t)
        return flow - self.diffusion(t) ** 2 / 2 * self.score(x, t)

    def diffusion(self, t):
        return self.eta * self.sde.diffusion(t)


def _way(**wrong: object) -> Callable[[], Callable]:
    """A mistake: the family with a wrong part."""
    return lambda: lambda sde, score, eta: WayBack(sde, score, eta, **wrong)


EXERCISES = {
    "ex-three-clocks": Exercise(
        grade="warm-up",
        minutes=10,
        varies={"beta": (20, 18, 16, 15), "level": (12, 10, 8, 5)},
        expects=Values(shape=(3,), rtol=0.01),
        truth=_clocks,
        right=[
            "sqrt(exp((0.1 + beta)/2) - 1)",
            "(0.1 + beta)/2",
            "(sqrt(0.01 + 2*(beta - 0.1)*log(1 + level**2)) - 0.1)/(beta - 0.1)",
        ],
        mistakes=(
            Mistake(
                "exp((0.1 + beta)/2) - 1",
                "the level: this is its square, or a half is missing in the exponent. The scale "
                "is $e^{-B/2}$, and σ is a standard deviation.",
                entry=0,
            ),
            Mistake(
                "sqrt(1 - exp(-(0.1 + beta)/2))",
                "the level: this is the noise $b$ alone. The network sees it in units of what is "
                "left of the data.",
                entry=0,
            ),
            Mistake(
                "1/truth[0]",
                "the level: this is signal over noise; σ is noise over signal.",
                entry=0,
            ),
            Mistake(
                "sqrt(exp(beta) - 1)",
                "the level: the noise of all times adds up, and β was not always as large as at "
                "the end.",
                entry=0,
            ),
            Mistake("beta", "T: this is β at the end; its integral is what counts.", entry=1),
            Mistake(
                "(0.1 + beta)/4", "T: the half is counted twice; both drifts have one.", entry=1
            ),
            Mistake("1", "T: this is the variance-preserving process's own.", entry=1),
            Mistake(
                "log(1 + level**2)",
                "the time: so it is called on the clock of the Ornstein-Uhlenbeck process. At "
                "which own time is the integral of β as large?",
                entry=2,
            ),
            Mistake(
                "log(1 + level**2)/((0.1 + beta)/2)",
                "the time: this clock does not run evenly. The integral of β is quadratic.",
                entry=2,
            ),
            Mistake(
                "level/sqrt(exp((0.1 + beta)/2) - 1)",
                "the time: σ does not grow evenly in time.",
                entry=2,
            ),
        ),
        hint="Begin with the integral of β. It is the time of the Ornstein-Uhlenbeck process, and "
        "that gives the level.",
        checked="the package's process, to one per cent.",
    ),
    "ex-prior-mismatch": Exercise(
        grade="derive",
        minutes=30,
        varies={"left": (0.01, 0.02, 0.05), "data": (14, 10, 6)},
        expects=Expression(symbols={"t": (0.5, 6.0), "v_0": (2.0, 20.0), "eta": (0.2, 0.8)}),
        helpers={"arrived": _arrived},
        truth="arrived(1 + eta**2, eta**2)",
        right="(v_0/(v_0 + exp(t) - 1))**((1 + eta**2)/2)",
        mistakes=(
            Mistake(
                "truth*exp(t/2)",
                "this is the share of an error that arrives. How large is the error at the start?",
            ),
            Mistake(
                "exp(-t/2)",
                "this is by how much the mean of the start is wrong. Which share of that arrives?",
            ),
            Mistake("arrived(1, 0)", "right without any noise, for the flow; but noise forgets."),
            Mistake("arrived(2, 1)", "right for the reverse SDE, but it should hold for every η."),
            Mistake(
                "arrived(2*eta**2, 2*eta**2 - 1)",
                "at η = 0 no score is left in your drift. Which multiple of it has the flow?",
            ),
            Mistake("arrived(1 + eta, eta)", "η multiplies the noise; the drift holds its square."),
            Mistake("truth.subs(v_0, v_0**2)", "v₀ is a variance already."),
            Mistake(
                "exp(-(1 + eta**2)*t/2)",
                "this holds if the data have variance 1. Otherwise the score of the law at time t "
                "has another slope at every time.",
            ),
            Mistake(
                "exp(-t)/truth",
                "the error at the start is multiplied by what is needed there for one unit at the "
                "end; it is the other way round.",
            ),
            Mistake(
                "-truth",
                "the sign: the start is 0 where it should be positive for positive m. The size of "
                "the error is asked for.",
            ),
        ),
        hint="Two factors: by how much the mean of the start is wrong, and the share of an error "
        "that arrives. For the second solve the linear equation of an error, with the drift of the "
        "family.",
        checked="the closed form at five random times, variances and η.",
    ),
    "ex-forgotten-scale": Exercise(
        grade="code",
        minutes=20,
        expects=Function(signature="bridge_passes(bridge)", observe=_verdicts),
        truth=lambda: _against_one_gaussian,
        right=lambda: _against_the_law,
        mistakes=(
            Mistake(
                lambda: _near_the_data,
                "your test lets everything pass, so it cannot fail. Does it look near t = 0, where "
                "nothing has shrunk yet, or only at shapes, or is its tolerance wide?",
            ),
            Mistake(
                lambda: _where_nothing_shrinks,
                "your test finds a wrong sign and a wrong level, but no missing factor: in the "
                "process that you chose the scale is always 1.",
            ),
            Mistake(
                lambda: _by_direction,
                "your test looks at directions. A missing factor changes the lengths.",
            ),
            Mistake(
                lambda: _at_the_origin,
                "your test asks at the origin alone, where it makes no difference whether x is "
                "rescaled.",
            ),
            Mistake(
                lambda: _contrary,
                "your test answers the contrary: true is for a bridge that is sound.",
            ),
            Mistake(
                lambda: lambda bridge: False,
                "your test lets nothing pass, and so refuses what is sound. Are floating-point "
                "numbers compared with a tolerance, and is it the score of the same law?",
            ),
        ),
        hint="Your test was given seven bridges, of which one is sound. Where is the score of "
        "the law at time t known exactly?",
        checked="your test lets the sound bridge pass, and refuses six others.",
    ),
    "ex-forty-evaluations": Exercise(
        grade="explore",
        minutes=45,
        varies={"n": (20, 10, 30)},
        expects=Function(signature="own_grid()", observe=_judged),
        helpers={"by_hand": _by_hand},
        truth="by_hand(n)",
        right="""torch.cat(
        [
            torch.linspace(10, 5, n // 5 + 1),
            torch.linspace(5, 1, n // 2 + 1)[1:],
            torch.linspace(1, math.log(1.0025), 3 * n // 10 + 1)[1:],
        ]
    )""",
        mistakes=(
            Mistake(
                "torch.linspace(10, math.log(1.0025), n)",
                "{{n}} steps have one instant more than there are steps, the two ends included.",
                when=lambda given, truth: given[0][0] == 0,
            ),
            Mistake(
                "torch.linspace(math.log(1.0025), 10, n + 1)",
                "time runs backwards here: the first instant is the noisy end.",
                when=lambda given, truth: given[0][3] == 0,
            ),
            Mistake(
                _IN_LOG_SIGMA.removesuffix(".square().log1p()"),
                "these do not begin at T. Are they levels σ in place of times?",
                when=lambda given, truth: given[0][1] == 0,
            ),
            Mistake(
                "torch.linspace(10, 0, n + 1)",
                "the last instant is not `t_min`, so the end is another law.",
                when=lambda given, truth: given[0][2] == 0,
            ),
            Mistake(
                _IN_LOG_SIGMA,
                "the typical particle gains, but the distance of twins is not a quarter smaller: "
                "too many particles end in another mode. When is that decided?",
            ),
            Mistake(
                "torch.linspace(10, math.log(1.0025), n + 1)",
                "neither the typical particle nor the distance of twins gains enough. Where is the "
                "flow nearly straight, so that long steps do no harm?",
            ),
        ),
        hint="Both measures count: the distance of twins, which a few particles in a wrong mode "
        "decide, and the particle in the middle. Plot a few paths of the flow against t.",
        checked="2,000 particles, with exact scores: by both measures closer than equal steps in "
        "t, the distance of twins by at least a quarter.",
    ),
    "ex-how-much-noise": Exercise(
        grade="code",
        minutes=30,
        expects=Function(signature="Family(sde, score, eta)", observe=_coefficients),
        truth=lambda: WayBack,
        right=lambda: Family,
        mistakes=(
            Mistake(
                _way(pull=lambda g, eta: g**2 / 2),
                "this is the drift of the flow. More noise needs more of the score.",
            ),
            Mistake(
                _way(pull=lambda g, eta: g**2),
                "this is the drift of the reverse SDE, whatever the noise is.",
            ),
            Mistake(
                _way(pull=lambda g, eta: eta**2 * g**2),
                "without noise no score is left in your drift, but the flow needs half of it.",
            ),
            Mistake(
                _way(pull=lambda g, eta: (1 + eta) / 2 * g**2),
                "η multiplies the noise; the drift holds its square.",
            ),
            Mistake(
                _way(noise=lambda g, eta: eta**0.5 * g),
                "the noise has the root of η: then η multiplies its variance.",
            ),
            Mistake(
                _way(noise=lambda g, eta: eta**2 * g),
                "the noise has the square of η.",
            ),
            Mistake(
                _way(noise=lambda g, eta: eta * g**2),
                "`diffusion` returns the square of g, and the integrator wants g.",
            ),
            Mistake(
                _way(pull=lambda g, eta: (1 + eta**2) / 2 * g),
                "g occurs without its square. The Ornstein-Uhlenbeck process does not notice.",
            ),
            Mistake(
                _way(pull=lambda g, eta: -(1 + eta**2) / 2 * g**2),
                "the sign of the score: the steps of time are negative, and its term is too.",
            ),
            Mistake(
                _way(pull=lambda g, eta: (1 + eta**2) * g**2),
                "twice too much of the score: hold η = 1 against the reverse SDE.",
            ),
            Mistake(_way(own=0.0), "the drift of the process itself is missing."),
            Mistake(
                _way(own=-1.0, pull=lambda g, eta: -(1 + eta**2) / 2 * g**2),
                "this is the drift for a time that runs upwards, all of it with the other sign; "
                "here the steps of time are negative.",
            ),
        ),
        hint="Compare drift and diffusion with `sde.probability_flow(score)` at η = 0 and with "
        "`sde.reverse(score)` at η = 1, for a process whose g is not 1.",
        checked="drift and diffusion for two processes and three values of η.",
    ),
}
