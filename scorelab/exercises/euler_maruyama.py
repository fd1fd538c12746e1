"""Exercises of the chapter "The Euler-Maruyama method"."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import sympy as sp
import torch
from scipy.stats import kstest
from torch import Tensor

from scorelab.estimate import Estimate
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Expression, Function, Values
from scorelab.sde import OrnsteinUhlenbeck
from scorelab.solvers import euler_maruyama

__all__ = ["EXERCISES"]

h = sp.Symbol("h", positive=True)


@cache
def _recorded(T: int, n: int, every: int) -> list[float]:
    """The number of states, Δt, the time of the second state and of the last."""
    backwards = OrnsteinUhlenbeck().reverse(lambda x, t: -x)
    run = euler_maruyama(backwards, torch.zeros(1, 1), n_steps=n, t_span=(T, 0), record_every=every)
    first, last = float(run.times[0]), float(run.times[-1])
    return [len(run.times), (last - first) / n, float(run.times[1]), last]


def _implicit(variance: int) -> sp.Expr:
    """By the step itself: solved for its end, and then for the fixed point of the variance."""
    x, end, z, v = sp.symbols("x x_end z v")
    (moved,) = sp.solve(sp.Eq(end, x - h / (2 * variance) * end + sp.sqrt(h) * z), end)
    (fixed,) = sp.solve(sp.Eq(moved.diff(x) ** 2 * v + moved.diff(z) ** 2, v), v)
    return fixed


# Noise that passes the first test: a test is known by the kicks that it lets pass

DT, N = 0.05, 100_000


def _kicks() -> list[Tensor]:
    """Kicks over the time DT, of which the first are as they should be."""
    generator = torch.Generator().manual_seed(0)
    z, other = torch.randn(2, N, generator=generator)
    flat = torch.rand(N, generator=generator)
    root = math.sqrt(DT)
    return [
        root * z,
        root * z * other,
        root * math.sqrt(12) * (flat - 0.5),
        root * z.sign(),
        math.sqrt(2) * root * z,
        DT * z,
        root * z.abs(),
    ]


def _verdicts(test: Callable) -> Tensor:
    return torch.tensor([float(bool(test(kicks, DT))) for kicks in _kicks()])


def _moments(kicks: Tensor, dt: float, *powers: int) -> bool:
    """Whether so many moments of the kicks, in units of √dt, are normal to five standard errors."""
    normal = {1: 0, 2: 1, 4: 3}
    found = {power: Estimate.of_mean((kicks / math.sqrt(dt)) ** power) for power in powers}
    return all(abs(e - normal[power]) < 5 * e.standard_error for power, e in found.items())


def _kurtosis(kicks: Tensor) -> float:
    return float((kicks**4).mean() / kicks.square().mean() ** 2)


# Noise that depends on the place: the strong error of geometric Brownian motion in closed form

COUNTS = (4, 8, 16, 32, 64)
NORMAL = (1, 0, 1, 0, 3)  # moments of N(0, 1)


def _mean_over(polynomial: sp.Expr, z: sp.Symbol) -> sp.Expr:
    """The mean over z ~ N(0, 1)."""
    terms = sp.Poly(sp.expand(polynomial), z).terms()
    return sum(coefficient * NORMAL[power] for (power,), coefficient in terms)


def _mean_square(missing: int, mu: sp.Rational) -> Callable[[int], float]:
    """E|X_n − x(1)|² from x = 1 in n steps; `missing` multiplies the term ½ s² (Δw² − Δt).

    Each step multiplies X by a polynomial of z, and x by an exponential e^(…+ s √h z). Under the
    latter's weight z is normal with the mean s √h, so that all three moments are polynomials.
    """
    z = sp.Symbol("z")
    noise = sp.sqrt(h) * z
    step = 1 + mu * h + noise + sp.Rational(missing, 2) * (noise**2 - h)
    tilted = step.subs(z, z + sp.sqrt(h))
    square = sp.lambdify(h, _mean_over(step**2, z))
    product = sp.lambdify(h, sp.exp(mu * h) * _mean_over(tilted, z))
    exact = math.exp(2 * mu + 1)
    return lambda n: square(1 / n) ** n - 2 * product(1 / n) ** n + exact


def _slope(error: Callable[[int], float]) -> float:
    """Least-squares slope of log error against log h."""
    return -float(np.polyfit(np.log(COUNTS), np.log([error(n) for n in COUNTS]), 1)[0])


def _orders(mu: sp.Rational) -> list[float]:
    return [_slope(_mean_square(missing, mu)) / 2 for missing in (0, 1)]


@cache
def _simulated_orders(mu: sp.Rational) -> list[float]:
    generator = torch.Generator().manual_seed(0)
    drift, finest = float(mu), COUNTS[-1]
    dw = torch.randn(finest, 100_000, generator=generator) / math.sqrt(finest)
    true = torch.exp(drift - 1 / 2 + dw.sum(0))

    def error(n: int, missing: int) -> float:
        x = torch.ones_like(true)
        for kick in dw.reshape(n, finest // n, -1).sum(1):
            correction = missing / 2 * (kick**2 - 1 / n)
            x = x * (1 + drift / n + kick + correction)
        return float((x - true).square().mean().sqrt())

    return [_slope(lambda n, k=k: error(n, k)) for k in (0, 1)]


EXERCISES = {
    "ex-fence": Exercise(
        grade="warm-up",
        minutes=10,
        varies={"T": (10, 5, 2, 8), "n": (1000, 500, 200), "every": (50, 20, 25)},
        expects=Values(
            shape=(4,),
            rtol=1e-4,  # T/n and T/(n − 1) differ by more
            atol=1e-9,
        ),
        truth=_recorded,
        right=["n/every + 1", "-T/n", "T - T*every/n", "0"],
        mistakes=(
            Mistake(
                "n/every",
                "the states: you counted the fields, and the posts are recorded.",
                entry=0,
            ),
            Mistake("n + 1", "the states: these are the instants; not all are recorded.", entry=0),
            Mistake(
                "n/every + 2",
                "the states: one is counted twice. The last of the steps is a multiple of "
                "{{every}} already.",
                entry=0,
            ),
            Mistake("T/n", "Δt: time runs down.", entry=1),
            Mistake("-T/(n - 1)", "Δt: {{n}} *points* would have such a distance.", entry=1),
            Mistake("-T*every/n", "Δt: this lies between two recorded states.", entry=1),
            Mistake("T*every/n", "Δt: this lies between two recorded states.", entry=1),
            Mistake(
                "T - T/n",
                "the second state: this is where the first *step* ends, but it is not recorded.",
                entry=2,
            ),
            Mistake("T*every/n", "the second state: the run begins at T.", entry=2),
            Mistake(
                "T - T*(every - 1)/n",
                "the second state: between two recorded ones lie {{every}} steps, not one less.",
                entry=2,
            ),
            Mistake(
                "T/n",
                "the last state: a step is missing. The last instant is the end itself.",
                entry=3,
            ),
            Mistake("T*every/n", "the last state: the final one is always recorded.", entry=3),
            Mistake("T", "the last state: the run ends at the data, and begins at T.", entry=3),
        ),
        hint="Draw a run of four steps that records every second state, and count.",
        checked="such a run, made just now.",
    ),
    "ex-implicit": Exercise(
        grade="derive",
        minutes=20,
        varies={"variance": (1, 2, 3, 4, 9)},
        expects=Expression(symbols={"h": (0.1, 3.5)}),
        truth=_implicit,
        right="variance/(1 + h/(4*variance))",
        mistakes=(
            Mistake(
                "variance/(1 - h/(4*variance))",
                "this is the explicit step's: too wide. Does the implicit one pull harder, or "
                "less?",
            ),
            Mistake(
                "h/(1 - 1/(1 + h/(2*variance))**2)",
                "the noise of the step is inside the equation as well: what divides x divides it.",
            ),
            Mistake(
                "2*variance",
                "the state is divided by a number, so a variance is divided by the square of that.",
            ),
            Mistake("variance/(2 + h/variance)", "the pull has a half, as in the equation."),
            Mistake(
                "variance",
                "this is the process itself, or the step that takes the mean of the drifts at "
                "both ends. The implicit one has a bias too.",
            ),
            Mistake("sqrt(truth)", "this is the standard deviation."),
            Mistake(
                "variance - h/4",
                "this is its beginning for small h. The fixed point can be solved exactly.",
            ),
            Mistake("h*truth", "the noise of a step is √h z, with the variance h."),
        ),
        hint="Solve the step for x′ first; then write the variance after it by that before it.",
        checked="the fixed point of the variance, at five random steps.",
    ),
    "ex-kurtosis": Exercise(
        grade="code",
        minutes=40,
        expects=Function(signature="kicks_pass(kicks, dt)", observe=_verdicts),
        helpers={"moments": _moments, "kurtosis": _kurtosis, "kstest": kstest},
        truth="moments(kicks, dt, 1, 2, 4)",
        right='kstest(kicks.numpy() / dt**0.5, "norm").pvalue > 1e-6',
        mistakes=(
            Mistake(
                "moments(kicks, dt, 1, 2)",
                "your test sees mean and variance, and so lets noise pass that has those of a "
                "Brownian increment and another shape.",
            ),
            Mistake(
                "moments(kicks, dt, 2)",
                "your test sees the variance alone: noise that only ever pushes to one side "
                "passes, too.",
            ),
            Mistake(
                "abs(kurtosis(kicks) - 3) < 0.2 and abs(kicks.mean()) < 0.1 * kicks.std()",
                "your test sees the shape and not the size: it lets noise pass whose variance has "
                "nothing to do with `dt`.",
            ),
            Mistake(
                "abs(kurtosis(kicks) - 3) < 0.2",
                "your test sees the kurtosis alone: it knows neither the size of the noise nor "
                "its mean.",
            ),
            Mistake(
                "moments(kicks, dt, 2, 4)",
                "your test sees even moments only: noise that only ever pushes to one side passes.",
            ),
            Mistake(
                "(kicks**4).mean() < 4 * dt**2 and moments(kicks, dt, 1, 2)",
                "your test catches tails that are too heavy, but not those that are too light.",
            ),
            Mistake(
                "moments(kicks, dt**2, 1, 2, 4)",
                "your test expects noise of the size `dt`. The variance of a kick is the time.",
            ),
            Mistake(
                "abs(kurtosis(kicks)) < 0.2",
                "your test lets nothing pass, and so refuses what is sound. Is the kurtosis of a "
                "normal law what you compare with? Are tolerances wide enough for 100,000 draws?",
            ),
            Mistake(
                "not truth(kicks, dt)",
                "your test answers the contrary: true is for noise that is as it should be.",
            ),
            Mistake("True", "your test lets everything pass: it cannot fail."),
        ),
        hint="Your test was given seven noises, of which one is sound. Compare the mean, the size "
        "*and* the shape with those of a Brownian increment, each with a tolerance from its "
        "standard error.",
        checked="your test lets normal kicks pass, and refuses six others.",
    ),
    "ex-geometric": Exercise(
        grade="explore",
        minutes=45,
        varies={"mu": tuple(map(sp.Rational, ("1/2", "1/4", "0", "3/4")))},
        expects=Values(shape=(2,), rtol=0.0, atol=0.1),
        truth=_orders,
        right=_simulated_orders,
        mistakes=(
            Mistake(
                "1",
                "without the term: this is the slope of the mean *square*, or the order for noise "
                "that does not depend on x, or a weak one. Take the root of the mean square of "
                "the gap on one path.",
                entry=0,
            ),
            Mistake(
                "-truth[0]",
                "without the term: this is the slope against the *number* of steps.",
                entry=0,
            ),
            Mistake(
                "0",
                "without the term: do both run on one path? With fresh noise for each step size "
                "the gap never falls.",
                entry=0,
            ),
            Mistake("truth[0]/2", "without the term: one root too many.", entry=0),
            Mistake(
                lambda mu: _slope(_mean_square(-1, mu)) / 2,
                "with the term: nothing is gained. Its sign, its ½ and the −Δt must all be there, "
                "or the miss stays of the same size.",
                entry=1,
            ),
            Mistake("2*truth[1]", "with the term: this is the slope of the mean square.", entry=1),
            Mistake(
                "-truth[1]",
                "with the term: this is the slope against the *number* of steps.",
                entry=1,
            ),
            Mistake(
                "0",
                "with the term: the gap does not fall. Is −Δt in the term? Without it the drift "
                "is another one.",
                entry=1,
            ),
        ),
        hint="On the same path take the root of the mean square of X − x(1) for each of the five "
        "step sizes, and fit a line in logarithms.",
        checked="the slopes of the strong errors in closed form, to a tenth.",
    ),
}
