"""The mixture against mpmath, torch.distributions, autograd, quadrature and its own samples."""

import math

import pytest
import torch
import truth
from hypothesis import given
from hypothesis import strategies as st

from scorelab.mixture import GaussianMixture

# d = 130 takes the path that skips components out of reach.
SHAPES = [(1, 1, False), (3, 2, False), (3, 2, True), (8, 5, False), (3, 130, False)]


def mixture(*args, dtype=torch.float64, **kwargs) -> tuple[truth.Components, GaussianMixture]:
    c = truth.components(*args, **kwargs).to(dtype)
    if (c.weights.double().sum() - 1).abs() > 1e-15:
        c = c._replace(weights=c.weights / c.weights.sum())
    return c, GaussianMixture(*c)


# ----------------------------------------------------------------- against torch.distributions


@given(
    n_components=st.integers(1, 8),
    dim=st.integers(1, 6),
    decades=st.floats(0, 6),
    log_condition=st.floats(0, 6),
    spread=st.floats(0, 10),
    seed=st.integers(0, 2**32),
)
def test_agrees_with_torch_and_its_autograd(
    n_components, dim, decades, log_condition, spread, seed
):
    """Relative error ≤ 1e-10, or what the conditioning allows where that is more.

    A factorisation of Σ is exact for a matrix that differs by about ε_machine ‖Σ‖. This moves
    Σ⁻¹(μ − x) by κ ε_machine of its norm and the logarithm of a responsibility by κ ε_machine of
    the squared Mahalanobis distance; 20 covers the dimension and the two methods. The error is
    compared with the size of the terms of the sum, since the sum itself may cancel to 0.
    """
    condition = 10**log_condition if dim > 1 else 1.0
    c, p = mixture(
        n_components, dim, decades=decades, condition=condition, spread=spread, seed=seed
    )
    q = truth.torch_mixture(c)
    x = p.sample(50, generator=truth.generator(seed))
    y = c.means - x[:, None]
    pulls = torch.linalg.solve(c.covariances, y[..., None])[..., 0]
    gamma = p.responsibilities(x)
    distance = (gamma * (pulls * y).sum(-1)).sum(-1)
    terms = (gamma * pulls.norm(dim=-1)).sum(-1)
    allowed = (20 * condition * 2.2e-16 * (1 + distance)).clamp_min(1e-10)

    log_p = q.log_prob(x)
    assert ((p.log_prob(x) - log_p).abs() <= allowed * (1 + log_p.abs())).all()
    error = (p.score(x) - truth.autograd_score(q, x)).norm(dim=1)
    assert (error <= allowed * terms).all(), float((error / terms / allowed).max())


@pytest.mark.parametrize(("n_components", "dim", "diagonal"), SHAPES)
def test_score_is_the_gradient_of_torch(n_components, dim, diagonal):
    c, p = mixture(n_components, dim, diagonal=diagonal)
    x = p.sample(200, generator=truth.generator(3))
    assert truth.relative_error(p.score(x), truth.autograd_score(truth.torch_mixture(c), x)) < 1e-10


@pytest.mark.parametrize(("n_components", "dim", "diagonal"), SHAPES)
def test_score_is_the_gradient_of_log_prob(n_components, dim, diagonal):
    _, p = mixture(n_components, dim, diagonal=diagonal)
    x = p.sample(200, generator=truth.generator(3))
    assert truth.relative_error(p.score(x), truth.autograd_score(p, x)) < 1e-10


# -------------------------------------------------------------------------------- in the tails


TAILS = [
    (1, 1, False),
    (3, 2, False),
    (10, 5, False),
    (3, 20, False),
    (100, 2, True),
    (100, 784, True),
]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-2)])
@pytest.mark.parametrize(("n_components", "dim", "diagonal"), TAILS)
def test_exact_ten_thousand_deviations_away(n_components, dim, diagonal, dtype, tolerance):
    c, p = mixture(n_components, dim, diagonal=diagonal, dtype=dtype)
    x = truth.far_points(c, 1 if dim == 784 else 6)
    assert _deviations(c, x) >= 1e4
    log_p, score = truth.exact(c, x)
    assert truth.relative_error(p.log_prob(x), log_p) <= tolerance
    assert truth.relative_error(p.score(x), score) <= tolerance
    if dim == 784:
        return  # the reference alone takes a second
    noisy = c._replace(
        covariances=c.covariances + 0.25 * (1 if diagonal else torch.eye(dim, dtype=dtype))
    )
    assert truth.relative_error(p.noisy_score(x, 0.5), truth.exact(noisy, x)[1]) <= tolerance


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-2)])
def test_exact_in_the_tails_in_high_dimension_with_full_covariances(dtype, tolerance):
    """d = 784: reflected diagonals, whose inverse is known without an inversion."""
    c = truth.components(3, 784, diagonal=True)
    v = torch.randn(3, 784, generator=truth.generator(5), dtype=torch.float64)
    v = v / v.norm(dim=1, keepdim=True)

    def reflect(y):
        return y - 2 * v * (v * y).sum(-1, keepdim=True)

    mirror = torch.eye(784, dtype=torch.float64) - 2 * v[:, :, None] * v[:, None, :]
    p = GaussianMixture(c.weights, c.means, (mirror * c.covariances[:, None, :]) @ mirror).to(dtype)
    x = truth.far_points(c, 4)
    y = c.means - x[:, None]
    pulls = reflect(reflect(y) / c.covariances)
    logits = c.weights.log() - 0.5 * ((y * pulls).sum(-1) + c.covariances.log().sum(-1))
    expected = (logits.softmax(-1)[..., None] * pulls).sum(1)
    assert truth.relative_error(p.score(x.to(dtype)), expected) <= tolerance
    log_p = logits.logsumexp(-1) - 392 * math.log(2 * math.pi)
    assert truth.relative_error(p.log_prob(x.to(dtype)), log_p) <= tolerance


def test_one_hundred_components_in_784_dimensions_near_the_means():
    """float32, where the points live: neither an overflow nor a NaN, and the right score."""
    c, p = mixture(100, 784, diagonal=True, dtype=torch.float32, spread=0.1)
    x = p.sample(1, generator=truth.generator(0))
    log_p, score = truth.exact(c, x)
    assert truth.relative_error(p.score(x), score) < 1e-3
    assert truth.relative_error(p.log_prob(x), log_p) < 1e-5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_finite_much_further_out(dtype):
    c, p = mixture(3, 2, dtype=dtype)
    x = truth.far_points(c, 20, deviations=1e12)
    assert p.log_prob(x).isfinite().all()
    assert p.score(x).isfinite().all()
    assert torch.allclose(p.responsibilities(x).sum(-1), torch.ones(20, dtype=dtype))


def _deviations(c: truth.Components, x: torch.Tensor) -> float:
    """The least Mahalanobis distance of a point from a mean."""
    y = (x[:, None] - c.means).double()
    cov = c.covariances.double()
    pulls = y / cov if cov.ndim == 2 else torch.linalg.solve(cov, y[..., None])[..., 0]
    return float((y * pulls).sum(-1).sqrt().min())


# ------------------------------------------------------------------------ density and its parts


def test_density_integrates_to_one():
    """The trapezium rule is spectrally accurate on a smooth density that vanishes at the edge."""
    _, p = mixture(3, 2, spread=1.5)
    side = torch.linspace(-30, 30, 721, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(side, side, indexing="ij"), -1)
    total = p.log_prob(grid).exp().sum() * (side[1] - side[0]) ** 2
    assert abs(float(total) - 1) < 1e-10


def test_log_prob_by_hand():
    """0.25 N(0; −1, 4) + 0.75 N(0; 1, 0.25) at 0, from the textbook's formula."""
    p = GaussianMixture([0.25, 0.75], [[-1.0], [1.0]], torch.tensor([4.0, 0.25]))
    by_hand = 0.25 * math.exp(-1 / 8) / math.sqrt(8 * math.pi)
    by_hand += 0.75 * math.exp(-2) / math.sqrt(0.5 * math.pi)
    assert math.isclose(float(p.log_prob(torch.zeros(1, dtype=torch.float64))), math.log(by_hand))


def test_responsibilities_are_the_posterior():
    c, p = mixture(4, 3)
    x = p.sample(500, generator=truth.generator(1))
    q = truth.torch_mixture(c)
    joint = q.mixture_distribution.logits + q.component_distribution.log_prob(x[:, None])
    assert torch.allclose(p.responsibilities(x), joint.softmax(-1), rtol=1e-10, atol=1e-14)


def test_three_ways_to_give_the_covariances():
    c, _ = mixture(3, 4, diagonal=True)
    variances = c.covariances[:, 0]
    x = 3 * torch.randn(50, 4, dtype=torch.float64)
    isotropic = GaussianMixture(c.weights, c.means, variances)
    diagonal = GaussianMixture(c.weights, c.means, variances[:, None].expand(3, 4))
    full = GaussianMixture(c.weights, c.means, variances[:, None, None] * torch.eye(4))
    for p in (isotropic, diagonal, full):
        assert p.covariances.shape == (3, 4, 4)
        assert torch.allclose(p.covariances, full.covariances, atol=1e-14)
        assert torch.allclose(p.score(x), full.score(x), rtol=1e-12)
        assert torch.allclose(p.log_prob(x), full.log_prob(x), rtol=1e-12)
    assert "diagonal" in repr(diagonal)
    assert repr(full) == "GaussianMixture(K=3, d=4, full covariances)"


def test_covariances_come_back():
    c, p = mixture(5, 6, condition=1e4)
    assert torch.allclose(p.covariances, c.covariances, rtol=0, atol=1e-12)
    assert p.n_components == 5
    assert p.dim == 6
    assert torch.equal(p.weights, c.weights)
    assert torch.equal(p.means, c.means)


@pytest.mark.parametrize("lead", [(), (7,), (0,), (2, 3), (2, 0, 3), (70_000,)])
def test_leading_axes_are_kept(lead):
    _, p = mixture(3, 2)
    x = torch.randn(*lead, 2, dtype=torch.float64)
    assert p.score(x).shape == x.shape
    assert p.noisy_score(x, 0.3).shape == x.shape
    assert p.log_prob(x).shape == lead
    assert p.responsibilities(x).shape == (*lead, 3)
    if x.numel():
        one = x.reshape(-1, 2)[-1]
        assert torch.allclose(p.score(x).reshape(-1, 2)[-1], p.score(one), rtol=1e-12)


def test_slices_do_not_show():
    """More points than one slice holds: the same numbers as point by point."""
    _, p = mixture(10, 16)
    x = 3 * torch.randn(5000, 16, dtype=torch.float64)
    sigma = 0.1 + torch.rand(5000, dtype=torch.float64)
    some = torch.arange(0, 5000, 250)
    assert torch.allclose(p.score(x)[some], p.score(x[some]), rtol=1e-12)
    assert torch.allclose(
        p.noisy_score(x, sigma)[some], p.noisy_score(x[some], sigma[some]), rtol=1e-12
    )


# ------------------------------------------------------------------------------ dtype and device


@pytest.mark.parametrize("own", [torch.float32, torch.float64])
@pytest.mark.parametrize("asked", [torch.float32, torch.float64])
def test_dtype_follows_the_points(own, asked):
    c, _ = mixture(3, 2)
    p = GaussianMixture(*c).to(own)
    x = torch.randn(10, 2, dtype=asked)
    for found in (p.score(x), p.log_prob(x), p.responsibilities(x), p.noisy_score(x, 0.5)):
        assert found.dtype == asked
    assert p.sample(5).dtype == p.mean().dtype == p.covariance().dtype == own
    assert p.noised(0.5).sample(5).dtype == own
    exact = GaussianMixture(*c).score(x.double())
    assert torch.allclose(p.score(x).double(), exact, rtol=1e-4, atol=1e-4)


def test_device_follows_the_points():
    """The device "meta" has shapes and no numbers: what stayed behind on the CPU would raise."""
    _, p = mixture(3, 2)
    x = torch.zeros(10, 2, device="meta")
    for found in (p.score(x), p.log_prob(x), p.responsibilities(x)):
        assert found.device.type == "meta"
    assert p.to("meta").covariances.device.type == "meta"


def test_default_device_is_not_used():
    """With "meta" as the default device, a tensor made without a device would have no numbers."""
    _, p = mixture(3, 2)
    x = torch.randn(10, 2, dtype=torch.float64)
    with torch.device("meta"):
        found = [p.score(x), p.noisy_score(x, 0.5), p.log_prob(x), p.sample(5), p.noised(1.0).means]
    assert all(part.isfinite().all() for part in found)


# --------------------------------------------------------------------------------- derivatives


@pytest.mark.parametrize("diagonal", [False, True])
def test_score_is_differentiable(diagonal):
    _, p = mixture(3, 2, diagonal=diagonal)
    x = p.sample(6, generator=truth.generator(2)).requires_grad_()
    sigma = torch.linspace(0.2, 2, 6, dtype=torch.float64)
    assert torch.autograd.gradcheck(p.score, x)
    assert torch.autograd.gradcheck(lambda y: p.noisy_score(y, 0.7), x)
    assert torch.autograd.gradcheck(lambda y: p.noisy_score(y, sigma), x)


def test_score_is_differentiable_in_high_dimension():
    """Against a central difference, on the path that skips components out of reach."""
    _, p = mixture(3, 130, spread=0.3)
    x = p.sample(4, generator=truth.generator(2)).requires_grad_()
    v = torch.randn(4, 130, dtype=torch.float64)
    (found,) = torch.autograd.grad((p.score(x) * v).sum(), x)  # J v, since J is symmetric
    h = 1e-5
    expected = (p.score(x.detach() + h * v) - p.score(x.detach() - h * v)) / (2 * h)
    assert truth.relative_error(found, expected) < 1e-6


# -------------------------------------------------------------------------------------- noise


@pytest.mark.parametrize("diagonal", [False, True])
@pytest.mark.parametrize(
    ("sigma", "scale"), [(0.7, 1.0), (0.3, 0.4), (2.0, -1.5), (0.0, 2.0), (1.5, 0.0)]
)
def test_noised_components(sigma, scale, diagonal):
    """Component k becomes N(a μ, a² Σ + σ² I): against torch with these parameters."""
    c, p = mixture(3, 4, diagonal=diagonal)
    q = p.noised(sigma, scale)
    matrices = torch.diag_embed(c.covariances) if diagonal else c.covariances
    matrices = scale**2 * matrices + sigma**2 * torch.eye(4, dtype=torch.float64)
    assert torch.allclose(q.means, scale * c.means)
    assert torch.allclose(q.covariances, matrices, rtol=1e-12, atol=1e-12)
    assert torch.equal(q.weights, c.weights)
    x = torch.randn(50, 4, dtype=torch.float64)
    reference = truth.torch_mixture(truth.Components(c.weights, scale * c.means, matrices))
    assert truth.relative_error(q.score(x), truth.autograd_score(reference, x)) < 1e-10


def test_noised_is_the_law_of_scaled_samples_plus_noise():
    """Mean and covariance of a X + σ Z within 5 standard errors, the latter by the samples."""
    _, p = mixture(3, 2, spread=1.0)
    n, scale, sigma = 200_000, 0.6, 0.8
    source = truth.generator(11)
    y = scale * p.sample(n, generator=source)
    y = y + sigma * torch.randn(n, 2, generator=source, dtype=torch.float64)
    assert_moments(y, p.noised(sigma, scale))


def test_noise_adds_up():
    _, p = mixture(3, 2)
    x = torch.randn(20, 2, dtype=torch.float64)
    twice = p.noised(0.3).noised(0.4)
    assert torch.allclose(twice.score(x), p.noised(0.5).score(x), rtol=1e-10)


@pytest.mark.parametrize("diagonal", [False, True])
def test_noisy_score_is_the_score_of_the_noised_mixture(diagonal):
    c, p = mixture(3, 4, diagonal=diagonal)
    x = torch.randn(20, 4, dtype=torch.float64)
    matrices = torch.diag_embed(c.covariances) if diagonal else c.covariances
    sigma = torch.logspace(-2, 1, 20, dtype=torch.float64)
    one_by_one = p.noisy_score(x, sigma)
    for i, level in enumerate(sigma.tolist()):
        wider = matrices + level**2 * torch.eye(4, dtype=torch.float64)
        q = truth.torch_mixture(c._replace(covariances=wider))
        expected = truth.autograd_score(q, x)
        assert truth.relative_error(p.noisy_score(x, level), expected) < 1e-10
        assert truth.relative_error(p.noisy_score(x, sigma[i]), expected) < 1e-10
        assert truth.relative_error(one_by_one[i : i + 1], expected[i : i + 1]) < 1e-10
        assert truth.relative_error(p.noised(level).score(x), expected) < 1e-10


# ------------------------------------------------------------------------------------- samples


def assert_moments(x: torch.Tensor, p: GaussianMixture, errors: float = 5) -> None:
    """Every mean and covariance of the samples within so many standard errors of the truth."""
    n = len(x)
    centred = x - p.mean()
    assert ((x.mean(0) - p.mean()).abs() <= errors * x.std(0) / math.sqrt(n)).all()
    products = centred[:, :, None] * centred[:, None, :]
    error = products.std(0) / math.sqrt(n)
    assert ((products.mean(0) - p.covariance()).abs() <= errors * error).all()


@pytest.mark.parametrize("diagonal", [False, True])
def test_samples_have_the_mean_and_covariance(diagonal):
    _, p = mixture(3, 3, condition=100, diagonal=diagonal)
    assert_moments(p.sample(200_000, generator=truth.generator(4)), p)


@pytest.mark.parametrize("diagonal", [False, True])
def test_samples_of_every_component(diagonal):
    """Modes far apart: share, mean and covariance of each within 5 standard errors."""
    c, p = mixture(3, 3, condition=30, diagonal=diagonal, decades=0.5)
    means = 200 * torch.eye(3, dtype=torch.float64)
    p = GaussianMixture(c.weights, means, c.covariances)
    n = 200_000
    x = p.sample(n, generator=truth.generator(8))
    mode = torch.cdist(x, means).argmin(1)
    for k, weight in enumerate(c.weights.tolist()):
        share = float((mode == k).double().mean())
        assert abs(share - weight) <= 5 * math.sqrt(weight * (1 - weight) / n)
        single = GaussianMixture([1.0], means[k : k + 1], p.covariances[k : k + 1])
        assert_moments(x[mode == k], single)


def test_log_prob_of_samples_has_the_entropy_of_torch():
    """E log p by our samples and by torch's, within 5 standard errors of their difference."""
    c, p = mixture(3, 2)
    n = 100_000
    ours = p.log_prob(p.sample(n, generator=truth.generator(6)))
    theirs = p.log_prob(truth.torch_mixture(c).sample((n,)))
    error = math.sqrt(float(ours.var() + theirs.var()) / n)
    assert abs(float(ours.mean() - theirs.mean())) <= 5 * error


def test_mean_and_covariance_in_closed_form():
    """Two components by hand: m = Σ wμ, and the law of total covariance."""
    p = GaussianMixture([0.25, 0.75], [[-1.0, 0.0], [3.0, 4.0]], torch.tensor([2.0, 1.0])).to(
        torch.float64
    )
    between = 0.25 * 0.75 * torch.tensor([[16.0, 16.0], [16.0, 16.0]], dtype=torch.float64)
    within = (0.25 * 2 + 0.75) * torch.eye(2, dtype=torch.float64)
    assert torch.allclose(p.mean(), torch.tensor([2.0, 3.0], dtype=torch.float64))
    assert torch.allclose(p.covariance(), within + between)


def test_sampling_is_reproducible_and_leaves_the_global_generator_alone():
    _, p = mixture(3, 2)
    before = torch.get_rng_state()
    first = p.sample(100, generator=truth.generator(1))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, p.sample(100, generator=truth.generator(1)))
    assert not torch.equal(first, p.sample(100, generator=truth.generator(2)))
    torch.manual_seed(5)
    again = p.sample(10)
    torch.manual_seed(5)
    assert torch.equal(again, p.sample(10))


# ------------------------------------------------------------------------------------ bad input

EYE = [[1.0, 0.0], [0.0, 1.0]]
BAD = {
    "weights sum": ({"weights": [0.5, 0.6]}, r"weights must sum to 1, got 1\.1"),
    "weight negative": ({"weights": [1.5, -0.5]}, r"weights must be > 0; component 1"),
    "weight zero": ({"weights": [0.0, 1.0]}, r"weights must be > 0; component 0"),
    "weight nan": ({"weights": [0.5, math.nan]}, r"weights must be finite; component 1"),
    "weights shape": ({"weights": [1.0]}, r"weights must have shape \(2,\)"),
    "weights ragged": ({"weights": [[0.5], 0.5]}, r"weights must be a tensor or nested numbers"),
    "means shape": ({"means": [1.0, 2.0]}, r"means must have shape \(K, d\), got \(2,\)"),
    "means ragged": ({"means": [[1.0], [1.0, 2.0]]}, r"means must be a tensor or nested numbers"),
    "means nothing": ({"means": torch.zeros(0, 2)}, r"means must have shape \(K, d\)"),
    "means infinite": (
        {"means": [[0.0, 0.0], [math.inf, 0.0]]},
        r"means must be finite; component 1",
    ),
    "covariances shape": ({"covariances": [1.0, 1.0, 1.0]}, r"covariances must have shape \(2, 2"),
    "covariances word": ({"covariances": "full"}, r"covariances must be a tensor"),
    "covariances nan": (
        {"covariances": [1.0, math.nan]},
        r"covariances must be finite; component 1",
    ),
    "variance zero": ({"covariances": [1.0, 0.0]}, r"positive definite; component 1"),
    "variance negative": ({"covariances": [[1.0, -1.0], EYE[0]]}, r"definite; component 0"),
    "asymmetric": (
        {"covariances": [EYE, [[1.0, 0.5], [0.4, 1.0]]]},
        r"covariances must be symmetric; component 1",
    ),
    "indefinite": (
        {"covariances": [[[1.0, 2.0], [2.0, 1.0]], EYE]},
        r"covariances must be positive definite; component 0",
    ),
    "singular": (
        {"covariances": [EYE, [[1.0, 1.0], [1.0, 1.0]]]},
        r"covariances must be positive definite; component 1",
    ),
}


@pytest.mark.parametrize(("change", "message"), BAD.values(), ids=BAD)
def test_constructor_names_what_is_wrong(change, message):
    good = {"weights": [0.5, 0.5], "means": [[0.0, 0.0], [1.0, 1.0]], "covariances": [1.0, 2.0]}
    GaussianMixture(**good)
    with pytest.raises(ValueError, match=message):
        GaussianMixture(**(good | change))


def test_weights_may_be_rounded_in_their_own_precision():
    for n in (3, 7, 100, 1000):
        weights = torch.full((n,), 1 / n)
        GaussianMixture(weights, torch.zeros(n, 2), torch.ones(n))


def test_integers_and_lists_are_taken():
    p = GaussianMixture([1], [[0, 0]], [[4, 9]])
    assert p.means.dtype == torch.get_default_dtype()
    assert torch.equal(p.covariances[0], torch.diag(torch.tensor([4.0, 9.0])))


X = torch.zeros(4, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: p.score(torch.zeros(4, 3)), r"x must have shape \(\.\.\., 2\), got \(4, 3\)"),
        (lambda p: p.log_prob(torch.tensor(1.0)), r"x must have shape"),
        (lambda p: p.score(torch.zeros(4, 2, dtype=torch.int64)), r"x must be a floating-point"),
        (lambda p: p.score([[0.0, 0.0]]), r"x must be a floating-point tensor, got list"),
        (lambda p: p.noisy_score(X, 0.0), r"sigma must be finite and > 0"),
        (lambda p: p.noisy_score(X, -1.0), r"sigma must be finite and > 0, got -1"),
        (lambda p: p.noisy_score(X, math.nan), r"sigma must be finite"),
        (lambda p: p.noisy_score(X, torch.ones(3)), r"sigma must be a scalar or have shape \(4,\)"),
        (lambda p: p.noisy_score(X, torch.ones(4, 1)), r"sigma must be a scalar or have shape"),
        (lambda p: p.noisy_score(X, torch.tensor([1.0, 1, -2, 1])), r"sigma\[2\] .* got -2"),
        (
            lambda p: p.noisy_score(torch.zeros(2, 3, 2), torch.ones(2)),
            r"x must have shape \(n, 2\)",
        ),
        (lambda p: p.noisy_score(torch.zeros(2), torch.ones(2)), r"x must have shape \(n, 2\)"),
        (lambda p: p.noised(-0.1), r"sigma must be >= 0"),
        (lambda p: p.noised(math.inf), r"sigma must be >= 0 and scale finite"),
        (lambda p: p.noised(1.0, math.nan), r"scale finite"),
        (lambda p: p.noised(0.0, 0.0), r"sigma and scale must not both be 0"),
        (lambda p: p.sample(0), r"n must be an integer >= 1"),
        (lambda p: p.sample(2.5), r"n must be an integer >= 1, got 2\.5"),
    ],
)
def test_methods_name_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call(GaussianMixture([0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], [1.0, 2.0]))
