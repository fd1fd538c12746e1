"""The network for images that comes with the package is the one that its record describes."""

import pytest
import torch

from scorelab.matching import ncsn_loss
from scorelab.training.mnist.data import _WHOLE, load_mnist
from scorelab.training.mnist.network import MNIST_NETWORK, MnistRecipe, load_mnist_network

LOSS = 11.17060
"""The loss below, as measured when the network was committed."""


def loss_on_fixed_noise(network) -> float:
    """Of 100 images held out, at eight of the levels from 85 down, λ = σ²."""
    _, record = load_mnist_network()
    return ncsn_loss(
        network,
        load_mnist().test_images[:100],
        record["sigmas"][1::17],
        generator=torch.Generator().manual_seed(0),
    ).item()


def test_it_says_how_it_was_made():
    network, record = load_mnist_network()
    assert MNIST_NETWORK.stat().st_size <= 2_000_000
    assert record["data"] == _WHOLE
    assert record["n_images"] == 60_000
    recipe = record["recipe"]
    assert MnistRecipe(**recipe | {"widths": tuple(recipe["widths"])}) == MnistRecipe()
    torch.testing.assert_close(torch.tensor(record["sigmas"]), MnistRecipe().sigmas())
    losses = torch.tensor(record["losses"])
    assert losses[0] > 200
    assert losses[-10:].mean() < losses[:10].mean() / 1.2
    assert set(record["versions"]) == {"scorelab", "torch"}
    assert not any(p.requires_grad for p in network.parameters())
    assert all(p.dtype == torch.float32 for p in network.parameters())


def test_it_gives_the_loss_that_was_recorded():
    """On the same images, levels and noise; what differs is rounding."""
    assert loss_on_fixed_noise(load_mnist_network()[0]) == pytest.approx(LOSS, rel=1e-4)


def test_it_denoises_better_than_the_best_linear_denoiser():
    """By at least half of the squared error at σ = 0.3, on images held out."""
    digits = load_mnist()
    pixels = digits.images.flatten(1)
    values, vectors = torch.linalg.eigh(pixels.T.cov())
    clean = digits.test_images[:100]
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    noisy = clean + 0.3 * noise
    along = (noisy.flatten(1) - pixels.mean(0)) @ vectors * (values / (values + 0.3**2))
    linear = (pixels.mean(0) + along @ vectors.T).reshape(clean.shape)
    network, _ = load_mnist_network()
    denoised = noisy + 0.3**2 * network(noisy, 0.3)
    assert (denoised - clean).square().mean() < 0.5 * (linear - clean).square().mean()
