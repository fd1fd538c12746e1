"""Likelihoods along the probability flow, against log-densities that are known."""

import math

import pytest
import torch
import truth

from scorelab.examples import book_mixture
from scorelab.likelihood import log_likelihood
from scorelab.mixture import GaussianMixture
from scorelab.sde import OrnsteinUhlenbeck, VarianceExploding, VariancePreserving

PROCESSES = {
    "OU": OrnsteinUhlenbeck(20.0),
    "VE": VarianceExploding(0.01, 50_000.0),
    "VP": VariancePreserving(0.1, 40.0),
}


@pytest.mark.parametrize("process", PROCESSES)
def test_exact_score_gives_the_exact_density(process):
    """Defaults, with a p_T that is close to the prior: within 10⁻³ nats at every point."""
    sde, p = PROCESSES[process], book_mixture().to(torch.float64)
    x = p.sample(100, generator=truth.generator(0))
    found = log_likelihood(sde, sde.score_at(p.noisy_score), x)
    assert found.shape == (100,)
    assert found.dtype == torch.float64
    assert float((found - p.log_prob(x)).abs().max()) <= 1e-3


def test_with_the_law_of_the_last_time_no_prior_is_wrong():
    """T = 1, where N(0, I) is far from p_T: the given log density makes it exact."""
    sde, p = OrnsteinUhlenbeck(1.0), book_mixture().to(torch.float64)
    x = p.sample(50, generator=truth.generator(1))
    score, law = sde.score_at(p.noisy_score), sde.marginal(p, 1.0)
    exact = log_likelihood(sde, score, x, prior_log_prob=law.log_prob)
    assert float((exact - p.log_prob(x)).abs().max()) <= 1e-3
    assert float((log_likelihood(sde, score, x) - p.log_prob(x)).abs().max()) > 0.1


def test_start_of_the_span_is_the_time_of_the_density():
    """From t = 0.3 it is log p_0.3, not log p_0."""
    sde, p = OrnsteinUhlenbeck(20.0), book_mixture().to(torch.float64)
    x = p.sample(50, generator=truth.generator(2))
    found = log_likelihood(sde, sde.score_at(p.noisy_score), x, t_span=(0.3, 20.0))
    assert float((found - sde.marginal(p, 0.3).log_prob(x)).abs().max()) <= 1e-3
    assert float((found - p.log_prob(x)).abs().max()) > 0.1


def test_float32_points():
    sde, p = OrnsteinUhlenbeck(20.0), book_mixture()
    p = p.to(torch.float32)
    x = p.sample(50, generator=truth.generator(3))
    found = log_likelihood(sde, sde.score_at(p.noisy_score), x, rtol=1e-5, atol=1e-5)
    assert found.dtype == torch.float32
    assert float((found - p.log_prob(x)).abs().max()) <= 5e-3


def test_estimated_trace_is_unbiased():
    """200 estimates with one probe each in 4 dimensions: the mean within 5 standard errors.

    In a Gaussian with correlated coordinates the Jacobian is not diagonal, so that one probe
    scatters; the same probe all along the path, or the solver could not follow.
    """
    a = torch.randn(4, 4, dtype=torch.float64, generator=truth.generator(4))
    p = GaussianMixture(
        torch.ones(1, dtype=torch.float64),
        torch.zeros(1, 4, dtype=torch.float64),
        (a @ a.T + torch.eye(4, dtype=torch.float64))[None],
    )
    sde = OrnsteinUhlenbeck(20.0)
    x = p.sample(1, generator=truth.generator(5)).repeat(200, 1)
    estimates = log_likelihood(
        sde, sde.score_at(p.noisy_score), x, n_probes=1, generator=truth.generator(6)
    )
    scatter = float(estimates.std())
    assert scatter > 0.01
    exact = float(p.log_prob(x[:1]))
    assert abs(float(estimates.mean()) - exact) <= 5 * scatter / math.sqrt(200)


def test_generator_decides_the_probes():
    sde = OrnsteinUhlenbeck(5.0)
    p = GaussianMixture([1.0], [[0.0, 0.0]], [[[1.0, 0.9], [0.9, 1.0]]]).to(torch.float64)
    x = p.sample(3, generator=truth.generator(0))

    def run(seed):
        score = sde.score_at(p.noisy_score)
        return log_likelihood(sde, score, x, n_probes=1, generator=truth.generator(seed))

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))


def test_many_dimensions_take_probes_by_themselves():
    """Isotropic noise has a diagonal Jacobian, for which one probe of signs is exact."""
    d = 300
    p = GaussianMixture([1.0], torch.zeros(1, d).tolist(), [0.5]).to(torch.float64)
    sde = OrnsteinUhlenbeck(20.0)
    x = p.sample(3, generator=truth.generator(0))
    found = log_likelihood(sde, sde.score_at(p.noisy_score), x, generator=truth.generator(1))
    assert torch.allclose(found, p.log_prob(x), atol=2e-2)


def test_images_keep_their_shape():
    x = torch.randn(3, 1, 4, 4, dtype=torch.float64, generator=truth.generator(0))
    sde = OrnsteinUhlenbeck(2.0)
    found = log_likelihood(sde, lambda y, t: -y, x, generator=truth.generator(1))
    # The stationary law: nothing flows.
    expected = -0.5 * (x**2).sum((1, 2, 3)) - 8 * math.log(2 * math.pi)
    assert torch.allclose(found, expected)


@pytest.mark.parametrize("progress", [False, True])
def test_bar_on_request(progress, capsys):
    x = torch.zeros(2, 1, dtype=torch.float64)
    log_likelihood(OrnsteinUhlenbeck(2.0), lambda y, t: -2 * y, x, progress=progress)
    assert ("100%" in capsys.readouterr().err) == progress


def test_a_flow_that_cannot_be_followed_says_so():
    def score(x, t):
        return torch.full_like(x, math.nan if t > 0.5 else 0.0)

    with pytest.raises(FloatingPointError, match="could not be followed to t = 2"):
        log_likelihood(OrnsteinUhlenbeck(2.0), score, torch.zeros(2, 1, dtype=torch.float64))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [[0.0]]}, "x must be a floating-point tensor, got list"),
        ({"x": torch.zeros(3)}, r"x must have shape \(n, …\) with n >= 1"),
        ({"x": torch.zeros(0, 2)}, r"x must have shape \(n, …\) with n >= 1"),
        ({"rtol": 0.0}, "rtol must be a finite number > 0"),
        ({"atol": -1.0}, "atol must be a finite number > 0"),
        ({"n_probes": -1}, "n_probes must be an integer >= 0"),
        ({"t_span": (1.0, 1.0)}, "t_span must hold two different finite times"),
    ],
)
def test_bad_arguments_are_named(change, message):
    arguments = {"x": torch.zeros(2, 1)} | change
    with pytest.raises(ValueError, match=message):
        log_likelihood(OrnsteinUhlenbeck(1.0), lambda x, t: -x, arguments.pop("x"), **arguments)
