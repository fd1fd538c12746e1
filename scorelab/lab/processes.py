"""Judges of the third part: processes, their reversal, and Euler-Maruyama."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable

import torch
from torch import Tensor

from scorelab.exercises.engine.reading import Unanswered
from scorelab.lab.calling import Either, Given, call, final, find, plain, repeatable, shaped
from scorelab.lab.comparing import close, compare, function_name
from scorelab.lab.findings import Raised, Unfit, Wrong

__all__ = ["euler_maruyama", "ornstein_uhlenbeck", "process_class", "transition"]

DRIFTS = ("drift", "f", "deriva", "forward_drift", "drift_coefficient", "drift_fn")
DIFFUSIONS = ("diffusion", "g", "difusion", "diffusion_coefficient", "diffusion_fn", "dispersion")
REVERSE_DRIFTS = (
    "reverse_drift", "reversed_drift", "drift_reverse", "reverse_drift_fn", "backward_drift",
    "reverse_time_drift", "time_reversed_drift", "drift_reversed", "drift_inverso",
    "deriva_inversa", "drift_reverso", "reverse",
)  # fmt: skip


def _class(answer: object) -> type:
    if answer is ...:
        raise Unanswered
    if not inspect.isclass(answer):
        raise Unfit("no_class", kind=type(answer).__name__)
    return answer


def _reverse_drift(process: object, x: Tensor, t: float, score: Given) -> Tensor:
    method = find(process, *REVERSE_DRIFTS)
    if method is None:
        raise Unfit("method", method="reverse_drift")
    names = {"x": x, "t": Either(t, torch.full((len(x),), t), torch.full((len(x), 1), t))}
    needs = ["x", "t"]
    try:
        value = call(
            method, {**names, "score": score}, needs=[*needs, "score"], name="reverse_drift"
        )
    except (Raised, Unfit):
        # Some hand over the score's value at x.
        at_x = {**names, "score": score(x, t)}
        value = call(method, at_x, needs=[*needs, "score"], name="reverse_drift")
    return shaped(value, x.shape, "reverse_drift")


# P3 a


def _f(x: Tensor, t: Tensor | float) -> Tensor:
    return -(0.5 + t) * x + 1


def _g(t: Tensor | float) -> Tensor | float:
    return 0.5 + 2 * t


def _s(x: Tensor, t: Tensor | float = 0.0) -> Tensor:
    return -x / (1 + 3 * t) + 0.3


def process_class(answer: object) -> list[str]:
    """P3 a: the reverse drift of a process that the class has not seen."""
    remarks: list[str] = []
    with repeatable():
        process = _own_process(_class(answer))
        for t in (0.3, 0.9):
            x = torch.randn(40, 3)
            given = _reverse_drift(process, x, t, Given(_s))
            _check_reverse_drift(given, _f(x, t), _g(t), _s(x, t), _s(x), _s(x, 1 - t))
    return remarks


def _check_reverse_drift(
    given: Tensor, f: Tensor, g: float, s: Tensor, s_data: Tensor, s_other: Tensor
) -> None:
    mistakes = {
        "no_square": lambda: f - g * s,
        "plus": lambda: f + g**2 * s,
        "half": lambda: f - g**2 * s / 2,
        "towards": lambda: -f + g**2 * s,
        "drift_sign": lambda: -f - g**2 * s,
        "no_diffusion": lambda: f - s,
        "no_drift": lambda: -(g**2) * s,
        "forward": lambda: f,
        "data_score": lambda: f - g**2 * s_data,
        "other_time": lambda: f - g**2 * s_other,
        "root": lambda: f - g**0.5 * s,
    }
    compare(given, f - g**2 * s, mistakes)


def _own_process(answer: type) -> object:
    """An object of the student's class, or of a subclass of it, with our coefficients, T = 1."""
    coefficients = {"drift": Given(_f), "diffusion": _diffusion, "T": 1.0}
    try:
        return call(answer, coefficients, needs=["drift", "diffusion"], name=answer.__name__)
    except (Unfit, Raised):
        pass
    drift, diffusion = (_first(answer, names) for names in (DRIFTS, DIFFUSIONS))
    own = {
        drift: lambda self, x, t: Given(_f)(x, t),
        diffusion: lambda self, *x_and_t: _diffusion(*x_and_t),
        "T": 1.0,
    }
    for name in getattr(answer, "__abstractmethods__", ()):
        own.setdefault(name, lambda self, *_: None)
    subclass = type("Own", (answer,), own)
    try:
        return call(subclass, {"T": 1.0}, name=answer.__name__)
    except Unfit:
        process = object.__new__(subclass)
        process.T = 1.0
        return process


def _first(answer: type, names: tuple[str, ...]) -> str:
    """The name that a class has for one of its methods, else the first."""
    found = find(answer, *names)
    return found.__name__ if found is not None else names[0]


def _diffusion(*x_and_t: object) -> object:
    """g(t), for those who call it with x and t, too."""
    return _g(x_and_t[-1])


# P3 b


def transition(answer: object) -> list[str]:
    """P3 b: mean and standard deviation of x_t given x_0, for the process of the sheet."""
    name = function_name(answer)
    with repeatable():
        x0 = torch.randn(20, 2)
        for t in (0.4, 2.5):
            value = call(
                answer, {"x0": x0, "t": Either(t, torch.tensor(t))}, needs=["x0", "t"], name=name
            )
            if not (isinstance(value, tuple | list) and len(value) == 2):
                raise Unfit("pair", name=name)
            mean, spread = (plain(v, name) for v in value)
            mean = shaped(mean, x0.shape, name)
            a, variance = math.exp(-t / 2), -math.expm1(-t)
            compare(
                mean,
                a * x0,
                {
                    "mean_rate": lambda t=t: math.exp(-t) * x0,
                    "mean_grows": lambda t=t: math.exp(t / 2) * x0,
                    "mean_stays": lambda: x0,
                    "mean_vanishes": lambda: 0 * x0,
                },
                otherwise="mean",
            )
            spread = spread.diagonal() if spread.shape == (2, 2) else spread.unique()
            compare(
                spread,
                torch.tensor(math.sqrt(variance)),
                {
                    "variance": lambda v=variance: torch.tensor(v),
                    "spread_rate": lambda t=t: torch.tensor(math.sqrt(-math.expm1(-2 * t))),
                    "spread_half": lambda t=t: torch.tensor(math.sqrt(-math.expm1(-2 * t) / 2)),
                    "spread_mean": lambda a=a: torch.tensor(1 - a),
                    "spread_slow": lambda t=t: torch.tensor(math.sqrt(-math.expm1(-t / 2))),
                    "brownian": lambda t=t: torch.tensor(math.sqrt(t)),
                    "stationary": lambda: torch.tensor(1.0),
                },
                otherwise="spread",
            )
    return []


# P3 c


def ornstein_uhlenbeck(answer: object) -> list[str]:
    """P3 c: the two coefficients, the law of x_t if it is offered, and the reverse drift."""
    remarks: list[str] = []
    with repeatable():
        process = call(_class(answer), {"T": 5.0}, name=answer.__name__)
        x = torch.randn(30, 2)
        for t in (0.5, 3.0):
            time = Either(t, torch.full((30,), t), torch.full((30, 1), t))
            f = _coefficient(process, DRIFTS, {"x": x, "t": time}, x)
            compare(
                f,
                -x / 2,
                {
                    "drift_sign": lambda: x / 2,
                    "drift_half": lambda: -x,
                    "drift_zero": lambda: 0 * x,
                    "drift_no_x": lambda: 0 * x - 0.5,
                    "drift_time": lambda t=t: -x * t / 2,
                },
                otherwise="drift",
            )
            g = _coefficient(process, DIFFUSIONS, {"t": time, "x": x}, None)
            compare(
                g,
                torch.ones(()),
                {
                    "diffusion_root": lambda: torch.tensor(math.sqrt(2)),
                    "diffusion_half": lambda: torch.tensor(0.5),
                    "diffusion_time": lambda t=t: torch.tensor(math.sqrt(t)),
                    "diffusion_sign": lambda: torch.tensor(-1.0),
                    "diffusion_zero": lambda: torch.tensor(0.0),
                },
                otherwise="diffusion",
            )
            _check_kernel(process, t, time, remarks)
            if find(process, *REVERSE_DRIFTS) is None:
                raise Wrong("reverse")
            given = _reverse_drift(process, x, t, Given(_s))
            if not close(given, -x / 2 - _s(x, t)):
                raise Wrong("reverse_drift")
    return remarks


def _coefficient(process: object, names: tuple, roles: dict, x: Tensor | None) -> Tensor:
    method = find(process, *names)
    if method is None:
        raise Unfit("method", method=names[0])
    if not callable(method):
        value = method
    else:
        value = call(method, roles, needs=[next(iter(roles))], name=names[0])
    return shaped(value, x.shape, names[0]) if x is not None else plain(value, names[0]).unique()


def _check_kernel(process: object, t: float, time: Either, remarks: list[str]) -> None:
    """The factor and the standard deviation of x_t given x_0, or its mean and deviation."""
    method = find(process, "perturbation", "marginal_prob", "transition", "kernel", "marginal")
    if method is None:
        if "kernel" not in remarks:
            remarks.append("kernel")
        return
    try:
        value = call(method, {"x0": torch.ones(30, 2), "t": time}, needs=["t"], name="perturbation")
        a, b = (plain(v, "perturbation").unique() for v in value)
    except (Raised, Unfit, TypeError, ValueError):
        return  # a method of that name for something else
    if not close(a, math.exp(-t / 2)):
        raise Wrong("scale")
    compare(b, torch.tensor(math.sqrt(-math.expm1(-t))),
            {"variance": lambda: torch.tensor(-math.expm1(-t))}, otherwise="kernel")  # fmt: skip


# P3 d


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


def euler_maruyama(answer: object) -> list[str]:
    """P3 d: drift and noise of a step forward, the times at which they are taken, and backward."""
    name = function_name(answer)
    with repeatable():
        backward = _takes_span(answer)
        for span in ((0.0, 2.0), (2.0, 0.5))[: 1 + backward]:
            _check_drift(answer, name, span)
            _check_noise(answer, name, span)
    return [] if backward else ["backward"]


_SPAN = {"tspan", "span", "interval", "timespan", "intervalo", "ts", "t0", "tstart", "tinit",
         "begin", "tinicial", "times", "tgrid"}  # fmt: skip


def _takes_span(answer: object) -> bool:
    return bool({p.lower().replace("_", "") for p in inspect.signature(answer).parameters} & _SPAN)


def _solved(
    answer: object, name: str, process: _Process, x0: Tensor, span: tuple, n: int
) -> Tensor:
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
        "prior": Given(lambda *_: x0),
    }
    needs = ["sde", "x0", "n_steps|dt|times"]
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
    first = (
        float(torch.as_tensor(clock.drift.calls[0][1]).flatten()[0]) if clock.drift.calls else 0.0
    )
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
    """Without drift, with g(t) = 1 + t: the variance is Σ g(t_i)² |Δt|."""
    begin, end = span
    n, dt = 8, (end - begin) / 8
    x0 = torch.randn(10_007, 2)
    process = _Process(lambda x, t: torch.zeros_like(x), lambda t: 1 + t, max(span))
    moved = _solved(answer, name, process, x0, span, n) - x0
    if not moved.isfinite().all():
        raise Wrong("negative" if dt < 0 else "noise")
    found = moved.T.cov()
    spread = float(found.trace() / 2)
    if spread < 1e-9:
        raise Wrong("shared_noise" if moved.abs().max() > 1e-6 else "no_noise")
    if abs(found[0, 1]) > 4 * spread / 100:
        raise Wrong("one_noise")
    size, g = abs(dt), 1 + begin + dt * torch.arange(n + 1)
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
    for key, variance in mistakes.items():
        # Four standard errors of a variance from 2 × 10,007 draws.
        if abs(spread - float(variance)) <= 4 * float(variance) / 100:
            if key:
                raise Wrong(key)
            return
    raise Wrong("noise")
