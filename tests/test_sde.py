"""The processes: kernels against their own coefficients, laws and scores against the mixture's."""

import math

import pytest
import torch
import truth
from scipy.integrate import solve_ivp

from scorelab.conventions import sigma_at_ou_time, vp_time
from scorelab.mixture import GaussianMixture
from scorelab.sde import SDE, LangevinDiffusion, OrnsteinUhlenbeck
from scorelab.sde import VarianceExploding as VE
from scorelab.sde import VariancePreserving as VP
from scorelab.solvers import euler_maruyama, heun, log_likelihood, predictor_corrector

PROCESSES = {
    "OU": OrnsteinUhlenbeck(6.0),
    "VE": VE(0.05, 20.0),
    "VE, T = 3": VE(0.1, 30.0, T=3.0),
    "VP": VP(),
    "VP, T = 2": VP(0.3, 5.0, T=2.0),
    "VP, β constant": VP(2.0, 2.0, T=3.0),
    "VP, β falling": VP(9.0, 1.0),
}
each_process = pytest.mark.parametrize("sde", PROCESSES.values(), ids=PROCESSES)


class Pulled(SDE):
    """A process with coefficients and nothing else: dx = −t x dt + (1 + t) dw."""

    T = 2.0

    def drift(self, x, t):
        return -t * x

    def diffusion(self, t):
        return 1.0 + t


class Known(Pulled):
    """The same with its kernel, whose variance is worked out by a solver."""

    def perturbation(self, t):
        return tuple(kernel_by_its_equations(self, float(t)))


def mixture() -> GaussianMixture:
    return GaussianMixture(*truth.components(3, 2, seed=4, decades=0.5))


def kernel_by_its_equations(sde: SDE, t: float) -> tuple[float, float]:
    """Scale and deviation at t from the coefficients alone: a' = c a, v' = 2 c v + g²."""
    if t == 0:
        return 1.0, 0.0

    def slope(time, state):
        c = float(sde.drift(torch.ones(1, 1, dtype=torch.float64), time))
        return [c * state[0], 2 * c * state[1] + float(sde.diffusion(time)) ** 2]

    solution = solve_ivp(slope, (0.0, t), [1.0, 0.0], rtol=1e-11, atol=1e-13)
    scale, variance = solution.y[:, -1]
    return scale, math.sqrt(variance)


# ------------------------------------------------------------------------------------ the kernels


@pytest.mark.parametrize("process", PROCESSES)
def test_kernel_follows_from_the_coefficients(process):
    """Both moments against their differential equations, to the solver's 10 digits."""
    sde = PROCESSES[process]
    for share in (0.001, 0.1, 0.5, 1.0):
        t = share * sde.T
        scale, std = sde.perturbation(t)
        expected_scale, expected_std = kernel_by_its_equations(sde, t)
        assert scale == pytest.approx(expected_scale, rel=1e-7)
        assert std == pytest.approx(expected_std, rel=1e-7)


@each_process
def test_kernel_starts_at_the_data(sde):
    assert tuple(map(float, sde.perturbation(0.0))) == (1.0, 0.0)


@each_process
def test_kernel_keeps_its_digits_near_the_start(sde):
    """b² = g(0)² t to the first order, also where 1 − e^(−t) would have lost all digits."""
    t = 1e-12 * sde.T
    assert sde.perturbation(t)[1] == pytest.approx(
        float(sde.diffusion(0.0)) * math.sqrt(t), rel=1e-6
    )


def test_kernels_of_the_literature():
    """VP, from 0.1 to 20: ∫β = 10.05. VE, from 0.01 to 50: √(50² − 0.01²)."""
    assert VP().perturbation(1.0)[0] == pytest.approx(math.exp(-10.05 / 2), rel=1e-13)
    assert VE(0.01, 50.0).perturbation(1.0)[1] == pytest.approx(math.sqrt(2500 - 1e-4), rel=1e-13)
    assert VE(0.1, 30.0, T=3.0).sigma(3.0) == pytest.approx(30.0, rel=1e-13)
    assert VE(0.01, 50.0).sigma(0.5) == pytest.approx(math.sqrt(0.5), rel=1e-13)
    assert OrnsteinUhlenbeck().perturbation(math.log(2.0)) == pytest.approx((0.5**0.5, 0.5**0.5))


def test_noise_to_signal_is_what_the_conventions_say():
    ou, vp = OrnsteinUhlenbeck(), VP(0.1, 20.0)
    for sigma in (0.01, 1.0, 30.0):
        scale, std = vp.perturbation(vp_time(sigma))
        assert std / scale == pytest.approx(sigma, rel=1e-9)
    scale, std = ou.perturbation(3.0)
    assert std / scale == pytest.approx(sigma_at_ou_time(3.0), rel=1e-13)


@each_process
def test_times_may_be_tensors(sde):
    t = torch.tensor(0.3 * sde.T, dtype=torch.float64)
    x = torch.ones(2, 2, dtype=torch.float32)
    for by_tensor, by_float in zip(sde.perturbation(t), sde.perturbation(float(t)), strict=True):
        assert float(by_tensor) == pytest.approx(by_float, rel=1e-14)
    assert float(sde.diffusion(t)) == pytest.approx(sde.diffusion(float(t)), rel=1e-14)
    assert sde.drift(x, t).dtype == torch.float32
    assert torch.allclose(sde.drift(x, t), sde.drift(x, float(t)))


@each_process
def test_forward_paths_have_the_kernel_s_moments(sde):
    """2·10⁴ paths from one point, at every recorded time, 5 standard errors; the step's own bias is
    first order: below 1 % of the mean and the variance with 1,000 steps, which is added."""
    n, x0 = 20_000, 2.0
    run = euler_maruyama(
        sde,
        torch.full((n, 1), x0, dtype=torch.float64),
        n_steps=1_000,
        record_every=250,
        generator=truth.generator(1),
    )
    for t, x in zip(run.times[1:], run.states[1:, :, 0], strict=True):
        scale, std = sde.perturbation(float(t))
        assert abs(float(x.mean()) - scale * x0) <= 5 * std / math.sqrt(n) + 0.01 * scale * x0
        variance = float((x - x.mean()).square().mean())
        assert abs(variance / std**2 - 1) <= 5 * math.sqrt(2 / n) + 0.01


# ------------------------------------------------------------- what follows from the perturbation


@each_process
def test_marginal_has_the_moments_of_the_kernel(sde):
    p, t = mixture(), 0.4 * sde.T
    scale, std = sde.perturbation(t)
    law = sde.marginal(p, t)
    identity = torch.eye(2, dtype=torch.float64)
    assert torch.allclose(law.means, scale * p.means)
    assert torch.allclose(law.covariances, scale**2 * p.covariances + std**2 * identity)
    assert torch.equal(law.weights, p.weights)


@each_process
def test_at_time_0_it_is_the_data(sde):
    p = mixture()
    assert torch.allclose(sde.marginal(p, 0.0).covariances, p.covariances)


@each_process
def test_score_at_is_the_score_of_the_marginal(sde):
    """Against autograd of log p_t, whose mixture is made by torch.distributions."""
    c = truth.components(3, 2, seed=4, decades=0.5)
    score = sde.score_at(GaussianMixture(*c).noisy_score)
    x = 3 * torch.randn(50, 2, dtype=torch.float64, generator=truth.generator(0))
    for share in (0.01, 0.3, 1.0):
        t = share * sde.T
        scale, std = map(float, sde.perturbation(t))
        covariances = scale**2 * c.covariances + std**2 * torch.eye(2, dtype=torch.float64)
        law = truth.torch_mixture(truth.Components(c.weights, scale * c.means, covariances))
        points = x.clone().requires_grad_()
        (expected,) = torch.autograd.grad(law.log_prob(points).sum(), points)
        assert torch.allclose(score(x, t), expected, rtol=1e-8, atol=1e-10)


def test_score_at_follows_the_dtype_of_the_points():
    sde = OrnsteinUhlenbeck()
    p = mixture().to(torch.float32)
    x = torch.randn(4, 2)
    for t in (0.5, torch.tensor(0.5, dtype=torch.float64)):
        assert sde.score_at(p.noisy_score)(x, t).dtype == torch.float32


def test_score_at_refuses_a_time_without_noise():
    score = OrnsteinUhlenbeck().score_at(mixture().noisy_score)
    with pytest.raises(ValueError, match=r"t must be a time .* t = 0 is 0"):
        score(torch.zeros(1, 2, dtype=torch.float64), 0.0)


@pytest.mark.parametrize(
    ("sde", "expected"),
    [
        (OrnsteinUhlenbeck(1.0), 1.0),
        (VP(), 1.0),
        (VE(0.5, 3.0), math.sqrt(9 - 0.25)),
        (Known(), None),
    ],
    ids=["OU", "VP", "VE", "a reader's own"],
)
def test_prior_has_its_standard_deviation(sde, expected):
    """5 standard errors of a standard deviation from 4·10⁴ numbers: 5/√(2n)."""
    expected = kernel_by_its_equations(sde, sde.T)[1] if expected is None else expected
    assert sde.prior_std == pytest.approx(expected)
    x = sde.sample_prior((20_000, 2), generator=truth.generator(0), dtype=torch.float64)
    assert x.shape == (20_000, 2)
    assert x.dtype == torch.float64
    assert float(x.std()) == pytest.approx(expected, rel=5 / math.sqrt(2 * 40_000))
    assert abs(float(x.mean())) <= 5 * expected / math.sqrt(40_000)


def test_prior_is_decided_by_the_generator():
    sde = OrnsteinUhlenbeck()
    first = sde.sample_prior((3, 1), generator=truth.generator(0))
    assert first.dtype == torch.get_default_dtype()
    assert torch.equal(first, sde.sample_prior((3, 1), generator=truth.generator(0)))
    assert not torch.equal(first, sde.sample_prior((3, 1), generator=truth.generator(1)))


# --------------------------------------------------------------------------------- the way back


def linear_score(x, t):
    return (1.0 + t) * x


def test_reverse_drift_and_flow_in_numbers():
    """f = −t x, g = 1 + t, s = (1 + t) x at t = 1: f − g² s = −9 x, f − ½ g² s = −5 x."""
    x = torch.tensor([[1.0, -2.0]])
    sde = Pulled()
    reverse, flow = sde.reverse(linear_score), sde.probability_flow(linear_score)
    assert torch.equal(sde.reverse_drift(x, 1.0, linear_score), -9 * x)
    assert torch.equal(reverse.drift(x, 1.0), -9 * x)
    assert torch.equal(flow.drift(x, 1.0), -5 * x)
    assert float(reverse.diffusion(1.0)) == 2.0
    assert float(flow.diffusion(1.0)) == 0.0


def test_way_back_runs_from_the_end_to_t_min():
    sde = Pulled()
    assert sde.t_span == (0.0, 2.0)
    for backward in (sde.reverse(linear_score), sde.probability_flow(linear_score)):
        assert backward.t_span == (2.0, 1e-3)
    sde.t_min = 0.25
    assert sde.reverse(linear_score).t_span == (2.0, 0.25)


def test_way_back_takes_an_overridden_reverse_drift():
    """`reverse` asks the process, so that a subclass that knows better is heard."""

    class Better(Pulled):
        def reverse_drift(self, x, t, score):
            return 7 * x

    assert torch.equal(
        Better().reverse(linear_score).drift(torch.ones(1, 1), 0.5), torch.tensor([[7.0]])
    )


def test_a_reader_s_process_gets_everything():
    """Drift, diffusion and kernel are enough to sample p_0 and to know its density."""
    sde, p = Known(), GaussianMixture([1.0], [[0.5]], [[[0.3]]]).to(torch.float64)
    score = sde.score_at(p.noisy_score)
    x = p.sample(10, generator=truth.generator(0))
    exact = sde.marginal(p, sde.T).log_prob
    found = log_likelihood(sde, score, x, prior_log_prob=exact)
    assert torch.allclose(found, p.log_prob(x), atol=1e-3)
    start = sde.sample_prior((4, 1), generator=truth.generator(0), dtype=torch.float64)
    options = {"n_steps": 3, "generator": truth.generator(0)}
    for run in (
        euler_maruyama(sde.reverse(score), start, **options),
        heun(sde.probability_flow(score), start, **options),
        predictor_corrector(sde, score, start, **options),
    ):
        assert run.final.isfinite().all()


@pytest.mark.parametrize(
    ("needs", "use"),
    [
        ("marginal", lambda sde: sde.marginal(mixture(), 0.5)),
        ("score_at", lambda sde: sde.score_at(mixture().noisy_score)),
        ("the prior", lambda sde: sde.sample_prior((2, 2))),
        ("the prior", lambda sde: log_likelihood(sde, linear_score, torch.zeros(1, 2))),
        (
            "predictor_corrector",
            lambda sde: predictor_corrector(sde, linear_score, torch.zeros(1, 2), n_steps=2),
        ),
    ],
)
def test_missing_perturbation_is_said_by_what_needs_it(needs, use):
    with pytest.raises(NotImplementedError, match=f"{needs} needs it: Pulled defines no perturb"):
        use(Pulled())


def test_what_needs_no_perturbation_works_without():
    sde, x = Pulled(), torch.zeros(2, 2)
    assert euler_maruyama(sde, x, n_steps=2).final.shape == x.shape
    assert euler_maruyama(sde.reverse(linear_score), x, n_steps=2).final.shape == x.shape
    assert heun(sde.probability_flow(linear_score), x, n_steps=2).final.shape == x.shape
    with pytest.raises(NotImplementedError):
        LangevinDiffusion(lambda y: -y).perturbation(1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: OrnsteinUhlenbeck(0.0), "T must be a finite number > 0, got 0.0"),
        (lambda: OrnsteinUhlenbeck(math.inf), "T must be a finite number > 0"),
        (lambda: VE(0.0, 1.0), "sigma_min must be a finite number > 0"),
        (lambda: VE(0.1, -1.0), "sigma_max must be a finite number > 0"),
        (lambda: VE(1.0, 1.0), "sigma_max must be > sigma_min, got 1.0 and 1.0"),
        (lambda: VE(0.1, 1.0, T=-1.0), "T must be a finite number > 0"),
        (lambda: VP(0.0, 1.0), "beta_min must be a finite number > 0"),
        (lambda: VP(0.1, math.nan), "beta_max must be a finite number > 0"),
        (lambda: VP(T=0.0), "T must be a finite number > 0"),
    ],
)
def test_bad_parameters_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
