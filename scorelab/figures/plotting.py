"""The book's figures: a mixture in the plane, its score, samples, paths and films.

All take any mixture in the plane. Contours hold 50, 90 and 99 % of the mass. The pictures and
films themselves are made by `scorelab.figures.pictures`. For data that are images there is a mosaic
of them.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from torch import Tensor

from scorelab._support import checks
from scorelab.figures.pictures import INK, Film, Picture, film, picture
from scorelab.mixture import GaussianMixture
from scorelab.sde import Score
from scorelab.solvers import Trajectory

__all__ = [
    "INK",
    "box",
    "density",
    "density_and_score",
    "film",
    "grid",
    "mosaic",
    "outline",
    "particles",
    "paths",
    "picture",
    "samples",
    "score_field",
    "tiled",
]

Box = tuple[float, float, float, float]
_MASSES = (0.5, 0.9, 0.99)


def box(mixture: GaussianMixture, margin: float = 4.0) -> Box:
    """Left, right, bottom, top: all within `margin` standard deviations of some mean."""
    reach = margin * mixture.covariances.diagonal(dim1=1, dim2=2).sqrt()
    low, high = (mixture.means - reach).amin(0), (mixture.means + reach).amax(0)
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def density(ax: Axes, mixture: GaussianMixture, bounds: Box | None = None, *, n: int = 300) -> None:
    """Shade the density, on a square-root scale so that the tails show."""
    bounds = bounds or box(mixture)
    p = mixture.log_prob(grid(bounds, n)).exp().sqrt().numpy()
    ax.imshow(p, extent=bounds, cmap="scorelab", interpolation="bilinear", aspect="auto")
    _plane(ax, bounds)


def outline(ax: Axes, mixture: GaussianMixture, bounds: Box | None = None, *, n: int = 200) -> None:
    """Draw the contours that hold 50, 90 and 99 % of the mass."""
    bounds = bounds or box(mixture)
    generator = torch.Generator(mixture.means.device).manual_seed(0)
    exact = mixture.log_prob(mixture.sample(20_000, generator=generator))
    levels = torch.quantile(
        exact, 1 - torch.tensor(sorted(_MASSES, reverse=True), dtype=exact.dtype)
    )
    points = grid(bounds, n)
    ax.contour(
        points[..., 0],
        points[..., 1],
        mixture.log_prob(points),
        levels=sorted(levels.tolist()),
        colors=INK["muted"],
        linewidths=0.8,
        linestyles="solid",
    )
    _plane(ax, bounds)


def score_field(
    ax: Axes, score: Score, bounds: Box, *, n: int = 15, color: str = INK["orange"]
) -> None:
    """Draw the score as arrows whose length grows with the logarithm of its norm."""
    left, right, bottom, top = bounds
    points = grid(bounds, n).reshape(-1, 2)
    with torch.no_grad():
        s = score(points)
    norm = s.norm(dim=1, keepdim=True)
    arrows = s / norm.clamp_min(1e-30) * torch.log1p(norm)
    longest = 0.9 * max(right - left, top - bottom) / n
    arrows *= longest / arrows.norm(dim=1).quantile(0.98)
    ax.quiver(
        *points.T, *arrows.T, color=color, angles="xy", scale_units="xy", scale=1, width=0.006
    )
    _plane(ax, bounds)


def density_and_score(mixture: GaussianMixture, bounds: Box | None = None) -> Picture:
    """The density beside its score."""
    bounds = bounds or box(mixture)
    figure, (left, right) = picture(1, 2, height=_height(bounds, 2))
    density(left, mixture, bounds)
    outline(right, mixture, bounds)
    score_field(right, mixture.score, bounds)
    left.set_title("density $p(x)$")
    right.set_title(r"score $\nabla\log p(x)$")
    return figure


def samples(
    mixture: GaussianMixture,
    clouds: Mapping[str, Tensor],
    bounds: Box | None = None,
    *,
    at_most: int = 2_000,
) -> Picture:
    """Clouds of points side by side, each over the contours of the mixture, titled by its key."""
    bounds = bounds or box(mixture)
    figure, axes = picture(1, len(clouds), height=_height(bounds, len(clouds)), squeeze=False)
    for ax, (title, cloud) in zip(axes[0], clouds.items(), strict=True):
        outline(ax, mixture, bounds)
        ax.scatter(*cloud[:at_most].T, s=3, color=INK["blue"], alpha=0.45, linewidths=0)
        ax.set_title(title)
    return figure


def paths(
    mixture: GaussianMixture,
    runs: Mapping[str, Trajectory],
    bounds: Box | None = None,
    *,
    n_paths: int = 6,
) -> Picture:
    """The first paths of each run, from an open circle to a full one, over the contours."""
    bounds = bounds or box(mixture)
    figure, axes = picture(1, len(runs), height=_height(bounds, len(runs)), squeeze=False)
    accents = [INK[name] for name in ("blue", "orange", "green", "purple", "gold")]
    for ax, (title, run) in zip(axes[0], runs.items(), strict=True):
        outline(ax, mixture, bounds)
        for i in range(min(n_paths, run.states.shape[1])):
            path, color = run.states[:, i], accents[i % len(accents)]
            ax.plot(*path.T, color=color, lw=0.9, alpha=0.85)
            ax.plot(*path[0], "o", ms=5, mfc=INK["paper"], mec=color)
            ax.plot(*path[-1], "o", ms=5, color=color)
        ax.set_title(title)
    return figure


def particles(
    backdrop: GaussianMixture | Sequence[GaussianMixture],
    runs: Mapping[str, Trajectory],
    bounds: Box | None = None,
    *,
    label: str = "t = {:.1f}",
    at_most: int = 1_500,
    fps: int = 25,
) -> Film:
    """A film of particles: a frame a recorded instant, runs side by side, over the contours.

    Args:
        backdrop: the law to compare with, in every panel.
        runs: a trajectory a panel, all with the same number of recorded instants.
        bounds: the region to show.
        label: how the time is written into the corner.
        at_most: how many particles to show.
        fps: frames a second.
    """
    law = backdrop if isinstance(backdrop, GaussianMixture) else backdrop[-1]
    bounds = bounds or box(law)
    figure, axes = picture(1, len(runs), height=_height(bounds, len(runs)), squeeze=False)
    moving = []
    for ax, (title, run) in zip(axes[0], runs.items(), strict=True):
        outline(ax, law, bounds)
        ax.set_title(title)
        cloud = ax.scatter([], [], s=4, color=INK["blue"], alpha=0.55, linewidths=0)
        clock = ax.text(0.03, 0.95, "", transform=ax.transAxes, va="top", color=INK["muted"])
        moving.append((run, cloud, clock))

    def update(frame: int) -> list:
        for run, cloud, clock in moving:
            cloud.set_offsets(run.states[frame, :at_most])
            clock.set_text(label.format(run.times[frame]))
        return [artist for _, cloud, clock in moving for artist in (cloud, clock)]

    n_frames = len(next(iter(runs.values())).times)
    return film(figure, update, n_frames, fps=fps)


def mosaic(ax: Axes, images: Tensor, *, columns: int, gap: int = 2) -> AxesImage:
    """Show grey images row by row, 0 as paper and 1 as ink; returns what holds the pixels.

    Args:
        ax: where to draw; loses its axes.
        images: (n, 1, H, W); what lies outside [0, 1] is cut off.
        columns: images a row.
        gap: empty pixels between neighbours.
    """
    ax.axis("off")
    pixels = tiled(images, columns=columns, gap=gap).numpy()
    return ax.imshow(pixels, cmap="scorelab", vmin=0, vmax=1, origin="upper")


def tiled(images: Tensor, *, columns: int, gap: int = 0) -> Tensor:
    """Images (n, 1, H, W) side by side, row by row, cut off to [0, 1]; places left over are 0.

    Raises:
        ValueError: if `images` does not have that shape, n ≥ 1, or `columns` or `gap` is no count.
    """
    checks.batch("images", images)
    if images.ndim != 4 or images.shape[1] != 1 or not len(images):
        raise ValueError(f"images must have shape (n, 1, H, W), n >= 1, got {tuple(images.shape)}")
    checks.count("columns", columns)
    checks.count("gap", gap, least=0)
    n, _, height, width = images.shape
    rows = -(-n // columns)
    sheet = torch.zeros(rows * columns, height + gap, width + gap)
    sheet[:n, :height, :width] = images[:, 0].detach().cpu().clamp(0, 1)
    sheet = sheet.unflatten(0, (rows, columns)).transpose(1, 2).flatten(0, 1).flatten(1)
    return sheet[: len(sheet) - gap, : sheet.shape[1] - gap]


def grid(bounds: Box, n: int) -> Tensor:
    """Points (n, n, 2) over the region, rows from bottom to top."""
    left, right, bottom, top = bounds
    x, y = np.linspace(left, right, n), np.linspace(bottom, top, n)
    return torch.from_numpy(np.stack(np.meshgrid(x, y), -1))


def _plane(ax: Axes, bounds: Box) -> None:
    ax.set(xlim=bounds[:2], ylim=bounds[2:], aspect="equal")
    ax.tick_params(length=0)


def _height(bounds: Box, columns: int, width: float = 6.6) -> float:
    """The height in inches that gives panels of equal aspect with room for titles."""
    left, right, bottom, top = bounds
    return min(width / columns * (top - bottom) / (right - left) + 0.45, 6.0)
