"""Judges of the third part: processes, their reversal, and the Ornstein-Uhlenbeck process."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable

import torch
from torch import Tensor

from scorelab.lab.calling import Either, Given, call, find, method, plain, repeatable, shaped
from scorelab.lab.comparing import class_name, close, compare, function_name
from scorelab.lab.findings import Raised, Unfit, Wrong

__all__ = ["DIFFUSIONS", "DRIFTS", "ornstein_uhlenbeck", "process_class", "transition"]

DRIFTS = (
    "drift",
    "f",
    "deriva",
    "forward_drift",
    "drift_coefficient",
    "drift_fn",
    "coef_drift",
    "coef_deriva",
)
DIFFUSIONS = (
    "diffusion",
    "g",
    "difusion",
    "diffusion_coefficient",
    "diffusion_fn",
    "dispersion",
    "coef_difusion",
)
REVERSE_DRIFTS = (
    "reverse_drift", "reversed_drift", "drift_reverse", "reverse_drift_fn", "backward_drift",
    "reverse_time_drift", "time_reversed_drift", "drift_reversed", "drift_inverso",
    "deriva_inversa", "drift_reverso", "reverse", "reversed", "reverse_sde",
)  # fmt: skip


def _time(t: float, n: int) -> Either:
    """A time as a number, as (n,) and as (n, 1)."""
    return Either(t, torch.full((n,), t), torch.full((n, 1), t))


def _reverse_drift(process: object, x: Tensor, t: float, score: Given) -> Tensor:
    backward = method(process, *REVERSE_DRIFTS)
    at = {"x": x, "t": _time(t, len(x))}
    try:
        roles = {**at, "score": score}
        value = call(backward, roles, needs=["x", "t", "score"], name="reverse_drift")
    except (Raised, Unfit) as error:
        value = _otherwise(backward, at, score, t, error)
    return shaped(value, x.shape, "reverse_drift")


def _otherwise(backward: Callable, at: dict, score: Given, t: float, error: Exception) -> object:
    """The reverse drift of those who take the score's value, or return a function or a process."""
    try:
        process = call(backward, {"score": score}, needs=["score"], name="reverse_drift")
        drift = process if callable(process) else find(process, *DRIFTS)
        return call(drift, at, needs=["x", "t"], name="reverse_drift")
    except (Raised, Unfit, TypeError):
        pass
    try:
        roles = {**at, "score": score(at["x"], t)}
        return call(backward, roles, needs=["x", "t", "score"], name="reverse_drift")
    except (Raised, Unfit):
        raise error from None


# P3 a


def _f(x: Tensor, t: Tensor | float) -> Tensor:
    return -(0.5 + t) * x + 1


def _g(t: Tensor | float) -> Tensor | float:
    return 0.5 + 2 * t


def _s(x: Tensor, t: Tensor | float = 0.0) -> Tensor:
    return -x / (1 + 3 * t) + 0.3


def process_class(answer: object) -> list[str]:
    """P3 a: the reverse drift of a process that the class has not seen."""
    class_name(answer)
    with repeatable():
        process = _own_process(answer)
        for t in (0.3, 0.9):
            x = torch.randn(40, 3)
            given = _reverse_drift(process, x, t, Given(_s))
            _check_reverse_drift(given, _f(x, t), _g(t), _s(x, t), _s(x), _s(x, 1 - t))
    return []


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
        if inspect.isclass(answer) or find(answer, *DRIFTS) is None:
            process = call(answer, {"T": 5.0}, name=class_name(answer))
        else:
            process = answer
        x = torch.randn(30, 2)
        for t in (0.7, 3.0):
            time = _time(t, len(x))
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
    value = method(process, *names)
    if callable(value):
        value = call(value, roles, needs=[next(iter(roles))], name=names[0])
    return shaped(value, x.shape, names[0]) if x is not None else plain(value, names[0]).unique()


def _check_kernel(process: object, t: float, time: Either, remarks: list[str]) -> None:
    """The factor and the standard deviation of x_t given x_0, or its mean and deviation."""
    kernel = find(process, "perturbation", "marginal_prob", "transition", "kernel", "marginal")
    if kernel is None:
        remarks.append("kernel")
        return
    try:
        value = call(kernel, {"x0": torch.ones(30, 2), "t": time}, needs=["t"], name="perturbation")
        a, b = (plain(v, "perturbation").unique() for v in value)
    except (Raised, Unfit, TypeError, ValueError):
        return  # a method of that name for something else
    if not close(a, math.exp(-t / 2)):
        raise Wrong("scale")
    compare(b, torch.tensor(math.sqrt(-math.expm1(-t))),
            {"variance": lambda: torch.tensor(-math.expm1(-t))}, otherwise="kernel")  # fmt: skip
