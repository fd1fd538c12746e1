"""What went wrong for others in numeric code: each kind of fault, with the right values."""

import math
import pickle
from functools import partial

import numpy as np
import pytest
import torch

import scorelab as sl

DOUBLE = torch.float64
DOUBLE_SCALAR = partial(torch.tensor, dtype=DOUBLE)
SPAN = {"n_steps": 3}


def normal(dim: int = 1, dtype: torch.dtype = DOUBLE) -> sl.GaussianMixture:
    return sl.GaussianMixture([1.0], torch.zeros(1, dim, dtype=dtype), [1.0])


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# -------------------------------------------------------- a field without a graph is no constant

HIDDEN = {
    "no_grad": torch.no_grad()(lambda y: -y),
    "inference_mode": torch.inference_mode()(lambda y: -y),
    "detached": lambda y: (-y).detach(),
    "numpy": lambda y: torch.from_numpy(-y.detach().numpy()),
    "numpy of what requires grad": lambda y: torch.from_numpy(-y.numpy()),
    "a part of it": lambda y: -0.9 * y - 0.1 * y.detach(),
    "one coordinate": lambda y: torch.cat([-y[:, :1].detach(), -y[:, 1:]], 1),
}


@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
@pytest.mark.parametrize("field", HIDDEN.values(), ids=HIDDEN)
def test_a_field_that_autograd_does_not_see_is_refused(field, dtype):
    x = torch.ones(3, 2, dtype=dtype)
    for call in (sl.divergence, sl.field_and_divergence, sl.implicit_terms):
        for n_probes in (None, 1):
            with pytest.raises(ValueError, match="score must be differentiable"):
                call(field, x, n_probes=n_probes)
    for sde in (sl.OrnsteinUhlenbeck(), sl.VariancePreserving()):
        with pytest.raises(ValueError, match="score must be differentiable"):
            sl.log_likelihood(sde, lambda y, t: field(y), x)


def test_a_field_that_autograd_sees_has_its_divergence():
    x = torch.zeros(1, 2, dtype=DOUBLE)
    ou = sl.OrnsteinUhlenbeck()
    for around in (torch.no_grad(), torch.inference_mode()):
        with around:
            assert sl.divergence(lambda y: -y, torch.ones(3, 2)).tolist() == [-2, -2, -2]
            found = sl.log_likelihood(ou, lambda y, t: -y, x)
            assert float(found) == pytest.approx(-math.log(2 * math.pi), abs=1e-4)
    offset = torch.nn.Parameter(torch.ones(2))
    for constant in (lambda y: torch.ones_like(y.detach()), lambda y: offset.expand_as(y)):
        assert (sl.divergence(constant, torch.ones(3, 2)) == 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
def test_a_right_field_is_not_suspected(dtype):
    """Kinks at the points, bends that are sharper than a step, rounding, a wide network of ReLU."""
    torch.manual_seed(0)
    wide = torch.nn.Sequential(torch.nn.Linear(2, 200), torch.nn.ReLU(), torch.nn.Linear(200, 2))
    sharp = sl.GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [1e-4, 1e-4])
    fields = [wide.to(dtype), sharp.score, torch.relu, torch.abs, torch.sign]
    fields += [lambda y: -(y - 1e6), lambda y: -1e30 * y, lambda y: (y * 50).sin()]
    for n in (1, 2, 50):
        for x in (torch.zeros(n, 2), torch.randn(n, 2), 100 * torch.randn(n, 2)):
            for field in fields:
                sl.divergence(field, x.to(dtype))


# ------------------------------------------------------------ numbers keep their digits, and arrays


def test_pythons_numbers_keep_their_digits():
    mixture = sl.GaussianMixture([0.2, 0.3, 0.5], np.zeros((3, 1)), [0.1, 0.1, 0.1])
    assert mixture.weights.tolist() == [0.2, 0.3, 0.5]
    assert mixture.covariances.flatten().tolist() == [0.1] * 3
    beside = sl.GaussianMixture(torch.ones(1, dtype=DOUBLE), [[0.1]], [1.0])
    assert beside.means.item() == 0.1
    assert sl.ScoreMLP(1, data_mean=[0.1]).config["data_mean"] == [0.1]
    like = torch.zeros(2, 1, dtype=DOUBLE)
    assert sl.kernel_log_prob(like, like, 0.1)[0].item() == pytest.approx(
        -math.log(0.1 * math.sqrt(2 * math.pi)), rel=1e-14
    )
    exploding = sl.VarianceExploding(0.01, math.e)  # a prior whose width has no short binary form
    x = torch.zeros(1, 1, dtype=DOUBLE)
    flow = sl.log_likelihood(exploding, lambda y, t: 0 * y, x)
    exact = -math.log(exploding.prior_std * math.sqrt(2 * math.pi))
    assert float(flow) == pytest.approx(exact, rel=1e-12)


def test_weights_that_sum_to_one_up_to_their_own_rounding():
    triples = [(i, j, 20 - i - j) for i in range(1, 19) for j in range(1, 20 - i)]
    for triple in triples:
        sl.GaussianMixture([w / 20 for w in triple], np.zeros((3, 1)), [1.0, 1.0, 1.0])
    soft = torch.randn(50, generator=source()).softmax(0)
    means = torch.zeros(50, 1, dtype=DOUBLE)
    total = sl.GaussianMixture(soft, means, torch.ones(50)).weights.sum().item()
    assert total == pytest.approx(1, abs=1e-14)
    for wrong in ([0.5, 0.50001], torch.tensor([0.5, 0.5 + 1e-9], dtype=DOUBLE)):
        with pytest.raises(ValueError, match="weights must sum to 1"):
            sl.GaussianMixture(wrong, means[:2], [1.0, 1.0])


def test_a_callers_array_is_copied():
    weights, means, variances = torch.ones(1), torch.zeros(1, 2), torch.ones(1, 2)
    mixture = sl.GaussianMixture(weights, means, variances)
    same, x = mixture.to(torch.float32), torch.ones(4, 2)
    array = np.zeros((1, 2), dtype=np.float32)
    of_array = sl.GaussianMixture([1.0], array, [1.0])
    points, sigmas = torch.zeros(3, 2), torch.tensor([2.0, 1.0])
    empirical = sl.empirical_score(points)
    schedule = sl.NoiseSchedule(sigmas, 0.1, 5, 2, 2.0)
    run = sl.Trajectory(points[None], sigmas)
    before = mixture.score(x), empirical(x, 1.0)
    for changed in (weights, means, variances, same.means, array, points, sigmas):
        changed += 5
    assert torch.equal(mixture.score(x), before[0])
    assert torch.equal(of_array.score(x), before[0])
    assert torch.equal(empirical(x, 1.0), before[1])
    assert schedule.sigmas.tolist() == run.times.tolist() == [2.0, 1.0]
    assert not run.states.any()


# ------------------------------------------------------------- what is not finite, or does not end


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_points_that_are_not_finite_are_refused(bad):
    x = torch.randn(6, 2, generator=source())
    x[4, 1] = bad
    p, ou = normal(2, torch.float32), sl.OrnsteinUhlenbeck()
    calls = [
        lambda: sl.largest_distance(x),
        lambda: sl.frechet_distance(x, x),
        lambda: sl.sliced_wasserstein(x, x),
        lambda: sl.metrics.mode_weights(p, x),
        lambda: sl.fisher_divergence(p.score, p.score, x),
        lambda: sl.divergence(p.score, x),
        lambda: sl.langevin_dynamics(p.score, x, step_size=0.1, n_steps=1),
        lambda: sl.mala(p.log_prob, p.score, x, step_size=0.1, n_steps=1),
        lambda: sl.euler_maruyama(ou, x, n_steps=1),
        lambda: sl.log_likelihood(ou, ou.score_at(p.noisy_score), x),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="must be finite, but row 4 holds"):
            call()


def test_a_search_for_a_schedule_ends():
    x = torch.randn(20, 8, generator=source())
    for extreme in ({"variance": 1 + 1e-12}, {"max_ratio": 1 + 1e-12}, {"overlap": 0.999}):
        with pytest.raises(ValueError, match=next(iter(extreme))):
            sl.NoiseSchedule.from_data(x, sigma_min=0.1, **extreme)


# ------------------------------------------------------------------------------ direction, shapes


def test_time_runs_in_the_direction_that_there_is():
    p, ou = normal(), sl.OrnsteinUhlenbeck()
    score, x = ou.score_at(p.noisy_score), torch.zeros(2, 1, dtype=DOUBLE)
    up, down = (1e-3, 10.0), (10.0, 1e-3)
    for sde, span in ((ou, down), (ou.reverse(score), up), (sl.LangevinDiffusion(p.score), down)):
        with pytest.raises(ValueError, match=r"t_span must be (as|des)cending"):
            sl.euler_maruyama(sde, x, t_span=span, **SPAN)
    with pytest.raises(ValueError, match="t_span must be descending"):
        sl.predictor_corrector(ou, score, x, t_span=up, **SPAN)
    with pytest.raises(ValueError, match="t_span must be ascending"):
        sl.log_likelihood(ou, score, x, t_span=down)
    for span in (up, down):  # without noise both ways, and a process of one's own
        sl.heun(ou.probability_flow(score), x, t_span=span, **SPAN)
    for sde in (ou, sl.VarianceExploding(0.1, 5), sl.VariancePreserving()):
        with pytest.raises(ValueError, match="t must be a time >= 0"):
            sde.perturbation(-1.0)


def test_what_would_be_broadcast_is_refused():
    p, ou, g = normal(2), sl.OrnsteinUhlenbeck(), source()
    x = torch.randn(5, 2, generator=g, dtype=DOUBLE)
    results = [lambda y: -y[:, :1], lambda y: -y[0], lambda y: y.sum(), lambda y: -y[None]]
    results += [lambda y: None, lambda y: (-y).long(), lambda y: (-y).numpy(force=True)]
    for f in results:

        def timed(y, t, f=f):
            return f(y)

        calls = [
            lambda f=f: sl.fisher_divergence(p.score, f, x),
            lambda f=f: sl.fisher_divergence(f, p.score, x),
            lambda: sl.relative_fisher_error(timed, p, 1.0, n_samples=5),
            lambda f=f: sl.langevin_dynamics(f, x, step_size=0.1, **SPAN),
            lambda f=f: sl.mala(p.log_prob, f, x, step_size=0.1, **SPAN),
            lambda f=f: sl.mala(f, p.score, x, step_size=0.1, **SPAN),
            lambda: sl.annealed_langevin_dynamics(timed, x, sigmas=[1.0], step_size=0.1, **SPAN),
            lambda: sl.predictor_corrector(ou, timed, x, **SPAN),
            lambda: sl.euler_maruyama(ou.reverse(timed), x, **SPAN),
            lambda: sl.heun(ou.probability_flow(timed), x, **SPAN),
            lambda: ou.reverse_drift(x, 1.0, timed),
            lambda: ou.score_at(timed)(x, 1.0),
            lambda: sl.dsm_loss(timed, x, 1.0),
            lambda: sl.ncsn_loss(timed, x, [1.0]),
            lambda: sl.log_likelihood(ou, timed, x),
            lambda f=f: sl.divergence(f, x),
        ]
        for call in calls:
            with pytest.raises(ValueError, match=r"(score\w*|model|log_prob) must return"):
                call()
    column = x[:, :1]
    assert sl.fisher_divergence(lambda a: -a, lambda a: -a, column) == 0
    with pytest.raises(ValueError, match=r"score_q must return .* \(5, 1\), got \(5,\)"):
        sl.fisher_divergence(lambda a: -a, lambda a: -a.squeeze(-1), column)


# ------------------------------------------------------------------------------ precision, autocast


def test_low_precision_is_right_or_refused():
    for dtype in (torch.bfloat16, torch.float16):
        x0 = torch.randn(4_000, 1, generator=source(1)).to(dtype)
        p = normal(dtype=dtype)
        options = {"step_size": 16.0, "n_steps": 50, "generator": source()}
        run = sl.mala(p.log_prob, p.score, x0, **options)
        assert run.final.dtype == dtype
        assert float(run.final.double().var()) == pytest.approx(1, abs=0.15)
        with pytest.raises(ValueError, match="x must be float32 or float64"):
            sl.log_likelihood(sl.OrnsteinUhlenbeck(), lambda y, t: -y, x0)
        # In steps that a state in half precision would not feel: it did not contract, 2.9 for 1.
        ou, z = sl.OrnsteinUhlenbeck(T=4.0), x0[:2_000]
        ways = [
            sl.langevin_dynamics(
                lambda y: -y, z, step_size=1e-3, n_steps=2_000, generator=source()
            ),
            sl.euler_maruyama(ou.reverse(lambda y, t: -y), z, n_steps=2_000, generator=source()),
            sl.predictor_corrector(ou, lambda y, t: -y, z, n_steps=1_000, generator=source()),
        ]
        for run in ways:  # four standard errors
            assert run.final.dtype == dtype
            assert float(run.final.double().var()) == pytest.approx(1, abs=4 * (2 / 2_000) ** 0.5)
    half = torch.full((2, 1), 5.0, dtype=torch.float16)
    found = normal().noisy_score(half, 300.0).flatten().tolist()
    assert found == pytest.approx([-5 / 90001] * 2, rel=0.01)
    many = torch.ones(100_000, 1, dtype=torch.float16)
    assert len(sl.langevin_dynamics(lambda y: -y, many, step_size=0.01, n_steps=1).final) == 1e5
    single = normal(dtype=torch.float32)
    with pytest.raises(ValueError, match="variances outside the range"):
        single.noised(1e20)
    for sigma in (1e20, 1e-23):
        with pytest.raises(ValueError, match="sigma must have a square"):
            single.noisy_score(torch.ones(1, 1), sigma)
    assert normal().noised(1e20).score(torch.ones(1, 1, dtype=DOUBLE)).item() == -1e-40


def test_exact_formulas_stand_outside_autocast():
    full = [[[1.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.0, 2.0]]]
    p = sl.GaussianMixture([0.4, 0.6], [[0.0, 1.0], [3.0, 0.0]], full)
    x = p.sample(50, generator=source())
    empirical = sl.empirical_score(x)

    def everything() -> list[torch.Tensor]:
        options = {"generator": source(), "n_steps": 3}
        return [
            *(p.sample(9, generator=source()), p.score(x), p.log_prob(x), p.responsibilities(x)),
            *(p.noisy_score(x, 0.5), p.mean(), p.covariance(), p.covariances, empirical(x, 0.5)),
            sl.langevin_dynamics(p.score, x, step_size=0.1, **options).final,
            sl.mala(p.log_prob, p.score, x, step_size=0.1, **options).final,
            torch.tensor(sl.sliced_wasserstein(x, x + 1, generator=source())),
            torch.tensor(sl.dsm_floor(p, 0.5, n_samples=9, generator=source())),
        ]

    plain = everything()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for found, right in zip(everything(), plain, strict=True):
            assert found.dtype == right.dtype
            assert torch.equal(found, right)


def test_the_likelihood_of_a_network_ends_and_is_the_same_under_autocast():
    torch.manual_seed(0)
    model = sl.ScoreMLP(2, width=16)
    torch.nn.init.normal_(model.last.weight, std=0.01)
    ou, x = sl.OrnsteinUhlenbeck(T=5.0), torch.randn(3, 2)
    options = {"t_span": (0.1, 5.0), "rtol": 1e-4}
    alone = sl.log_likelihood(ou, ou.score_at(model), x, **options)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(sl.log_likelihood(ou, ou.score_at(model), x, **options), alone)


# ------------------------------------------------------------------------------ times, processes

PROCESSES = [sl.OrnsteinUhlenbeck(), sl.VarianceExploding(0.1, 5.0), sl.VariancePreserving()]


@pytest.mark.parametrize("sde", PROCESSES, ids=lambda sde: type(sde).__name__)
@pytest.mark.parametrize("shape", [(2, 2), (3, 2), (3, 3, 2), (0, 2)])
def test_a_batch_of_times_is_one_a_row(sde, shape):
    x = torch.randn(shape, generator=source(), dtype=DOUBLE)
    t = torch.linspace(0.2, 0.9, len(x), dtype=DOUBLE)
    empirical = sl.empirical_score(torch.randn(4, *shape[1:], generator=source(1), dtype=DOUBLE))
    score = sde.score_at(empirical)
    functions = [
        *(sde.drift, score, lambda y, s: sde.reverse_drift(y, s, score)),
        *(sde.reverse(score).drift, sde.probability_flow(score).drift),
    ]
    for f in functions:
        for kind in (float, DOUBLE_SCALAR, np.float64):
            rows = [f(x[i : i + 1], kind(float(t[i]))) for i in range(len(x))]
            torch.testing.assert_close(f(x, t), torch.cat([x[:0], *rows]))
        assert f(x.float(), t).dtype == torch.float32
        for wrong in (torch.ones(len(x) + 1), torch.ones(len(x), 1), t[:, None].expand(len(x), 2)):
            with pytest.raises(ValueError, match=r"t must be a scalar or have shape"):
                f(x, wrong)


def test_functions_of_the_package_go_to_another_process():
    x = torch.randn(3, 2, generator=source())
    p = normal(2)
    for sde in PROCESSES:
        score = sde.score_at(p.noisy_score)
        for f in (score, sde.drift, sde.reverse(score).drift, sde.probability_flow(score).drift):
            assert torch.equal(pickle.loads(pickle.dumps(f))(x, 0.5), f(x, 0.5))
    for f in (sl.empirical_score(x), p.noisy_score):
        assert torch.equal(pickle.loads(pickle.dumps(f))(x, 0.5), f(x, 0.5))


# ------------------------------------------------------------------------------------- small things


def test_small_things():
    p, g = normal(2, torch.float32), source()
    assert p.sample(np.int64(3), generator=g).shape == (3, 2)
    x = p.sample(3, generator=g)
    run = sl.langevin_dynamics(p.score, x, step_size=np.float32(0.1), n_steps=np.int32(2))
    assert run.times.tolist() == pytest.approx([0, 0.2])
    assert sl.geometric_sigmas(2, 1, np.int64(3)).shape == (3,)
    none = x[:0]
    assert sl.langevin_dynamics(p.score, none, step_size=0.1, n_steps=2).final.shape == (0, 2)
    assert math.isnan(sl.mala(p.log_prob, p.score, none, step_size=1, n_steps=1).acceptance_rate)
    assert sl.divergence(p.score, none).shape == sl.implicit_terms(p.score, none).shape == (0,)
    assert sl.empirical_score(x)(none, 1.0).shape == p.noisy_score(none, 1.0).shape == (0, 2)
    refused = {
        "n must be an integer": lambda: p.sample(True),
        "x must have shape": lambda: sl.sliced_wasserstein(torch.ones(4), torch.ones(4)),
        "x must have shape .* n >= 1": lambda: sl.dsm_loss(p.noisy_score, none, 1.0),
        "samples must have shape .* n >= 2": lambda: sl.fisher_divergence(p.score, p.score, none),
        "x must be a floating-point": lambda: p.score(torch.zeros(1, 2, dtype=torch.complex64)),
        "generator must be a torch.Generator": lambda: p.sample(2, generator=0),
        "generator must be on the device": lambda: sl.OrnsteinUhlenbeck().sample_prior(
            (2, 1), generator=g, device="meta"
        ),
        "weight must return": lambda: sl.ncsn_loss(
            p.noisy_score, x, [1.0, 2.0], weight=lambda s: s[:, None]
        ),
        "step_size must be a finite number": lambda: sl.langevin_dynamics(
            p.score, x, step_size="0.1", n_steps=1
        ),
    }
    for message, call in refused.items():
        with pytest.raises(ValueError, match=message):
            call()


def test_everything_is_made_on_the_device_of_its_input():
    """With another default device, on which nothing has a value, each function gives the same."""
    p, x = sl.book_mixture(), torch.randn(6, 2, generator=source())
    sigmas, ou = torch.tensor([2.0, 1.0]), sl.OrnsteinUhlenbeck()
    score, empirical = ou.score_at(p.noisy_score), sl.empirical_score(x)

    def everything() -> list:
        g = {"generator": source()}
        options = {**SPAN, **g}
        runs = [
            sl.langevin_dynamics(p.score, x, step_size=0.1, **options),
            sl.mala(p.log_prob, p.score, x, step_size=0.1, **options),
            sl.annealed_langevin_dynamics(
                p.noisy_score, x, sigmas=[2.0, 1.0], step_size=0.1, denoise=True, **options
            ),
            sl.euler_maruyama(ou, x, **options),
            sl.euler_maruyama(ou.reverse(score), x, **options),
            sl.heun(ou.probability_flow(score), x, **options),
            sl.predictor_corrector(ou, score, x, **options),
        ]
        schedule = sl.NoiseSchedule.from_data(x, sigma_min=0.5)
        noised, tensors = p.noised(0.5), sl.GaussianMixture([0.5, 0.5], x[:2], [1.0, 1.0])
        return [
            *(part for run in runs for part in (run.final, run.times)),
            *(sl.divergence(p.score, x), sl.implicit_terms(p.score, x, n_probes=2, **g)),
            sl.log_likelihood(ou, score, x[:1], rtol=1e-3, atol=1e-3),
            *(p.score(x), p.log_prob(x), p.sample(4, **g), p.mean(), p.covariance()),
            *(noised.score(x), tensors.score(x), empirical(x, 0.5), p.noisy_score(x, sigmas[0])),
            *(sl.dsm_loss(p.noisy_score, x, 0.5, **g), sl.dsm_floor(p, 0.5, n_samples=4, **g)),
            *(sl.ncsn_loss(p.noisy_score, x, [2.0, 1.0], levels=k, **g) for k in ("all", "sample")),
            *(sl.dsm_target(x, x + 1, 0.5), sl.kernel_log_prob(x, x + 1, 0.5)),
            *(sl.fisher_divergence(p.score, noised.score, x), sl.largest_distance(x)[0]),
            sl.relative_fisher_error(p.noisy_score, p, 0.5, n_samples=4, **g),
            *(sl.frechet_distance(x, x + 1), sl.sliced_wasserstein(x, x + 1, **g)),
            *(sl.sliced_wasserstein_floor(p, 5, n_pairs=2, **g), *sl.mode_weights(p, x)),
            *(schedule.sigmas, schedule.step_size),
            sl.annealed_variance(1.0, [2.0, 1.0], step_ratio=0.1, n_steps=3),
            ou.sample_prior((2, 1), device="cpu", **g),
        ]

    torch.manual_seed(0)
    plain = everything()
    torch.manual_seed(0)
    torch.set_default_device("meta")
    try:
        found = everything()
    finally:
        torch.set_default_device(None)
    for i, (one, other) in enumerate(zip(found, plain, strict=True)):
        assert torch.equal(torch.as_tensor(one), torch.as_tensor(other)), i
