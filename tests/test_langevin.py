"""Langevin dynamics against its exact recursion, and MALA against the law it must not change."""

import math

import pytest
import torch
import truth
from scipy import stats

from scorelab.langevin import langevin_dynamics, mala
from scorelab.mixture import GaussianMixture
from scorelab.sde import LangevinDiffusion
from scorelab.solvers import euler_maruyama


def standard(dim: int = 1, variance: float = 1.0) -> GaussianMixture:
    return GaussianMixture([1.0], torch.zeros(1, dim, dtype=torch.float64), [variance])


def line() -> GaussianMixture:
    """Two overlapping modes on the line, of different width and weight: nothing is symmetric."""
    return GaussianMixture([0.3, 0.7], [[-1.5], [1.0]], torch.tensor([0.25, 1.0])).to(torch.float64)


def cdf(p: GaussianMixture, x: torch.Tensor) -> torch.Tensor:
    """P(X ≤ x) of a mixture on the line."""
    deviations = p.covariances[:, 0, 0].sqrt()
    return truth.normal_cdf((x - p.means[:, 0]) / deviations) @ p.weights


def assert_follows(p: GaussianMixture, x: torch.Tensor, level: float = 1e-4) -> None:
    """Kolmogorov and Smirnov: independent x of another law are refused at this level.

    With fixed seeds the outcome is fixed too; on other seeds a right sampler fails once in 10⁴.
    """
    u = cdf(p, x).numpy()
    assert stats.kstest(u, "uniform").pvalue > level


# ------------------------------------------------------------------------------------- Langevin


def test_it_is_the_integrator():
    p = line()
    x0 = torch.randn(20, 1, dtype=torch.float64)
    run = langevin_dynamics(
        p.score, x0, step_size=0.1, n_steps=7, record_every=3, generator=truth.generator(0)
    )
    same = euler_maruyama(
        LangevinDiffusion(p.score),
        x0,
        n_steps=7,
        t_span=(0.0, 7 * 0.1),
        record_every=3,
        generator=truth.generator(0),
    )
    assert torch.equal(run.states, same.states)
    assert torch.allclose(run.times, torch.tensor([0.0, 0.3, 0.6, 0.7], dtype=torch.float64))


@pytest.mark.parametrize("step_size", [0.05, 0.4])
def test_one_step_in_the_half_form(step_size):
    """x + (ε/2) s + √ε z: the mean and the variance of one step, within 5 standard errors."""
    n, pull = 100_000, 3.0
    x0 = torch.ones(n, 1, dtype=torch.float64)
    run = langevin_dynamics(
        lambda x: torch.full_like(x, pull),
        x0,
        step_size=step_size,
        n_steps=1,
        generator=truth.generator(1),
    )
    moved = run.final - x0
    assert abs(float(moved.mean()) - pull * step_size / 2) <= 5 * math.sqrt(step_size / n)
    assert abs(float(moved.var()) - step_size) <= 5 * step_size * math.sqrt(2 / n)


@pytest.mark.parametrize(("step_size", "s"), [(0.1, 1.0), (1.0, 1.0), (3.0, 1.0), (0.5, 0.4)])
def test_stationary_variance_of_a_gaussian(step_size, s):
    """s²/(1 − ε/(4 s²)), within 5 standard errors √(2/n) of it, and not s² where they differ."""
    n = 100_000
    contraction = abs(1 - step_size / (2 * s**2))
    n_steps = math.ceil(math.log(1e-4) / math.log(contraction)) if contraction else 2
    expected = s**2 / (1 - step_size / (4 * s**2))
    x0 = s * torch.randn(n, 1, generator=truth.generator(2), dtype=torch.float64)
    x = langevin_dynamics(
        standard(variance=s**2).score,
        x0,
        step_size=step_size,
        n_steps=n_steps,
        generator=truth.generator(3),
    ).final
    error = math.sqrt(2 / n) * expected
    assert abs(float(x.square().mean()) - expected) <= 5 * error
    if step_size > 0.1:
        assert abs(s**2 - expected) > 10 * error


def test_on_the_normal_law_it_is_the_ornstein_uhlenbeck_process():
    """From a point, at t = k ε: mean x₀ e^(−t/2), variance 1 − e^(−t), as ε → 0.

    5 standard errors, and the bias of order ε = 0.01 of the scheme: t ε/8 of the mean, ε/4 of the
    variance.
    """
    n, step_size, n_steps = 40_000, 0.01, 150
    x0 = torch.full((n, 1), 2.0, dtype=torch.float64)
    run = langevin_dynamics(
        standard().score,
        x0,
        step_size=step_size,
        n_steps=n_steps,
        record_every=50,
        generator=truth.generator(4),
    )
    for t, x in zip(run.times[1:].tolist(), run.states[1:], strict=True):
        mean, variance = 2 * math.exp(-t / 2), 1 - math.exp(-t)
        bias = t * step_size / 8 * mean
        assert abs(float(x.mean()) - mean) <= 5 * math.sqrt(variance / n) + bias
        error = 5 * variance * math.sqrt(2 / n) + step_size / 4
        assert abs(float(x.var()) - variance) <= error


def test_small_steps_sample_the_mixture():
    """ε = 0.02 against the narrowest variance 0.25: a bias too small for 2·10⁴ points to see."""
    p = line()
    x0 = p.sample(20_000, generator=truth.generator(5))
    x = langevin_dynamics(
        p.score, x0, step_size=0.02, n_steps=100, generator=truth.generator(6)
    ).final
    assert_follows(p, x)


def test_large_steps_do_not():
    """The same test refuses a biased sampler, so it can see."""
    p = line()
    x0 = p.sample(20_000, generator=truth.generator(5))
    x = langevin_dynamics(
        p.score, x0, step_size=0.5, n_steps=20, generator=truth.generator(6)
    ).final
    with pytest.raises(AssertionError):
        assert_follows(p, x)


@pytest.mark.parametrize("factor", [1.05, 2.0, 10.0])
def test_too_large_a_step_ends_in_the_clear_error(factor):
    """ε > 4 s² diverges."""
    step_size = 4 * 0.25 * factor
    with pytest.raises(FloatingPointError, match=rf"step \d+: .* \|Δt\| = {step_size:g}"):
        langevin_dynamics(
            standard(variance=0.25).score,
            torch.ones(10, 1),
            step_size=step_size,
            n_steps=5000,
            generator=truth.generator(0),
        )


def test_a_step_below_the_bound_does_not_diverge():
    run = langevin_dynamics(
        standard(variance=0.25).score, torch.ones(10, 1), step_size=0.95, n_steps=5000
    )
    assert run.final.isfinite().all()


# ----------------------------------------------------------------------------------------- MALA


@pytest.mark.parametrize("step_size", [0.3, 1.5])
def test_mala_leaves_the_mixture_invariant(step_size):
    """Exact samples stay exact, at steps at which the unadjusted sampler is visibly wrong."""
    p = line()
    x0 = p.sample(40_000, generator=truth.generator(7))
    run = mala(
        p.log_prob, p.score, x0, step_size=step_size, n_steps=15, generator=truth.generator(8)
    )
    assert 0.1 < run.acceptance_rate < 0.98
    assert_follows(p, run.final)


def test_mala_reaches_the_mixture_from_elsewhere():
    p = line()
    x0 = torch.full((20_000, 1), 4.0, dtype=torch.float64)
    run = mala(p.log_prob, p.score, x0, step_size=0.8, n_steps=120, generator=truth.generator(9))
    assert_follows(p, run.final)


def test_mala_in_the_plane():
    """Projections of exact samples stay exact in a mixture with full covariances."""
    p = GaussianMixture(*truth.components(3, 2, condition=8, spread=1.0))
    x0 = p.sample(40_000, generator=truth.generator(10))
    run = mala(p.log_prob, p.score, x0, step_size=0.4, n_steps=15, generator=truth.generator(11))
    for direction in torch.tensor([[1.0, 0.0], [0.6, 0.8]], dtype=torch.float64):
        variances = torch.einsum("i,kij,j->k", direction, p.covariances, direction)
        shadow = GaussianMixture(p.weights, (p.means @ direction)[:, None], variances)
        assert_follows(shadow, (run.final @ direction)[:, None])


def test_mala_accepts_everything_on_a_linear_log_density():
    """log p = b·x: then log p(x') q(x|x') − log p(x) q(x'|x) = b·(x' − x) − b·(x' − x) = 0.

    This is so for the step (ε/2) b and for no other, hence it pins the drift of the proposal, and
    the law after k steps is known: N(x₀ + k (ε/2) b, k ε I). 5 standard errors.
    """
    b = torch.tensor([1.5, -0.5], dtype=torch.float64)
    n, step_size, n_steps = 20_000, 0.7, 6
    run = mala(
        lambda x: x @ b,
        lambda x: b.expand_as(x),
        torch.zeros(n, 2, dtype=torch.float64),
        step_size=step_size,
        n_steps=n_steps,
        generator=truth.generator(12),
    )
    assert run.acceptance_rate == 1.0
    moved = run.final - n_steps * step_size / 2 * b
    variance = n_steps * step_size
    assert (moved.mean(0).abs() <= 5 * math.sqrt(variance / n)).all()
    assert ((moved.var(0) - variance).abs() <= 5 * variance * math.sqrt(2 / n)).all()


def test_mala_with_a_tiny_step_accepts_nearly_everything():
    p = line()
    x0 = p.sample(5_000, generator=truth.generator(13))
    rates = [
        mala(p.log_prob, p.score, x0, step_size=e, n_steps=5).acceptance_rate
        for e in (1e-3, 0.5, 5.0)
    ]
    assert rates[0] > 0.999
    assert rates[0] > rates[1] > rates[2]


def test_acceptance_rate_is_the_share_of_moves():
    p = line()
    x0 = p.sample(500, generator=truth.generator(14))
    run = mala(p.log_prob, p.score, x0, step_size=1.5, n_steps=8, record_every=1)
    moved = (run.states.diff(dim=0) != 0).any(-1).double().mean()
    assert isinstance(run.acceptance_rate, float)
    assert run.acceptance_rate == pytest.approx(float(moved), abs=1e-12)


def test_mala_stays_where_the_density_is():
    """The uniform law on the square: a proposal outside has log p = −∞ and is refused."""

    def log_prob(x):
        return torch.where((x.abs() <= 1).all(-1), 0.0, -math.inf)

    n = 20_000
    x0 = 2 * torch.rand(n, 2, generator=truth.generator(15), dtype=torch.float64) - 1
    run = mala(
        log_prob,
        torch.zeros_like,
        x0,
        step_size=0.5,
        n_steps=20,
        record_every=5,
        generator=truth.generator(16),
    )
    assert float(run.states.abs().max()) <= 1
    for column in run.final.T:
        assert stats.kstest(((column + 1) / 2).numpy(), "uniform").pvalue > 1e-4


def test_mala_refuses_what_is_not_a_number():
    def score(x):
        return torch.where(x > 1, math.nan, -x)

    run = mala(
        lambda x: torch.where(x[:, 0] > 1, math.nan, -0.5 * x[:, 0] ** 2),
        score,
        torch.zeros(1000, 1),
        step_size=0.5,
        n_steps=30,
        generator=truth.generator(17),
    )
    assert run.final.isfinite().all()
    assert float(run.final.max()) <= 1
    assert run.acceptance_rate < 1


def test_mala_records_like_the_integrator(capsys):
    p = line()
    x0 = p.sample(10, generator=truth.generator(18))

    def run(every, seed=19, **more):
        return mala(
            p.log_prob,
            p.score,
            x0,
            step_size=0.5,
            n_steps=7,
            record_every=every,
            generator=truth.generator(seed),
            **more,
        )

    whole, part = run(1), run(3)
    assert torch.allclose(part.times, torch.tensor([0.0, 1.5, 3.0, 3.5], dtype=torch.float64))
    assert torch.equal(part.states, whole.states[[0, 3, 6, 7]])
    assert torch.equal(whole.states[0], x0)
    assert run(None).states.shape == (2, 10, 1)
    assert not torch.equal(run(None, seed=20).final, part.final)
    assert capsys.readouterr().err == ""
    run(None, progress=True)
    assert "7/7" in capsys.readouterr().err


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_samplers_follow_dtype_and_device(dtype):
    p = line()
    x0 = torch.zeros(5, 1, dtype=dtype, requires_grad=True)
    with torch.device("meta"):
        runs = [
            langevin_dynamics(p.score, x0, step_size=0.1, n_steps=3),
            mala(p.log_prob, p.score, x0, step_size=0.1, n_steps=3),
        ]
    for run in runs:
        assert run.states.dtype == dtype
        assert run.states.device == x0.device
        assert run.states.isfinite().all()
        assert not run.states.requires_grad


# ------------------------------------------------------------------------------------ bad input

X0 = torch.zeros(4, 1)
BAD = [
    ({"step_size": 0.0}, "step_size must be a finite number > 0, got 0.0"),
    ({"step_size": -0.1}, "step_size must be a finite number > 0"),
    ({"step_size": math.nan}, "step_size must be a finite number > 0"),
    ({"step_size": math.inf}, "step_size must be a finite number > 0"),
    ({"n_steps": 0}, "n_steps must be an integer >= 1"),
    ({"n_steps": 1.5}, "n_steps must be an integer >= 1"),
    ({"record_every": 0}, "record_every must be an integer >= 1"),
    ({"x0": torch.zeros(4, 1, dtype=torch.int32)}, "x0 must be a floating-point tensor"),
]


def _no_work(x):
    raise AssertionError("no work is done on bad arguments")


@pytest.mark.parametrize(("change", "message"), BAD)
@pytest.mark.parametrize("functions", [(langevin_dynamics, 1), (mala, 2)])
def test_bad_arguments_are_named_before_any_work(functions, change, message):
    sampler, n_functions = functions
    arguments = {"x0": X0, "step_size": 0.1, "n_steps": 2} | change
    with pytest.raises(ValueError, match=message):
        sampler(*[_no_work] * n_functions, arguments.pop("x0"), **arguments)


def test_mala_names_a_start_without_density():
    def log_prob(x):
        return torch.where(x[:, 0] > 0, -x[:, 0], -math.inf)

    x0 = torch.tensor([[1.0], [2.0], [-1.0], [3.0]])
    with pytest.raises(ValueError, match="x0 has density 0 or a NaN at row 2"):
        mala(log_prob, lambda x: -torch.ones_like(x), x0, step_size=0.1, n_steps=1)


def test_mala_names_shapes_that_do_not_match():
    p = standard()
    with pytest.raises(ValueError, match=r"x0 must have shape \(n, d\), got \(4,\)"):
        mala(p.log_prob, p.score, torch.zeros(4), step_size=0.1, n_steps=1)
    with pytest.raises(ValueError, match=r"log_prob must return shape \(4,\), got \(4, 1\)"):
        mala(lambda x: -x.square(), p.score, X0, step_size=0.1, n_steps=1)
