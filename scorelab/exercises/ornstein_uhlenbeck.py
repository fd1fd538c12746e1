"""Exercises of the chapter "The Ornstein-Uhlenbeck process"."""

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np
import sympy as sp
import torch
from scipy.optimize import brentq

from scorelab import derivations
from scorelab.derivations.catalogue import ou_autocovariance, ou_moments
from scorelab.examples import book_mixture
from scorelab.exercises.engine.entries import wrong_entry
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Expression, Function, Values
from scorelab.mixture import GaussianMixture
from scorelab.sde import OrnsteinUhlenbeck

__all__ = ["EXERCISES"]

s, t, v_0 = sp.symbols("s t v_0", positive=True)
FOUR = sp.Integer(4)


# Half-lives: of the mean, of the excess variance, of the divergence


@cache
def _half_lives() -> list[float]:
    """When the derived mean and excess have halved; the divergence, m²/2 in the end, by its m²."""
    moments = derivations.get("ou-moments")
    mean, variance = (moments.unfold(of(ou_moments.t)) for of in (ou_moments.m, ou_moments.v))
    left = [
        mean / ou_moments.m0,
        sp.simplify((variance - 1) / (ou_moments.v0 - 1)),
        (mean / ou_moments.m0) ** 2,
    ]
    half = sp.Rational(1, 2)
    return [float(sp.solve(sp.Eq(sp.simplify(e), half), ou_moments.t)[0]) for e in left]


_half_life = partial(wrong_entry, _half_lives)


# A lost half


def _variance(pull: sp.Expr) -> sp.Expr:
    """The variance of dx = −pull x dt + dw from v₀, by the generator on x² of a mean of zero."""
    x, v = sp.Symbol("x"), sp.Function("v")
    rate = -pull * x * sp.diff(x**2, x) + sp.diff(x**2, x, 2) / 2
    slope = sp.expand(rate).subs(x**2, v(t))
    return sp.dsolve(sp.Eq(v(t).diff(t), slope), v(t), ics={v(0): v_0}).rhs


# Gaussian is not Markov: what an earlier value still tells


def _memory(lag: sp.Expr) -> sp.Expr:
    return sp.exp(-lag / 2)


def _sum_memory(lag: sp.Expr, speed: sp.Expr = FOUR) -> sp.Expr:
    """Covariance of the sum of two independent processes, the second on a faster clock."""
    derived = derivations.get("ou-autocovariance")["closed-form"].equation.rhs
    one = sp.powsimp(derived, force=True)
    return one.subs(ou_autocovariance.t, lag) + one.subs(ou_autocovariance.t, speed * lag)


def _news(covariance: Callable = _sum_memory, start: sp.Expr | None = None) -> sp.Expr:
    """E[(y(s+t) − y(s) c(t)/c(0)) y(0)]; `start` stands for c(0)."""
    start = covariance(sp.Integer(0)) if start is None else start
    return covariance(s + t) - covariance(s) * covariance(t) / start


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


def _jump_by_formula(x, lag, theta, mu, noise, z):
    kept = math.exp(-theta * lag)
    variance = noise**2 * (1 - kept**2) / (2 * theta)
    return kept * x + (1 - kept) * mu + variance**0.5 * z


def _small_step(x, lag, theta, mu, noise, z):
    return x - theta * (x - mu) * lag + noise * math.sqrt(lag) * z


def _to_the_origin(x, lag, theta, mu, noise, z):
    return _jump_by_formula(x, lag, theta, 0.0, noise, z)


def _shifted(x, lag, theta, mu, noise, z):
    return _to_the_origin(x, lag, theta, mu, noise, z) + mu


def _halved(x, lag, theta, mu, noise, z):
    return _jump_by_formula(x, lag / 2, theta, mu, noise, z)


def _with_noise(std: Callable[[float, float, float, float], float]) -> Callable:
    """A jump with the right mean and the noise std(kept, lag, theta, noise)."""

    def spring_jump(x, lag, theta, mu, noise, z):
        kept = math.exp(-theta * lag)
        return mu + kept * (x - mu) + std(kept, lag, theta, noise) * z

    return spring_jump


def _variance_for_std(kept, lag, theta, noise):
    return noise**2 * (1 - kept**2) / (2 * theta)


def _first_power(kept, lag, theta, noise):
    return noise * math.sqrt((1 - kept) / (2 * theta))


def _without_two(kept, lag, theta, noise):
    return noise * math.sqrt((1 - kept**2) / theta)


def _without_theta(kept, lag, theta, noise):
    return noise * math.sqrt(1 - kept**2)


def _noise_of_one_step(kept, lag, theta, noise):
    return noise * math.sqrt(lag)


# Preparing the data: the times at which a thousandth of a nat is left

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
    law: GaussianMixture, divergence: Callable[[GaussianMixture], float], left: float = 1e-3
) -> float:
    process = OrnsteinUhlenbeck()
    return brentq(lambda T: divergence(process.marginal(law, T)) - left, 1.0, 12.0, xtol=1e-3)


@cache
def _times(divergence: Callable[[GaussianMixture], float], left: float = 1e-3) -> list[float]:
    return [_time_of(law, divergence, left) for law in _prepared()]


def _half_standardised() -> float:
    """The time if only the means are divided by the standard deviations."""
    law = _prepared()[0]
    means = _prepared()[2].means
    return _time_of(GaussianMixture(law.weights, means, law.covariances), _by_lattice)


def _mean_alone() -> float:
    """Where ½ |E x₀|² e^(−T), to which the divergence goes in the end, is a thousandth."""
    return math.log(float(book_mixture().mean().square().sum()) / 2 / 1e-3)


def _needed() -> list[float]:
    return _times(_by_lattice)


_time = partial(wrong_entry, _needed, rtol=0.0, atol=0.02)


EXERCISES = {
    "ex-ou-half-life": Exercise(
        grade="warm-up",
        expects=Values(
            meaning="the half-lives of the mean, of the excess of the variance over one, and of "
            "the divergence of a law with a mean, in the end",
            shape=(3,),
            rtol=0.01,
        ),
        truth=_half_lives,
        right=lambda: [2 * math.log(2), math.log(2), math.log(2)],
        mistakes=(
            _half_life(
                0,
                lambda: math.log(2),
                "the mean: this is the half-life of a rate of one. With which factor of time does "
                "the mean shrink?",
            ),
            _half_life(
                0,
                lambda: 2.0,
                "the mean: after this time 1/e of it is left, and half of it is asked for.",
                rtol=5e-3,
            ),
            _half_life(
                0,
                lambda: math.log(2) / 2,
                "the mean: the rate is turned upside down.",
            ),
            _half_life(
                1,
                lambda: 2 * math.log(2),
                "the variance: this is the half-life of a deviation. A variance is its square.",
            ),
            _half_life(1, lambda: 1.0, "the variance: after this time 1/e of the excess is left."),
            _half_life(
                1,
                lambda: math.log(2) / 2,
                "the variance: the rate of a variance is twice that of a deviation, and this is "
                "four times it.",
            ),
            _half_life(
                2,
                lambda: 2 * math.log(2),
                "the divergence: it is quadratic in what is left of the mean.",
            ),
            _half_life(
                2,
                lambda: math.log(2) / 2,
                "the divergence: this belongs to a law whose mean is right. The slowest part of "
                "the law decides.",
            ),
        ),
        hint="Write down by which exponential each of the three falls, and set it to one half.",
        checked="the derived mean and variance, solved for one half.",
    ),
    "ex-ou-lost-half": Exercise(
        grade="derive",
        expects=Expression(
            meaning="the variance of dx = −x dt + dw at the time t, from the variance v₀",
            symbols={"t": (0.2, 2.0), "v_0": (0.1, 3.0)},
        ),
        truth=lambda: _variance(sp.S.One),
        right=lambda: (1 + (2 * v_0 - 1) * sp.exp(-2 * t)) / 2,
        mistakes=(
            Mistake(
                lambda: _variance(sp.Rational(1, 2)),
                "this is the variance of the process of the chapter, with the half.",
            ),
            Mistake(
                lambda: 1 + (v_0 - 1) * sp.exp(-2 * t),
                "the rate is right. But where does the variance stand still: where does the "
                "stronger pull balance the noise?",
            ),
            Mistake(
                lambda: sp.Rational(1, 2) + (v_0 - sp.Rational(1, 2)) * sp.exp(-t),
                "the limit is right. But this is the rate of the *mean*; the generator on x² "
                "counts the pull twice.",
            ),
            Mistake(
                lambda: sp.Rational(1, 2),
                "this is the stationary variance. At a finite time the start still counts.",
            ),
            Mistake(
                lambda: v_0 * sp.exp(-2 * t),
                "the noise is lost: only the pull acts here.",
            ),
            Mistake(
                lambda: sp.sqrt(_variance(sp.S.One)),
                "this is the standard deviation.",
            ),
            Mistake(
                lambda: sp.Rational(1, 4) + (v_0 - sp.Rational(1, 4)) * sp.exp(-2 * t),
                "the noise counts by half only: its term of the generator is ½ φ″, and φ″ is 2.",
            ),
        ),
        hint="Put φ = x² into the generator with f = −x, and solve the equation for the mean of φ.",
        checked="the equation of the generator, solved by `dsolve`.",
    ),
    "ex-ou-markov": Exercise(
        grade="derive",
        expects=Expression(
            meaning="the covariance of y₀ with what is new in y at s + t, given y at s",
            symbols={"s": (0.1, 2.0), "t": (0.1, 2.0)},
        ),
        truth=_news,
        right=lambda: (sp.exp(-s / 2) - sp.exp(-2 * s)) * (sp.exp(-t / 2) - sp.exp(-2 * t)) / 2,
        mistakes=(
            Mistake(
                lambda: _news(start=sp.S.One),
                "the variance of y is not one: two independent processes add up.",
            ),
            Mistake(
                lambda: sp.S.Zero,
                "then y would be Markov. Put its covariance into the condition that you showed.",
            ),
            Mistake(
                lambda: _sum_memory(s + t),
                "this is the covariance of the values themselves. Take from the later one what "
                "the middle one predicts.",
            ),
            Mistake(
                lambda: -_news(),
                "the sign: what is new is the value less its prediction.",
            ),
            Mistake(
                lambda: _news(lambda lag: _sum_memory(lag) / 2),
                "this is for a y of variance one. The sum of two processes has another.",
            ),
            Mistake(
                lambda: _news(lambda lag: _memory(lag) + _memory(8 * lag)),
                "the fast process: its memory at the lag t is that of the slow one at four times "
                "the lag.",
            ),
            Mistake(
                lambda: _news(lambda lag: _sum_memory(lag, sp.Rational(1, 4))),
                "a clock that runs four times as fast forgets sooner, not later.",
            ),
        ),
        hint="For jointly normal values the best prediction from y at s is y c(t)/c(0). Subtract "
        "it, multiply by y₀ and average.",
        checked="the derived memory of each part, at five random pairs of lags.",
    ),
    "ex-ou-vasicek": Exercise(
        grade="code",
        expects=Function(
            signature="spring_jump(x, lag, theta, mu, noise, z)",
            meaning="the state after the time `lag`, drawn in one exact jump from x with the "
            "normal draw z",
            arguments=_jumps,
        ),
        truth=lambda: _jump_by_units,
        right=lambda: _jump_by_formula,
        mistakes=(
            Mistake(
                lambda: _small_step,
                "this is one step of Euler-Maruyama: right for a short lag only.",
            ),
            Mistake(
                lambda: _to_the_origin,
                "the state is pulled to 0. Subtract the place where the spring is fixed, jump, and "
                "add it again.",
            ),
            Mistake(
                lambda: _shifted,
                "the place where the spring is fixed is added, but it was not subtracted before.",
            ),
            Mistake(
                lambda: _halved,
                "the chapter's process has θ = ½; the clock of your jump runs at half the speed.",
            ),
            Mistake(
                lambda: _with_noise(_variance_for_std),
                "z is multiplied by the variance.",
            ),
            Mistake(
                lambda: _with_noise(_first_power),
                "a deviation shrinks by e^(−θt), and a variance by the square of that: the noise "
                "must fill up what the *variance* has lost.",
            ),
            Mistake(
                lambda: _with_noise(_without_two),
                "after a long lag the variance is twice what it should be.",
            ),
            Mistake(
                lambda: _with_noise(_without_theta),
                "the noise ignores θ: a stronger spring leaves less room.",
            ),
            Mistake(
                lambda: _with_noise(_noise_of_one_step),
                "the mean is right, but the noise is that of a process without a spring: after a "
                "long lag it has no end.",
            ),
        ),
        hint="Find the mean at the time t, then the variance by the generator, as in the chapter. "
        "Test both after a very long lag, and after a very short one.",
        checked="the jump of the chapter's process in other units and on another clock, for two "
        "springs and two lags.",
    ),
    "ex-ou-standardise": Exercise(
        grade="explore",
        expects=Values(
            meaning="the times T at which a thousandth of a nat is left: as it is, centred, "
            "standardised",
            shape=(3,),
            rtol=0.0,
            atol=0.02,  # of a lattice or a solver that is not too coarse
        ),
        truth=_needed,
        right=lambda: _times(_by_quadrature),
        mistakes=(
            _time(
                0,
                _mean_alone,
                "as it is: this is where the mean alone leaves a thousandth. The spread is still "
                "there too: compute the divergence itself.",
            ),
            _time(
                0,
                lambda: _times(_by_lattice, 1e-2)[0],
                "as it is: this is the time for a hundredth of a nat.",
            ),
            _time(
                1,
                lambda: _needed()[0],
                "centred: this is the time of the data as they are. Is the mean subtracted from "
                "the means of all components?",
            ),
            _time(
                1,
                lambda: _times(_by_lattice, 1e-2)[1],
                "centred: this is the time for a hundredth of a nat.",
            ),
            _time(
                2,
                lambda: _needed()[1],
                "standardised: this is the time of the centred data. Divide the means by the "
                "standard deviations, and the covariances by the product of two.",
            ),
            _time(
                2,
                _half_standardised,
                "standardised: the means are scaled, but not the covariances of the components.",
            ),
            _time(
                2,
                lambda: _times(_by_lattice, 1e-2)[2],
                "standardised: this is the time for a hundredth of a nat.",
            ),
        ),
        hint="Compute the divergence in the plane as the chapter does, for each law, and find "
        "where it is 10⁻³.",
        checked="the divergence in the plane, to two hundredths of a unit of time.",
    ),
}
