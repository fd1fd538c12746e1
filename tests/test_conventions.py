"""Each conversion against the thing that it converts."""

import math

import pytest
import torch
from scipy.integrate import quad

from scorelab import conventions as convert
from scorelab.mixture import GaussianMixture

SIGMAS = [0.01, 0.3, 1.0, 7.0, 50.0]


def test_half_and_full_step_are_one_step():
    x, score, z = torch.randn(3, 100, dtype=torch.float64)
    epsilon = 0.3
    alpha = convert.full_step(epsilon)
    half = x + epsilon / 2 * score + math.sqrt(epsilon) * z
    torch.testing.assert_close(x + alpha * score + math.sqrt(2 * alpha) * z, half)
    assert convert.half_step(alpha) == pytest.approx(epsilon, rel=1e-15)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_log_snr_is_the_logarithm_of_signal_over_noise(sigma):
    signal, noise = 1.0, sigma**2
    assert convert.log_snr(sigma) == pytest.approx(math.log(signal / noise), abs=1e-12)
    assert convert.sigma_from_log_snr(convert.log_snr(sigma)) == pytest.approx(sigma, rel=1e-12)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_ou_time_is_when_the_process_is_as_noisy(sigma):
    t = convert.ou_time(sigma)
    scale, std = math.exp(-t / 2), math.sqrt(-math.expm1(-t))
    assert std / scale == pytest.approx(sigma, rel=1e-12)
    assert convert.sigma_at_ou_time(t) == pytest.approx(sigma, rel=1e-12)
    law = GaussianMixture([0.4, 0.6], [[-1.0], [2.0]], [0.5, 0.2]).to(torch.float64)
    x = torch.linspace(-2, 3, 50, dtype=torch.float64)[:, None]
    by_sigma = law.noisy_score(x / scale, std / scale) / scale
    torch.testing.assert_close(law.noised(std, scale).score(x), by_sigma)


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize(("low", "high", "end"), [(0.1, 20.0, 1.0), (2.0, 2.0, 3.0)])
def test_vp_time_integrates_beta_to_the_ou_time(sigma, low, high, end):
    t = convert.vp_time(sigma, beta_min=low, beta_max=high, T=end)
    area, _ = quad(lambda u: low + (high - low) * u / end, 0, t)
    assert area == pytest.approx(convert.ou_time(sigma), rel=1e-10)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (convert.full_step, "step_size"),
        (convert.half_step, "alpha"),
        (convert.log_snr, "sigma"),
        (convert.ou_time, "sigma"),
        (convert.sigma_at_ou_time, "t"),
        (convert.vp_time, "sigma"),
    ],
)
@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan])
def test_what_is_not_positive_is_named(function, name, value):
    with pytest.raises(ValueError, match=name):
        function(value)
