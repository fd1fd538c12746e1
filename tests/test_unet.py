"""ScoreUNet: what it is before training, how it treats σ and sizes, and that it is one function."""

import pytest
import torch

from scorelab.mixture import GaussianMixture
from scorelab.networks import ARCHITECTURES, ScoreUNet


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def trained_like(channels: int = 1, **options) -> ScoreUNet:
    """A small network whose last layer is not 0, in float64."""
    torch.manual_seed(0)
    model = ScoreUNet(channels, **({"widths": (8, 8, 16), "depth": 1} | options))
    torch.nn.init.normal_(model.last.weight, std=0.1)
    return model.double()


def images(n: int, channels: int = 1, height: int = 8, width: int = 8) -> torch.Tensor:
    return torch.randn(n, channels, height, width, dtype=torch.float64, generator=generator())


@pytest.mark.parametrize("sigma", [0.01, 1.0, 150.0])
def test_untrained_it_is_the_score_of_a_gaussian(sigma):
    model = ScoreUNet(2, data_mean=[0.5, -0.2], data_std=0.3).double()
    x = images(4, 2)
    mean = torch.tensor([0.5, -0.2]).repeat_interleave(64)
    law = GaussianMixture([1.0], mean[None].tolist(), [0.3**2]).to(torch.float64)
    # The mean and the variance are kept in float32.
    exact = law.noisy_score(x.flatten(1), sigma).reshape(x.shape)
    torch.testing.assert_close(model(x, sigma), exact, rtol=1e-6, atol=1e-6)


def test_its_size_is_what_the_chapter_says():
    """Between 0.3 and 0.5 million parameters, nine tenths of them at half and quarter size."""
    model = ScoreUNet()
    size = {name: p.numel() for name, p in model.named_parameters()}
    total = sum(size.values())
    assert 300_000 < total < 500_000
    full = sum(n for name, n in size.items() if "full" in name or name[:4] in ("firs", "last"))
    assert full < 0.1 * total


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 8, 12), (2, 4, 4)])
def test_any_channels_and_sides_divisible_by_four(shape):
    model = trained_like(shape[0])
    x = images(3, *shape)
    assert model(x, 0.5).shape == x.shape


def test_sigma_may_be_a_number_a_scalar_tensor_or_one_a_row():
    model, x = trained_like(), images(4)
    sigma = torch.tensor([0.01, 0.5, 2.0, 100.0], dtype=torch.float64)
    rows = model(x, sigma)
    for i, level in enumerate(sigma):
        torch.testing.assert_close(model(x, level)[i], rows[i])
        torch.testing.assert_close(model(x, level.item())[i], rows[i])


def test_rows_do_not_see_each_other():
    """No statistics over the batch: an image's score is the same alone and among others."""
    model, x = trained_like(), images(5)
    torch.testing.assert_close(model(x, 0.3)[2:3], model(x[2:3], 0.3))


def test_a_large_batch_is_the_same_as_its_rows():
    """It is worked on in groups; each image keeps its own σ, and no image is lost."""
    torch.manual_seed(0)
    model, x = trained_like(widths=(16, 16, 16)), images(101, 1, 28, 28)
    sigma = torch.linspace(0.1, 10, 101, dtype=torch.float64)
    with torch.no_grad():
        together = model(x, sigma)
        alone = torch.cat([model(x[i : i + 1], sigma[i]) for i in range(101)])
    torch.testing.assert_close(together, alone)


def test_every_pixel_sees_the_whole_image():
    """At the smallest size, 7 × 7 for MNIST, the convolutions reach from corner to corner."""
    torch.manual_seed(0)
    model = trained_like(depth=2, widths=(8, 8, 8))
    x = images(1, 1, 28, 28).requires_grad_()
    corner = model(x, 1.0)[0, 0, 0, 0]
    (gradient,) = torch.autograd.grad(corner, x)
    assert (gradient != 0).all()


def test_scales_of_input_and_output():
    """Seen from F inputs are of size 1 at every level; s is made of F by the formula at each."""
    model = trained_like(data_mean=0.1, data_std=0.3)
    seen = []
    model.first.register_forward_hook(lambda module, args, out: seen.append(args[0]))
    model.last.register_forward_hook(lambda module, args, out: seen.append(out))
    z = images(10)
    for sigma in (1e-3, 1.0, 1e3):
        total = 0.09 + sigma**2
        score = model(0.1 + total**0.5 * z, sigma)
        torch.testing.assert_close(seen[-2], z, rtol=1e-6, atol=1e-6)
        exact = (0.09 / total) ** 0.5 / sigma * seen[-1] - z / total**0.5
        torch.testing.assert_close(score, exact, rtol=1e-6, atol=1e-6 / sigma)
    small = model(0.1 + 0.3 * z, 1e-4)
    torch.testing.assert_close(1e-4 * small, seen[-1], rtol=1e-3, atol=1e-2)


def test_it_is_differentiable_in_x():
    model = trained_like()
    x = images(2, 1, 4, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda y: model(y, 0.7), x)


def test_for_data_takes_mean_and_spread_of_the_channels():
    x = (
        torch.randn(200, 2, 8, 8, generator=generator()) * 2
        + torch.tensor([1.0, -3.0])[:, None, None]
    )
    model = ScoreUNet.for_data(x, widths=(8, 8, 8))
    assert model.config["widths"] == [8, 8, 8]
    torch.testing.assert_close(model.data_mean, x.mean((0, 2, 3)))
    spread = torch.cat([x[:, 0] - x[:, 0].mean(), x[:, 1] - x[:, 1].mean()]).square().mean()
    assert model.data_variance.item() == pytest.approx(spread.item(), rel=1e-5)


def test_it_is_known_by_name():
    assert ARCHITECTURES["ScoreUNet"] is ScoreUNet
    model = trained_like(2, data_mean=[0.5, 1.0], data_std=2.0, n_frequencies=3)
    again = ARCHITECTURES["ScoreUNet"](**model.config).double()
    again.load_state_dict(model.state_dict())
    x = images(2, 2)
    assert torch.equal(again(x, 0.3), model(x, 0.3))


def test_dtype_follows_the_input():
    model, x = trained_like(), images(2)
    assert model(x, 0.3).dtype == torch.float64
    assert model.float()(x.float(), 0.3).dtype == torch.float32


MODEL = ScoreUNet(widths=(8, 8, 8))
X = torch.zeros(3, 1, 8, 8)
BAD = [
    (lambda: ScoreUNet(0), "channels"),
    (lambda: ScoreUNet(widths=(8, 8)), "widths must be three numbers"),
    (lambda: ScoreUNet(widths=(8, 12, 16)), r"widths\[1\] must be a multiple of 8, got 12"),
    (lambda: ScoreUNet(widths=(8, 8, 0)), r"widths\[2\]"),
    (lambda: ScoreUNet(depth=0), "depth"),
    (lambda: ScoreUNet(n_frequencies=0), "n_frequencies"),
    (lambda: ScoreUNet(data_std=0.0), "data_std"),
    (lambda: ScoreUNet(data_mean=[1.0, 2.0]), "data_mean"),
    (lambda: ScoreUNet(data_mean=float("nan")), "data_mean"),
    (lambda: ScoreUNet.for_data(X[0]), "x must have shape"),
    (lambda: MODEL(X[..., :6], 1.0), r"H and W divisible by 4, got \(3, 1, 8, 6\)"),
    (lambda: MODEL(X[:, :, :7], 1.0), r"divisible by 4, got \(3, 1, 7, 8\)"),
    (lambda: MODEL(X.repeat(1, 2, 1, 1), 1.0), r"\(n, 1, H, W\)"),
    (lambda: MODEL(X[0], 1.0), r"\(n, 1, H, W\)"),
    (lambda: MODEL(X.long(), 1.0), "floating-point"),
    (lambda: MODEL(X, 0.0), "sigma"),
    (lambda: MODEL(X, torch.ones(2)), "sigma must be a scalar or have shape"),
]


@pytest.mark.parametrize(("call", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
