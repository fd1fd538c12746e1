"""Annealed Langevin dynamics: its steps, its clock, and the weights of the modes it ends with."""

import math

import pytest
import torch

from scorelab.estimate import Estimate
from scorelab.examples import book_mixture
from scorelab.langevin import annealed_langevin_dynamics, langevin_dynamics
from scorelab.metrics import mode_weights
from scorelab.mixture import GaussianMixture
from scorelab.noise import geometric_sigmas

SIGMAS = [4.0, 2.0, 0.8]
STEPS = [0.1 * sigma**2 / 0.8**2 for sigma in SIGMAS]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def run(score, x0, **options):
    options = {"sigmas": SIGMAS, "step_size": 0.1, "n_steps": 5} | options
    return annealed_langevin_dynamics(score, x0, generator=generator(1), **options)


def test_it_is_langevin_dynamics_level_by_level():
    mixture = book_mixture().to(torch.float64)
    x0 = torch.randn(20, 2, dtype=torch.float64, generator=generator())
    found = run(mixture.noisy_score, x0)
    source, x = generator(1), x0
    for sigma, step in zip(SIGMAS, STEPS, strict=True):
        x = langevin_dynamics(
            mixture.noised(sigma).score, x, step_size=step, n_steps=5, generator=source
        ).final
    torch.testing.assert_close(found.final, x)
    assert torch.equal(found.states[0], x0)
    assert found.times.tolist() == pytest.approx([0, 5 * sum(STEPS)])


def test_moments_level_by_level():
    """On Gaussian data mean and variance obey a recursion that can be followed by hand."""
    data_mean, data_variance, n = 3.0, 0.5, 100_000
    law = GaussianMixture([1.0], [[data_mean]], [data_variance]).to(torch.float64)
    x0 = 4 * torch.randn(n, 1, dtype=torch.float64, generator=generator())
    final = run(law.noisy_score, x0).final
    mean, variance = 0.0, 16.0
    for sigma, alpha in zip(SIGMAS, STEPS, strict=True):
        keep = 1 - alpha / 2 / (data_variance + sigma**2)
        for _ in range(5):
            mean = data_mean + keep * (mean - data_mean)
            variance = keep**2 * variance + alpha
    found = Estimate.of_mean(final[:, 0])
    assert abs(found - mean) < 4 * found.standard_error
    assert final.var().item() == pytest.approx(variance, rel=4 * math.sqrt(2 / n))


@pytest.mark.parametrize("every", [1, 2, 4, 5, 7, 100])
def test_recording_counts_over_the_whole_run(every):
    x0 = torch.randn(3, 2, generator=generator())
    full = run(book_mixture().noisy_score, x0, record_every=1)
    assert full.states.shape == (16, 3, 2)
    some = run(book_mixture().noisy_score, x0, record_every=every)
    kept = sorted({*range(0, 15, every), 15})
    assert torch.equal(some.states, full.states[kept])
    steps = torch.tensor(STEPS, dtype=torch.float64).repeat_interleave(5)
    clock = torch.cat([torch.zeros(1, dtype=torch.float64), steps.cumsum(0)])
    torch.testing.assert_close(some.times, clock[kept])


def test_last_denoising_is_the_posterior_mean():
    law = GaussianMixture([1.0], [[3.0, -1.0]], [0.5])
    x0 = torch.randn(50, 2, generator=generator())
    noisy, clean = run(law.noisy_score, x0), run(law.noisy_score, x0, denoise=True)
    # E[x | x̃] of Gaussian data: shrink towards the mean by v / (v + σ²).
    expected = law.means[0] + 0.5 / (0.5 + 0.8**2) * (noisy.final - law.means[0])
    torch.testing.assert_close(clean.final, expected)
    assert torch.equal(clean.times, noisy.times)


def test_one_level_and_shape_dtype_device_of_the_start():
    x0 = torch.randn(3, 1, 4, 4, dtype=torch.float64, generator=generator())
    found = run(lambda x, sigma: -x / (1 + sigma**2), x0, sigmas=torch.tensor([0.5]), progress=True)
    assert found.final.shape == x0.shape
    assert found.final.dtype == torch.float64
    assert not found.final.requires_grad


def test_exact_scores_give_every_mode_its_weight():
    """The far mode of the book's mixture has its weight, which plain Langevin cannot give it."""
    mixture, n = book_mixture(), 4000
    x0 = 12 * torch.randn(n, 2, generator=generator())
    found = annealed_langevin_dynamics(
        mixture.noisy_score,
        x0,
        sigmas=geometric_sigmas(12, 0.05, 20),
        step_size=0.2 * 0.05**2,
        n_steps=100,
        generator=generator(2),
    )
    for weight, exact in zip(mode_weights(mixture, found.final), mixture.weights, strict=True):
        # 0.02 is the promise; the standard error at this n is up to 0.008.
        assert abs(weight - exact.item()) < 0.02 + weight.standard_error


def test_divergence_names_the_step():
    with pytest.raises(FloatingPointError, match="step"):
        run(lambda x, sigma: -x / sigma**2, torch.randn(3, 1), step_size=50.0, n_steps=2000)


X = torch.zeros(3, 2)


def score(x, sigma):
    return -x


BAD = [
    (lambda: run(score, [[0.0]]), "x0"),
    (lambda: run(score, X, sigmas=[1.0, 2.0]), r"sigmas\[1\] >= sigmas\[0\]"),
    (lambda: run(score, X, sigmas=[2.0, 1.0, 1.0]), r"sigmas\[2\] >= sigmas\[1\]"),
    (lambda: run(score, X, sigmas=[2.0, 0.0]), r"sigmas\[1\] must be finite and > 0"),
    (lambda: run(score, X, sigmas=1.0), "sigmas must have shape"),
    (lambda: run(score, X, step_size=0.0), "step_size"),
    (lambda: run(score, X, n_steps=0), "n_steps"),
    (lambda: run(score, X, record_every=0), "record_every"),
]


@pytest.mark.parametrize(("call", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
