"""The way back with exact scores: p_t at every recorded time, for every process.

The runs start from exact samples of p_T. What is left is the scatter of n samples, and the error of
the step, which is first order for Euler-Maruyama; the number of steps is chosen so that it stays
within one standard error.
"""

import pytest
import truth

from scorelab.examples import book_mixture
from scorelab.metrics import mode_weights, sliced_wasserstein, sliced_wasserstein_floor
from scorelab.mixture import GaussianMixture
from scorelab.sde import SDE, OrnsteinUhlenbeck, VarianceExploding, VariancePreserving
from scorelab.solvers import Trajectory, euler_maruyama, heun, predictor_corrector

N = 10_000


def processes() -> dict[str, SDE]:
    return {
        "OU": OrnsteinUhlenbeck(6.0),
        "VE": VarianceExploding(0.05, 25.0),
        "VP": VariancePreserving(0.1, 12.0),
    }


def run_back(process: str, method: str, seed: int = 0) -> tuple[SDE, GaussianMixture, Trajectory]:
    """From p_T down, recorded five times; heun follows the flow, the rest the reverse process."""
    sde, p = processes()[process], book_mixture()
    score = sde.score_at(p.noisy_score)
    source = truth.generator(seed)
    x = sde.marginal(p, sde.T).sample(N, generator=source)
    if method == "predictor-corrector":
        run = predictor_corrector(
            sde, score, x, n_steps=400, record_every=80, n_corrector=1, generator=source
        )
    elif method == "probability flow":
        run = heun(sde.probability_flow(score), x, n_steps=200, record_every=40)
    else:
        run = euler_maruyama(sde.reverse(score), x, n_steps=800, record_every=160, generator=source)
    return sde, p, run


def assert_every_marginal(sde: SDE, p: GaussianMixture, run: Trajectory) -> None:
    """Mean, covariance and mode weights at each recorded t, within 5 standard errors.

    The standard error of the mean of products (x_i − m_i)(x_j − m_j) is their deviation over √n;
    that of a weight is the one its estimate carries.
    """
    assert len(run.times) == 6
    for t, x in zip(run.times.tolist(), run.states, strict=True):
        law = sde.marginal(p, t)
        root_n = len(x) ** 0.5
        error = (x - law.mean()) / (law.covariance().diagonal().sqrt() / root_n)
        assert float(error.mean(0).abs().max()) <= 5, f"mean at t = {t:.3g}"
        centred = x - law.mean()
        products = centred[:, :, None] * centred[:, None, :]
        deviation = products.std(0) / root_n
        off = (products.mean(0) - law.covariance()).abs() / deviation
        assert float(off.max()) <= 5, f"covariance at t = {t:.3g}: {off}"
        for k, weight in enumerate(mode_weights(law, x)):
            off = abs(float(weight) - float(law.weights[k])) / weight.standard_error
            assert off <= 5, f"weight {k} at t = {t:.3g}: {off}"


@pytest.mark.parametrize("method", ["reverse", "probability flow", "predictor-corrector"])
@pytest.mark.parametrize("process", list(processes()))
def test_every_marginal_on_the_way_back(process, method):
    assert_every_marginal(*run_back(process, method))


@pytest.mark.parametrize("process", list(processes()))
def test_the_flow_runs_both_ways(process):
    """From data to noise and back along the same path: 2·10⁻³ of the spread, second order."""
    sde, p = processes()[process], book_mixture()
    flow = sde.probability_flow(sde.score_at(p.noisy_score))
    x = p.sample(200, generator=truth.generator(1))
    out = heun(flow, x, n_steps=400, t_span=(sde.t_min, sde.T)).final
    back = heun(flow, out, n_steps=400).final
    assert float((back - x).norm(dim=1).max()) <= 2e-3 * float(x.std())


@pytest.mark.nightly
def test_promise_of_the_reverse_ou_process():
    """500 steps from N(0, I) at T = 8: weights within 0.02, mean sliced W ≤ 1.5 floors."""
    p, sde = book_mixture(), OrnsteinUhlenbeck(8.0)
    backward = sde.reverse(sde.score_at(p.noisy_score))
    n, source = 5_000, truth.generator(0)
    distances = []
    for _ in range(5):
        x = sde.sample_prior((n, 2), generator=source, dtype=p.means.dtype)
        x = euler_maruyama(backward, x, n_steps=500, generator=source).final
        for weight, expected in zip(mode_weights(p, x), p.weights, strict=True):
            assert abs(float(weight) - float(expected)) <= 0.02
        distances.append(sliced_wasserstein(x, p.sample(n, generator=source), generator=source))
    floor = sliced_wasserstein_floor(p, n, generator=source)
    assert sum(distances) / 5 <= 1.5 * floor


def test_stopping_early_leaves_the_noise_of_that_time():
    """At t_min = 0.2 the variance is that of p_0.2, within 5 standard errors, not the data's."""
    sde, p = OrnsteinUhlenbeck(6.0), GaussianMixture([1.0], [[1.0]], [0.05])
    sde.t_min = 0.2
    source = truth.generator(3)
    x = sde.marginal(p, sde.T).sample(N, generator=source)
    run = euler_maruyama(sde.reverse(sde.score_at(p.noisy_score)), x, n_steps=800, generator=source)
    assert run.times[-1] == 0.2
    variance, expected = float(run.final.var()), float(sde.marginal(p, 0.2).covariance())
    assert expected > 4 * 0.05
    assert abs(variance / expected - 1) <= 5 * (2 / N) ** 0.5
