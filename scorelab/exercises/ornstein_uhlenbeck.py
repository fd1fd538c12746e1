"""Exercises of the chapter "The Ornstein-Uhlenbeck process"."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import sympy as sp
import torch
from scipy.optimize import brentq

from scorelab import derivations
from scorelab.derivations.catalogue import ou_autocovariance, ou_moments
from scorelab.examples import book_mixture
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Expression, Function, Values
from scorelab.mixture import GaussianMixture
from scorelab.sde import OrnsteinUhlenbeck

__all__ = ["EQUATIONS", "EXERCISES"]

EQUATIONS = {
    "eq-ou": r"""
dx = -\tfrac12\, x\, dt + dw.
""",
    "eq-ou-jump": r"""
x(t + \tau) = e^{-\tau/2}\, x(t) + \sqrt{1 - e^{-\tau}}\; z .
""",
}
s, t, v_0 = sp.symbols("s t v_0", positive=True)


def _lives(k: int) -> list[float]:
    """When 1/k is left of the derived mean and excess; of the divergence, m²/2 in the end."""
    moments = derivations.get("ou-moments")
    mean, variance = (moments.unfold(of(ou_moments.t)) for of in (ou_moments.m, ou_moments.v))
    left = [
        mean / ou_moments.m0,
        sp.simplify((variance - 1) / (ou_moments.v0 - 1)),
        (mean / ou_moments.m0) ** 2,
    ]
    share = sp.Rational(1, k)
    return [float(sp.solve(sp.Eq(sp.simplify(e), share), ou_moments.t)[0]) for e in left]


def _variance(a: int) -> sp.Expr:
    """The variance of dx = −a x dt + dw from v₀, by the generator on x² of a mean of zero."""
    x, v = sp.Symbol("x"), sp.Function("v")
    rate = -a * x * sp.diff(x**2, x) + sp.diff(x**2, x, 2) / 2
    slope = sp.expand(rate).subs(x**2, v(t))
    return sp.dsolve(sp.Eq(v(t).diff(t), slope), v(t), ics={v(0): v_0}).rhs


def _news(k: int) -> sp.Expr:
    """E[(y(s+t) − y(s) c(t)/c(0)) y(0)] for two independent processes, one on the clock k t."""
    derived = derivations.get("ou-autocovariance")["closed-form"].equation.rhs
    memory = sp.powsimp(derived, force=True)
    lag = ou_autocovariance.t

    def c(at: sp.Expr) -> sp.Expr:
        return memory.subs(lag, at) + memory.subs(lag, k * at)

    return c(s + t) - c(s) * c(t) / c(sp.Integer(0))


# A spring fixed elsewhere: its exact jump


def _jumps() -> list[tuple]:
    generator = torch.Generator().manual_seed(0)
    x, z = torch.randn(2, 4, 2, generator=generator)
    springs = ((1.0, 3.0, 0.5), (0.3, -2.0, 1.5))
    return [(4 * x, lag, *spring, z) for spring in springs for lag in (0.1, 2.0)]


def _jump_by_units(x, lag, theta, mu, noise, z):
    """In units of the stationary law, and on the clock 2θt, it is the process of the chapter."""
    unit = noise / math.sqrt(2 * theta)
    scale, std = OrnsteinUhlenbeck().perturbation(2 * theta * lag)
    return mu + unit * (scale * (x - mu) / unit + std * z)


def _jump(x, lag, theta, mu, noise, z):
    kept = math.exp(-theta * lag)
    std = noise * math.sqrt((1 - kept**2) / (2 * theta))
    return mu + kept * (x - mu) + std * z


def _mean(x, lag, theta, mu):
    return mu + math.exp(-theta * lag) * (x - mu)


# Preparing the data: the times at which little of the divergence is left

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
SIDE = 240


def _prepared() -> list[GaussianMixture]:
    """The mixture as it is, centred, and standardised, in double precision."""
    law = book_mixture().to(torch.float64)
    weights, means, covariances = law.weights / law.weights.sum(), law.means, law.covariances
    away, size = means - law.mean(), law.covariance().diagonal().sqrt()
    return [
        GaussianMixture(weights, means, covariances),
        GaussianMixture(weights, away, covariances),
        GaussianMixture(weights, away / size, covariances / (size[:, None] * size)),
    ]


def _by_lattice(law: GaussianMixture) -> float:
    """KL(law, N(0, I)): φ(x) (u eᵘ − eᵘ + 1), u = log p − log φ, summed over a lattice."""
    line = torch.linspace(-12, 12, SIDE, dtype=torch.float64)
    points = torch.cartesian_prod(line, line)
    normal = -0.5 * (points**2 + math.log(2 * math.pi)).sum(1)
    u = law.log_prob(points) - normal
    cell = (24 / (SIDE - 1)) ** 2
    return float(cell * (normal.exp() * (u * u.exp() - u.expm1())).sum())


def _by_quadrature(law: GaussianMixture) -> float:
    """The same as a mean of u over each component, by Gauss-Hermite quadrature."""
    nodes, weights = (torch.as_tensor(array) for array in (NODES, WEIGHTS / WEIGHTS.sum()))
    grid = torch.cartesian_prod(nodes, nodes)
    mass = torch.cartesian_prod(weights, weights).prod(1)
    total = 0.0
    for weight, mean, covariance in zip(law.weights, law.means, law.covariances, strict=True):
        x = mean + grid @ torch.linalg.cholesky(covariance).T
        normal = -0.5 * (x**2 + math.log(2 * math.pi)).sum(1)
        total += float(weight * (mass * (law.log_prob(x) - normal)).sum())
    return total


def _time_of(
    law: GaussianMixture, left: float, divergence: Callable[[GaussianMixture], float]
) -> float:
    process = OrnsteinUhlenbeck()
    return brentq(lambda T: divergence(process.marginal(law, T)) - left, 0.5, 12.0, xtol=1e-3)


@cache
def _times(divergence: Callable[[GaussianMixture], float], left: float) -> list[float]:
    return [_time_of(law, left, divergence) for law in _prepared()]


def _time(which: int, left: float) -> float:
    return _times(_by_lattice, float(left))[int(which)]


def _half_standardised(left: float) -> float:
    """The time if only the means are divided by the standard deviations."""
    law, _, scaled = _prepared()
    return _time_of(GaussianMixture(law.weights, scaled.means, law.covariances), left, _by_lattice)


def _mean_alone(left: float) -> float:
    """Where ½ |E x₀|² e^(−T), to which the divergence goes in the end, is what is left."""
    return math.log(float(book_mixture().mean().square().sum()) / 2 / left)


EXERCISES = {
    "ex-ou-half-life": Exercise(
        grade="warm-up",
        minutes=10,
        varies={"k": (2, 3, 4, 5, 10)},
        expects=Values(shape=(3,), rtol=0.01),
        truth=_lives,
        right=["2*log(k)", "log(k)", "log(k)"],
        mistakes=(
            Mistake(
                "log(k)",
                "the mean: this belongs to a rate of one. With which factor of time does the mean "
                "shrink?",
                entry=0,
            ),
            Mistake("2", "the mean: after this time 1/e of it is left, not 1/{{k}}.", entry=0),
            Mistake("log(k)/2", "the mean: the rate is turned upside down.", entry=0),
            Mistake(
                "2*log(k)",
                "the variance: this is the time of a deviation. A variance is its square.",
                entry=1,
            ),
            Mistake("1", "the variance: after this time 1/e of the excess is left.", entry=1),
            Mistake(
                "log(k)/2",
                "the variance: the rate of a variance is twice that of a deviation, and this is "
                "four times it.",
                entry=1,
            ),
            Mistake(
                "2*log(k)",
                "the divergence: it is quadratic in what is left of the mean.",
                entry=2,
            ),
            Mistake(
                "log(k)/2",
                "the divergence: this belongs to a law whose mean is that of the end. The slowest "
                "part of the law decides.",
                entry=2,
            ),
        ),
        hint="Write down by which exponential each of the three falls, and set it to 1/{{k}}.",
        checked="the derived mean and variance, solved for 1/{{k}}.",
    ),
    "ex-ou-lost-half": Exercise(
        grade="derive",
        minutes=20,
        varies={"a": (1, 2, 3, 4, 5)},
        expects=Expression(symbols={"t": (0.1, 1.0), "v_0": (0.1, 3.0)}),
        truth=_variance,
        right="(1 + (2*a*v_0 - 1)*exp(-2*a*t))/(2*a)",
        mistakes=(
            Mistake(
                "1 + (v_0 - 1)*exp(-t)",
                "this is the variance of the process of the chapter, with its own pull.",
            ),
            Mistake(
                "1 + (v_0 - 1)*exp(-2*a*t)",
                "the rate is found. But where does the variance stand still: where does the "
                "stronger pull balance the noise?",
            ),
            Mistake(
                "1/(2*a) + (v_0 - 1/(2*a))*exp(-a*t)",
                "the limit is found. But this is the rate of the *mean*; the generator on x² "
                "counts the pull twice.",
            ),
            Mistake(
                "1/(2*a)",
                "this is the stationary variance. At a finite time the start still counts.",
            ),
            Mistake("v_0*exp(-2*a*t)", "the noise is lost: only the pull acts here."),
            Mistake("sqrt(truth)", "this is the standard deviation."),
            Mistake(
                "1/(4*a) + (v_0 - 1/(4*a))*exp(-2*a*t)",
                "the noise counts by half only: its term of the generator is ½ φ″, and φ″ is 2.",
            ),
        ),
        hint="Put φ = x² into the generator with this drift, and solve the equation for the mean "
        "of φ.",
        checked="the equation of the generator, solved by `dsolve`.",
    ),
    "ex-ou-markov": Exercise(
        grade="derive",
        minutes=40,
        varies={"k": (4, 9, 16, 2, 3)},
        expects=Expression(symbols={"s": (0.1, 2.0), "t": (0.1, 2.0)}),
        helpers={"c": lambda lag, k: sp.exp(-lag / 2) + sp.exp(-k * lag / 2)},
        truth=_news,
        right="(exp(-s/2) - exp(-k*s/2)) * (exp(-t/2) - exp(-k*t/2)) / 2",
        mistakes=(
            Mistake(
                "c(s + t, k) - c(s, k)*c(t, k)",
                "the variance of y is not one: two independent processes add up.",
            ),
            Mistake(
                "0",
                "then y would be Markov. Put its covariance into the condition that you showed.",
            ),
            Mistake(
                "c(s + t, k)",
                "this is the covariance of the values themselves. Take from the later one what "
                "the middle one predicts.",
            ),
            Mistake("-truth", "the sign: what is new is the value less its prediction."),
            Mistake(
                "truth/2",
                "this is for a y of variance one. The sum of two processes has another.",
            ),
            Mistake(
                "c(s + t, 2*k) - c(s, 2*k)*c(t, 2*k)/2",
                "the fast process: its memory at the lag t is that of the slow one at {{k}} times "
                "the lag.",
            ),
            Mistake(
                "c(s + t, 1/k) - c(s, 1/k)*c(t, 1/k)/2",
                "a clock that runs {{k}} times as fast forgets sooner, not later.",
            ),
        ),
        hint="For jointly normal values the best prediction from y at s is y c(t)/c(0). Subtract "
        "it, multiply by y₀ and average.",
        checked="the derived memory of each part, at five random pairs of lags.",
    ),
    "ex-ou-vasicek": Exercise(
        grade="code",
        minutes=30,
        expects=Function(
            signature="spring_jump(x, lag, theta, mu, noise, z)",
            arguments=_jumps,
        ),
        helpers={"jump": _jump, "mean": _mean},
        truth=lambda: _jump_by_units,
        right=lambda: _jump,
        mistakes=(
            Mistake(
                "x - theta * (x - mu) * lag + noise * lag**0.5 * z",
                "this is one step of Euler-Maruyama, good for a short lag only.",
            ),
            Mistake(
                "jump(x, lag, theta, 0, noise, z)",
                "the state is pulled to 0. Subtract the place where the spring is fixed, jump, and "
                "add it again.",
            ),
            Mistake(
                "jump(x, lag, theta, 0, noise, z) + mu",
                "the place where the spring is fixed is added, but it was not subtracted before.",
            ),
            Mistake(
                "jump(x, lag / 2, theta, mu, noise, z)",
                "the chapter's process has θ = ½; the clock of your jump runs at half the speed.",
            ),
            Mistake(
                "jump(x, lag, -theta, mu, noise, z)",
                "the sign of the pull: the deviation from μ grows.",
            ),
            Mistake(
                "mean(x, lag, theta, mu)"
                " + noise**2 * (1 - math.exp(-2 * theta * lag)) / (2 * theta) * z",
                "z is multiplied by the variance.",
            ),
            Mistake(
                "mean(x, lag, theta, mu)"
                " + noise * ((1 - math.exp(-theta * lag)) / (2 * theta)) ** 0.5 * z",
                "a deviation shrinks by e^(−θt), and a variance by the square of that: the noise "
                "must fill up what the *variance* has lost.",
            ),
            Mistake(
                "mean(x, lag, theta, mu)"
                " + noise * ((1 - math.exp(-2 * theta * lag)) / theta) ** 0.5 * z",
                "after a long lag the variance is twice what it should be.",
            ),
            Mistake(
                "mean(x, lag, theta, mu) + noise * (1 - math.exp(-2 * theta * lag)) ** 0.5 * z",
                "the noise ignores θ: a stronger spring leaves less room.",
            ),
            Mistake(
                "mean(x, lag, theta, mu) + noise * lag**0.5 * z",
                "the mean is as it should be, but the noise is that of a process without a "
                "spring: after a long lag it has no end.",
            ),
        ),
        hint="Find the mean at the time t, then the variance by the generator, as in the chapter. "
        "Test both after a very long lag, and after a very short one.",
        checked="the jump of the chapter's process in other units and on another clock, for two "
        "springs and two lags.",
    ),
    "ex-ou-standardise": Exercise(
        grade="explore",
        minutes=30,
        varies={"left": (1e-3, 2e-3, 5e-3, 1e-2)},
        expects=Values(
            shape=(3,),
            rtol=0.0,
            atol=0.02,  # of a lattice or a solver that is not too coarse
        ),
        helpers={"time": _time},
        truth=lambda left: _times(_by_lattice, left),
        right=lambda left: _times(_by_quadrature, left),
        mistakes=(
            Mistake(
                _mean_alone,
                "as it is: this is where the mean alone leaves {{left}}. The spread is still "
                "there too: compute the divergence itself.",
                entry=0,
            ),
            Mistake(
                "time(0, 10*left)", "as it is: this is the time for ten times as much.", entry=0
            ),
            Mistake(
                "truth[0]",
                "centred: this is the time of the data as they are. Is the mean subtracted from "
                "the means of all components?",
                entry=1,
            ),
            Mistake(
                "time(1, 10*left)", "centred: this is the time for ten times as much.", entry=1
            ),
            Mistake(
                "truth[1]",
                "standardised: this is the time of the centred data. Divide the means by the "
                "standard deviations, and the covariances by the product of two.",
                entry=2,
            ),
            Mistake(
                _half_standardised,
                "standardised: the means are scaled, but not the covariances of the components.",
                entry=2,
            ),
            Mistake(
                "time(2, 10*left)",
                "standardised: this is the time for ten times as much.",
                entry=2,
            ),
        ),
        hint="Compute the divergence in the plane as the chapter does, for each law, and find "
        "where it is {{left}}.",
        checked="the divergence in the plane, to two hundredths of a unit of time.",
    ),
}
