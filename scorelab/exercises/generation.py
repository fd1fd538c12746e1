"""Exercises of the chapter "Generation"."""

import math
from collections.abc import Callable
from functools import cache, partial
from itertools import pairwise

import sympy as sp
import torch
from scipy.optimize import brentq
from torch import Tensor

from scorelab import derivations
from scorelab.conventions import ou_time
from scorelab.derivations.catalogue.probability_flow import phi, t, v0, x
from scorelab.examples import book_mixture
from scorelab.exercises.engine.entries import wrong_entry
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Expression, Function, Values
from scorelab.exercises.engine.ways import WayBack
from scorelab.metrics import sliced_wasserstein
from scorelab.mixture import GaussianMixture
from scorelab.sde import SDE, OrnsteinUhlenbeck, VarianceExploding, VariancePreserving
from scorelab.solvers import heun

__all__ = ["EXERCISES"]

eta = sp.Symbol("eta", positive=True)


# Three clocks: the last level, the time of the Ornstein-Uhlenbeck process, the own time of σ = 12


def _level(sde: SDE, at: float) -> float:
    scale, std = sde.perturbation(at)
    return std / scale


def _clocks() -> list[float]:
    vp = VariancePreserving()
    last = _level(vp, vp.T)
    return [last, ou_time(last), brentq(lambda at: _level(vp, at) - 12, 1e-6, vp.T)]


_entry = partial(wrong_entry, _clocks, rtol=0.01)


# A prior that is a little wrong: the start's error, times the share of it that arrives


def _arrived(power: sp.Expr, fading: sp.Expr) -> sp.Expr:
    """exp(−t/2) times a power of the flow's share, times exp(−fading · t/2)."""
    share = 1 / derivations.get("probability-flow").unfold(phi(x, t)).diff(x)
    return sp.exp(-t / 2) * share**power * sp.exp(-fading * t / 2)


def _mismatch() -> sp.Expr:
    # The slope of the drift is (1 + η²) times that of the flow's velocity, plus η²/2.
    return _arrived(1 + eta**2, eta**2)


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


def _against_p_t(bridge):
    return _differs(bridge, OrnsteinUhlenbeck(), 2.0, _points()) < 1e-6


def _against_one_gaussian(bridge):
    wide = GaussianMixture([1.0], [[3.0]], [4.0])
    mean, variance = 3 * math.exp(-0.5), 4 * math.exp(-1) + 1 - math.exp(-1)
    found = bridge(OrnsteinUhlenbeck(), wide.noisy_score)(torch.tensor([[0.7]]), 1.0)
    return abs(float(found) + (0.7 - mean) / variance) < 1e-9


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
    return not _against_p_t(bridge)


def _never(bridge):
    return False


# Forty evaluations: judged by the distance of twins, and by the particle in the middle

LAST = ou_time(0.05)


def _judged(grid: Callable) -> Tensor:
    """Whether there are 21 instants, from T, to t_min, falling; and whether both measures gain."""
    instants = torch.as_tensor(grid()).flatten().double()
    form = [
        len(instants) == 21,
        abs(float(instants[0]) - 10) < 1e-6,
        abs(float(instants[-1]) - LAST) < 1e-6,
        bool((instants.diff() < 0).all()),
    ]
    gains = [False, False]
    if all(form):
        found, equal = _missed(tuple(instants.tolist())), _missed(tuple(_equal().tolist()))
        gains = [found[0] < 0.75 * equal[0], found[1] < equal[1]]
    return torch.tensor([float(passed) for passed in [*form, *gains]])


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
    fine = _ends(tuple(torch.linspace(10, LAST, 201).double().tolist()))
    ends = _ends(instants)
    fixed = torch.Generator().manual_seed(0)
    distance = sliced_wasserstein(ends, fine, n_projections=50, generator=fixed)
    return float(distance), float((ends - fine).norm(dim=1).median())


def _equal():
    return torch.linspace(10, LAST, 21)


def _dense_where_it_bends():
    far, middle, near = (
        torch.linspace(10, 5, 5),
        torch.linspace(5, 1, 11),
        torch.linspace(1, LAST, 7),
    )
    return torch.cat([far, middle[1:], near[1:]])


def _by_hand():
    rising = [0.2, 0.5, 0.7, 1.0, 1.25, 1.5, 1.8, 2.15, 2.5, 2.9]
    rising += [3.2, 3.6, 4, 4.5, 5, 5.6, 6.3, 7.1, 8.3, 10]
    return [*reversed(rising), LAST]


def _equal_in_log_sigma():
    top = math.log(math.expm1(10)) / 2
    levels = torch.linspace(top, math.log(0.05), 21).exp()
    return levels.square().log1p()


def _levels():
    return torch.expm1(_equal_in_log_sigma()).sqrt()


def _upwards():
    return _equal().flip(0)


def _one_short():
    return torch.linspace(10, LAST, 20)


def _to_zero():
    return torch.linspace(10, 0, 21)


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


class _FlowAndMore(SDE):
    """The flow, and Langevin dynamics of strength η² backwards in time."""

    def __init__(self, sde, score, eta):
        self.flow, self.score, self.T = sde.probability_flow(score), score, sde.T
        self.g = lambda t: eta * sde.diffusion(t)

    def drift(self, x, t):
        return self.flow.drift(x, t) - self.g(t) ** 2 / 2 * self.score(x, t)

    def diffusion(self, t):
        return self.g(t)


def _only_noise(sde, score, eta):
    return WayBack(sde, score, eta, pull=lambda g, eta: g**2 / 2)


def _whole_score(sde, score, eta):
    return WayBack(sde, score, eta, pull=lambda g, eta: g**2)


def _square_alone(sde, score, eta):
    return WayBack(sde, score, eta, pull=lambda g, eta: eta**2 * g**2)


def _first_power(sde, score, eta):
    return WayBack(sde, score, eta, pull=lambda g, eta: (1 + eta) / 2 * g**2)


def _root_of_noise(sde, score, eta):
    return WayBack(sde, score, eta, noise=lambda g, eta: eta**0.5 * g)


def _squared_noise(sde, score, eta):
    return WayBack(sde, score, eta, noise=lambda g, eta: eta**2 * g)


def _without_square_of_g(sde, score, eta):
    return WayBack(sde, score, eta, pull=lambda g, eta: (1 + eta**2) / 2 * g)


def _against_the_score(sde, score, eta):
    return WayBack(sde, score, eta, pull=lambda g, eta: -(1 + eta**2) / 2 * g**2)


def _no_half(sde, score, eta):
    return WayBack(sde, score, eta, pull=lambda g, eta: (1 + eta**2) * g**2)


def _no_drift(sde, score, eta):
    return WayBack(sde, score, eta, own=0.0)


EXERCISES = {
    "ex-three-clocks": Exercise(
        grade="warm-up",
        expects=Values(
            meaning="the noise level that the variance-preserving process reaches, the T of the "
            "Ornstein-Uhlenbeck process that reaches it too, and the variance-preserving "
            "process's own time at the level 12",
            shape=(3,),
            rtol=0.01,
        ),
        truth=_clocks,
        right=lambda: [
            math.sqrt(math.exp(10.05) - 1),
            10.05,
            (math.sqrt(0.01 + 39.8 * math.log(145)) - 0.1) / 19.9,
        ],
        mistakes=(
            _entry(
                0,
                lambda: math.expm1(10.05),
                "the level: this is its square, or a half is missing in the exponent. The scale "
                "is $e^{-B/2}$, and σ is a standard deviation.",
            ),
            _entry(
                0,
                lambda: math.sqrt(-math.expm1(-10.05)),
                "the level: this is the noise $b$ alone. The network sees it in units of what is "
                "left of the data.",
            ),
            _entry(
                0,
                lambda: math.sqrt(math.expm1(20)),
                "the level: the noise of all times adds up, and β was not always as large as at "
                "the end.",
            ),
            _entry(1, lambda: 20.0, "T: this is β at the end; its integral is what counts."),
            _entry(1, lambda: 10.05 / 2, "T: the half is counted twice; both drifts have one."),
            _entry(1, lambda: 1.0, "T: this is the variance-preserving process's own."),
            _entry(
                2,
                lambda: ou_time(12),
                "the time: so it is called on the clock of the Ornstein-Uhlenbeck process. At "
                "which own time is the integral of β as large?",
            ),
            _entry(
                2,
                lambda: ou_time(12) / 10.05,
                "the time: this clock does not run evenly. The integral of β is quadratic.",
            ),
            _entry(
                2,
                lambda: 12 / math.sqrt(math.expm1(10.05)),
                "the time: σ does not grow evenly in time.",
            ),
        ),
        hint="Begin with the integral of β. It is the time of the Ornstein-Uhlenbeck process, and "
        "that gives the level.",
        checked="the package's process, to one per cent.",
    ),
    "ex-prior-mismatch": Exercise(
        grade="derive",
        expects=Expression(
            meaning="the error of the samples' mean, in units of m, for the way back from t with "
            "η times the noise",
            symbols={"t": (0.5, 6.0), "v_0": (2.0, 20.0), "eta": (0.2, 0.8)},
        ),
        truth=_mismatch,
        right=lambda: (v0 / (v0 + sp.exp(t) - 1)) ** ((1 + eta**2) / 2),
        mistakes=(
            Mistake(
                lambda: _mismatch() * sp.exp(t / 2),
                "this is the share of an error that arrives. How large is the error at the start?",
            ),
            Mistake(
                lambda: _arrived(sp.Integer(1), sp.Integer(0)),
                "right without any noise, for the flow; but noise forgets.",
            ),
            Mistake(
                lambda: _arrived(sp.Integer(2), sp.Integer(1)),
                "right for the reverse SDE, but it should hold for every η.",
            ),
            Mistake(
                lambda: _arrived(2 * eta**2, 2 * eta**2 - 1),
                "at η = 0 no score is left in your drift. Which multiple of it has the flow?",
            ),
            Mistake(
                lambda: _arrived(1 + eta, eta),
                "η multiplies the noise; the drift holds its square.",
            ),
            Mistake(
                lambda: _mismatch().subs(v0, v0**2),
                "$v_0$ is a variance already.",
            ),
            Mistake(
                lambda: sp.exp(-(1 + eta**2) * t / 2),
                "this holds if the data have variance 1. Otherwise the score of $p_t$ has another "
                "slope at every time.",
            ),
            Mistake(
                lambda: sp.exp(-t) / _mismatch(),
                "the error at the start is multiplied by what is needed there for one unit at the "
                "end; it is the other way round.",
            ),
            Mistake(
                lambda: -_mismatch(),
                "the sign: the start is 0 where it should be positive for positive m. The size of "
                "the error is asked for.",
            ),
        ),
        hint="Two factors: by how much the mean of the start is wrong, and the share of an error "
        "that arrives. For the second solve for δ as above, with the drift of the family.",
        checked="the closed form at five random times, variances and η.",
    ),
    "ex-forgotten-scale": Exercise(
        grade="code",
        expects=Function(
            signature="bridge_passes(bridge)",
            meaning="whether `bridge(sde, s)`, which makes a score(x, t) of a noise-conditional "
            "score s(x, sigma), does what the book says",
            observe=_verdicts,
        ),
        truth=lambda: _against_p_t,
        right=lambda: _against_one_gaussian,
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
                lambda: _never,
                "your test lets nothing pass, and so refuses what is sound. Are floating-point "
                "numbers compared with a tolerance, and is it the score of the same law?",
            ),
        ),
        hint="Your test was given seven bridges, of which one is sound. Where is the score of "
        "$p_t$ known exactly?",
        checked="your test lets the book's bridge pass, and refuses six others.",
    ),
    "ex-forty-evaluations": Exercise(
        grade="explore",
        expects=Function(
            signature="own_grid()",
            meaning="21 falling instants from 10 to the book's `t_min`, for 20 steps of Heun's "
            "method",
            observe=_judged,
        ),
        truth=lambda: _dense_where_it_bends,
        right=lambda: _by_hand,
        mistakes=(
            Mistake(
                lambda: _one_short,
                "twenty steps have 21 instants, the two ends included.",
                when=lambda given, truth: given[0][0] == 0,
            ),
            Mistake(
                lambda: _upwards,
                "time runs backwards here: the first instant is the noisy end.",
                when=lambda given, truth: given[0][3] == 0,
            ),
            Mistake(
                lambda: _levels,
                "these do not begin at T. Are they levels σ in place of times?",
                when=lambda given, truth: given[0][1] == 0,
            ),
            Mistake(
                lambda: _to_zero,
                "the last instant is not `t_min`, so the end is another law.",
                when=lambda given, truth: given[0][2] == 0,
            ),
            Mistake(
                lambda: _equal_in_log_sigma,
                "the typical particle gains, but the distance of twins is not a quarter smaller: "
                "too many particles end in another mode. When is that decided?",
            ),
            Mistake(
                lambda: _equal,
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
        expects=Function(
            signature="Family(sde, score, eta)",
            meaning="the way back with η times the noise, as an `SDE` with `drift` and `diffusion` "
            "(it may be a class)",
            observe=_coefficients,
        ),
        truth=lambda: WayBack,
        right=lambda: _FlowAndMore,
        mistakes=(
            Mistake(
                lambda: _only_noise,
                "this is the drift of the flow. More noise needs more of the score.",
            ),
            Mistake(
                lambda: _whole_score,
                "this is the drift of the reverse SDE, whatever the noise is.",
            ),
            Mistake(
                lambda: _square_alone,
                "without noise no score is left in your drift, but the flow needs half of it.",
            ),
            Mistake(lambda: _first_power, "η multiplies the noise; the drift holds its square."),
            Mistake(
                lambda: _root_of_noise,
                "the noise has the root of η: then η multiplies its variance.",
            ),
            Mistake(lambda: _squared_noise, "the noise has the square of η."),
            Mistake(
                lambda: _without_square_of_g,
                "g occurs without its square. The Ornstein-Uhlenbeck process does not notice.",
            ),
            Mistake(
                lambda: _against_the_score,
                "the sign of the score: the steps of time are negative, and its term is too.",
            ),
            Mistake(
                lambda: _no_half,
                "twice too much of the score: hold η = 1 against the reverse SDE.",
            ),
            Mistake(lambda: _no_drift, "the drift of the process itself is missing."),
        ),
        hint="Compare drift and diffusion with `sde.probability_flow(score)` at η = 0 and with "
        "`sde.reverse(score)` at η = 1, for a process whose g is not 1.",
        checked="drift and diffusion for two processes and three values of η.",
    ),
}
