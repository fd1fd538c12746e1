"""The metrics against values known in closed form."""

import math

import numpy as np
import pytest
import torch
import truth
from scipy import stats

from scorelab.estimate import Estimate
from scorelab.metrics import (
    frechet_distance,
    mode_weights,
    sliced_wasserstein,
    sliced_wasserstein_floor,
)
from scorelab.mixture import GaussianMixture


def overlapping() -> GaussianMixture:
    """Two modes that overlap heavily: counting the nearest mean would be biased."""
    return GaussianMixture([0.2, 0.8], [[0.0], [1.5]], torch.tensor([1.0, 1.0])).to(torch.float64)


def test_mode_weights_are_unbiased_where_modes_overlap():
    p = overlapping()
    x = p.sample(100_000, generator=truth.generator(0))
    found = mode_weights(p, x)
    for estimate, weight in zip(found, (0.2, 0.8), strict=True):
        assert isinstance(estimate, Estimate)
        assert abs(estimate - weight) <= 5 * estimate.standard_error
    assert math.isclose(sum(found), 1)
    nearest = float((x < 0.75).double().mean())
    assert abs(nearest - 0.2) > 20 * found[0].standard_error


def test_mode_weights_know_how_well():
    """Over 400 samples of 500 points the errors are as large as the standard errors say.

    The ratio of squares has mean 1 and standard error √(2/400) = 0.07; 5 of them.
    """
    p = overlapping()
    source = truth.generator(1)
    found = [mode_weights(p, p.sample(500, generator=source))[0] for _ in range(400)]
    ratio = sum(((e - 0.2) / e.standard_error) ** 2 for e in found) / 400
    assert abs(ratio - 1) <= 5 * math.sqrt(2 / 400)


def test_mode_weights_see_a_wrong_weight():
    p = GaussianMixture([0.5, 0.5], [[-5.0], [5.0]], [1.0, 1.0])
    x = torch.cat([-5 * torch.ones(300, 1), 5 * torch.ones(100, 1)])
    assert mode_weights(p, x) == [pytest.approx(0.75), pytest.approx(0.25)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sliced_wasserstein_on_the_line_is_the_distance_of_sorted_values(dtype):
    """In one dimension the direction is ±1: nothing is random."""
    x = torch.tensor([[3.0], [0.0], [1.0]], dtype=dtype)
    y = torch.tensor([[2.0], [1.0], [6.0]], dtype=dtype)
    assert sliced_wasserstein(x, y) == pytest.approx(math.sqrt((1 + 1 + 9) / 3), rel=1e-5)


def test_sliced_wasserstein_of_a_translation():
    """W₂ of a shift by c along θ is |θ·c|, so SW₂² = |c|²/d; here with 5 standard errors.

    (θ·c)²/|c|² has a beta(1/2, (d − 1)/2) law.
    """
    dim, n_projections = 5, 4000
    x = torch.randn(50, dim, dtype=torch.float64)
    c = torch.tensor([1.0, -2.0, 0.5, 3.0, 0.0], dtype=torch.float64)
    found = sliced_wasserstein(x, x + c, n_projections=n_projections, generator=truth.generator(2))
    spread = stats.beta(0.5, (dim - 1) / 2).std() / math.sqrt(n_projections)
    assert abs(found**2 / float(c @ c) - 1 / dim) <= 5 * spread


def test_sliced_wasserstein_of_a_dilation():
    """x against 3 x: W₂ along θ is 2 |θ·x| in the mean square, so SW₂² = 4 E|x|²/d."""
    x = torch.randn(300, 2, generator=truth.generator(3), dtype=torch.float64)
    found = sliced_wasserstein(x, 3 * x, n_projections=2000, generator=truth.generator(4))
    assert found == pytest.approx(2 * math.sqrt(float(x.square().sum(1).mean()) / 2), rel=0.01)


def test_sliced_wasserstein_agrees_with_scipy_for_other_sizes():
    """On the line with 4 points against 6: quantile functions on twelve equal pieces."""
    source = truth.generator(5)
    x, y = (torch.randn(n, 1, generator=source, dtype=torch.float64) for n in (4, 6))
    a, b = (np.sort(v.numpy()[:, 0]) for v in (x, y))
    expected = math.sqrt(np.mean((np.repeat(a, 3) - np.repeat(b, 2)) ** 2))
    assert sliced_wasserstein(x, y) == pytest.approx(expected, rel=1e-9)


def test_sliced_wasserstein_is_a_distance():
    source = truth.generator(6)
    x, y = (torch.randn(30, 3, generator=source) + shift for shift in (0, 1))
    forward = sliced_wasserstein(x, y, generator=truth.generator(7))
    assert sliced_wasserstein(x, x) == pytest.approx(0, abs=1e-6)
    assert forward == pytest.approx(sliced_wasserstein(y, x, generator=truth.generator(7)))
    assert isinstance(forward, float)
    assert forward != sliced_wasserstein(x, y, generator=truth.generator(8))


def test_floor_is_what_two_exact_samples_give():
    """On N(0, 1) itself: 200 independent pairs of 300 points, within 5 joint standard errors."""
    p = GaussianMixture([1.0], [[0.0]], [1.0])
    floor = sliced_wasserstein_floor(p, 300, n_pairs=200, generator=truth.generator(9))
    source = truth.generator(10)
    pairs = torch.randn(200, 2, 300, generator=source, dtype=torch.float64).sort(-1).values
    distances = (pairs[:, 0] - pairs[:, 1]).square().mean(-1).sqrt()
    error = math.hypot(floor.standard_error, float(distances.std()) / math.sqrt(200))
    assert abs(floor - float(distances.mean())) <= 5 * error
    assert floor.standard_error == pytest.approx(float(distances.std()) / math.sqrt(200), rel=0.3)


def test_floor_sinks_with_the_number_of_points():
    """About like 1/√n."""
    p = GaussianMixture(*truth.components(2, 2))
    small, large = (
        sliced_wasserstein_floor(p, n, n_projections=50, generator=truth.generator(11))
        for n in (200, 3200)
    )
    assert 2.5 < small / large < 6
    again = sliced_wasserstein_floor(p, 200, n_projections=50, generator=truth.generator(11))
    assert again == small
    assert again.standard_error == small.standard_error


def exactly(mean: list[float], covariance: list[list[float]], n: int = 50) -> torch.Tensor:
    """A sample (n, d) that has exactly this mean and this covariance."""
    z = torch.randn(n, len(mean), generator=truth.generator(12), dtype=torch.float64)
    z = z - z.mean(0)
    root = torch.linalg.cholesky(torch.atleast_2d(z.T.cov()))
    white = torch.linalg.solve_triangular(root, z.T, upper=False)
    factor = torch.linalg.cholesky(torch.tensor(covariance, dtype=torch.float64))
    return (factor @ white).T + torch.tensor(mean, dtype=torch.float64)


def test_frechet_distance_of_gaussians_in_closed_form():
    """In the plane tr √M = √(tr M + 2 √det M), here for covariances that do not commute."""
    a, b = [[2.0, 0.7], [0.7, 1.0]], [[0.5, -0.3], [-0.3, 3.0]]
    x, y = exactly([1.0, 2.0], a), exactly([-1.0, 0.5], b, n=80)
    product = np.array(a) @ np.array(b)
    cross = math.sqrt(np.trace(product) + 2 * math.sqrt(np.linalg.det(product)))
    exact = 2.0**2 + 1.5**2 + np.trace(a) + np.trace(b) - 2 * cross
    assert frechet_distance(x, y) == pytest.approx(exact, rel=1e-9)
    assert frechet_distance(y, x) == pytest.approx(exact, rel=1e-9)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_agrees_with_a_root_of_the_matrix():
    """In seven dimensions, one of them empty, as features that never fire are."""
    source = truth.generator(13)
    x, y = (torch.randn(n, 7, generator=source, dtype=torch.float64) for n in (40, 60))
    x, y = x.cumsum(1), 2 * y.flip(1).cumsum(1)
    x[:, 3] = y[:, 3] = 0.0
    a, b = np.cov(x.numpy().T), np.cov(y.numpy().T)
    cross = np.sqrt(np.linalg.eigvals(a @ b).astype(complex)).sum().real
    exact = float((x.mean(0) - y.mean(0)).square().sum()) + np.trace(a) + np.trace(b) - 2 * cross
    assert frechet_distance(x, y) == pytest.approx(exact, rel=1e-6)
    assert frechet_distance(x.float(), y.float()) == pytest.approx(exact, rel=1e-5)


def test_frechet_distance_on_the_line_is_that_of_means_and_deviations():
    x, y = exactly([0.0], [[4.0]]), exactly([3.0], [[1.0]])
    assert frechet_distance(x, y) == pytest.approx(3**2 + (2 - 1) ** 2, rel=1e-9)


X = torch.zeros(4, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sliced_wasserstein(X, torch.zeros(4, 3)), r"y must have shape \(\.\.\., 2\)"),
        (lambda: sliced_wasserstein(X.long(), X), "x must be a floating-point tensor"),
        (lambda: sliced_wasserstein(X, X.long()), "y must be a floating-point tensor"),
        (lambda: sliced_wasserstein(X, X, n_projections=0), "n_projections must be an integer"),
        (
            lambda: sliced_wasserstein_floor(overlapping(), 10, n_pairs=1),
            "n_pairs must be an integer >= 2",
        ),
        (lambda: sliced_wasserstein_floor(overlapping(), 0), "n must be an integer >= 1"),
        (lambda: frechet_distance(X, torch.zeros(4, 3)), r"y must have shape \(\.\.\., 2\)"),
        (lambda: frechet_distance(X[:1], X), r"x must have shape \(n, d\), n >= 2, got \(1, 2\)"),
        (lambda: frechet_distance(X, X[0]), r"y must have shape \(n, d\)"),
        (lambda: mode_weights(overlapping(), X), r"x must have shape \(\.\.\., 1\)"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
