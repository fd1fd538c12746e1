"""Exercises of the chapter "The Euler-Maruyama method"."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import sympy as sp
import torch
from scipy.stats import kstest
from torch import Tensor

from scorelab.estimate import Estimate
from scorelab.exercises.engine.entries import wrong_entry
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Expression, Function, Values
from scorelab.sde import OrnsteinUhlenbeck
from scorelab.solvers import euler_maruyama

__all__ = ["EXERCISES"]

h = sp.Symbol("h", positive=True)


# Posts and fields: number of states, Δt, the time of the second state and of the last


def _recorded() -> list[float]:
    n_steps = 1_000
    backwards = OrnsteinUhlenbeck().reverse(lambda x, t: -x)
    run = euler_maruyama(
        backwards, torch.zeros(1, 1), n_steps=n_steps, t_span=(10, 0), record_every=50
    )
    first, last = float(run.times[0]), float(run.times[-1])
    return [len(run.times), (last - first) / n_steps, float(run.times[1]), last]


_fence = partial(wrong_entry, _recorded)


# The implicit step: the fixed point of the variance


def _fixed(factor: sp.Expr, noise: sp.Expr) -> sp.Expr:
    """The fixed point of v ← factor² v + noise² for x ← factor x + noise z."""
    v = sp.Symbol("v", positive=True)
    (fixed,) = sp.solve(sp.Eq(factor**2 * v + noise**2, v), v)
    return fixed


def _implicit(pull: sp.Expr = h / 2) -> sp.Expr:
    """By the step itself: solved for its end, and then for the fixed point."""
    x, end, z = sp.symbols("x x_end z")
    (moved,) = sp.solve(sp.Eq(end, x - pull * end + sp.sqrt(h) * z), end)
    return _fixed(moved.diff(x), moved.diff(z))


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


def _moments(kicks: Tensor, dt: float, *, powers: tuple[int, ...] = (1, 2, 4)) -> bool:
    """Whether so many moments of the kicks, in units of √dt, are normal to five standard errors."""
    normal = {1: 0, 2: 1, 4: 3}
    found = {power: Estimate.of_mean((kicks / math.sqrt(dt)) ** power) for power in powers}
    return all(abs(e - normal[power]) < 5 * e.standard_error for power, e in found.items())


def _whole_law(kicks, dt):
    return kstest(kicks.numpy() / dt**0.5, "norm").pvalue > 1e-6


def _two_moments(kicks, dt):
    return _moments(kicks, dt, powers=(1, 2))


def _variance_alone(kicks, dt):
    return _moments(kicks, dt, powers=(2,))


def _shape_alone(kicks, dt):
    ratio = (kicks**4).mean() / kicks.square().mean() ** 2
    return abs(float(ratio) - 3) < 0.2 and _centred(kicks)


def _centred(kicks):
    return abs(float(kicks.mean())) < 0.1 * float(kicks.std())


def _shape_with_its_sign(kicks, dt):
    return abs(float((kicks**4).mean() / kicks.square().mean() ** 2) - 3) < 0.2


def _even_moments(kicks, dt):
    return _moments(kicks, dt, powers=(2, 4))


def _one_sided(kicks, dt):
    return float((kicks**4).mean()) < 4 * dt**2 and _two_moments(kicks, dt)


def _step_for_root(kicks, dt):
    return _moments(kicks, dt**2)


def _excess_for_kurtosis(kicks, dt):
    return abs(float((kicks**4).mean() / kicks.square().mean() ** 2)) < 0.2


def _contrary(kicks, dt):
    return not _moments(kicks, dt)


def _always(kicks, dt):
    return True


# Noise that depends on the place: the strong error of geometric Brownian motion in closed form

MU, VOL, COUNTS = sp.Rational(1, 2), sp.S.One, (4, 8, 16, 32, 64)
NORMAL = (1, 0, 1, 0, 3)  # moments of N(0, 1)


def _mean_over(polynomial: sp.Expr, z: sp.Symbol) -> sp.Expr:
    """The mean over z ~ N(0, 1)."""
    terms = sp.Poly(sp.expand(polynomial), z).terms()
    return sum(coefficient * NORMAL[power] for (power,), coefficient in terms)


def _mean_square(missing: int) -> Callable[[int], float]:
    """E|X_n − x(1)|² from x = 1 in n steps; `missing` multiplies the term ½ s² (Δw² − Δt).

    Each step multiplies X by a polynomial of z, and x by an exponential e^(…+ s √h z). Under the
    latter's weight z is normal with the mean s √h, so that all three moments are polynomials.
    """
    z = sp.Symbol("z")
    noise = VOL * sp.sqrt(h) * z
    step = 1 + MU * h + noise + sp.Rational(missing, 2) * (noise**2 - VOL**2 * h)
    tilted = step.subs(z, z + VOL * sp.sqrt(h))
    square = sp.lambdify(h, _mean_over(step**2, z))
    product = sp.lambdify(h, sp.exp(MU * h) * _mean_over(tilted, z))
    exact = math.exp(2 * MU + VOL**2)
    return lambda n: square(1 / n) ** n - 2 * product(1 / n) ** n + exact


def _slope(error: Callable[[int], float]) -> float:
    """Least-squares slope of log error against log h."""
    return -float(np.polyfit(np.log(COUNTS), np.log([error(n) for n in COUNTS]), 1)[0])


def _orders() -> list[float]:
    return [_slope(_mean_square(missing)) / 2 for missing in (0, 1)]


def _simulated_orders() -> list[float]:
    generator = torch.Generator().manual_seed(0)
    mu, vol, finest = float(MU), float(VOL), COUNTS[-1]
    dw = torch.randn(finest, 100_000, generator=generator) / math.sqrt(finest)
    true = torch.exp(mu - vol**2 / 2 + vol * dw.sum(0))

    def error(n: int, missing: int) -> float:
        x = torch.ones_like(true)
        for kick in dw.reshape(n, finest // n, -1).sum(1):
            correction = missing * vol**2 / 2 * (kick**2 - 1 / n)
            x = x * (1 + mu / n + vol * kick + correction)
        return float((x - true).square().mean().sqrt())

    return [_slope(lambda n, k=k: error(n, k)) for k in (0, 1)]


_order = partial(wrong_entry, _orders, rtol=0.0, atol=0.1)


EXERCISES = {
    "ex-fence": Exercise(
        grade="warm-up",
        expects=Values(
            meaning="the number of recorded states, Δt, the time of the second state and that of "
            "the last",
            shape=(4,),
            atol=1e-9,
        ),
        truth=_recorded,
        right=lambda: [21, -0.01, 9.5, 0],
        mistakes=(
            _fence(
                0, lambda: 20, "the states: you counted the fields, and the posts are recorded."
            ),
            _fence(0, lambda: 1_001, "the states: these are the instants; not all are recorded."),
            _fence(
                0,
                lambda: 22,
                "the states: one is counted twice. The last of the steps is a "
                "multiple of 50 already.",
            ),
            _fence(1, lambda: 0.01, "Δt: time runs down."),
            _fence(
                1,
                lambda: -10 / 999,
                "Δt: a thousand *points* would have such a distance.",
                rtol=5e-4,
            ),
            _fence(1, lambda: -0.5, "Δt: this lies between two recorded states."),
            _fence(
                2,
                lambda: 9.99,
                "the second state: this is where the first *step* ends, but it is not recorded.",
                rtol=1e-4,
            ),
            _fence(2, lambda: 0.5, "the second state: the run begins at T."),
            _fence(
                2,
                lambda: 9.51,
                "the second state: between two recorded ones lie fifty steps, not one less.",
                rtol=1e-4,
            ),
            _fence(
                3,
                lambda: 0.01,
                "the last state: a step is missing. The last instant is the end itself.",
            ),
            _fence(3, lambda: 0.5, "the last state: the final one is always recorded."),
        ),
        hint="Draw a run of four steps that records every second state, and count.",
        checked="such a run, made just now.",
    ),
    "ex-implicit": Exercise(
        grade="derive",
        expects=Expression(
            meaning="the stationary variance of the implicit step",
            symbols={"h": (0.1, 3.5)},
        ),
        truth=_implicit,
        right=lambda: 4 / (4 + h),
        mistakes=(
            Mistake(
                lambda: _fixed(1 - h / 2, sp.sqrt(h)),
                "this is the explicit step's: too wide. Does the implicit one pull harder, or "
                "less?",
            ),
            Mistake(
                lambda: _fixed(1 / (1 + h / 2), sp.sqrt(h)),
                "the noise of the step is inside the equation as well: what divides x divides it.",
            ),
            Mistake(
                lambda: _fixed(1 / sp.sqrt(1 + h / 2), sp.sqrt(h / (1 + h / 2))),
                "the state is divided by 1 + h/2, so a variance is divided by the square of that.",
            ),
            Mistake(lambda: _implicit(h), "the pull is half of h."),
            Mistake(
                lambda: sp.S.One,
                "this is the process itself, or the step that takes the mean of the drifts at "
                "both ends. The implicit one has a bias too.",
            ),
            Mistake(lambda: sp.sqrt(_implicit()), "this is the standard deviation."),
            Mistake(
                lambda: 1 - h / 4,
                "this is its beginning for small h. The fixed point can be solved exactly.",
            ),
            Mistake(
                lambda: _fixed(1 / (1 + h / 2), h / (1 + h / 2)),
                "the noise of a step is √h z, with the variance h.",
            ),
        ),
        hint="Solve the step for x′ first; then write the variance after it by that before it.",
        checked="the fixed point of the variance, at five random steps.",
    ),
    "ex-kurtosis": Exercise(
        grade="code",
        expects=Function(
            signature="kicks_pass(kicks, dt)",
            meaning="whether the tensor `kicks`, 100,000 noises of a step over the time `dt` with "
            "g = 1, can be increments of a Brownian motion",
            observe=_verdicts,
        ),
        truth=lambda: _moments,
        right=lambda: _whole_law,
        mistakes=(
            Mistake(
                lambda: _two_moments,
                "your test sees mean and variance, and so lets noise pass that has the right ones "
                "and another shape.",
            ),
            Mistake(
                lambda: _variance_alone,
                "your test sees the variance alone: noise that only ever pushes to one side "
                "passes, too.",
            ),
            Mistake(
                lambda: _shape_alone,
                "your test sees the shape and not the size: it lets noise pass whose variance has "
                "nothing to do with `dt`.",
            ),
            Mistake(
                lambda: _shape_with_its_sign,
                "your test sees the kurtosis alone: it knows neither the size of the noise nor "
                "its mean.",
            ),
            Mistake(
                lambda: _even_moments,
                "your test sees even moments only: noise that only ever pushes to one side passes.",
            ),
            Mistake(
                lambda: _one_sided,
                "your test catches tails that are too heavy, but not those that are too light.",
            ),
            Mistake(
                lambda: _step_for_root,
                "your test expects noise of the size `dt`. The variance of a kick is the time.",
            ),
            Mistake(
                lambda: _excess_for_kurtosis,
                "your test lets nothing pass, and so refuses what is sound. Is the kurtosis of a "
                "normal law what you compare with? Are tolerances wide enough for 100,000 draws?",
            ),
            Mistake(
                lambda: _contrary,
                "your test answers the contrary: true is for noise that is as it should be.",
            ),
            Mistake(lambda: _always, "your test lets everything pass: it cannot fail."),
        ),
        hint="Your test was given seven noises, of which one is sound. Compare the mean, the size "
        "*and* the shape with those of a Brownian increment, each with a tolerance from its "
        "standard error.",
        checked="your test lets normal kicks pass, and refuses six others.",
    ),
    "ex-geometric": Exercise(
        grade="explore",
        expects=Values(
            meaning="the two strong orders that you measure, without the missing term and with it",
            shape=(2,),
            rtol=0.0,
            atol=0.1,
        ),
        truth=_orders,
        right=_simulated_orders,
        mistakes=(
            _order(
                0,
                lambda: 1.0,
                "without the term: this is the slope of the mean *square*, or the order for noise "
                "that does not depend on x, or a weak one. Take the root of the mean square of "
                "the gap on one path.",
            ),
            _order(
                0,
                lambda: -_orders()[0],
                "without the term: this is the slope against the *number* of steps.",
            ),
            _order(
                0,
                lambda: 0.0,
                "without the term: do both run on one path? With fresh noise for each step size "
                "the gap never falls.",
            ),
            _order(
                0,
                lambda: _orders()[0] / 2,
                "without the term: one root too many.",
            ),
            _order(
                1,
                lambda: _slope(_mean_square(-1)) / 2,
                "with the term: nothing is gained. Its sign, its ½ and the −Δt must all be right, "
                "or the miss stays of the same size.",
            ),
            _order(
                1,
                lambda: 2 * _orders()[1],
                "with the term: this is the slope of the mean square.",
            ),
            _order(
                1,
                lambda: -_orders()[1],
                "with the term: this is the slope against the *number* of steps.",
            ),
            _order(
                1,
                lambda: 0.0,
                "with the term: the gap does not fall. Is −Δt in the term? Without it the drift "
                "is another one.",
            ),
        ),
        hint="On the same path take the root of the mean square of X − x(1) for each of the five "
        "step sizes, and fit a line in logarithms.",
        checked="the slopes of the strong errors in closed form, to a tenth.",
    ),
}
