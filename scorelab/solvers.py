r"""The integrators: loops that follow any stochastic differential equation step by step.

The Euler-Maruyama step for $dx = f\,dt + g\,dw$ is

$$ x \leftarrow x + f(x, t)\,\Delta t + g(t) \sqrt{|\Delta t|}\, z, \qquad z \sim N(0, I). $$

Time may run backwards ($\Delta t < 0$), which is how a reversed process is followed. Without noise
(g = 0) the step can be improved to the second order: Heun's method. With the score at hand, steps
of Langevin dynamics between its steps correct the law: predictor-corrector.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from scorelab._support import checks
from scorelab._support.precision import wide
from scorelab.likelihood import log_likelihood
from scorelab.sde import SDE, LangevinDiffusion, TimeScore

__all__ = ["Trajectory", "euler_maruyama", "heun", "log_likelihood", "predictor_corrector"]


@dataclass(frozen=True)
class Trajectory:
    """Where a batch of points was, and when.

    Attributes:
        states: (m, n, …), the batch at the m recorded instants, first and last included.
        times: (m,), float64, in the process's own time: k·ε for Langevin dynamics, t for an SDE.
            On the CPU, wherever the states are: not every device has float64.
        acceptance_rate: share of accepted proposals in [0, 1]; None where nothing is rejected.
    """

    states: Tensor
    times: Tensor
    acceptance_rate: float | None = None

    def __post_init__(self) -> None:
        """Copy what a caller may write to; a run hands over its own, see `Recorder.trajectory`."""
        for name in ("states", "times"):
            object.__setattr__(self, name, getattr(self, name).clone())

    @property
    def final(self) -> Tensor:
        """The batch at the last instant, (n, …)."""
        return self.states[-1]


@torch.no_grad()
def euler_maruyama(
    sde: SDE,
    x0: Tensor,
    *,
    n_steps: int,
    t_span: tuple[float, float] | None = None,
    record_every: int | None = None,
    increments: Tensor | None = None,
    generator: torch.Generator | None = None,
    progress: bool = False,
) -> Trajectory:
    r"""Follow `sde` from `x0` by $x \leftarrow x + f\,\Delta t + g \sqrt{|\Delta t|}\, z$.

    The coefficients are taken at the start of each step. Where g does not depend on x, as here, the
    paths are right to the first order in Δt, and so are the laws.

    Args:
        sde: the process.
        x0: where it starts, (n, …).
        n_steps: number of steps; there are n_steps + 1 instants.
        t_span: first and last time; `sde.t_span` if not given. In the `direction` of the process,
            if it has one: where there is noise, drift and noise belong to one direction of time.
        record_every: record every so many steps; if not given, the first and last state alone.
        increments: of the Brownian motion, (n_steps, n, …), each of variance $|\Delta t|$; drawn if
            not given. Sums of neighbours are the increments of the same path on a coarser grid.
        generator: the source of randomness.
        progress: show a progress bar.

    Returns:
        The recorded trajectory, on the device and in the dtype of `x0`.

    Raises:
        ValueError: for bad arguments, or if a coefficient has another shape than x.
        FloatingPointError: with the step, when the state stops being finite.

    Source: Kloeden and Platen (1992), section 10.2.
    """
    span = checks.time_span(sde.t_span if t_span is None else t_span, _direction(sde))
    checks.points("x0", x0)
    checks.generator(generator, x0.device)
    n_steps = checks.count("n_steps", n_steps)
    if increments is not None:
        checks.points("increments", increments)
        if increments.shape != (n_steps, *x0.shape):
            raise ValueError(
                f"increments must have shape {(n_steps, *x0.shape)}, got {tuple(increments.shape)}"
            )
    path = None if increments is None else iter(increments.to(wide(x0)))
    sde = _Checked(sde, x0.dtype)

    def step(x: Tensor, t: float, t_next: float) -> Tensor:
        dw = _increment(x, t_next - t, generator) if path is None else next(path)
        return _euler_maruyama_step(sde, x, t, t_next - t, dw)

    return _follow(step, x0, n_steps, span, record_every, progress)


@torch.no_grad()
def heun(
    ode: SDE,
    x0: Tensor,
    *,
    n_steps: int,
    t_span: tuple[float, float] | None = None,
    record_every: int | None = None,
    generator: torch.Generator | None = None,
    progress: bool = False,
) -> Trajectory:
    r"""Follow a process without noise by the mean of the slopes at both ends of the step.

    $$ x' = x + f(x, t)\,\Delta t, \qquad
       x \leftarrow x + \tfrac12 \bigl[f(x, t) + f(x', t + \Delta t)\bigr] \Delta t $$

    Two evaluations a step, and an error of the second order in Δt. With noise the second slope
    would not make it so: use `euler_maruyama`.

    Args:
        ode: a process with g = 0, such as `sde.probability_flow(score)`.
        x0: where it starts, (n, …).
        n_steps: number of steps.
        t_span: first and last time; `ode.t_span` if not given. May run backwards.
        record_every: record every so many steps; if not given, the first and last state alone.
        generator: nothing is drawn; here so that integrators can be swapped.
        progress: show a progress bar.

    Returns:
        The recorded trajectory.

    Raises:
        ValueError: for bad arguments, if g is not 0 at every instant of the run, or if the drift
            has another shape than x.
        FloatingPointError: with the step, when the state stops being finite.

    Source: Heun (1900); for sampling, Karras et al. (2022), algorithm 1.
    """
    span = ode.t_span if t_span is None else t_span
    checks.points("x0", x0)
    checks.generator(generator, None)
    ode = _Checked(ode, x0.dtype)

    def step(x: Tensor, t: float, t_next: float) -> Tensor:
        if float(ode.diffusion(t)) != 0 or float(ode.diffusion(t_next)) != 0:
            raise ValueError(
                f"ode must have no noise, but g is not 0 between t = {t:g} and {t_next:g}: "
                "use euler_maruyama, or the probability flow of the process"
            )
        slope = ode.drift(x, t)
        ahead = ode.drift(x + slope * (t_next - t), t_next)
        return x + 0.5 * (slope + ahead) * (t_next - t)

    return _follow(step, x0, n_steps, span, record_every, progress)


@torch.no_grad()
def predictor_corrector(
    sde: SDE,
    score: TimeScore,
    x0: Tensor,
    *,
    n_steps: int,
    n_corrector: int = 1,
    corrector_step: float = 0.1,
    t_span: tuple[float, float] | None = None,
    record_every: int | None = None,
    generator: torch.Generator | None = None,
    progress: bool = False,
) -> Trajectory:
    r"""Run `sde` backwards, and after each step let Langevin dynamics correct the law.

    The predictor is an Euler-Maruyama step of `sde.reverse(score)` to the time t. The corrector is
    `n_corrector` Langevin steps at that fixed time,

    $$ x \leftarrow x + \tfrac{\varepsilon_t}{2} \nabla \log p_t(x) + \sqrt{\varepsilon_t}\, z,
       \qquad \varepsilon_t = r\, b(t)^2, $$

    with b(t) the standard deviation of the noise at t: the step of annealed Langevin dynamics. A
    step costs 1 + `n_corrector` evaluations of the score.

    Args:
        sde: the process forwards in time.
        score: $\nabla \log p_t(x)$ as a function of (x, t), see `SDE.score_at`.
        x0: where the way back starts, (n, …), for instance from `sde.sample_prior`.
        n_steps: number of predictor steps.
        n_corrector: number of Langevin steps after each.
        corrector_step: r > 0; beyond 4 the corrector diverges. 0.1 is the signal-to-noise ratio
            0.16 of the source, where $r = 4\, \mathrm{snr}^2$ for a score of norm √d / b.
        t_span: first and last time, descending; (T, t_min) of `sde` if not given.
        record_every: record every so many predictor steps; if not given, the first and last state.
        generator: the source of randomness.
        progress: show a progress bar.

    Returns:
        The recorded trajectory.

    Raises:
        ValueError: for bad arguments: a span that does not descend, a score of another shape.
        NotImplementedError: if `sde` does not define `perturbation`, which gives b(t).
        FloatingPointError: with the step, when the state stops being finite.

    Source: Song et al. (2021), algorithms 4 and 5, without their norms over the batch.
    """
    checks.points("x0", x0)
    checks.generator(generator, x0.device)
    n_corrector = checks.count("n_corrector", n_corrector)
    corrector_step = checks.positive("corrector_step", corrector_step)
    score = checks.shaped("score", score)
    backward = _Checked(sde.reverse(score), x0.dtype)
    span = checks.time_span(backward.t_span if t_span is None else t_span, "descending")
    sde.kernel(sde.T, "predictor_corrector")  # complain before the first step

    def step(x: Tensor, t: float, t_next: float) -> Tensor:
        dw = _increment(x, t_next - t, generator)
        x = _euler_maruyama_step(backward, x, t, t_next - t, dw)
        corrector = _Checked(LangevinDiffusion(lambda y: score(y, t_next)), x0.dtype)
        epsilon = corrector_step * float(sde.perturbation(t_next)[1]) ** 2
        for _ in range(n_corrector):
            dw = _increment(x, epsilon, generator)
            x = _euler_maruyama_step(corrector, x, 0.0, epsilon, dw)
        return x

    return _follow(step, x0, n_steps, span, record_every, progress)


def _euler_maruyama_step(sde: SDE, x: Tensor, t: float, dt: float, dw: Tensor) -> Tensor:
    return x + sde.drift(x, t) * dt + sde.diffusion(t) * dw


def _increment(x: Tensor, dt: float, generator: torch.Generator | None) -> Tensor:
    """What Brownian motion adds to every coordinate of x over the time |dt|: N(0, |dt|)."""
    z = torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    return math.sqrt(abs(dt)) * z


def _follow(
    step: Callable[[Tensor, float, float], Tensor],
    x0: Tensor,
    n_steps: int,
    t_span: tuple[float, float],
    record_every: int | None,
    progress: bool,
) -> Trajectory:
    """Apply `step(x, t, t_next)` over n_steps equal steps of time, and record.

    In half precision the state is kept in float32 between the steps, or what a small step adds
    would be lost in rounding.
    """
    checks.points("x0", x0)
    n_steps = checks.count("n_steps", n_steps)
    start, end = checks.time_span(t_span)
    recorder = Recorder(x0, n_steps, record_every)
    dt = (end - start) / n_steps
    # The last instant is `end` itself: where it is 0, rounding must not put it below.
    instants = [start + i * dt for i in range(n_steps)] + [end]
    x = wide(x0)
    for i in tqdm(range(n_steps), disable=not progress):
        x = step(x, instants[i], instants[i + 1])
        checks.state(x, i + 1, f"take a smaller step than |Δt| = {abs(dt):g}")
        recorder(i + 1, x)
    clock = torch.tensor(instants, dtype=torch.float64, device="cpu")
    return recorder.trajectory(clock[recorder.steps.long()])


def _direction(sde: SDE) -> str:
    """`SDE.direction`; either for what merely looks like a process, such as a class of the lab."""
    return getattr(sde, "direction", "")


class _Checked(SDE):
    """A process whose coefficients are held to the shape of x, the drift, or to one number, g.

    Args:
        sde: the process.
        dtype: what its drift is asked in, whatever x comes in.
    """

    def __init__(self, sde: SDE, dtype: torch.dtype) -> None:
        self.sde, self.dtype = sde, dtype

    @property
    def t_span(self) -> tuple[float, float]:
        return self.sde.t_span

    def drift(self, x: Tensor, t: float | Tensor) -> Tensor:
        return checks.like("drift", self.sde.drift(x.to(self.dtype), t), x)

    def diffusion(self, t: float | Tensor) -> float | Tensor:
        g = self.sde.diffusion(t)
        if type(g) is not float and getattr(g, "ndim", 0):
            raise ValueError(f"diffusion must return one number, got shape {tuple(g.shape)}")
        return g


class Recorder:
    """Keeps every `every`-th state of a run, the first and the last included, and no other.

    Attributes:
        steps: (m,) float64, the numbers of the recorded steps.
        states: (m, n, …), filled as the run goes on.
    """

    def __init__(self, x0: Tensor, n_steps: int, every: int | None) -> None:
        every = n_steps if every is None else checks.count("record_every", every)
        kept = sorted({*range(0, n_steps, every), n_steps})
        self.steps = torch.tensor(kept, dtype=torch.float64, device="cpu")
        self.states = x0.new_empty(len(kept), *x0.shape)
        self._row = {step: row for row, step in enumerate(kept)}
        self(0, x0)

    def __call__(self, step: int, x: Tensor) -> None:
        """Record the state after `step` steps, if it is one of those to keep."""
        if step in self._row:
            self.states[self._row[step]] = x

    def trajectory(self, times: Tensor, acceptance_rate: float | None = None) -> Trajectory:
        """What was recorded, handed over and not copied: it may fill half of the memory."""
        trajectory = object.__new__(Trajectory)
        vars(trajectory).update(states=self.states, times=times, acceptance_rate=acceptance_rate)
        return trajectory
