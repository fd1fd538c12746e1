r"""The live figures' settings: what each shows, and the same run by the package.

A live figure moves particles in the browser under the exact score of a mixture. What it starts from
is a `Preset` of this module, so that the page, the tests and the package speak of the same run:
`run` follows a preset with the package's samplers, and `variance_inside` is the number that the
figure shows beside the weights of the modes.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from scorelab._support import checks
from scorelab.estimate import Estimate
from scorelab.examples import book_mixture
from scorelab.langevin import annealed_langevin_dynamics, langevin_dynamics, mala
from scorelab.mixture import GaussianMixture
from scorelab.noise import geometric_sigmas
from scorelab.sde import LangevinDiffusion, OrnsteinUhlenbeck
from scorelab.solvers import Trajectory, euler_maruyama, heun

__all__ = [
    "DEFAULTS",
    "PRESETS",
    "Preset",
    "components",
    "described",
    "from_components",
    "prior",
    "run",
    "variance_inside",
]

DEFAULTS: Mapping[str, float | str | bool] = {
    "sampler": "langevin",
    "step_size": 0.05,
    "n_steps": 1_000,
    "noise": "std",
    "n_levels": 20,
    "sigma_max": 12.0,
    "sigma_min": 0.05,
    "T": 10.0,
    "t_min": 0.0025,
    "solver": "euler",
    "prior": "normal",
    "prior_std": 1.0,
    "n": 5_000,
    "seed": 1,
    "speed": 60,
    "zoom": 1.0,
    "contours": True,
    "density": False,
    "score": True,
    "trails": False,
    "axes": False,
}
"""What a preset does not say.

`noise` is "std", or "variance" for the mistake of taking the variance for the standard deviation;
`n_steps` counts the steps a level for the annealed sampler; `prior` is "normal" (of standard
deviation `prior_std`), "data" (exact draws) or "point" (all at the origin). What follows the prior
is for the browser alone: number of particles, seed, steps a second, and what is drawn.
"""


@dataclass(frozen=True)
class Preset:
    """A run to look at.

    Attributes:
        name: by which pages refer to it.
        title: a few words.
        see: one sentence on what to see.
        twin: name of the preset that does the same right, or that shows what goes wrong.
        works: whether this is the one that does it right.
        settings: what differs from `DEFAULTS`.
        mixture: the target.
    """

    name: str
    title: str
    see: str
    twin: str
    works: bool
    settings: Mapping[str, float | str] = field(default_factory=dict)
    mixture: GaussianMixture = field(default_factory=lambda: _exact(book_mixture))

    def __getitem__(self, setting: str) -> float | str:
        """The value of a setting, the default where the preset does not say."""
        return self.settings.get(setting, DEFAULTS[setting])


def _exact(example: Callable[[], GaussianMixture]) -> GaussianMixture:
    """An example in float64, as the browser computes, whatever torch's default."""
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return example()
    finally:
        torch.set_default_dtype(default)


_EXACT_START = {"prior": "data"}
_ANNEALED = {
    "sampler": "annealed",
    "step_size": 0.0005,
    "n_steps": 100,
    "prior_std": 12.0,
    "zoom": 0.6,
    "speed": 120,
}
_REVERSE = {"sampler": "reverse", "n_steps": 500}
_FLOW = {"sampler": "flow", "n_steps": 20, "speed": 10, "trails": True}

PRESETS: tuple[Preset, ...] = (
    Preset(
        "far-mode",
        "Far mode never reached",
        "From N(0, I) mode 2 first gets too much; by t = 100 the two near modes stand 6 : 1, as "
        "they should, but mode 3, which holds 30 % of the mass, stays empty.",
        twin="annealed",
        works=False,
        settings={"n_steps": 2_000, "speed": 120},
    ),
    Preset(
        "annealed",
        "Annealing finds every mode",
        "At much noise there is one hill; as σ falls it splits, the far mode gets its share while "
        "particles can still cross, and all three weights come out right.",
        twin="far-mode",
        works=True,
        settings=_ANNEALED,
    ),
    Preset(
        "step-too-large",
        "Step too large, it diverges",
        "At ε = 3 each step overshoots the modes by more than the last, and the exact samples of "
        "the start fly apart, first along the narrow axes.",
        twin="step-right",
        works=False,
        settings={**_EXACT_START, "step_size": 3.0, "n_steps": 200, "speed": 10},
    ),
    Preset(
        "step-right",
        "Small step, the law stays",
        "Every particle moves at every step, and yet nothing changes: weights and variances stay "
        "where the exact samples of the start have them.",
        twin="step-too-large",
        works=True,
        settings=_EXACT_START,
    ),
    Preset(
        "step-biased",
        "Large step, too wide",
        "ε = 0.7 does not diverge, it only lies: the cloud settles wider than the contours, and "
        "the variance inside the modes stays well above 1.",
        twin="mala",
        works=False,
        settings={**_EXACT_START, "step_size": 0.7, "n_steps": 200, "speed": 30},
    ),
    Preset(
        "mala",
        "Large step, Metropolis-adjusted",
        "The same ε = 0.7 as a proposal: some moves are refused, and the law of the cloud stays "
        "exactly where it was.",
        twin="step-biased",
        works=True,
        settings={**_EXACT_START, "sampler": "mala", "step_size": 0.7, "n_steps": 200, "speed": 30},
    ),
    Preset(
        "variance-for-std",
        "Variance for standard deviation",
        "Noise of ε z in place of √ε z is far too little: the cloud freezes onto the peaks, and "
        "the variance inside the modes falls to a few hundredths.",
        twin="step-right",
        works=False,
        settings={**_EXACT_START, "noise": "variance"},
    ),
    Preset(
        "few-levels",
        "Too few levels",
        "With three levels each one starts far from its law: stragglers are left in the empty "
        "land, and the weights are off.",
        twin="annealed",
        works=False,
        settings={**_ANNEALED, "n_levels": 3},
    ),
    Preset(
        "first-level-too-small",
        "First level too small",
        "σ₁ = 1 does not bridge the gap of ten standard deviations: from N(0, I) the far mode "
        "gets next to nothing, as without any noise.",
        twin="annealed",
        works=False,
        settings={**_ANNEALED, "sigma_max": 1.0, "prior_std": 1.0, "zoom": 1.0},
    ),
    Preset(
        "forward",
        "Data become noise",
        "The three modes shrink towards the origin and drown in noise; from about t = 6 on no eye "
        "can tell the cloud from N(0, I).",
        twin="reverse",
        works=True,
        settings={**_EXACT_START, "sampler": "forward", "n_steps": 500},
    ),
    Preset(
        "reverse",
        "Noise becomes data",
        "From N(0, I) at t = 10 nothing seems to happen until t = 4; then the cloud parts, and at "
        "the end all three modes have their weights and their shapes.",
        twin="stopped-early",
        works=True,
        settings=_REVERSE,
    ),
    Preset(
        "stopped-early",
        "Reversed time stopped early",
        "At t = 0.5 the way back is not over: the cloud is still the data shrunk by a fifth and "
        "blurred, and it does not fit the data's own contours.",
        twin="reverse",
        works=False,
        settings={**_REVERSE, "t_min": 0.5},
    ),
    Preset(
        "short-time",
        "Noise time too short",
        "At T = 2 the data are not yet noise, so N(0, I) is the wrong start: the far mode gets "
        "far too little, although every step of the way back is right.",
        twin="reverse",
        works=False,
        settings={**_REVERSE, "T": 2.0},
    ),
    Preset(
        "flow-euler",
        "Probability flow by Euler",
        "Smooth paths without noise, but each of the 40 steps keeps to the slope of its start: the "
        "modes come out with the wrong variance.",
        twin="flow-heun",
        works=False,
        settings={**_FLOW, "n_steps": 40},
    ),
    Preset(
        "flow-heun",
        "Probability flow by Heun",
        "Twenty steps of two evaluations each cost the same as forty of Euler's, and the "
        "modes have nearly their own variance.",
        twin="flow-euler",
        works=True,
        settings={**_FLOW, "solver": "heun"},
    ),
)
"""The presets in the order of the book."""


def described() -> dict:
    """Defaults and presets as the browser reads them, ready for JSON."""
    return {
        "defaults": dict(DEFAULTS),
        "presets": [
            {
                "name": preset.name,
                "title": preset.title,
                "see": preset.see,
                "twin": preset.twin,
                "works": preset.works,
                "settings": {**preset.settings, "components": components(preset.mixture)},
            }
            for preset in PRESETS
        ],
    }


def components(mixture: GaussianMixture) -> list[dict[str, float]]:
    r"""A mixture in the plane as the live figure describes it.

    Component k has its weight, its mean (x, y), and the covariance
    $R \,\mathrm{diag}(c^2 r, c^2 / r)\, R^\top$ with the scale c, the ratio r ≥ 1 of the standard
    deviations, and the rotation R by the angle of the major axis, in degrees in (−90, 90].

    Raises:
        ValueError: if `mixture` is not in the plane.
    """
    if mixture.dim != 2:
        raise ValueError(f"mixture must be in the plane, got dimension {mixture.dim}")
    exact = mixture.to(torch.float64)
    variances, axes = torch.linalg.eigh(exact.covariances)
    rows = []
    for weight, mean, (across, along), major in zip(
        exact.weights.tolist(),
        exact.means.tolist(),
        variances.sqrt().tolist(),
        axes[:, :, 1].tolist(),
        strict=True,
    ):
        angle = math.degrees(math.atan2(major[1], major[0]))
        rows.append(
            {
                "weight": weight,
                "x": mean[0],
                "y": mean[1],
                "scale": math.sqrt(along * across),
                "ratio": along / across,
                "angle": angle - 180 * math.ceil((angle - 90) / 180),
            }
        )
    return rows


def from_components(rows: list[dict[str, float]]) -> GaussianMixture:
    """The mixture that `components` describes, in float64; weights are taken up to a factor."""
    total = sum(row["weight"] for row in rows)
    covariances = []
    for row in rows:
        angle = torch.tensor(math.radians(row["angle"]), dtype=torch.float64)
        turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()]).reshape(2, 2)
        variances = [row["scale"] ** 2 * row["ratio"], row["scale"] ** 2 / row["ratio"]]
        covariances.append(turn @ torch.diag(torch.tensor(variances, dtype=torch.float64)) @ turn.T)
    return GaussianMixture(
        torch.tensor([row["weight"] / total for row in rows], dtype=torch.float64),
        torch.tensor([[row["x"], row["y"]] for row in rows], dtype=torch.float64),
        torch.stack(covariances),
    )


def prior(preset: Preset, n: int, *, generator: torch.Generator | None = None) -> Tensor:
    """The points (n, 2) that a preset starts from, in float64."""
    checks.count("n", n)
    if preset["prior"] == "data":
        return preset.mixture.to(torch.float64).sample(n, generator=generator)
    std = preset["prior_std"] if preset["prior"] == "normal" else 0.0
    return std * torch.randn(n, 2, dtype=torch.float64, generator=generator)


def run(
    preset: Preset,
    x0: Tensor,
    *,
    record_every: int | None = None,
    generator: torch.Generator | None = None,
) -> Trajectory:
    """Follow a preset with the package's samplers.

    Args:
        preset: what to run.
        x0: the start, (n, 2), for instance from `prior`.
        record_every: record every so many steps; if not given, the first and last state alone.
        generator: the source of randomness.
    """
    mixture = preset.mixture
    options = {
        "n_steps": preset["n_steps"],
        "record_every": record_every,
        "generator": generator,
    }
    step = preset["step_size"]
    sampler = preset["sampler"]
    if sampler == "langevin" and preset["noise"] == "variance":
        span = (0.0, preset["n_steps"] * step)
        return euler_maruyama(_TooQuiet(mixture.score, step), x0, t_span=span, **options)
    if sampler == "langevin":
        return langevin_dynamics(mixture.score, x0, step_size=step, **options)
    if sampler == "mala":
        return mala(mixture.log_prob, mixture.score, x0, step_size=step, **options)
    if sampler == "annealed":
        sigmas = geometric_sigmas(preset["sigma_max"], preset["sigma_min"], preset["n_levels"])
        return annealed_langevin_dynamics(
            mixture.noisy_score, x0, sigmas=sigmas.to(x0), step_size=step, **options
        )
    process = OrnsteinUhlenbeck(preset["T"])
    if sampler == "forward":
        return euler_maruyama(process, x0, **options)
    options["t_span"] = (preset["T"], preset["t_min"])
    score = process.score_at(mixture.noisy_score)
    if sampler == "reverse":
        return euler_maruyama(process.reverse(score), x0, **options)
    integrator = {"euler": euler_maruyama, "heun": heun}[preset["solver"]]
    return integrator(process.probability_flow(score), x0, **options)


def variance_inside(mixture: GaussianMixture, x: Tensor) -> Estimate:
    r"""The variance inside the modes, as a multiple of the true one.

    $$ \tfrac1d \sum_k r_k(x)\, (x - \mu_k)^\top \Sigma_k^{-1} (x - \mu_k) $$

    has the expectation 1 under the mixture, even where modes overlap, since
    $p(x)\, r_k(x) = w_k N(x; \mu_k, \Sigma_k)$.

    Args:
        mixture: the truth.
        x: samples, (n, d).
    """
    away = (x[:, None] - mixture.means.to(x)).mT  # (n, d, K)
    solved = torch.linalg.solve(mixture.covariances.to(x), away.permute(2, 1, 0))
    squared = (away.permute(2, 1, 0) * solved).sum(1).T
    return Estimate.of_mean((mixture.responsibilities(x) * squared).sum(1) / mixture.dim)


class _TooQuiet(LangevinDiffusion):
    """Langevin dynamics whose noise in a step of ε is ε z: the variance for the deviation."""

    def __init__(self, score, step_size: float) -> None:
        super().__init__(score)
        self._g = math.sqrt(step_size)

    def diffusion(self, t: float | Tensor) -> float:
        return self._g
