"""Score matching against autograd, closed forms, and the exact score as the perfect model."""

import math

import pytest
import torch
from torch import distributions

from scorelab.estimate import Estimate
from scorelab.examples import book_mixture
from scorelab.matching import (
    dsm_floor,
    dsm_loss,
    dsm_target,
    dsm_terms,
    empirical_score,
    fisher_divergence,
    kernel_log_prob,
    ncsn_loss,
    ncsn_terms,
    relative_fisher_error,
)
from scorelab.mixture import GaussianMixture

SIGMAS = [0.05, 0.35, 1.9, 10.0]
# On right code and other seeds, a test at 4 standard errors fails once in 16,000 runs.
ERRORS = 4


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def data(n: int, seed: int = 1) -> torch.Tensor:
    return book_mixture().to(torch.float64).sample(n, generator=generator(seed))


def zero(x, sigma):
    return torch.zeros_like(x)


def assert_close(found: Estimate, expected: float, other: float = 0.0) -> None:
    """`found` is `expected`, within its standard error and that of the expected value."""
    error = math.hypot(found.standard_error, other)
    assert abs(found - expected) <= ERRORS * error, f"{found!r}, expected {expected:.6g} ± {error}"


# --------------------------------------------------------------------------------------- kernel


@pytest.mark.parametrize("shape", [(5, 1), (5, 2), (5, 3), (5, 1, 4, 4)])
def test_kernel_is_the_normal_density(shape):
    x = torch.randn(shape, dtype=torch.float64, generator=generator())
    noisy = x + torch.randn(shape, dtype=torch.float64, generator=generator(1))
    sigma = torch.linspace(0.2, 3, 5, dtype=torch.float64)
    columns = sigma.reshape(-1, *[1] * (len(shape) - 1)).expand(shape)
    law = distributions.Independent(distributions.Normal(x, columns), len(shape) - 1)
    torch.testing.assert_close(kernel_log_prob(noisy, x, sigma), law.log_prob(noisy))


def test_kernel_integrates_to_one_in_the_plane():
    line = torch.linspace(-8, 8, 401, dtype=torch.float64)
    grid = torch.cartesian_prod(line, line)
    density = kernel_log_prob(grid, torch.zeros_like(grid), 0.7).exp()
    # The trapezoidal rule on a smooth function that vanishes at the border is exact to rounding.
    assert abs(density.sum().item() * (16 / 400) ** 2 - 1) < 1e-12


def test_target_is_the_gradient_of_the_kernel():
    x = data(6)
    sigma = torch.tensor([0.05, 0.3, 0.7, 1.0, 2.0, 10.0], dtype=torch.float64)
    noisy = (x + sigma[:, None] * torch.randn(6, 2, generator=generator())).requires_grad_()
    law = distributions.Independent(distributions.Normal(x, sigma[:, None].expand(6, 2)), 1)
    expected = torch.autograd.grad(law.log_prob(noisy).sum(), noisy)[0]
    torch.testing.assert_close(dsm_target(noisy.detach(), x, sigma), expected)


# -------------------------------------------------------------------------------------- dsm_loss


@pytest.mark.parametrize("antithetic", [False, True])
@pytest.mark.parametrize("sigma", SIGMAS)
def test_exact_score_reaches_the_floor(sigma, antithetic):
    mixture = book_mixture()
    terms = dsm_terms(
        mixture.noisy_score, data(20_000), sigma, antithetic=antithetic, generator=generator()
    )
    floor = dsm_floor(mixture, sigma, n_samples=20_000, generator=generator(2))
    assert_close(Estimate.of_mean(terms), floor, floor.standard_error)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_known_error_raises_the_loss_by_half_its_square(sigma):
    mixture, x = book_mixture(), data(20_000)

    def wrong(y, s):
        return mixture.noisy_score(y, s) + 0.5 * torch.sin(y) / sigma

    noisy = mixture.noised(sigma).to(torch.float64).sample(20_000, generator=generator(3))
    expected = Estimate.of_mean(0.5 * (0.5 * torch.sin(noisy) / sigma).square().sum(1))
    # The same noise for both, so that all but the error cancels.
    excess = dsm_terms(wrong, x, sigma, generator=generator()) - dsm_terms(
        mixture.noisy_score, x, sigma, generator=generator()
    )
    assert_close(Estimate.of_mean(excess), expected, expected.standard_error)


def test_loss_is_the_mean_of_its_terms_and_takes_a_level_a_row():
    x = data(64)
    sigma = torch.linspace(0.1, 4, 64, dtype=torch.float64)
    model = book_mixture().noisy_score
    loss = dsm_loss(model, x, sigma, generator=generator())
    terms = dsm_terms(model, x, sigma, generator=generator())
    torch.testing.assert_close(loss, terms.mean())
    z = torch.randn(64, 2, dtype=torch.float64, generator=generator())
    noisy = x + sigma[:, None] * z
    expected = 0.5 * (model(noisy, sigma) + z / sigma[:, None]).square().sum(1)
    torch.testing.assert_close(terms, expected, rtol=1e-9, atol=1e-9)


def test_shape_of_the_data_does_not_matter():
    x = torch.randn(10, 3, 4, 4, generator=generator())
    images = dsm_terms(lambda y, s: -y, x, 0.5, generator=generator(1))
    rows = dsm_terms(lambda y, s: -y, x.flatten(1), 0.5, generator=generator(1))
    torch.testing.assert_close(images, rows)


def test_gradient_vanishes_at_the_score_of_gaussian_data():
    sigma, variance, n = 0.5, 2.0, 50_000
    x = math.sqrt(variance) * torch.randn(n, 3, dtype=torch.float64, generator=generator())
    slope = torch.tensor(1 / (variance + sigma**2), dtype=torch.float64, requires_grad=True)
    dsm_loss(lambda y, s: -slope * y, x, sigma, generator=generator(1)).backward()
    # d/da ½‖−a x̃ + z/σ‖² = a‖x̃‖² − x̃·z/σ, whose mean is 0 here.
    z = torch.randn(n, 3, dtype=torch.float64, generator=generator(1))
    noisy = x + sigma * z
    terms = slope.item() * noisy.square().sum(1) - (noisy * z).sum(1) / sigma
    assert abs(slope.grad.item() - terms.mean().item()) < 1e-9
    assert abs(slope.grad.item()) < ERRORS * Estimate.of_mean(terms).standard_error


def test_antithetic_noise_steadies_the_gradient_at_small_sigma():
    x = torch.randn(64, 2, dtype=torch.float64, generator=generator())

    def gradients(antithetic):
        source, found = generator(1), []
        for _ in range(200):
            bias = torch.zeros(2, dtype=torch.float64, requires_grad=True)
            loss = dsm_loss(
                lambda y, s, b=bias: -y + b, x, 0.05, antithetic=antithetic, generator=source
            )
            found.append(torch.autograd.grad(loss, bias)[0])
        return torch.stack(found)

    # Without: variance 1/(n σ²) ≈ 6; with, z cancels and only that of −x̃, constant here, is left.
    assert gradients(True).var(0).max() < 1e-3 * gradients(False).var(0).min()


# --------------------------------------------------------------------------------------- floor


@pytest.mark.parametrize("sigma", SIGMAS)
def test_floor_of_a_gaussian_in_closed_form(sigma):
    covariance = torch.tensor([[2.0, 0.6], [0.6, 0.5]], dtype=torch.float64)
    gaussian = GaussianMixture([1.0], torch.ones(1, 2, dtype=torch.float64), covariance[None])
    floor = dsm_floor(gaussian, sigma, n_samples=10, generator=generator())
    eigenvalues = torch.linalg.eigvalsh(covariance)
    expected = 0.5 * (eigenvalues / (sigma**2 * (sigma**2 + eigenvalues))).sum().item()
    assert floor == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_floor_is_what_the_score_leaves_of_the_target(sigma):
    """½ E‖target‖² − ½ E‖s‖², an estimator that shares nothing with the one in the package."""
    mixture = book_mixture().to(torch.float64)
    noisy = mixture.noised(sigma).sample(50_000, generator=generator())
    other = Estimate.of_mean(1 / sigma**2 - 0.5 * mixture.noisy_score(noisy, sigma).square().sum(1))
    floor = dsm_floor(mixture, sigma, n_samples=50_000, generator=generator(1))
    assert_close(other, floor, floor.standard_error)


# ------------------------------------------------------------------------------------ ncsn_loss


def test_one_level_a_sample_is_unbiased_for_all_levels():
    mixture, x = book_mixture(), data(40_000)
    sigmas = torch.tensor([6.0, 2.0, 0.5, 0.1], dtype=torch.float64)
    terms, _ = ncsn_terms(zero, x, sigmas, weight=lambda s: s, generator=generator())
    floors = [1 / s**2 for s in sigmas.tolist()]  # ½ E‖z/σ‖² in the plane
    expected = sum(s * f for s, f in zip(sigmas.tolist(), floors, strict=True)) / 4
    assert_close(Estimate.of_mean(terms), expected)
    full = ncsn_loss(
        zero, x, sigmas, weight=lambda s: s, levels="all", generator=generator(1)
    ).item()
    # Four independent means, each of n terms (s/2σ²)‖z‖² with standard deviation 1/s.
    error = math.hypot(*(1 / s for s in sigmas.tolist())) / 4 / math.sqrt(len(x))
    assert abs(full - expected) < ERRORS * error
    assert mixture.dim == 2


@pytest.mark.parametrize("levels", ["sample", "all"])
def test_weighted_loss_of_the_exact_score(levels):
    mixture, x = book_mixture(), data(20_000)
    sigmas = torch.tensor([6.0, 2.0, 0.5, 0.1])
    loss = ncsn_loss(mixture.noisy_score, x, sigmas, levels=levels, generator=generator())
    terms, _ = ncsn_terms(mixture.noisy_score, x, sigmas, generator=generator(1))
    floor = sum(
        s**2 * dsm_floor(mixture, s, n_samples=20_000, generator=generator(2)) / 4
        for s in sigmas.tolist()
    )
    assert abs(loss.item() - floor) < ERRORS * Estimate.of_mean(terms).standard_error


def test_every_level_comes_equally_often_in_a_batch_and_for_a_sample():
    x, sigmas, source = torch.zeros(10, 2), torch.tensor([3.0, 2.0, 1.0]), generator()
    drawn = torch.stack([ncsn_terms(zero, x, sigmas, generator=source)[1] for _ in range(900)])
    counts = torch.stack([torch.bincount(row, minlength=3) for row in drawn])
    assert counts.min() == 3
    assert counts.max() == 4
    # The first sample's level is uniform: 300 each, standard deviation √(900·⅓·⅔) = 14.
    assert (torch.bincount(drawn[:, 0], minlength=3) - 300).abs().max() < ERRORS * 14.2


# ------------------------------------------------------------------------------------- distances


def test_fisher_divergence_of_gaussians_in_closed_form():
    # s_p − s_q = −x + (x − m)/v, with x ~ N(0, 1): mean −m/v, standard deviation |1/v − 1|.
    mean, variance = 0.7, 2.5
    x = torch.randn(20_000, 1, dtype=torch.float64, generator=generator())
    found = fisher_divergence(lambda y: -y, lambda y: -(y - mean) / variance, x)
    assert_close(found, (mean / variance) ** 2 + (1 / variance - 1) ** 2)


def test_relative_error_of_known_models():
    mixture = book_mixture()
    assert relative_fisher_error(zero, mixture, 0.5, n_samples=100) == pytest.approx(1, rel=1e-6)
    scaled = relative_fisher_error(
        lambda x, s: 0.9 * mixture.noisy_score(x, s), mixture, 0.5, n_samples=100
    )
    assert scaled == pytest.approx(0.01, rel=1e-4)
    assert scaled.standard_error < 1e-6  # the same share of every term


def test_standard_error_of_the_relative_error():
    mixture, source = book_mixture(), generator()
    runs = [
        relative_fisher_error(lambda x, s: -x / 10, mixture, 0.5, n_samples=400, generator=source)
        for _ in range(200)
    ]
    scatter = torch.tensor([float(run) for run in runs]).std().item()
    stated = sum(run.standard_error for run in runs) / len(runs)
    # A standard deviation from 200 runs is known to 5 %; the delta method is right to first order.
    assert stated == pytest.approx(scatter, rel=0.2)


# ------------------------------------------------------------------------- a finite data set


@pytest.mark.parametrize("shape", [(), (3,), (2, 2, 2)])
def test_empirical_score_is_the_slope_of_the_log_density_of_the_blurred_points(shape):
    points = torch.randn(30, *shape, generator=generator()).double()
    x = torch.randn(8, *shape, generator=generator(1)).double().requires_grad_()
    levels = torch.tensor([0.05, 0.1, 0.3, 0.7, 1.0, 2.0, 5.0, 50.0]).double()
    kernels = [
        kernel_log_prob(x.reshape(8, -1), point.reshape(1, -1).expand(8, -1), levels)
        for point in points
    ]
    (slope,) = torch.autograd.grad(torch.stack(kernels).logsumexp(0).sum(), x)
    torch.testing.assert_close(empirical_score(points)(x, levels), slope, rtol=1e-9, atol=1e-9)


def test_empirical_score_does_not_depend_on_how_the_batch_is_cut():
    points, x = data(5_000), data(2_000, seed=2)  # 10⁷ pairs, three pieces
    score = empirical_score(points)
    levels = torch.linspace(0.1, 2.0, len(x)).double()
    whole = score(x, levels)
    for i in (0, 838, 839, 1_999):
        torch.testing.assert_close(score(x[i : i + 1], levels[i]), whole[i : i + 1])


def test_empirical_score_where_the_noise_is_tiny_or_the_point_far():
    points = data(50)
    score = empirical_score(points)
    near = points + 1e-9
    torch.testing.assert_close(1e-12 * score(near, 1e-6), points - near, atol=0, rtol=1e-6)
    away = score(torch.full((1, 2), 1e8).double(), 0.01)
    assert torch.isfinite(away).all()
    assert (away < 0).all()
    # In float32 the exponents themselves would be infinite, all of them.
    assert torch.isfinite(score(torch.full((1, 2), 1e15), 1e-10)).all()


def test_empirical_score_is_differentiable_and_keeps_the_dtype_of_x():
    score = empirical_score(data(20).float())
    x = data(3, seed=2).requires_grad_()
    assert torch.autograd.gradcheck(lambda y: score(y, 0.8), x)
    assert score(x.float(), 0.8).dtype == torch.float32
    assert score(x[:0], 0.8).shape == (0, 2)


def test_empirical_score_beats_the_exact_one_on_its_own_points_and_nowhere_else():
    mixture = book_mixture().to(torch.float64)
    points, fresh = data(100), data(20_000, seed=3)
    again = points.repeat(200, 1)
    scores = {"own": empirical_score(points), "exact": mixture.noisy_score}
    own, exact = (dsm_terms(s, again, 0.5, generator=generator(4)) for s in scores.values())
    gained = Estimate.of_mean(exact - own)
    assert gained > ERRORS * gained.standard_error
    own, exact = (dsm_terms(s, fresh, 0.5, generator=generator(5)) for s in scores.values())
    lost = Estimate.of_mean(own - exact)
    assert lost > ERRORS * lost.standard_error


@pytest.mark.parametrize("sigma", [0.1, 0.5, 3.0])
def test_the_samples_that_show_a_miss_of_ten_per_cent(sigma):
    """n = 32 τ⁴/(ρ² σ⁴) at every σ: four standard errors of the mean of n terms are ρ h."""
    unit = GaussianMixture([1.0], [[0.0]], [1.0]).to(torch.float64)
    x = unit.sample(200_000, generator=generator())
    terms = sigma**2 * dsm_terms(unit.noisy_score, x, sigma, generator=generator(1))
    square = Estimate.of_mean((terms - terms.mean()).square())
    h = 0.5 - sigma**2 * dsm_floor(unit, sigma, n_samples=2)
    n = 32 / (0.1 * sigma**2) ** 2
    assert 16 * square / (0.1 * h) ** 2 == pytest.approx(
        n, abs=ERRORS * 16 * square.standard_error / (0.1 * h) ** 2
    )


# ------------------------------------------------------------------------------------- bad input

X = torch.zeros(4, 2)
BAD = [
    (lambda: dsm_loss(zero, [[1.0]], 1.0), "x must be a floating-point tensor"),
    (lambda: dsm_loss(zero, X, 0.0), "sigma must be finite and > 0"),
    (lambda: dsm_loss(zero, X, torch.tensor([1.0, 1.0, -1.0, 1.0])), r"sigma\[2\]"),
    (lambda: dsm_loss(zero, X, torch.ones(3)), r"sigma must be a scalar or have shape \(4,\)"),
    (lambda: dsm_loss(lambda x, s: x[:, :1], X, 1.0), "model must return the shape of x"),
    (lambda: ncsn_loss(zero, X, torch.ones(0)), "sigmas must have shape"),
    (lambda: ncsn_loss(zero, X, torch.tensor([1.0, 0.0])), r"sigmas\[1\]"),
    (lambda: ncsn_loss(zero, X, [1.0], levels="each"), "levels must be"),
    (lambda: ncsn_loss(zero, X, [2.0, 1.0], weight=lambda s: s - 1.5), r"sigmas\[1\] = 1"),
    (lambda: dsm_floor(book_mixture(), -1.0, n_samples=10), "sigma"),
    (lambda: dsm_floor(book_mixture(), 1.0, n_samples=1), "n_samples"),
    (lambda: relative_fisher_error(zero, book_mixture(), 1.0, n_samples=1), "n_samples"),
    (lambda: relative_fisher_error(zero, book_mixture(), 0.0, n_samples=9), "sigma"),
    (lambda: fisher_divergence(zero, zero, torch.zeros(3, dtype=torch.int64)), "samples"),
    (lambda: dsm_target(X, X[:2], 1.0), "same shape"),
    (lambda: kernel_log_prob([1.0], X, 1.0), "noisy"),
    (lambda: empirical_score([[1.0]]), "points must be a floating-point tensor"),
    (lambda: empirical_score(torch.tensor(1.0)), "points must have shape"),
    (lambda: empirical_score(X[:0]), "N >= 1"),
    (lambda: empirical_score(torch.tensor([[1.0], [math.nan]])), "entry 1 is nan"),
    (lambda: empirical_score(X)(X[:, :1], 1.0), "x must have shape"),
    (lambda: empirical_score(X)(X, -1.0), "sigma must be finite and > 0"),
    (lambda: empirical_score(X)(X, torch.ones(3)), r"sigma must be a scalar or have shape \(4,\)"),
]


@pytest.mark.parametrize(("call", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("x", [3, None])
def test_what_is_no_batch_is_named(x):
    with pytest.raises(ValueError, match="x must be a floating-point tensor"):
        ncsn_terms(lambda y, s: y, x, torch.ones(1))
