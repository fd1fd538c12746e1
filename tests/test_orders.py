"""The orders of the integrators, measured: slopes of log error over log step, within 0.1."""

import math

import numpy as np
import pytest
import torch
import truth

from scorelab.mixture import GaussianMixture
from scorelab.sde import OrnsteinUhlenbeck
from scorelab.solvers import euler_maruyama, heun

STEPS = (16, 32, 64, 128, 256)


def slope(errors: list[float]) -> float:
    """The order p of errors ∝ Δtᵖ, by regression over the five step sizes."""
    return -float(np.polyfit(np.log(STEPS), np.log(errors), 1)[0])


def test_strong_order_1():
    """Root mean square distance to the exact end of the same Brownian path, on OU.

    The noise is additive, which lifts the general ½ to 1. The exact solution is
    e^(−T/2) x₀ + ∫ e^(−(T−u)/2) dw; the integral is drawn together with the increment of each of
    the finest intervals, as a pair of jointly Gaussian numbers with covariances ∫ e^(−(h−u)/2) du
    and ∫ e^(−(h−u)) du.
    """
    sde, T, n, finest = OrnsteinUhlenbeck(2.0), 2.0, 4_000, STEPS[-1]
    h = T / finest
    both = 2 * -math.expm1(-h / 2)
    pair = torch.tensor([[h, both], [both, -math.expm1(-h)]], dtype=torch.float64)
    source = truth.generator(0)
    z = torch.randn(finest, n, 1, 2, dtype=torch.float64, generator=source)
    dw, integral = (z @ torch.linalg.cholesky(pair).T).unbind(-1)
    x0 = torch.ones(n, 1, dtype=torch.float64)
    exact = x0
    for part in integral:
        exact = math.exp(-h / 2) * exact + part
    errors = []
    for steps in STEPS:
        increments = dw.reshape(steps, finest // steps, n, 1).sum(1)
        x = euler_maruyama(sde, x0, n_steps=steps, increments=increments).final
        errors.append(float((x - exact).square().mean().sqrt()))
    assert slope(errors) == pytest.approx(1, abs=0.1)


def test_weak_order_1():
    """Error of E x² on OU at T = 1 from x₀ = 2, through the exact second moment of the recursion.

    The mean over paths is taken with control: the same increments drive the finest run, whose own
    second moment is known in closed form, so that the scatter cancels.
    """
    sde, T, n, x0 = OrnsteinUhlenbeck(1.0), 1.0, 50_000, 2.0
    finest = STEPS[-1] * 4

    def closed(steps: int) -> float:
        h = T / steps
        a = 1 - h / 2
        return a ** (2 * steps) * x0**2 + h * (1 - a ** (2 * steps)) / (1 - a**2)

    exact = math.exp(-T) * x0**2 + 1 - math.exp(-T)
    source = truth.generator(1)
    start = torch.full((n, 1), x0, dtype=torch.float64)
    runs = dict.fromkeys((*STEPS, finest), start)
    # All runs side by side over 16 blocks of time, so that no path needs to be kept whole.
    for block in range(STEPS[0]):
        dw = torch.randn(finest // STEPS[0], n, 1, dtype=torch.float64, generator=source)
        dw *= math.sqrt(T / finest)
        span = (block * T / STEPS[0], (block + 1) * T / STEPS[0])
        for steps, x in runs.items():
            m = steps // STEPS[0]
            increments = dw.reshape(m, -1, n, 1).sum(1)
            runs[steps] = euler_maruyama(
                sde, x, n_steps=m, t_span=span, increments=increments
            ).final
    control = runs[finest].square().mean() - closed(finest)
    errors = []
    for steps in STEPS:
        difference = runs[steps].square() - runs[finest].square()
        found = float(runs[steps].square().mean() - control)
        scatter = float(difference.std()) / math.sqrt(n)
        assert abs(found - closed(steps)) <= 5 * scatter
        errors.append(abs(found - exact))
    assert slope(errors) == pytest.approx(1, abs=0.1)


def test_heun_on_the_probability_flow_is_of_order_2():
    assert order_on_the_flow(heun) == pytest.approx(2, abs=0.1)


def test_euler_on_the_probability_flow_is_of_order_1():
    assert order_on_the_flow(euler_maruyama) == pytest.approx(1, abs=0.1)


def order_on_the_flow(integrator) -> float:
    """From p_T back to data N(m, s²): the flow is x ↦ μ_t + √(V_t / V_T) (x − μ_T), exactly."""
    m, s2 = 1.5, 0.25
    sde, p = OrnsteinUhlenbeck(3.0), GaussianMixture([1.0], [[m]], [s2]).to(torch.float64)
    x = torch.linspace(-3, 3, 7, dtype=torch.float64)[:, None]
    start, end = sde.T, 0.1

    def law(t: float) -> tuple[float, float]:
        return m * math.exp(-t / 2), s2 * math.exp(-t) + 1 - math.exp(-t)

    (mean, variance), (mean_end, variance_end) = law(start), law(end)
    exact = mean_end + math.sqrt(variance_end / variance) * (x - mean)
    flow = sde.probability_flow(sde.score_at(p.noisy_score))
    errors = [
        float((integrator(flow, x, n_steps=k, t_span=(start, end)).final - exact).norm())
        for k in STEPS
    ]
    return slope(errors)
