"""The mixture that the whole book samples from, and one that spells words."""

from typing import TYPE_CHECKING

import numpy as np

from scorelab._support import checks
from scorelab._support.extras import needed
from scorelab.mixture import GaussianMixture

if TYPE_CHECKING:
    from matplotlib.path import Path

__all__ = ["book_mixture", "lettering"]


def book_mixture() -> GaussianMixture:
    """Three Gaussians in the plane: a wide heavy one, a small light one beside it, and a far one.

    The first two overlap in their tails, so that a sampler can cross between them. Between them and
    the third lie about ten standard deviations of almost nothing.
    """
    return GaussianMixture(
        weights=[0.6, 0.1, 0.3],
        means=[[-2.0, -1.0], [1.5, 0.5], [7.0, 6.0]],
        covariances=[
            [[1.0, 0.5], [0.5, 0.8]],
            [[0.4, -0.2], [-0.2, 0.5]],
            [[0.8, 0.3], [0.3, 0.6]],
        ],
    )


def lettering(text: str, *, width: float = 12.0, spacing: float = 0.16) -> GaussianMixture:
    """A mixture that spells `text`: equal small Gaussians on a lattice inside the letters.

    Args:
        text: one line; may hold mathtext between dollar signs.
        width: of the line, centred on the origin.
        spacing: of the lattice; half of it is each Gaussian's standard deviation.

    Raises:
        ValueError: if a length is not > 0, or no point of the lattice lies inside the letters.
    """
    checks.positive("width", width)
    checks.positive("spacing", spacing)
    if not text.strip():
        raise ValueError(f"text must hold a letter, got {text!r}")
    with needed("letters need"):
        from matplotlib.textpath import TextPath
        from matplotlib.transforms import Affine2D

    outline = TextPath((0, 0), text, size=1)
    low, high = outline.get_extents().min, outline.get_extents().max
    scale = width / (high[0] - low[0])
    outline = Affine2D().translate(*-(low + high) / 2).scale(scale).transform_path(outline)
    height = scale * (high[1] - low[1])
    x, y = np.meshgrid(
        np.arange(-width / 2, width / 2, spacing), np.arange(-height / 2, height / 2, spacing)
    )
    lattice = np.column_stack([x.ravel(), y.ravel()])
    means = lattice[_inside(outline, lattice)]
    if len(means) == 0:
        raise ValueError(f"text {text!r} holds no point of a lattice of spacing {spacing}")
    n = len(means)
    return GaussianMixture(np.full(n, 1 / n), means, np.full(n, (spacing / 2) ** 2))


def _inside(outline: "Path", points: np.ndarray) -> np.ndarray:
    """Which points lie inside, counting each contour that surrounds them: letters have holes."""
    crossings = sum(
        type(outline)(contour).contains_points(points).astype(int)
        for contour in outline.to_polygons(closed_only=True)
    )
    return crossings % 2 == 1
