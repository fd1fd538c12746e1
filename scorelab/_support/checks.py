"""Checks of arguments, shared by the whole package: each names the argument and what is wrong."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def positive(name: str, value: float) -> float:
    """Return `value` as a float; raise `ValueError` unless it is finite and > 0."""
    number = float(value)
    if not 0 < number < float("inf"):
        raise ValueError(f"{name} must be a finite number > 0, got {value}")
    return number


def count(name: str, value: int, least: int = 1) -> int:
    """Return `value`; raise `ValueError` unless it is an integer ≥ `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")
    return value


def numbers(name: str, value: float | Sequence[float], size: int) -> Tensor:
    """Return a number, or `size` of them, as a tensor; raise `ValueError` if one is not finite."""
    tensor = torch.as_tensor(value, dtype=torch.get_default_dtype())
    if tensor.shape not in ((), (size,)) or not bool(torch.isfinite(tensor).all()):
        raise ValueError(f"{name} must be a finite number or {size} of them, got {value!r}")
    return tensor


def noise_level(sigma: float | Tensor, x: Tensor, name: str = "sigma") -> Tensor:
    """Return σ as a tensor like `x`: a scalar, or one level per row of `x`.

    Raises:
        ValueError: if σ is neither a scalar nor of shape (n,), or is not finite and > 0.
    """
    levels = torch.as_tensor(sigma, dtype=x.dtype, device=x.device)
    if levels.ndim > 1 or (levels.ndim == 1 and levels.shape[0] != x.shape[0]):
        raise ValueError(
            f"{name} must be a scalar or have shape ({x.shape[0]},) like the rows of x, "
            f"got shape {tuple(levels.shape)}"
        )
    i = first_outside(levels, above=0)
    if i is not None:
        where, wrong = (f"[{i}]", levels[i]) if levels.ndim else ("", levels)
        raise ValueError(f"{name}{where} must be finite and > 0, got {wrong.item()}")
    return levels


def levels(name: str, sigmas: Tensor | Sequence[float], x: Tensor) -> Tensor:
    """Return noise levels as a tensor (L,) like `x`; raise `ValueError` unless each is > 0."""
    tensor = torch.as_tensor(sigmas, dtype=x.dtype, device=x.device)
    if tensor.ndim != 1 or not len(tensor):
        raise ValueError(f"{name} must have shape (L,) with L >= 1, got {tuple(tensor.shape)}")
    i = first_outside(tensor, above=0)
    if i is not None:
        raise ValueError(f"{name}[{i}] must be finite and > 0, got {tensor[i].item()}")
    return tensor


def descending(name: str, sigmas: Tensor | Sequence[float], x: Tensor) -> Tensor:
    """Return `levels`; raise `ValueError` unless each is below the one before."""
    tensor = levels(name, sigmas, x)
    if (tensor.diff() >= 0).any():
        i = int((tensor.diff() >= 0).nonzero()[0, 0])
        raise ValueError(f"{name} must descend strictly, but {name}[{i + 1}] >= {name}[{i}]")
    return tensor


def first_outside(
    values: Tensor, *, above: float = -math.inf, least: float = -math.inf
) -> int | None:
    """Where the first value stands that is not finite, > `above` and ≥ `least`; None if all are.

    If all are, one pass and two numbers tell, for this is asked at every step of a sampler and of
    training. A NaN becomes both extremes, and fails.
    """
    if not values.numel():
        return None
    low, high = (extreme.item() for extreme in torch.aminmax(values.detach()))
    if low > above and low >= least and high < math.inf:
        return None
    right = torch.isfinite(values) & (values > above) & (values >= least)
    return int((~right).flatten().nonzero()[0, 0])


def batch(name: str, x: Tensor, dim: int | None = None) -> Tensor:
    """Return `x`; raise unless it is a floating-point tensor whose last axis has length `dim`."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        raise ValueError(f"{name} must be a floating-point tensor, got {_kind(x)}")
    if dim is not None and (x.ndim == 0 or x.shape[-1] != dim):
        raise ValueError(f"{name} must have shape (..., {dim}), got {tuple(x.shape)}")
    return x


def state(x: Tensor, step: int, advice: str) -> None:
    """Raise `FloatingPointError` with the step and what to change if `x` is not finite.

    The sum is finite exactly when no entry is infinite or NaN, short of an overflow that is a
    failure too, and it costs one pass with no temporary.
    """
    if not bool(torch.isfinite(x.sum())):
        raise FloatingPointError(f"the state is no longer finite at step {step}: {advice}")


def time_span(t_span: tuple[float, float]) -> tuple[float, float]:
    """Return the two times as floats; raise `ValueError` unless they are finite and differ."""
    times = tuple(float(t) for t in t_span)
    if len(times) != 2 or not all(map(math.isfinite, times)) or times[0] == times[1]:
        raise ValueError(
            f"t_span must hold two different finite times, got {times}; "
            "a process with no final time must be given one"
        )
    return times


def _kind(value: object) -> str:
    return f"a tensor of {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
