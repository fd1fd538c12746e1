"""Judge of the third part: Euler-Maruyama."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable

import torch
from torch import Tensor

from scorelab.lab.calling import Either, Given, call, final, named, names_of, number, repeatable
from scorelab.lab.comparing import are_normal, close, compare, function_name
from scorelab.lab.findings import Raised, Unfit, Wrong
from scorelab.lab.processes import DIFFUSIONS, DRIFTS

__all__ = ["solver"]


class _Process:
    """A process for a student's solver, by whatever names it asks for the coefficients.

    Args:
        drift, diffusion: Of (x, t) and of t.
        T: The last time.
    """

    def __init__(self, drift, diffusion, T: float = 1.0) -> None:
        self.T = T
        given = Given(drift)
        for name in DRIFTS:
            setattr(self, name, given)
        for name in DIFFUSIONS:
            setattr(
                self, name, lambda *x_and_t, **named: diffusion((*x_and_t, *named.values())[-1])
            )

    def sde(self, x: object, t: object) -> tuple:
        """Both coefficients."""
        return self.drift(x, t), self.diffusion(t)


def solver(answer: object) -> list[str]:
    """P3 d: drift and noise of a step forward, the times at which they are taken, and backward."""
    name = function_name(answer)
    with repeatable():
        backward = bool(_span(answer))
        for span in ((0.0, 1.6), (2.0, 0.4))[: 1 + backward]:
            _check_drift(answer, name, span)
            _check_noise(answer, name, span)
        _check_default(answer, name)
    return [] if backward else ["backward"]


def _check_default(answer: object, name: str) -> None:
    """Who leaves out the times means from 0 to T, if they can be left out."""
    if not any(parameter.default is not parameter.empty for parameter in _span(answer)):
        return
    clock = _Process(lambda x, t: torch.ones_like(x), lambda t: 0 * t, 1.6)
    x0 = torch.zeros(5, 2)
    try:
        moved = _solved(answer, name, clock, x0, (0.0, 1.6), 8, whole=False)
    except (Unfit, Raised):
        return
    if not close(moved, 1.6):
        raise Wrong("default")


def _span(answer: object) -> list[inspect.Parameter]:
    """The parameters that say from when to when."""
    return named(answer, names_of("t_span", "times", "t_start"))


def _solved(
    answer: object,
    name: str,
    process: _Process,
    x0: Tensor,
    span: tuple[float, float],
    n: int,
    *,
    whole: bool = True,
) -> Tensor:
    """Where the student's solver ends; if not `whole`, without being told from when to when."""
    roles = {
        "sde": process,
        "x0": x0,
        "n_steps": n,
        "t_span": span,
        "t_start": span[0],
        "t_end": span[1],
        "dt": (span[1] - span[0]) / n,
        "times": torch.linspace(*span, n + 1),
        "score": Given(lambda x, *_: torch.zeros_like(x)),
        "prior": Either(x0, Given(lambda *_: x0)),
    }
    if not whole:
        roles = {role: roles[role] for role in ("sde", "x0", "n_steps", "prior")}
    needs = ["sde", "x0|prior", "n_steps|dt|times"]
    return final(call(answer, roles, needs=needs, name=name), *x0.shape, name)


def _check_drift(answer: object, name: str, span: tuple[float, float]) -> None:
    """Without noise: dx = (1 + t) dt tells the grid, dx = −x dt the place at which f is taken."""
    begin, end = span
    n, dt = 8, (end - begin) / 8
    x0 = torch.randn(60, 2)
    clock = _Process(
        lambda x, t: (1 + torch.as_tensor(t)) * torch.ones_like(x), lambda t: 0 * t, max(span)
    )
    moved = _solved(answer, name, clock, x0, span, n) - x0
    if not moved.isfinite().all() and dt < 0:
        raise Wrong("negative")
    if moved.std(0).max() > 1e-3:
        raise Wrong("no_diffusion")
    times = begin + dt * torch.arange(n + 1)
    first = number(clock.drift.calls[0][1]) if clock.drift.calls else 0.0
    late = "end_of_step" if abs(first - times[1]) < 1e-4 else "other_way"
    wide = (end - begin) / (n - 1)

    def solved(step: float, at: Tensor) -> Callable[[], Tensor]:
        return lambda: step * (1 + at).sum()

    mistakes = {
        late: solved(dt, times[1:]),
        "other_way": solved(dt, max(span) - times[:-1]),
        "points": solved(dt, times[: n - 1]),
        "points:wide": solved(wide, begin + wide * torch.arange(n - 1)),
        "points:over": solved(wide, begin + wide * torch.arange(n)),
        "points:more": solved(dt, times),
        "index": solved(dt, torch.arange(n)),
        "index:one": solved(dt, torch.arange(1, n + 1)),
        "no_step": solved(1.0, times[:-1]),
        "frozen": solved(dt, times[:1].expand(n)),
        "backwards": solved(-dt, times[:-1]),
        "root_at_drift": solved(math.sqrt(abs(dt)), times[:-1]),
    }
    exact = solved(dt, times[:-1])().expand_as(moved)
    compare(moved, exact, mistakes, otherwise="drift")
    decay = _Process(lambda x, t: -x, lambda t: 0 * t, max(span))
    ends = _solved(answer, name, decay, x0, span, n)
    compare(ends, x0 * (1 - dt) ** n, {"start": lambda: x0 * (1 - n * dt)}, otherwise="drift")


def _check_noise(answer: object, name: str, span: tuple[float, float]) -> None:
    """Without drift, with g(t) = 2 + t: the variance is Σ g(t_i)² |Δt|."""
    begin, end = span
    n, dt = 8, (end - begin) / 8
    x0 = torch.randn(4_003, 2)
    process = _Process(lambda x, t: torch.zeros_like(x), lambda t: 2 + t, max(span))
    moved = _solved(answer, name, process, x0, span, n) - x0
    if not moved.isfinite().all():
        raise Wrong("negative" if dt < 0 else "noise")
    found = moved.T.cov()
    spread = float(found.trace() / 2)
    if spread < 1e-9:
        raise Wrong("shared_noise" if moved.abs().max() > 1e-6 else "no_noise")
    if abs(found[0, 1]) > 4 * spread / math.sqrt(len(x0)):
        raise Wrong("one_noise")
    size, g = abs(dt), 2 + begin + dt * torch.arange(n + 1)
    mistakes = {
        "": size * g[:-1].square().sum(),
        "no_root": size**2 * g[:-1].square().sum(),
        "unit_noise": g[:-1].square().sum(),
        "root_twice": math.sqrt(size) * g[:-1].square().sum(),
        "no_square": size * g[:-1].sum(),
        "g_square": size * g[:-1].pow(4).sum(),
        "same_noise": size * g[:-1].sum().square(),
        "noise_time": size * g[1:].square().sum(),
        "frozen_noise": size * n * g[0].square(),
        "no_diffusion": torch.tensor(size * n),
    }
    gaps = {key: abs(spread / float(variance) - 1) for key, variance in mistakes.items()}
    nearest = min(gaps, key=gaps.get)
    if gaps[nearest] > 4 / math.sqrt(len(x0)):  # standard errors, from twice as many draws
        raise Wrong("noise")
    if nearest:
        raise Wrong(nearest)
    x0 = torch.randn(4_003, 3)
    if not are_normal(_solved(answer, name, process, x0, span, 1) - x0):
        raise Wrong("no_normal")
