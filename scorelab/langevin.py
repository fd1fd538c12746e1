r"""Langevin dynamics: samples of p from nothing but its score.

The half form of the step, as in the paper on noise-conditional score networks, is

$$ x \leftarrow x + \tfrac{\varepsilon}{2} \nabla \log p(x) + \sqrt{\varepsilon}\, z,
   \qquad z \sim N(0, I). $$

It is the Euler-Maruyama step with $\Delta t = \varepsilon$ on
$dx = \tfrac12 \nabla \log p\,dt + dw$, and the code says so: `langevin_dynamics` has no loop.

Annealed Langevin dynamics is the same run, level by level, on the scores of ever less noisy data,
with a step that shrinks with the noise: $\alpha_i = \varepsilon\, \sigma_i^2 / \sigma_L^2$.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from tqdm import tqdm

from scorelab._support import checks
from scorelab._support.precision import wide
from scorelab.sde import LangevinDiffusion, Score
from scorelab.solvers import Recorder, Trajectory, euler_maruyama

__all__ = ["annealed_langevin_dynamics", "langevin_dynamics", "mala"]


def langevin_dynamics(
    score: Score,
    x0: Tensor,
    *,
    step_size: float,
    n_steps: int,
    record_every: int | None = None,
    generator: torch.Generator | None = None,
    progress: bool = False,
) -> Trajectory:
    r"""Unadjusted Langevin: $x \leftarrow x + (\varepsilon/2)\, s(x) + \sqrt{\varepsilon}\, z$.

    For a step that is small against the narrowest mode, the law of the state comes close to p; on
    $N(0, s^2)$ the variance ends at $s^2 / (1 - \varepsilon / (4 s^2))$ and the run diverges for
    $\varepsilon \ge 4 s^2$.

    Args:
        score: the score s, a batch (n, …) in and out.
        x0: the starting points, (n, …).
        step_size: ε > 0, in squared units of x.
        n_steps: number of steps, ≥ 1.
        record_every: record every so many steps; if not given, the first and last state alone.
        generator: the source of randomness.
        progress: show a progress bar.

    Returns:
        The trajectory; its times are k·ε.

    Raises:
        ValueError: for bad arguments, or if the score has another shape than x.
        FloatingPointError: with the step, when ε is too large and the state overflows.

    Source: Roberts and Tweedie (1996), eq. 2, Song and Ermon (2019), eq. 4.
    """
    step_size = checks.positive("step_size", step_size)
    n_steps = checks.count("n_steps", n_steps)
    return euler_maruyama(
        LangevinDiffusion(score),
        x0,
        n_steps=n_steps,
        t_span=(0.0, n_steps * step_size),
        record_every=record_every,
        generator=generator,
        progress=progress,
    )


@torch.no_grad()
def mala(
    log_prob: Score,
    score: Score,
    x0: Tensor,
    *,
    step_size: float,
    n_steps: int,
    record_every: int | None = None,
    generator: torch.Generator | None = None,
    progress: bool = False,
) -> Trajectory:
    r"""Metropolis-adjusted Langevin dynamics: the same step as a proposal, accepted or refused.

    The proposal $x'$ is drawn from $q(x' | x) = N(x'; x + (\varepsilon/2) s(x), \varepsilon I)$ and
    accepted with probability $\min(1, p(x') q(x | x') / (p(x) q(x' | x)))$, point by point, so that
    p is stationary exactly, whatever ε. A proposal that is not finite is refused. The ratio is
    worked out in float32 at least: in bfloat16 one uniform number in 500 would be 0, and accept
    whatever it is given.

    Args:
        log_prob: $\log p$ up to a constant, (n, d) in, (n,) out.
        score: its gradient, (n, d) in and out.
        x0: the starting points, (n, d).
        step_size: ε > 0, in squared units of x.
        n_steps: number of proposals for each point, ≥ 1.
        record_every: record every so many steps; if not given, the first and last state alone.
        generator: the source of randomness.
        progress: show a progress bar.

    Returns:
        The trajectory, with `acceptance_rate` over all points and steps.

    Raises:
        ValueError: for bad arguments, where the density at a starting point is 0, or if `score` or
            `log_prob` returns another shape.

    Source: Roberts and Tweedie (1996), section 1.4.
    """
    checks.points("x0", x0, shape="n, d")
    checks.generator(generator, x0.device)
    step_size = checks.positive("step_size", step_size)
    n_steps = checks.count("n_steps", n_steps)
    score = _widened(checks.shaped("score", score), x0.dtype)
    log_prob = _widened(checks.shaped("log_prob", log_prob, per_row=True), x0.dtype)
    start, x0 = x0, wide(x0)
    recorder = Recorder(start, n_steps, record_every)
    x, log_p, drift = x0, log_prob(x0), 0.5 * step_size * score(x0)
    if not torch.isfinite(log_p).all():
        raise ValueError(
            f"x0 has density 0 or a NaN at row {int((~log_p.isfinite()).nonzero()[0])}"
        )
    accepted = 0
    for step in tqdm(range(n_steps), disable=not progress):
        z = torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
        proposal = x + drift + math.sqrt(step_size) * z
        log_p_new, drift_new = log_prob(proposal), 0.5 * step_size * score(proposal)
        # log q(x | x') − log q(x' | x), where x' − x − drift is the proposal's own noise.
        back = (x - proposal - drift_new).square().sum(-1) / (2 * step_size)
        log_ratio = log_p_new - log_p + 0.5 * z.square().sum(-1) - back
        uniform = torch.rand(len(x), generator=generator, dtype=x.dtype, device=x.device)
        uniform.clamp_(min=torch.finfo(x.dtype).tiny)  # the logarithm of 0 would accept anything
        accept = uniform.log() < log_ratio  # False for NaN: such a proposal is refused
        x = torch.where(accept[:, None], proposal, x)
        drift = torch.where(accept[:, None], drift_new, drift)
        log_p = torch.where(accept, log_p_new, log_p)
        accepted += int(accept.sum())
        recorder(step + 1, x)
    rate = accepted / (n_steps * len(x0)) if len(x0) else math.nan
    return recorder.trajectory(step_size * recorder.steps, rate)


def _widened(function: Score, dtype: torch.dtype) -> Score:
    """`function`, which takes and returns `dtype`, for a run in float32 at least."""
    return function if dtype.itemsize >= 4 else lambda x: wide(function(x.to(dtype)))


@torch.no_grad()
def annealed_langevin_dynamics(
    score: Callable[[Tensor, Tensor], Tensor],
    x0: Tensor,
    *,
    sigmas: Tensor | Sequence[float],
    step_size: float,
    n_steps: int,
    denoise: bool = False,
    record_every: int | None = None,
    generator: torch.Generator | None = None,
    progress: bool = False,
) -> Trajectory:
    r"""Langevin dynamics on $p_{\sigma_1}, \dots, p_{\sigma_L}$ in turn, from much noise to little.

    Level i starts where level i − 1 ended and takes `n_steps` steps

    $$ x \leftarrow x + \tfrac{\alpha_i}{2} s(x, \sigma_i) + \sqrt{\alpha_i}\, z,
       \qquad \alpha_i = \varepsilon\, \sigma_i^2 / \sigma_L^2, $$

    so that the signal-to-noise ratio of a step is the same at all levels. Narrow levels move mass
    and widen or narrow a mode hardly at all: its weight and its variance freeze on the way down.

    Args:
        score: the noise-conditional score; called with the batch (n, …) and σ as a scalar tensor.
        x0: the starting points, (n, …); draws of N(0, σ₁² I) are near the noisiest law.
        sigmas: the levels, (L,), strictly descending.
        step_size: ε > 0, the step at the last level, in squared units of x.
        n_steps: number of steps at each level, ≥ 1.
        denoise: end with the mean of the clean data given the state,
            $x + \sigma_L^2 s(x, \sigma_L)$, which takes the last noise away, but not the width
            that the levels above have left.
        record_every: record every so many steps of the whole run, counted over all levels; if not
            given, the first and last state alone.
        generator: the source of randomness.
        progress: show a progress bar.

    Returns:
        The trajectory, its times the running sum of the steps α. Denoising changes the last state
        and takes no time.

    Raises:
        ValueError: for bad arguments, or if the score has another shape than x.
        FloatingPointError: with the step within its level, when ε is too large and the state
            overflows.

    Source: Song and Ermon (2019), algorithm 1; Jolicoeur-Martineau et al. (2021) for the last
    denoising.
    """
    checks.points("x0", x0)
    checks.generator(generator, x0.device)
    levels = checks.descending("sigmas", sigmas, x0)
    step_size = checks.positive("step_size", step_size)
    n_steps = checks.count("n_steps", n_steps)
    score = checks.shaped("score", score)
    if record_every is not None:
        record_every = checks.count("record_every", record_every)
    recorder = Recorder(x0, n_steps * len(levels), record_every)
    # Every recorded step of the whole run is among these steps of its level.
    every = None if record_every is None else math.gcd(record_every, n_steps)
    steps = step_size * (levels.double() / levels[-1].double()) ** 2
    x = x0
    for i, (sigma, step) in enumerate(zip(tqdm(levels, disable=not progress), steps, strict=True)):
        run = langevin_dynamics(
            lambda y, sigma=sigma: score(y, sigma),
            x,
            step_size=float(step),
            n_steps=n_steps,
            record_every=every,
            generator=generator,
        )
        for j in range(1, len(run.states)):
            recorder(i * n_steps + j * (every or n_steps), run.states[j])
        x = run.final
    if denoise:
        x = x + levels[-1] ** 2 * score(x, levels[-1])
        recorder(n_steps * len(levels), x)
    clock = torch.cat([steps.new_zeros(1), steps.repeat_interleave(n_steps).cumsum(0)])
    return recorder.trajectory(clock.cpu()[recorder.steps.long()])
