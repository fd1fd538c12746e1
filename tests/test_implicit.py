"""Implicit score matching against closed forms, explicit score matching and an exact variance."""

import pytest
import torch

from scorelab.estimate import Estimate
from scorelab.examples import book_mixture
from scorelab.implicit import divergence, field_and_divergence, implicit_terms
from scorelab.mixture import GaussianMixture


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(5, 3), (4, 2, 3)])
def test_divergence_of_a_linear_field_is_the_trace_of_its_matrix(shape):
    x = torch.randn(shape, generator=generator(), dtype=torch.float64)
    d = x[0].numel()
    matrix = torch.randn(d, d, generator=generator(1), dtype=torch.float64)

    def field(y):
        return (y.reshape(len(y), -1) @ matrix.T).reshape(y.shape)

    torch.testing.assert_close(divergence(field, x), matrix.trace().expand(len(x)))


def test_divergence_of_a_nonlinear_field():
    x = torch.randn(50, 3, generator=generator(), dtype=torch.float64)
    torch.testing.assert_close(divergence(torch.sin, x), x.cos().sum(1))


def test_divergence_of_a_constant_field_is_zero():
    assert (divergence(lambda y: torch.ones_like(y.detach()), torch.zeros(3, 2)) == 0).all()


def test_random_signs_give_the_trace_with_the_variance_of_the_docstring():
    matrix = torch.tensor([[1.0, 2.0, 0.5], [-1.0, 3.0, 0.0], [0.3, 0.7, -2.0]]).double()
    x = torch.zeros(40_000, 3, dtype=torch.float64)
    found = divergence(lambda y: y @ matrix.T, x, n_probes=1, generator=generator())
    mean = Estimate.of_mean(found)
    assert abs(mean - 2.0) < 4 * mean.standard_error
    both = matrix + matrix.T
    exact = both.triu(1).square().sum().item()
    variance = Estimate.of_mean((found - 2.0).square())
    assert abs(variance - exact) < 4 * variance.standard_error
    two = divergence(lambda y: y @ matrix.T, x, n_probes=2, generator=generator())
    half = Estimate.of_mean((two - 2.0).square())
    assert abs(half - exact / 2) < 4 * half.standard_error


@pytest.mark.parametrize("n_probes", [None, 1])
def test_implicit_and_explicit_differ_by_the_constant(n_probes):
    mixture = book_mixture()
    model = GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [5.0, 5.0]], [2.0, 3.0])
    x = mixture.sample(50_000, generator=generator()).double()
    mixture, model = mixture.to(torch.float64), model.to(torch.float64)
    explicit = 0.5 * (model.score(x) - mixture.score(x)).square().sum(1)
    constant = 0.5 * mixture.score(x).square().sum(1)
    implicit = implicit_terms(model.score, x, n_probes=n_probes, generator=generator(1))
    gap = Estimate.of_mean(implicit + constant - explicit)
    assert abs(gap) < 4 * gap.standard_error


def test_bad_arguments_are_named():
    x = torch.zeros(3, 2)
    with pytest.raises(ValueError, match="n_probes"):
        divergence(torch.sin, x, n_probes=0)
    with pytest.raises(ValueError, match="score must return"):
        divergence(lambda y: y[:, :1], x)


def test_field_and_trace_come_from_one_evaluation_and_one_to_compare_with():
    """s = sin x in three dimensions: tr ∇s = Σ cos x."""
    calls = []

    def field(x):
        calls.append(len(x))
        return x.sin()

    x = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found, trace = field_and_divergence(field, x)
    assert calls == [5, 5]
    assert torch.equal(found, x.sin())
    assert torch.allclose(trace, x.cos().sum(1))
    assert not found.requires_grad
