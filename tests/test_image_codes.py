"""Right values of what the chapter on images and its neighbours say, by other ways."""

import math

import pytest
import torch

import scorelab as sl
from scorelab.exercises.engine import registry

VE = sl.VarianceExploding(0.02, 12.0)


def heun_on_a_gaussian(values: torch.Tensor, n_steps: int) -> float:
    """‖z‖²/n of a Gaussian with these variances, followed from t = 0.04 to 1 by Heun's method."""

    def score(x, t):
        return -x / (values + VE.perturbation(t)[1] ** 2)

    first, last = ((values + VE.perturbation(t)[1] ** 2).sqrt() for t in (0.04, 1.0))
    run = sl.heun(VE.probability_flow(score), first[None], n_steps=n_steps, t_span=(0.04, 1.0))
    return float((run.final / last).square().mean())


def test_what_is_missing_of_an_images_code_is_heuns():
    """The network's 0.935, 0.974, 0.985 and 0.989 ± 0.011 at 25, 50, 100 and 400 steps lie within
    two standard errors of what the same steps leave of a Gaussian with an exact score."""
    pixels = sl.load_mnist().images.flatten(1).double()
    values = torch.linalg.eigvalsh(pixels.T.cov()).clamp_min(0)
    found = [heun_on_a_gaussian(values, n) for n in (25, 50, 100, 400)]
    assert found == pytest.approx([0.9265, 0.9794, 0.9946, 0.9996], abs=1e-3)
    for network, gaussian in zip((0.935, 0.974, 0.985, 0.989), found, strict=True):
        assert abs(network - gaussian) <= 2 * 0.011


@pytest.mark.parametrize("answer", ["truth", "right"])
def test_the_clock_of_the_exercise_begins_without_noise(answer):
    """At time 0 the law of x(t) given x(0) is x(0); later √(σ(t)² − σ(0)²) is seen, as VE's is."""
    clock = getattr(registry.exercise("ex-images-clock"), answer)()()
    assert tuple(map(float, clock.perturbation(0.0))) == (1.0, 0.0)
    for t in (0.2, 0.6, 1.0):
        scale, std = map(float, clock.perturbation(t))
        assert std / scale == pytest.approx(VE.perturbation(t)[1], rel=1e-4)
        assert scale**2 + std**2 == pytest.approx(1, rel=1e-6)
        # scale' = −g²/2 · scale, by a difference over 2h.
        h = 1e-3
        before, after = (float(clock.perturbation(t + e)[0]) for e in (-h, h))
        slope = (math.log(after) - math.log(before)) / (2 * h)
        assert slope == pytest.approx(-(float(clock.diffusion(t)) ** 2) / 2, rel=0.02)
        assert float(clock.drift(torch.ones(1, 1), t)) == pytest.approx(slope, rel=0.02)
