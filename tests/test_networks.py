"""ScoreMLP: what it is before training, how it treats σ, and that it can be differentiated."""

import pytest
import torch

from scorelab.mixture import GaussianMixture
from scorelab.networks import ARCHITECTURES, ScoreMLP
from scorelab.networks.registry import LogFourier


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def trained_like(dim: int = 2, **options) -> ScoreMLP:
    """A network whose last layer is not 0, in float64."""
    torch.manual_seed(0)
    model = ScoreMLP(dim, **options)
    torch.nn.init.normal_(model.last.weight)
    return model.double()


@pytest.mark.parametrize("sigma", [0.01, 1.0, 50.0])
def test_untrained_it_is_the_score_of_a_gaussian(sigma):
    model = ScoreMLP(3, data_mean=[1.0, -2.0, 0.5], data_std=1.7).double()
    law = GaussianMixture([1.0], [[1.0, -2.0, 0.5]], [1.7**2]).to(torch.float64)
    x = 3 * torch.randn(20, 3, dtype=torch.float64, generator=generator())
    # The variance is kept in float32.
    torch.testing.assert_close(model(x, sigma), law.noisy_score(x, sigma), rtol=1e-6, atol=1e-6)


def test_for_data_takes_mean_and_spread():
    x = torch.tensor([1.0, -4.0]) + torch.randn(50_000, 2, generator=generator()) * torch.tensor(
        [1.0, 3.0]
    )
    model = ScoreMLP.for_data(x, width=8)
    assert model.config["width"] == 8
    torch.testing.assert_close(model.data_mean, x.mean(0))
    assert model.data_variance.item() == pytest.approx(x.var(0).mean().item(), rel=1e-5)


def test_sigma_may_be_a_number_a_scalar_tensor_or_one_a_row():
    model, x = trained_like(), torch.randn(5, 2, dtype=torch.float64, generator=generator())
    sigma = torch.tensor([0.1, 0.5, 1.0, 2.0, 9.0], dtype=torch.float64)
    rows = model(x, sigma)
    assert rows.shape == (5, 2)
    for i, level in enumerate(sigma):
        torch.testing.assert_close(model(x, level)[i], rows[i])
        torch.testing.assert_close(model(x, level.item())[i], rows[i])


def test_scales_of_input_and_output():
    """Seen from F inputs are of size 1 at every level; s is made of F by the formula at each."""
    model = trained_like(data_std=2.0, data_mean=3.0)
    seen = []
    model.first.register_forward_hook(lambda module, args, out: seen.append(args[0]))
    model.last.register_forward_hook(lambda module, args, out: seen.append(out))
    z = torch.randn(10_000, 2, dtype=torch.float64, generator=generator())
    for sigma in (1e-3, 1.0, 1e3):
        total = 4 + sigma**2
        score = model(3 + total**0.5 * z, sigma)
        torch.testing.assert_close(seen[-2], z)
        exact = (4 / total) ** 0.5 / sigma * seen[-1] - z / total**0.5
        torch.testing.assert_close(score, exact)
    x = 3 + 2 * z[:100]
    small = model(x, 1e-3)
    f = seen[-1]
    torch.testing.assert_close(1e-3 * small, f, rtol=1e-3, atol=1e-2)


def test_it_is_differentiable_in_x():
    model = trained_like()
    x = torch.randn(4, 2, dtype=torch.float64, generator=generator(), requires_grad=True)
    assert torch.autograd.gradcheck(lambda y: model(y, 0.7), x)


def test_features_tell_levels_apart_and_are_smooth():
    features = LogFourier(8)
    sigma = torch.logspace(-2, 1, 200, dtype=torch.float64)[:, None]
    e = features(sigma)
    assert e.shape == (200, features.size)
    steps = e.diff(dim=0).norm(dim=1)
    # No two levels share their features, and neighbours (1.5 % apart) are close.
    assert torch.pdist(e).min() >= steps.min() * (1 - 1e-9) > 0
    assert steps.max() < 1


def test_it_is_known_by_name():
    assert ARCHITECTURES["ScoreMLP"] is ScoreMLP
    model = trained_like(width=16, depth=2, data_mean=[0.5, 1.0], data_std=2.0, n_frequencies=3)
    again = ARCHITECTURES["ScoreMLP"](**model.config).double()
    again.load_state_dict(model.state_dict())
    x = torch.randn(4, 2, dtype=torch.float64)
    assert torch.equal(again(x, 0.3), model(x, 0.3))


MODEL = ScoreMLP(2)
X = torch.zeros(3, 2)
BAD = [
    (lambda: ScoreMLP(0), "dim"),
    (lambda: ScoreMLP(2, width=0), "width"),
    (lambda: ScoreMLP(2, depth=0), "depth"),
    (lambda: ScoreMLP(2, n_frequencies=0), "n_frequencies"),
    (lambda: ScoreMLP(2, data_std=0.0), "data_std"),
    (lambda: ScoreMLP(2, data_mean=[1.0, 2.0, 3.0]), "data_mean"),
    (lambda: ScoreMLP(2, data_mean=float("nan")), "data_mean"),
    (lambda: ScoreMLP.for_data(X[:1]), "x must have shape"),
    (lambda: MODEL(X[:, :1], 1.0), r"x must have shape \(..., 2\)"),
    (lambda: MODEL(X[0], 1.0), r"x must have shape \(n, 2\)"),
    (lambda: MODEL(X, 0.0), "sigma"),
    (lambda: MODEL(X, torch.ones(2)), "sigma must be a scalar or have shape"),
]


@pytest.mark.parametrize(("call", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
