"""The checks of arguments: each says which argument, what is wrong and what it got."""

import math

import pytest
import torch

from scorelab._support import checks


@pytest.mark.parametrize("value", [1e-300, 2, 0.5, torch.tensor(3.0)])
def test_positive_returns_a_float(value):
    assert checks.positive("step", value) == float(value)
    assert isinstance(checks.positive("step", value), float)


@pytest.mark.parametrize("value", [0, -1.0, math.inf, -math.inf, math.nan, torch.tensor(-2.0)])
def test_positive_names_the_argument(value):
    with pytest.raises(ValueError, match="step must be a finite number > 0, got"):
        checks.positive("step", value)


def test_count_takes_integers_from_the_least():
    assert checks.count("n", 1) == 1
    assert checks.count("n", 0, least=0) == 0


@pytest.mark.parametrize("value", [0, -3, 1.0, "2", None, True])
def test_count_names_the_argument(value):
    with pytest.raises(ValueError, match="n must be an integer >= 1, got"):
        checks.count("n", value)


def test_noise_level_is_like_x():
    x = torch.zeros(3, 2, dtype=torch.float64)
    for sigma in (0.5, torch.tensor(0.5), torch.tensor([0.5, 1.0, 2.0])):
        found = checks.noise_level(sigma, x)
        assert found.dtype == torch.float64
        assert torch.equal(found, torch.as_tensor(sigma, dtype=torch.float64))


@pytest.mark.parametrize(
    ("sigma", "message"),
    [
        (0.0, "level must be finite and > 0, got 0"),
        (-0.5, "level must be finite and > 0, got -0.5"),
        (math.inf, "level must be finite and > 0, got inf"),
        (torch.tensor([1.0, 1.0, 0.0]), r"level\[2\] must be finite and > 0, got 0"),
        (torch.tensor([1.0, math.nan, 0.0]), r"level\[1\] must be finite and > 0, got nan"),
        (torch.ones(2), r"level must be a scalar or have shape \(3,\).* got shape \(2,\)"),
        (torch.ones(3, 1), r"level must be a scalar or have shape \(3,\).* got shape \(3, 1\)"),
    ],
)
def test_noise_level_names_the_component(sigma, message):
    with pytest.raises(ValueError, match=message):
        checks.noise_level(sigma, torch.zeros(3, 2), "level")


def test_batch():
    x = torch.zeros(3, 2)
    assert checks.batch("x", x) is x
    assert checks.batch("x", x, 2) is x
    with pytest.raises(ValueError, match=r"x must have shape \(\.\.\., 3\), got \(3, 2\)"):
        checks.batch("x", x, 3)
    with pytest.raises(ValueError, match=r"x must have shape \(\.\.\., 1\), got \(\)"):
        checks.batch("x", torch.tensor(1.0), 1)
    with pytest.raises(
        ValueError, match=r"x must be a floating-point tensor, got a tensor of .*64"
    ):
        checks.batch("x", torch.zeros(3, dtype=torch.int64))
    with pytest.raises(ValueError, match="x must be a floating-point tensor, got float"):
        checks.batch("x", 1.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_state_sees_a_single_bad_entry(bad):
    x = torch.zeros(1000, 3)
    checks.state(x, 4, "wait")
    x[513, 1] = bad
    with pytest.raises(FloatingPointError, match="no longer finite at step 4: wait"):
        checks.state(x, 4, "wait")


def test_state_sees_infinities_of_both_signs():
    with pytest.raises(FloatingPointError):
        checks.state(torch.tensor([math.inf, -math.inf]), 1, "")
