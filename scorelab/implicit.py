r"""Implicit score matching: the Fisher divergence without the data's score.

With $s_p$ the score of the data, integration by parts gives (Hyvärinen, 2005)

$$ \tfrac12 E_p \|s(x) - s_p(x)\|^2
   = E_p\bigl[\tfrac12 \|s(x)\|^2 + \mathrm{tr}\, \nabla s(x)\bigr] + \tfrac12 E_p \|s_p(x)\|^2, $$

if p·s vanishes at infinity. The last term does not depend on s. The trace is the price: one
backward pass a coordinate, or a random estimate of it.
"""

import torch
from torch import Tensor

from scorelab._support import checks
from scorelab.sde import Score

__all__ = ["divergence", "field_and_divergence", "implicit_terms"]


def divergence(
    score: Score,
    x: Tensor,
    *,
    n_probes: int | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""The divergence $\mathrm{tr}\, \nabla s(x)$ of a vector field at every row of x.

    Exactly, it takes d backward passes, one a coordinate. With `n_probes` it is estimated by the
    mean of $z^\top \nabla s(x)\, z$ over so many vectors z of random signs. That is unbiased, and
    has the variance $\sum_{i < j} (J_{ij} + J_{ji})^2$, with J the Jacobian, over `n_probes`.

    Args:
        score: the field s, (n, …) in and out, each row a function of the same row alone.
        x: the points, (n, …).
        n_probes: number of random vectors a row, ≥ 1; if not given, the trace is exact.
        generator: the source of the signs.

    Returns:
        (n,), in the units of s / x.

    Raises:
        ValueError: for bad arguments, or if the field changes the shape.

    Source: Hutchinson (1990) for the estimate.
    """
    return field_and_divergence(score, x, n_probes=n_probes, generator=generator)[1]


def field_and_divergence(
    score: Score,
    x: Tensor,
    *,
    n_probes: int | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    r"""$s(x)$ and $\mathrm{tr}\, \nabla s(x)$, from one evaluation of s.

    Args:
        score: as in `divergence`, and so are the others.
        x: the points, (n, …).
        n_probes: number of random vectors a row; if not given, the trace is exact.
        generator: the source of the signs.

    Returns:
        The field, (n, …), and its divergence, (n,); neither holds a graph.

    Raises:
        ValueError: as `divergence`.
    """
    checks.batch("x", x)
    if n_probes is not None:
        checks.count("n_probes", n_probes)
    with torch.enable_grad():
        points = x.detach().requires_grad_()
        field = score(points)
        if field.shape != x.shape:
            raise ValueError(
                f"score must return the shape of x, {tuple(x.shape)}, got {tuple(field.shape)}"
            )
        if not field.requires_grad:  # a constant field
            return field, x.new_zeros(len(x))
        probes = _axes(x) if n_probes is None else _signs(x, n_probes, generator)
        total = sum(_along(field, points, probe) for probe in probes)
    return field.detach(), total if n_probes is None else total / n_probes


def implicit_terms(
    score: Score,
    x: Tensor,
    *,
    n_probes: int | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""The terms $\tfrac12 \|s(x)\|^2 + \mathrm{tr}\, \nabla s(x)$ of implicit score matching.

    Their mean over samples of p is half the Fisher divergence less $\tfrac12 E_p \|s_p\|^2$, so it
    may well be negative.

    Args:
        score: the model's score, (n, …) in and out.
        x: independent draws of p, (n, …).
        n_probes: as in `divergence`.
        generator: likewise.

    Returns:
        (n,), in 1 / (units of x)².

    Source: Hyvärinen (2005), theorem 1; with `n_probes`, Song et al. (2019), eq. 8.
    """
    field, trace = field_and_divergence(score, x, n_probes=n_probes, generator=generator)
    return 0.5 * field.reshape(len(x), -1).square().sum(1) + trace


def _along(field: Tensor, points: Tensor, probe: Tensor) -> Tensor:
    """zᵀJz of every row: one backward pass."""
    (pulled,) = torch.autograd.grad(field, points, probe, retain_graph=True)
    return (pulled * probe).reshape(len(points), -1).sum(1)


def _axes(x: Tensor) -> list[Tensor]:
    """The d unit vectors, each for all rows."""
    identity = torch.eye(x[0].numel(), dtype=x.dtype, device=x.device)
    return [axis.reshape(x[0].shape).expand_as(x) for axis in identity]


def _signs(x: Tensor, n_probes: int, generator: torch.Generator | None) -> list[Tensor]:
    """Vectors of random signs, drawn anew for every row."""
    return [
        2.0 * torch.randint(2, x.shape, generator=generator, device=x.device).to(x) - 1.0
        for _ in range(n_probes)
    ]
