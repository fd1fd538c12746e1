"""The settings of the live figures, and the number that they show beside the weights."""

import math

import pytest
import torch

from scorelab.examples import book_mixture
from scorelab.figures import live
from scorelab.mixture import GaussianMixture

BY_NAME = {preset.name: preset for preset in live.PRESETS}


def test_presets_have_names_of_their_own_and_twins() -> None:
    assert len(BY_NAME) == len(live.PRESETS)
    for preset in live.PRESETS:
        twin = BY_NAME[preset.twin]
        assert twin is not preset
        assert preset.works or twin.works, f"{preset.name} has no right twin"
        assert set(preset.settings) <= set(live.DEFAULTS)
        assert preset.see.count(". ") == 0, "one sentence"
        assert preset.see.endswith(".")


def test_components_describe_the_mixture() -> None:
    mixture = BY_NAME["far-mode"].mixture
    again = live.from_components(live.components(mixture))
    for name in ("weights", "means", "covariances"):
        torch.testing.assert_close(getattr(again, name), getattr(mixture, name))


def test_components_by_hand() -> None:
    law = GaussianMixture([1.0], [[1.0, 2.0]], [[[5.0, 4.0], [4.0, 5.0]]])  # variances 9 and 1, 45°
    (row,) = live.components(law)
    expected = {"weight": 1, "x": 1, "y": 2, "scale": math.sqrt(3), "ratio": 3, "angle": 45}
    assert row == pytest.approx(expected, rel=1e-6)
    upright = GaussianMixture([1.0], [[0.0, 0.0]], [[1.0, 4.0]])
    assert live.components(upright)[0]["angle"] == 90


def test_components_want_the_plane() -> None:
    with pytest.raises(ValueError, match="mixture must be in the plane, got dimension 3"):
        live.components(GaussianMixture([1.0], [[0.0, 0.0, 0.0]], [1.0]))


def test_presets_are_exact_whatever_the_default_dtype() -> None:
    assert torch.get_default_dtype() == torch.float32
    mixture = BY_NAME["far-mode"].mixture
    assert mixture.weights.tolist() == [0.6, 0.1, 0.3]
    assert book_mixture().weights.dtype == torch.float32


def test_variance_inside_is_1_for_exact_samples_even_where_modes_overlap() -> None:
    law = GaussianMixture([0.5, 0.5], [[-0.5, 0.0], [0.5, 0.0]], [1.0, 2.0]).to(torch.float64)
    x = law.sample(200_000, generator=torch.Generator().manual_seed(0))
    found = live.variance_inside(law, x)
    assert abs(found - 1) < 4 * found.standard_error
    assert found.standard_error < 0.005


def test_variance_inside_of_a_stretched_cloud() -> None:
    law = GaussianMixture([1.0], [[1.0, 2.0]], [[[5.0, 4.0], [4.0, 5.0]]]).to(torch.float64)
    x = law.sample(50_000, generator=torch.Generator().manual_seed(0))
    twice = law.means + 2 * (x - law.means)
    ratio = live.variance_inside(law, twice) / live.variance_inside(law, x)
    assert ratio == pytest.approx(4, rel=1e-9)


def test_priors() -> None:
    generator = torch.Generator().manual_seed(0)
    wide = live.prior(BY_NAME["annealed"], 20_000, generator=generator)
    # The variance of N(0, 12²) over both coordinates, within 4 standard errors 12² √(2/n).
    assert abs(float(wide.var()) - 144) < 4 * 144 * math.sqrt(2 / wide.numel())
    exact = live.prior(BY_NAME["step-right"], 20_000, generator=generator)
    found = live.variance_inside(BY_NAME["step-right"].mixture, exact)
    assert abs(found - 1) < 4 * found.standard_error
    point = live.Preset("point", "", "", "", True, {"prior": "point"})
    assert (live.prior(point, 3) == 0).all()
    with pytest.raises(ValueError, match="n must be an integer >= 1"):
        live.prior(point, 0)


def test_the_mistake_draws_noise_of_the_size_of_the_variance() -> None:
    """On N(0, 1) the chain x ← (1 − ε/2) x + ε z has the stationary variance ε² / (ε − ε²/4)."""
    law = GaussianMixture([1.0], [[0.0, 0.0]], [1.0]).to(torch.float64)
    step = 0.5
    settings = {"noise": "variance", "step_size": step, "n_steps": 60}
    preset = live.Preset("mistake", "", "", "", False, settings, law)
    generator = torch.Generator().manual_seed(0)
    x = live.run(preset, live.prior(preset, 20_000, generator=generator), generator=generator).final
    exact = step**2 / (step - step**2 / 4)
    assert abs(float(x.square().mean()) - exact) < 4 * exact * math.sqrt(2 / x.numel())
