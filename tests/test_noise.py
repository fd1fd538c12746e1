"""Noise schedules against the released configurations of NCSNv2 and against simulation."""

import math

import pytest
import torch
from scipy import stats

from scorelab.langevin import langevin_dynamics
from scorelab.noise import (
    NoiseSchedule,
    annealed_variance,
    best_step_ratio,
    geometric_sigmas,
    largest_distance,
    level_overlap,
    variance_after,
)

# σ₁, L, side of the images, T, ε in the full-step form; σ_L = 0.01 and three colours in all.
RELEASED = {
    "cifar10": (50, 232, 32, 5, 6.2e-6),
    "celeba": (90, 500, 64, 5, 3.3e-6),
    "bedroom": (190, 1086, 128, 3, 1.8e-6),
    "ffhq": (348, 2311, 256, 3, 9e-7),
}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def released(name: str) -> tuple[float, int, int, float, float]:
    sigma_max, n_levels, side, n_steps, full_step = RELEASED[name]
    ratio = (sigma_max / 0.01) ** (1 / (n_levels - 1))
    return ratio, 3 * side**2, n_steps, full_step, sigma_max


def test_levels_fall_geometrically_between_exact_ends():
    sigmas = geometric_sigmas(1, 0.01, 10)
    assert sigmas[0] == 1
    assert sigmas[-1] == torch.tensor(0.01)
    torch.testing.assert_close(sigmas[1:] / sigmas[:-1], torch.full((9,), 0.01 ** (1 / 9)))
    # The ten levels of the first paper on noise-conditional score networks, as it prints them.
    printed = torch.tensor([1.0, 0.60, 0.36, 0.22, 0.13, 0.077, 0.046, 0.028, 0.017, 0.01])
    torch.testing.assert_close(sigmas, printed, rtol=0.03, atol=0)


@pytest.mark.parametrize("name", RELEASED)
def test_overlap_of_the_released_levels(name):
    ratio, dim, *_ = released(name)
    assert 0.566 <= level_overlap(ratio, dim) < 0.5675


@pytest.mark.parametrize("name", RELEASED)
def test_step_of_the_released_configurations(name):
    ratio, _, n_steps, full_step, _ = released(name)
    # ε in the half form is twice theirs; they print two digits.
    half = best_step_ratio(n_steps, ratio) * 0.01**2
    assert half / 2 == pytest.approx(full_step, rel=0.02)
    # Their own formula at their own step, in the full form.
    r = full_step / 0.01**2
    limit = 1 / (1 - r / 2)
    theirs = (1 - r) ** (2 * n_steps) * (ratio**2 - limit) + limit
    assert variance_after(n_steps, ratio, 2 * r) == pytest.approx(theirs, rel=1e-12)
    assert variance_after(n_steps, ratio, best_step_ratio(n_steps, ratio)) <= theirs


def test_overlap_against_lengths_of_noise():
    ratio, dim, n = 1.08, 784, 20_000
    lengths = torch.randn(n, dim, generator=generator()).norm(dim=1)
    centre, spread = math.sqrt(dim) * ratio, ratio / math.sqrt(2)
    share = ((lengths - centre).abs() < 3 * spread).double().mean().item()
    # 4 standard errors are 0.014; the normal law for a length adds about 1/√D of a deviation.
    assert level_overlap(ratio, dim) == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("step_ratio", [0.05, 0.4, 1.5])
def test_variance_after_is_what_langevin_dynamics_leaves(step_ratio):
    ratio, n_steps, sigma, n = 1.5, 7, 0.3, 100_000
    x0 = ratio * sigma * torch.randn(n, 1, dtype=torch.float64, generator=generator())
    run = langevin_dynamics(
        lambda x: -x / sigma**2,
        x0,
        step_size=step_ratio * sigma**2,
        n_steps=n_steps,
        generator=generator(1),
    )
    found = run.final.var().item() / sigma**2
    # The standard error of a variance is √(2/n) of it.
    assert found == pytest.approx(
        variance_after(n_steps, ratio, step_ratio), rel=4 * math.sqrt(2 / n)
    )


def test_best_step_is_a_minimum():
    best = best_step_ratio(20, 1.3)
    least = variance_after(20, 1.3, best)
    assert least > 1
    assert all(variance_after(20, 1.3, best * f) > least for f in (0.5, 0.9, 1.1, 2.0))


@pytest.mark.parametrize("shape", [(500, 2), (300, 1, 5, 5), (2, 3)])
def test_largest_distance_is_exact(shape):
    x = torch.randn(shape, generator=generator())
    expected = torch.cdist(x.flatten(1).double(), x.flatten(1).double()).max().item()
    found, bound = largest_distance(x)
    assert found == bound == pytest.approx(expected, rel=1e-9)


def test_largest_distance_of_many_points_is_still_exact_in_the_plane():
    x = torch.randn(50_000, 2, generator=generator()).double()
    # By the convex hull, whose vertices hold the pair.
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist

    expected = pdist(x.numpy()[ConvexHull(x.numpy()).vertices]).max()
    found, bound = largest_distance(x)
    assert found == bound == pytest.approx(expected, rel=1e-9)


def test_largest_distance_beyond_is_found_and_bounded():
    x = torch.nn.functional.normalize(torch.randn(5000, 20, generator=generator()), dim=1)
    found, bound = largest_distance(x)
    exact = max(torch.cdist(part.double(), x.double()).max().item() for part in x.split(500))
    assert 0.99 * exact <= found <= exact * (1 + 1e-9) <= bound
    assert bound == pytest.approx(2, abs=0.1)
    report = NoiseSchedule.from_data(x, sigma_min=0.1).report()
    assert f"found; at most {bound:.4g}" in report


def test_schedule_for_images_follows_the_overlap():
    x = torch.rand(200, 1, 28, 28, generator=generator())
    schedule = NoiseSchedule.from_data(x, sigma_min=0.01)
    distance = torch.cdist(x.flatten(1), x.flatten(1)).max().item()
    assert float(schedule.sigmas[0]) == pytest.approx(distance, rel=1e-5)
    assert schedule.dim == 784
    # The fewest levels that overlap by half: one fewer does not.
    assert schedule.overlap >= 0.5
    n_levels = len(schedule.sigmas)
    assert level_overlap((distance / 0.01) ** (1 / (n_levels - 2)), 784) < 0.5
    # The fewest steps that forget: one fewer does not.
    assert 1 < schedule.variance <= 1.05
    fewer = schedule.n_steps - 1
    assert variance_after(fewer, schedule.ratio, best_step_ratio(fewer, schedule.ratio)) > 1.05


@pytest.mark.parametrize("name", RELEASED)
def test_schedule_of_the_released_configurations_from_data(name):
    """Two points σ₁ apart in their space, at the overlap they chose, give their L and their ε."""
    ratio, dim, n_steps, full_step, sigma_max = released(name)
    x = torch.zeros(2, dim, dtype=torch.float64)
    x[1, 0] = sigma_max
    schedule = NoiseSchedule.from_data(
        x, sigma_min=0.01, overlap=level_overlap(ratio, dim) - 1e-9, n_steps=n_steps
    )
    assert len(schedule.sigmas) == RELEASED[name][1]
    assert schedule.step_size / 2 == pytest.approx(full_step, rel=0.02)


def test_few_dimensions_are_held_by_the_largest_ratio():
    x = torch.randn(100, 2, generator=generator())
    schedule = NoiseSchedule.from_data(x, sigma_min=0.05, max_ratio=1.5, n_steps=9)
    assert schedule.overlap > 0.99
    assert 1.3 < schedule.ratio <= 1.5
    assert schedule.n_steps == 9
    assert schedule.step_size == pytest.approx(
        best_step_ratio(9, schedule.ratio) * 0.05**2, rel=1e-4
    )


def test_five_dimensions_are_the_first_that_the_overlap_holds():
    assert level_overlap(1e6, 4) > 0.99
    x = torch.eye(5, dtype=torch.float64) * 1e12
    schedule = NoiseSchedule.from_data(x, sigma_min=0.05, max_ratio=1e9)
    assert schedule.overlap >= 0.5
    n_levels = len(schedule.sigmas)
    assert level_overlap((math.sqrt(2) * 1e12 / 0.05) ** (1 / (n_levels - 2)), 5) < 0.5


def test_report_names_every_number():
    schedule = NoiseSchedule.from_data(torch.randn(50, 2, generator=generator()), sigma_min=0.1)
    report = schedule.report()
    assert schedule._repr_markdown_() == report
    for part in (
        f"L = {len(schedule.sigmas)}",
        f"{schedule.ratio:.4f}",
        f"{schedule.overlap:.3f}",
        f"T = {schedule.n_steps}",
        f"{schedule.variance:.4f}",
        "(exact)",
    ):
        assert part in report


def test_normal_law_of_the_overlap_formula():
    ratio, dim = 1.1, 100
    shift = math.sqrt(2 * dim) * (ratio - 1)
    expected = stats.norm.cdf(shift + 3 * ratio) - stats.norm.cdf(shift - 3 * ratio)
    assert level_overlap(ratio, dim) == pytest.approx(expected, rel=1e-12)


def test_annealed_variance_is_what_start_and_noise_have_become():
    """V is a sum: of the start and of the noise of every step, each times all later factors²."""
    v, sigmas, eta, n_steps = 0.7, [3.0, 1.0, 0.4], 0.3, 4
    steps = [sigma for sigma in sigmas for _ in range(n_steps)]
    kept = [1 - eta * s**2 / (2 * (v + s**2)) for s in steps]
    parts = [(3.0**2, kept)]
    parts += [(eta * s**2, kept[i + 1 :]) for i, s in enumerate(steps)]
    expected = sum(variance * math.prod(later) ** 2 for variance, later in parts)
    found = annealed_variance(v, sigmas, step_ratio=eta, n_steps=n_steps)
    assert found == pytest.approx(expected, rel=1e-12)


def test_annealed_variance_of_one_point_is_that_of_each_level():
    found = annealed_variance(0, [2.0, 1.0], step_ratio=0.4, n_steps=7)
    first = variance_after(7, 1.0, 0.4) * 2.0**2
    assert found == pytest.approx(variance_after(7, math.sqrt(first), 0.4), rel=1e-12)


X = torch.randn(10, 2, generator=generator())
BAD = [
    (lambda: annealed_variance(-1, [2, 1], step_ratio=0.1, n_steps=1), "variance must be"),
    (lambda: annealed_variance(1, [1, 2], step_ratio=0.1, n_steps=1), "sigmas must descend"),
    (lambda: annealed_variance(1, [2, 1], step_ratio=4, n_steps=1), "step_ratio must lie"),
    (lambda: annealed_variance(1, [2, 1], step_ratio=0.1, n_steps=0), "n_steps"),
    (lambda: geometric_sigmas(1, 2, 5), "sigma_max must be > sigma_min"),
    (lambda: geometric_sigmas(1, 0, 5), "sigma_min"),
    (lambda: geometric_sigmas(1, 0.1, 1), "n_levels"),
    (lambda: NoiseSchedule.from_data(X, sigma_min=-1), "sigma_min"),
    (lambda: NoiseSchedule.from_data(X, sigma_min=1e3), "sigma_min must be below the largest"),
    (lambda: NoiseSchedule.from_data(X[:1], sigma_min=0.1), "n >= 2"),
    (lambda: NoiseSchedule.from_data(X / 0, sigma_min=0.1), "finite"),
    (lambda: NoiseSchedule.from_data(X, sigma_min=0.1, overlap=1.0), "overlap"),
    (lambda: NoiseSchedule.from_data(X, sigma_min=0.1, max_ratio=1.0), "max_ratio"),
    (lambda: NoiseSchedule.from_data(X, sigma_min=0.1, variance=1.0), "variance"),
    (lambda: NoiseSchedule.from_data(X, sigma_min=0.1, n_steps=0), "n_steps"),
    (lambda: NoiseSchedule.from_data(X.long(), sigma_min=0.1), "x must be a floating"),
]


@pytest.mark.parametrize(("call", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
