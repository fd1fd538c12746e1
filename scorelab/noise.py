r"""Noise schedules: how many levels, how far apart, and how to move between them.

The levels $\sigma_1 > \dots > \sigma_L$ fall geometrically, with the ratio
$\gamma = \sigma_{i-1} / \sigma_i$. Song and Ermon (2020) choose everything by three criteria, which
are heuristic targets from data at one point, neither necessary nor sufficient:

- $\sigma_1$ is the largest distance between two data points, so that noise joins all of them;
- neighbouring levels overlap: of the noise at level i, in D dimensions, a share
  $\Phi(\sqrt{2D}(\gamma - 1) + 3\gamma) - \Phi(\sqrt{2D}(\gamma - 1) - 3\gamma) \approx \tfrac12$
  has a length that is usual at level i − 1;
- the T steps at a level forget the level before: the variance of the noise, $\gamma^2$ in units of
  $\sigma_i^2$ at the start, ends as close to 1 as it can.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtr
from torch import Tensor

from scorelab._support import checks

__all__ = [
    "NoiseSchedule",
    "annealed_variance",
    "best_step_ratio",
    "geometric_sigmas",
    "largest_distance",
    "level_overlap",
    "variance_after",
]

# Pairs are compared one by one up to this many points: a second of work, and 128 MB.
_EXACT = 4096
# More levels, or steps at one, are a mistake: what asked for them is as good as out of range.
_MOST = 10**6


def geometric_sigmas(sigma_max: float, sigma_min: float, n_levels: int) -> Tensor:
    r"""Levels $\sigma_i = \sigma_1 (\sigma_L / \sigma_1)^{(i-1)/(L-1)}$ that fall by one ratio.

    Args:
        sigma_max: σ₁.
        sigma_min: σ_L, with 0 < σ_L < σ₁.
        n_levels: L ≥ 2.

    Returns:
        (L,), descending, in the default dtype, its ends exact.

    Raises:
        ValueError: for bad arguments.

    Source: Song and Ermon (2019), section 4.1.
    """
    return _geometric(sigma_max, sigma_min, n_levels, torch.get_default_device())


def _geometric(sigma_max: float, sigma_min: float, n_levels: int, device: torch.device) -> Tensor:
    sigma_max, sigma_min = _ends(sigma_max, sigma_min)
    n_levels = checks.count("n_levels", n_levels, least=2)
    exponents = torch.linspace(0, 1, n_levels, dtype=torch.float64, device=device)
    sigmas = sigma_max * (sigma_min / sigma_max) ** exponents
    sigmas[0], sigmas[-1] = sigma_max, sigma_min
    return sigmas.to(torch.get_default_dtype())


def level_overlap(ratio: float, dim: int) -> float:
    r"""Share of the noise of one level whose length is usual at the level above.

    $$ \Phi(\sqrt{2D}(\gamma - 1) + 3\gamma) - \Phi(\sqrt{2D}(\gamma - 1) - 3\gamma) $$

    For large D the length of $\sigma z$ is close to $N(\sqrt D \sigma, \sigma^2 / 2)$, which stands
    here for its exact law, that of χ; "usual" is within three standard deviations. For D ≤ 4 the
    share stays near 1 for every ratio: in few dimensions this criterion does not bind.

    Args:
        ratio: γ = σ_{i−1} / σ_i > 1.
        dim: D, the number of coordinates.

    Raises:
        ValueError: for bad arguments.

    Source: Song and Ermon (2020), section 3.2, proposition 2.
    """
    ratio, dim = _at_least_one("ratio", ratio), checks.count("dim", dim)
    shift = math.sqrt(2 * dim) * (ratio - 1)
    return float(ndtr(shift + 3 * ratio) - ndtr(shift - 3 * ratio))


def variance_after(n_steps: int, ratio: float, step_ratio: float) -> float:
    r"""Variance, in units of $\sigma_i^2$, that T Langevin steps leave of the level before.

    For data at one point, x starts from $N(0, \gamma^2 \sigma_i^2)$ and follows the score
    $-x / \sigma_i^2$. With $\eta = \varepsilon / \sigma_L^2$, a step in the half form of this book
    multiplies x by $1 - \eta/2$ and adds variance $\eta \sigma_i^2$, so

    $$ (1 - \tfrac{\eta}{2})^{2T} (\gamma^2 - \lambda) + \lambda, \qquad
       \lambda = \frac{1}{1 - \eta / 4}. $$

    Song and Ermon write it in the full form, $x \leftarrow x + \alpha s + \sqrt{2\alpha} z$: their
    ε is half of ours.

    Args:
        n_steps: T.
        ratio: γ.
        step_ratio: η = ε / σ_L², in (0, 4).

    Data of variance v > 0 are not forgotten so: see `annealed_variance`.

    Raises:
        ValueError: for bad arguments.

    Source: Song and Ermon (2020), section 4, proposition 3.
    """
    n_steps, ratio = checks.count("n_steps", n_steps), _at_least_one("ratio", ratio)
    step_ratio = _between("step_ratio", step_ratio, 0, 4)
    limit = 1 / (1 - step_ratio / 4)
    return (1 - step_ratio / 2) ** (2 * n_steps) * (ratio**2 - limit) + limit


def annealed_variance(
    variance: float, sigmas: Tensor | Sequence[float], *, step_ratio: float, n_steps: int
) -> float:
    r"""Variance that annealed Langevin dynamics makes of data $N(0, v)$, before denoising.

    It starts from $N(0, \sigma_1^2)$. At the level σ the score of the noisy data is
    $-x / (v + \sigma^2)$, so each of the T steps of size $\alpha = \eta \sigma^2$ takes V to

    $$ \Bigl( 1 - \frac{\alpha}{2 (v + \sigma^2)} \Bigr)^2 V + \alpha . $$

    Args:
        variance: v ≥ 0, of the data, in squared units of x.
        sigmas: the levels, (L,), strictly descending.
        step_ratio: η = ε / σ_L², in (0, 4).
        n_steps: T, the number of steps at each level.

    Returns:
        V after the last level, in squared units of x.

    Raises:
        ValueError: for bad arguments.

    Source: the derivation `annealed-contraction`, equation `moved-variance`.
    """
    variance, step_ratio = checks.real("variance", variance), checks.real("step_ratio", step_ratio)
    if not (math.isfinite(variance) and variance >= 0):
        raise ValueError(f"variance must be finite and >= 0, got {variance}")
    if not 0 < step_ratio < 4:
        raise ValueError(f"step_ratio must lie in (0, 4), got {step_ratio}")
    n_steps = checks.count("n_steps", n_steps)
    like = torch.empty(0, dtype=torch.float64, device="cpu")
    levels = checks.descending("sigmas", sigmas, like).tolist()
    left = levels[0] ** 2
    for sigma in levels:
        kept = 1 - step_ratio * sigma**2 / (2 * (variance + sigma**2))
        for _ in range(n_steps):
            left = kept**2 * left + step_ratio * sigma**2
    return left


def best_step_ratio(n_steps: int, ratio: float) -> float:
    r"""The $\eta = \varepsilon / \sigma_L^2$ (half form) whose `variance_after` T steps is least.

    That variance is above 1 for every η: small steps forget too little, large ones add a bias.

    Raises:
        ValueError: for bad arguments.
    """
    n_steps, ratio = checks.count("n_steps", n_steps), _at_least_one("ratio", ratio)
    best = minimize_scalar(
        lambda log_eta: variance_after(n_steps, ratio, math.exp(log_eta)),
        bounds=(math.log(1e-9), math.log(2)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return math.exp(best.x)


def largest_distance(x: Tensor) -> tuple[float, float]:
    r"""Largest pairwise distance of a data set: a value that is attained, and an upper bound.

    With centre c and radius $R = \max \|x - c\|$, a pair further apart than D has both points at
    least $D - R$ from c. If no more than 4,096 points are, they are compared pair by pair, and both
    numbers are the exact distance. If more are, the first number is the largest distance among the
    4,096 points furthest from c, or found by jumping to the furthest point again and again; the
    second is 2R.

    Args:
        x: (n, …), n ≥ 2.

    Returns:
        The largest distance found and an upper bound on all, equal if exact; in the units of x.

    Raises:
        ValueError: for fewer than two points, or one that is not finite.
    """
    checks.points("x", x, least=2)
    points = x.detach().reshape(len(x), -1).double()
    points = points - points.mean(0)
    radii = points.norm(dim=1)
    radius = radii.max().item()
    found, start = 0.0, radii.argmax()
    while True:
        distances = (points - points[start]).norm(dim=1)
        start = distances.argmax()
        if distances[start].item() <= found:
            break
        found = distances[start].item()
    # The margin keeps rounding from dropping an end of the pair itself.
    candidates = int((radii >= (found - radius) * (1 - 1e-9)).sum())
    outer = points[radii.argsort(descending=True)[: min(candidates, _EXACT)]]
    found = max(found, *(torch.cdist(part, outer).max().item() for part in outer.split(512)))
    return found, found if candidates <= _EXACT else 2 * radius


@dataclass(frozen=True)
class NoiseSchedule:
    r"""Levels, step and number of steps of annealed Langevin dynamics, and what they reach.

    Attributes:
        sigmas: (L,), descending.
        step_size: ε, the step at the last level in the half form, in squared units of x.
        n_steps: T, steps at each level.
        dim: D, the number of coordinates of the data.
        distance_bound: no two data points are further apart; equal to σ₁ if that is exact.

    Raises:
        ValueError: unless the levels descend and the rest is in range. The levels are copied.
    """

    sigmas: Tensor
    step_size: float
    n_steps: int
    dim: int
    distance_bound: float

    def __post_init__(self) -> None:
        sigmas = checks.read("sigmas", self.sigmas)
        fields = {
            "sigmas": checks.descending("sigmas", sigmas, sigmas),
            "step_size": checks.positive("step_size", self.step_size),
            "n_steps": checks.count("n_steps", self.n_steps),
            "dim": checks.count("dim", self.dim),
            "distance_bound": checks.positive("distance_bound", self.distance_bound),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_data(
        cls,
        x: Tensor,
        *,
        sigma_min: float,
        overlap: float = 0.5,
        max_ratio: float = 4 / 3,
        variance: float = 1.05,
        n_steps: int | None = None,
    ) -> Self:
        r"""Choose a schedule for data by the criteria of Song and Ermon (2020).

        Args:
            x: the data, (n, …), n ≥ 2.
            sigma_min: σ_L, small enough that data with this noise is as good as data.
            overlap: the least `level_overlap`, in (0, 1).
            max_ratio: the largest ratio γ, whatever the overlap. It decides in few dimensions
                (below 73 at 4/3), where the overlap would allow jumps so wide that the points fall
                into modes before the modes have their weights.
            variance: the largest `variance_after` the steps of a level, > 1.
            n_steps: T, where the computing time is given; the least that reaches `variance`, if
                not.

        Returns:
            The schedule: the fewest levels, and the step that forgets best.

        Raises:
            ValueError: for bad arguments, or if no two points are further apart than `sigma_min`.
        """
        sigma_min = checks.positive("sigma_min", sigma_min)
        overlap = _between("overlap", overlap, 0, 1)
        max_ratio = _between("max_ratio", max_ratio, 1, math.inf)
        variance = _between("variance", variance, 1, math.inf)
        checks.batch("x", x)
        if x.ndim < 2 or len(x) < 2 or not bool(torch.isfinite(x).all()):
            raise ValueError(
                f"x must have shape (n, …) with n >= 2 and be finite, got {tuple(x.shape)}"
            )
        sigma_max, bound = largest_distance(x)
        if sigma_max <= sigma_min:
            raise ValueError(
                f"sigma_min must be below the largest distance of two points of x, {sigma_max:g}, "
                f"got {sigma_min:g}"
            )
        dim = x[0].numel()
        widest = min(max_ratio, _ratio_of_overlap(overlap, dim))
        # Rounding must not turn an exact number of levels into one more.
        n_levels = 1 + max(1, math.ceil(math.log(sigma_max / sigma_min) / math.log(widest) - 1e-9))
        if n_levels > _MOST:
            raise ValueError(
                f"max_ratio = {max_ratio} and overlap = {overlap} take {n_levels:,} levels"
            )
        ratio = (sigma_max / sigma_min) ** (1 / (n_levels - 1))
        if n_steps is None:
            n_steps = _least_steps(ratio, variance)
        n_steps = checks.count("n_steps", n_steps)
        step_ratio = best_step_ratio(n_steps, ratio)
        return cls(
            sigmas=_geometric(sigma_max, sigma_min, n_levels, x.device),
            step_size=step_ratio * sigma_min**2,
            n_steps=n_steps,
            dim=dim,
            distance_bound=bound,
        )

    @property
    def ratio(self) -> float:
        """γ, the ratio of one level to the next."""
        ends = float(self.sigmas[0]) / float(self.sigmas[-1])
        return ends ** (1 / (len(self.sigmas) - 1))

    @property
    def overlap(self) -> float:
        """The `level_overlap` that the levels reach."""
        return level_overlap(self.ratio, self.dim)

    @property
    def variance(self) -> float:
        """The `variance_after` the steps of a level."""
        step_ratio = self.step_size / float(self.sigmas[-1]) ** 2
        return variance_after(self.n_steps, self.ratio, step_ratio)

    def report(self) -> str:
        """What was chosen and the number that each criterion reached, as a Markdown table."""
        sigma_max, sigma_min = float(self.sigmas[0]), float(self.sigmas[-1])
        exact = math.isclose(sigma_max, self.distance_bound, rel_tol=1e-6)
        distance = "exact" if exact else f"found; at most {self.distance_bound:.4g}"
        return "\n".join(
            [
                "| chosen | by | reached |",
                "|---|---|--:|",
                f"| σ₁ = {sigma_max:.4g} | largest distance of two points ({distance}) "
                f"| {sigma_max:.4g} |",
                f"| L = {len(self.sigmas)} levels down to {sigma_min:.4g} | ratio of two levels "
                f"| {self.ratio:.4f} |",
                f"| | overlap of two levels in D = {self.dim} | {self.overlap:.3f} |",
                f"| ε = {self.step_size:.3g}, T = {self.n_steps} steps a level "
                f"| variance after a level, over the level's own | {self.variance:.4f} |",
            ]
        )

    def _repr_markdown_(self) -> str:
        return self.report()


def _ratio_of_overlap(overlap: float, dim: int) -> float:
    """The ratio at which `level_overlap` falls to `overlap`; infinite in dimensions ≤ 4."""
    if math.sqrt(2 * dim) <= 3:
        return math.inf
    if overlap >= level_overlap(1.0, dim):
        raise ValueError(f"overlap must be below {level_overlap(1.0, dim):.6g}, got {overlap}")
    # From here on both arguments of Φ are above 3 σ apart, and the overlap falls with the ratio.
    above = 2.0
    while level_overlap(above, dim) > overlap:
        above *= 2
    return float(brentq(lambda ratio: level_overlap(ratio, dim) - overlap, 1.0, above))


def _least_steps(ratio: float, variance: float) -> int:
    """The least T whose best `variance_after` is at most `variance`; it falls as T grows."""

    def enough(n: int) -> bool:
        return variance_after(n, ratio, best_step_ratio(n, ratio)) <= variance

    high = 1
    while not enough(high):
        high *= 2
        if high > _MOST:
            raise ValueError(f"variance = {variance} takes more than {_MOST:,} steps a level")
    return 1 + bisect_left(range(1, high), True, key=enough)


def _ends(sigma_max: float, sigma_min: float) -> tuple[float, float]:
    largest, least = (
        checks.positive("sigma_max", sigma_max),
        checks.positive("sigma_min", sigma_min),
    )
    if largest <= least:
        raise ValueError(f"sigma_max must be > sigma_min, got {sigma_max} and {sigma_min}")
    return largest, least


def _at_least_one(name: str, value: float) -> float:
    number = checks.positive(name, value)
    if number < 1:
        raise ValueError(f"{name} must be >= 1, got {value}")
    return number


def _between(name: str, value: float, low: float, high: float) -> float:
    if not low < (number := checks.real(name, value)) < high:
        raise ValueError(f"{name} must lie between {low} and {high}, got {value}")
    return number
