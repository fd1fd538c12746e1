"""How a batch is worked through: slice by slice, and coordinate by coordinate.

A formula over K components in d dimensions has intermediate results of K·d numbers a point. Here a
batch is cut into slices for which these stay in the cache of a processor, and each slice is laid
out as (d, n): a row holds one coordinate of all points, so that every sum over components or
coordinates is a sum of long rows. On a slice (n, d) the same sums would run over two or three
neighbouring numbers and take many times as long.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from scorelab._support.allocator import keep_freed_memory

__all__ = ["by_slices", "minus_half_squares"]

# Numbers a slice: large enough to amortise some thirty calls, small enough for cache and memory.
_SIZE = 2**20
# Up to this dimension a batch is transposed coordinate by coordinate, which for d = 2 is five times
# as fast as .T.contiguous(), which goes number by number.
_THIN = 16


def by_slices(
    function: Callable[..., Tensor], x: Tensor, *per_point: Tensor, width: int, least: int
) -> Tensor:
    """Apply `function` to slices of x laid out as (d, n), and put the results together.

    Args:
        function: from (d, n), and (n,) of each of `per_point`, to (n,) or (m, n).
        x: (n, d).
        per_point: tensors (n,), cut in the same way.
        width: how many numbers a point takes in the largest intermediate result.
        least: the fewest points in a slice.

    Returns:
        (n,) or (n, m), contiguous.
    """
    keep_freed_memory()
    size = max(least, _SIZE // width)
    slices = zip(x.split(size), *(p.split(size) for p in per_point), strict=True)
    return _points([function(_rows(part), *rest) for part, *rest in slices])


def minus_half_squares(start: Tensor, z: Tensor) -> Tensor:
    """`start` − ½ ‖z‖² with z (K, d, n) and `start` (K, n) or (K, 1): (K, n).

    In few dimensions coordinate by coordinate, so that no squares are written down.
    """
    if z.shape[1] > _THIN:
        return torch.sub(start, z.square().sum(1), alpha=0.5)
    for coordinate in z.unbind(1):
        start = torch.addcmul(start, coordinate, coordinate, value=-0.5)
    return start


def _rows(points: Tensor) -> Tensor:
    """(n, d) to contiguous (d, n)."""
    return torch.stack(points.unbind(1)) if points.shape[1] <= _THIN else points.T.contiguous()


def _points(parts: list[Tensor]) -> Tensor:
    """Several (m, n_i) to one contiguous (n, m), and (n_i,) to (n,).

    In any other layout a caller's sums with other batches would be slow. Autograd would record
    every column, so it is given the plain way.
    """
    first = parts[0]
    if first.ndim == 1:
        return torch.cat(parts)
    if len(first) > _THIN or any(part.requires_grad for part in parts):
        return torch.cat([part.T for part in parts])
    points = first.new_empty(sum(part.shape[1] for part in parts), len(first))
    for rows, here in zip(parts, points.split([part.shape[1] for part in parts]), strict=True):
        for column, row in zip(here.unbind(1), rows, strict=True):
            column.copy_(row)
    return points
