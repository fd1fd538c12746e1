"""Heun's method and predictor-corrector, step by step against what they should compute."""

import math
from itertools import pairwise

import pytest
import torch
import truth

from scorelab.mixture import GaussianMixture
from scorelab.sde import SDE, OrnsteinUhlenbeck, VarianceExploding
from scorelab.solvers import heun, predictor_corrector


class Clock(SDE):
    """dx = (a x + t²) dt, with as much noise as one likes."""

    T = 2.0

    def __init__(self, a: float = 0.0, g: float = 0.0) -> None:
        self.a, self.g = a, g

    def drift(self, x, t):
        return self.a * x + t**2

    def diffusion(self, t):
        return self.g * t


def ones(n: int = 1) -> torch.Tensor:
    return torch.ones(n, 1, dtype=torch.float64)


# ------------------------------------------------------------------------------------------ heun


def test_heun_s_factor():
    """On dx = a x dt a step multiplies by 1 + a Δt + (a Δt)²/2."""

    class Linear(Clock):
        def drift(self, x, t):
            return self.a * x

    run = heun(Linear(a=-0.7), ones(), n_steps=10, t_span=(0.0, 2.0))
    assert float(run.final) == pytest.approx((1 - 0.14 + 0.14**2 / 2) ** 10, rel=1e-13)


@pytest.mark.parametrize("span", [(0.0, 2.0), (2.0, 0.0)])
def test_heun_takes_both_ends_of_the_step(span):
    """On dx = t² dt it is the trapezoidal sum, exactly."""
    start, end = span
    n, dt = 4, (end - start) / 4
    times = [start + i * dt for i in range(n + 1)]
    expected = sum(0.5 * (a**2 + b**2) for a, b in pairwise(times)) * dt
    run = heun(Clock(), 0 * ones(), n_steps=n, t_span=span)
    assert float(run.final) == pytest.approx(expected, rel=1e-13)


def test_heun_refuses_noise():
    """Also noise that is 0 at the start alone: Clock's g is 0 at t = 0."""
    for sde in (Clock(g=1.0), OrnsteinUhlenbeck(1.0)):
        with pytest.raises(ValueError, match=r"ode must have no noise.*use euler_maruyama"):
            heun(sde, ones(), n_steps=3)


def test_heun_draws_nothing_and_ends_at_the_end():
    """The end itself, 0, and not −10⁻¹⁷, where a square root would break."""

    class Root(Clock):
        def drift(self, x, t):
            return torch.full_like(x, math.sqrt(t))

    before = torch.get_rng_state()
    run = heun(Root(), ones(), n_steps=7, t_span=(0.9, 0.0), record_every=3)
    assert torch.equal(torch.get_rng_state(), before)
    assert run.times[-1] == 0.0
    assert run.times.tolist() == pytest.approx([0.9, 3.6 / 7, 0.9 / 7, 0.0])


# --------------------------------------------------------------------------- predictor-corrector


def linear_recursion(sde, s2, n_steps, n_corrector, r, end):
    """Variance of the whole run on data N(0, s²), where every step is linear: closed form."""
    dt = (end - sde.T) / n_steps

    def law(t):
        scale, std = sde.perturbation(t)
        return scale**2 * s2 + std**2

    variance = law(sde.T)
    for i in range(n_steps):
        t, t_next = sde.T + i * dt, sde.T + (i + 1) * dt
        c = float(sde.drift(ones(), t))
        g = float(sde.diffusion(t))
        variance *= (1 + (c + g**2 / law(t)) * dt) ** 2
        variance += g**2 * abs(dt)
        epsilon = r * sde.perturbation(t_next)[1] ** 2
        for _ in range(n_corrector):
            variance = variance * (1 - epsilon / (2 * law(t_next))) ** 2 + epsilon
    return variance


@pytest.mark.parametrize(("n_corrector", "r"), [(1, 0.5), (3, 0.2)], ids=["one", "three"])
@pytest.mark.parametrize("process", ["OU", "VE"])
def test_each_step_of_predictor_corrector(process, n_corrector, r):
    """Variance after five coarse steps, so that every coefficient counts; 5 standard errors."""
    sde = {"OU": OrnsteinUhlenbeck(3.0), "VE": VarianceExploding(0.3, 30.0)}[process]
    s2, n, end = 0.4, 100_000, 0.5 * sde.T
    p = GaussianMixture([1.0], [[0.0]], [s2]).to(torch.float64)
    source = truth.generator(0)
    x = sde.marginal(p, sde.T).sample(n, generator=source)
    run = predictor_corrector(
        sde,
        sde.score_at(p.noisy_score),
        x,
        n_steps=5,
        n_corrector=n_corrector,
        corrector_step=r,
        t_span=(sde.T, end),
        record_every=1,
        generator=source,
    )
    assert len(run.times) == 6
    expected = linear_recursion(sde, s2, 5, n_corrector, r, end)
    found = float(run.final.square().mean())
    assert abs(found / expected - 1) <= 5 * math.sqrt(2 / n)


def test_correction_corrects():
    """With the same 20 predictor steps, three corrections come closer to the law at the end."""
    sde, s2 = OrnsteinUhlenbeck(5.0), 0.05
    exact = s2 * math.exp(-0.01) - math.expm1(-0.01)
    off = [
        abs(linear_recursion(sde, s2, 20, m, 0.1, 0.01) / exact - 1) if m else None for m in (1, 3)
    ]
    assert off[1] < off[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_corrector": 0}, "n_corrector must be an integer >= 1, got 0"),
        ({"corrector_step": 0.0}, "corrector_step must be a finite number > 0"),
        ({"n_steps": 0}, "n_steps must be an integer >= 1"),
        ({"t_span": (1.0, 1.0)}, "t_span must hold two different finite times"),
    ],
)
def test_bad_arguments_of_predictor_corrector(change, message):
    with pytest.raises(ValueError, match=message):
        predictor_corrector(
            OrnsteinUhlenbeck(1.0), lambda x, t: -x, ones(), **({"n_steps": 2} | change)
        )


def test_divergence_of_the_corrector_is_named():
    with pytest.raises(FloatingPointError, match="no longer finite at step"):
        predictor_corrector(
            OrnsteinUhlenbeck(1.0),
            lambda x, t: -1e6 * x,
            torch.ones(2, 1),
            n_steps=50,
        )
