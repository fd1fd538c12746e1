r"""The integrator: one loop that follows any stochastic differential equation step by step.

The Euler-Maruyama step for $dx = f\,dt + g\,dw$ is

$$ x \leftarrow x + f(x, t)\,\Delta t + g(t) \sqrt{|\Delta t|}\, z, \qquad z \sim N(0, I). $$

Time may run backwards ($\Delta t < 0$), which is how a reversed process is followed.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from scorelab import checks
from scorelab.sde import SDE

__all__ = ["Trajectory", "euler_maruyama"]


@dataclass(frozen=True)
class Trajectory:
    """Where a batch of points was, and when.

    Attributes:
        states: (m, n, …), the batch at the m recorded instants, first and last included.
        times: (m,), float64, in the process's own time: k·ε for Langevin dynamics, t for an SDE.
        acceptance_rate: share of accepted proposals in [0, 1]; None where nothing is rejected.
    """

    states: Tensor
    times: Tensor
    acceptance_rate: float | None = None

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
    generator: torch.Generator | None = None,
    progress: bool = False,
) -> Trajectory:
    r"""Follow `sde` from `x0` by $x \leftarrow x + f\,\Delta t + g \sqrt{|\Delta t|}\, z$.

    The coefficients are taken at the start of each step.

    Args:
        sde: the process.
        x0: where it starts, (n, …).
        n_steps: number of steps; there are n_steps + 1 instants.
        t_span: first and last time; `sde.t_span` if not given. May run backwards.
        record_every: record every so many steps; if not given, the first and last state alone.
        generator: the source of randomness.
        progress: show a progress bar.

    Returns:
        The recorded trajectory, on the device and in the dtype of `x0`.

    Raises:
        ValueError: for bad arguments.
        FloatingPointError: with the step, when the state stops being finite.

    Source: Kloeden and Platen (1992), section 10.2.
    """
    checks.batch("x0", x0)
    checks.count("n_steps", n_steps)
    start, end = _times(sde.t_span if t_span is None else t_span)
    recorder = Recorder(x0, n_steps, record_every)
    dt = (end - start) / n_steps
    x = x0
    for step in tqdm(range(n_steps), disable=not progress):
        t = start + step * dt
        z = torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
        x = x + sde.drift(x, t) * dt + sde.diffusion(t) * math.sqrt(abs(dt)) * z
        checks.state(x, step + 1, f"take a smaller step than |Δt| = {abs(dt):g}")
        recorder(step + 1, x)
    return Trajectory(recorder.states, start + dt * recorder.steps)


class Recorder:
    """Keeps every `every`-th state of a run, the first and the last included, and no other.

    Attributes:
        steps: (m,) float64, the numbers of the recorded steps.
        states: (m, n, …), filled as the run goes on.
    """

    def __init__(self, x0: Tensor, n_steps: int, every: int | None) -> None:
        every = n_steps if every is None else checks.count("record_every", every)
        kept = sorted({*range(0, n_steps, every), n_steps})
        self.steps = torch.tensor(kept, dtype=torch.float64)
        self.states = x0.new_empty(len(kept), *x0.shape)
        self._row = {step: row for row, step in enumerate(kept)}
        self(0, x0)

    def __call__(self, step: int, x: Tensor) -> None:
        """Record the state after `step` steps, if it is one of those to keep."""
        if step in self._row:
            self.states[self._row[step]] = x


def _times(t_span: tuple[float, float]) -> tuple[float, float]:
    times = tuple(float(t) for t in t_span)
    if len(times) != 2 or not all(map(math.isfinite, times)) or times[0] == times[1]:
        raise ValueError(
            f"t_span must hold two different finite times, got {times}; "
            "a process with no final time must be given one"
        )
    return times
