r"""Implicit score matching: the Fisher divergence without the data's score.

With $s_p$ the score of the data, integration by parts gives (Hyvärinen, 2005)

$$ \tfrac12 E_p \|s(x) - s_p(x)\|^2
   = E_p\bigl[\tfrac12 \|s(x)\|^2 + \mathrm{tr}\, \nabla s(x)\bigr] + \tfrac12 E_p \|s_p(x)\|^2, $$

if p·s vanishes at infinity. The last term does not depend on s. The trace is the price: one
backward pass a coordinate, or a random estimate of it.
"""

from collections.abc import Iterable, Iterator

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
        ValueError: for bad arguments, if the field changes the shape, or if autograd does not see
            all of its changes: under `torch.no_grad`, detached, or computed outside torch, it would
            pass for a constant. One more evaluation, a small step aside, tells.

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
    r"""$s(x)$ and $\mathrm{tr}\, \nabla s(x)$, from one evaluation of s and one to compare with.

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
    checks.points("x", x)
    probes = trace_probes(x, n_probes, generator)
    field, trace = differentiated(checks.shaped("score", score), x, probes)
    return field, trace if n_probes is None else trace / n_probes


def trace_probes(
    x: Tensor, n_probes: int | None, generator: torch.Generator | None
) -> Iterator[Tensor]:
    """Vectors z, (n, …): the d unit vectors, each for all rows, or signs drawn anew for every row.

    Raises:
        ValueError: for bad arguments.
    """
    if n_probes is None:
        identity = torch.eye(x.shape[1:].numel(), dtype=x.dtype, device=x.device)
        return (axis.reshape(x.shape[1:]).expand_as(x) for axis in identity)
    checks.generator(generator, x.device)
    like = {"generator": generator, "device": x.device}
    return (
        2.0 * torch.randint(2, x.shape, **like).to(x) - 1.0
        for _ in range(checks.count("n_probes", n_probes))
    )


def differentiated(
    score: Score, x: Tensor, probes: Iterable[Tensor], *, checked: bool = True
) -> tuple[Tensor, Tensor]:
    """s(x), and at every row the sum of zᵀJz over the probes z: the one place that takes a J.

    Args:
        score: as in `divergence`; its shape is known to be right.
        x: the points, (n, …).
        probes: vectors z, each (n, …).
        checked: compare with a difference of two values of s.

    Raises:
        ValueError: with `checked`, if autograd does not see how s changes.
    """
    try:
        with torch.inference_mode(False), torch.enable_grad():
            points = x.detach().clone().requires_grad_()
            field = score(points)
            trace = sum((_along(field, points, z) for z in probes), x.new_zeros(len(x)))
            if checked:
                _require_graph(score, points, field)
    except RuntimeError as error:
        # numpy() of a tensor that requires grad; a product with what inference mode has made.
        if "requires grad" in str(error) or "Inference tensors" in str(error):
            raise ValueError(f"score {_NOT_SEEN}: {error}") from error
        raise
    return field.detach(), trace


_NOT_SEEN = (
    "must be differentiable in x by autograd; under torch.no_grad or torch.inference_mode, "
    "detached or computed outside torch it passes for a constant"
)


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

    Raises:
        ValueError: as `divergence`.

    Source: Hyvärinen (2005), theorem 1; with `n_probes`, Song et al. (2019), eq. 8.
    """
    field, trace = field_and_divergence(score, x, n_probes=n_probes, generator=generator)
    return 0.5 * _row_sums(field.square()) + trace


def _along(field: Tensor, points: Tensor, probe: Tensor) -> Tensor:
    """zᵀJz of every row: one backward pass."""
    return _row_sums(_pulled(field, points, probe) * probe)


def _pulled(field: Tensor, points: Tensor, probe: Tensor) -> Tensor:
    """Jᵀz of every row, 0 where the field does not depend on the points."""
    if not field.requires_grad:
        return torch.zeros_like(points)
    (pulled,) = torch.autograd.grad(field, points, probe, retain_graph=True, allow_unused=True)
    return torch.zeros_like(points) if pulled is None else pulled


def _row_sums(x: Tensor) -> Tensor:
    return x.reshape(len(x), x.shape[1:].numel()).sum(1)


def _require_graph(score: Score, points: Tensor, field: Tensor) -> None:
    """Raise `ValueError` if s changes along a direction in another way than autograd says.

    Where autograd seems wrong, two points beside are asked as well: at a kink it may take one side
    or neither, and a bend can be sharper than any step.
    """
    if not points.numel():
        return
    # Its own source: the caller's draws stay the same. No sign vector, for which parts may cancel.
    source = torch.Generator().manual_seed(0)
    draw = {"generator": source, "dtype": torch.float64, "device": "cpu"}
    for aside in (0.01, 0.1, 0.0):
        z = torch.randn(points.shape, **draw).to(points)
        wrong = _other_slopes(score, points, field, z)
        if wrong is None:
            return
        points = (points + aside * z.roll(1, -1)).detach().requires_grad_()
        field = score(points)
    raise ValueError(
        f"score {_NOT_SEEN}: along a direction its slope is {wrong[0]:.3g}, and autograd sees "
        f"{wrong[1]:.3g}"
    )


@torch.no_grad()
def _other_slopes(
    score: Score, points: Tensor, field: Tensor, z: Tensor
) -> tuple[float, float] | None:
    """The slope of s along z and the one that autograd sees, at a row where they differ, if any.

    What autograd sees must lie between the differences to both sides. A step can be too long for a
    bend, so it is shortened; one that is too short drowns in rounding, so a difference counts once
    it has settled. One row in ten may fail.
    """
    pulled = _pulled(field, points, z).double()
    seen = _row_sums(pulled * z)
    eps = torch.finfo(points.dtype).eps
    step = eps**0.5 * max(1.0, float(points.abs().max()))
    length, value, reach = (_row_sums(v.double().square()).sqrt() for v in (z, field, points))

    def slope(h: float) -> tuple[Tensor, Tensor, Tensor]:
        """The slope over a step h, how large it could be, and what of it may be rounding."""
        change = (score(points + h * z) - field).double() / h
        size = torch.maximum(_row_sums(change.square()).sqrt(), _row_sums(pulled.square()).sqrt())
        rounding = 8 * eps / h * (value + size * reach / length)
        return _row_sums(change * z), length * size, length * rounding

    before = None
    for _ in range(10):
        ahead, size, rounding = slope(step)
        close = (ahead - seen).abs() <= 0.01 * size + rounding
        if (close | ~ahead.isfinite()).double().mean() >= 0.9:
            return None
        sides = torch.stack([ahead, slope(-step)[0]])
        gap = torch.maximum(sides.amin(0) - seen, seen - sides.amax(0))
        if before is not None:
            far = 0.05 * sides.abs().amax(0) + 8 * eps / step * value * length
            settled = ((sides - before[0]).abs() <= torch.minimum(0.1 * gap, far)).all(0)
            wrong = settled & (gap > 0.01 * size + before[1])
            if wrong.double().mean() > 0.1:
                i = int(wrong.nonzero()[0, 0])
                return ahead[i].item(), seen[i].item()
        before, step = (sides, rounding), step / 4
    return None
