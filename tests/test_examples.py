"""The examples are what their descriptions say."""

import math

import pytest
import torch

from scorelab.examples import book_mixture, lettering


def test_the_book_mixture_is_as_described():
    """Weights well apart, two modes that overlap, and a third about ten deviations away."""
    p = book_mixture()
    assert p.weights.tolist() == pytest.approx([0.6, 0.1, 0.3])
    near, far = separation(p, 0, 1), min(separation(p, 0, 2), separation(p, 1, 2))
    assert near < 5
    assert 9 < far < 12


def separation(p, i: int, j: int) -> float:
    """The distance of two means, in standard deviations along the line between them (averaged)."""
    gap = p.means[i] - p.means[j]
    unit = gap / gap.norm()
    deviations = [float(unit @ p.covariances[k] @ unit) ** 0.5 for k in (i, j)]
    return float(gap.norm()) / (sum(deviations) / 2)


def test_lettering_spells_with_holes():
    """The letter o: ink on the ring, none in the middle and none outside."""
    p = lettering("o", width=10.0, spacing=0.3)
    assert p.weights.unique().numel() == 1
    middle, outside = (float(p.log_prob(torch.tensor(x))) for x in ([0.0, 0.0], [8.0, 0.0]))
    ring = float(p.log_prob(torch.tensor([4.0, 0.0])))
    assert ring > math.log(0.005)
    assert max(middle, outside) < -20


def test_lettering_is_centred_and_as_wide_as_asked():
    p = lettering("HOH", width=6.0, spacing=0.1)
    low, high = p.means.amin(0), p.means.amax(0)
    assert float(high[0] - low[0]) == pytest.approx(6, abs=0.3)
    assert float((low + high).abs().max()) < 0.3
    assert torch.allclose(p.covariances, 0.0025 * torch.eye(2, dtype=p.means.dtype), rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": ""}, "text"),
        ({"text": " "}, "text"),
        ({"text": "i", "spacing": 50.0}, "text 'i' holds no point of a lattice of spacing 50"),
        ({"text": "i", "width": 0.0}, "width must be"),
        ({"text": "i", "spacing": -1.0}, "spacing must be"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        lettering(**arguments)
