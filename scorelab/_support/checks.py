"""Checks of arguments, shared by the whole package: each names the argument and what is wrong."""

import math
import operator
import sys
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

# ------------------------------------------------------------------------------------- numbers


def real(name: str, value: float) -> float:
    """Return `value`, a number of any kind, as a float; raise `ValueError` unless it is one."""
    try:
        return float(operator.index(value) if isinstance(value, str | bytes) else value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise ValueError(f"{name} must be a finite number, got {value!r}") from None


def number(name: str, value: float) -> float:
    """Return `value` as a float; raise `ValueError` unless it is finite."""
    found = real(name, value)
    if not math.isfinite(found):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    return found


def positive(name: str, value: float) -> float:
    """Return `value` as a float; raise `ValueError` unless it is finite and > 0."""
    number = real(name, value)
    if not 0 < number < float("inf"):
        raise ValueError(f"{name} must be a finite number > 0, got {value}")
    return number


def count(name: str, value: int, least: int = 1) -> int:
    """Return `value`, numpy's integers too, as an int; raise `ValueError` unless it is ≥ `least`.

    A bool is no count.
    """
    try:
        found = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        found = least - 1
    if found < least or (isinstance(value, Tensor) and value.dtype == torch.bool):
        raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")
    return found


def read(
    name: str,
    value: Tensor | np.ndarray | float | Sequence,
    dtype: torch.dtype | None = None,
    device: torch.device | None = None,
) -> Tensor:
    """Return numbers as a floating-point tensor; what is one already may be returned itself.

    The one place where Python's numbers become a tensor: they keep all their digits, in `dtype` or
    in float64, and never pass through the default dtype.

    Raises:
        ValueError: unless they are real numbers, nested with one shape.
    """
    if isinstance(value, float):  # asked at every step
        return torch.as_tensor(value, dtype=dtype or torch.float64, device=device or "cpu")
    if not isinstance(value, Tensor):
        try:
            # A copy of an array: it may be read-only, or run backwards.
            value = (
                torch.from_numpy(np.array(value))
                if isinstance(value, np.ndarray | np.generic)
                else torch.as_tensor(value, dtype=torch.float64, device="cpu")
            )
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise ValueError(
                f"{name} must be a tensor or nested numbers of one shape: {error}"
            ) from None
    if not value.is_floating_point():
        if value.is_complex() or value.dtype == torch.bool:
            raise ValueError(f"{name} must hold real numbers, got {_kind(value)}")
        dtype = dtype or torch.float64
    return torch.as_tensor(value, dtype=dtype, device=device or value.device)


def numbers(name: str, value: float | Sequence[float], size: int) -> Tensor:
    """Return a number, or `size` of them, as a tensor; raise `ValueError` if one is not finite.

    In float64 and on the CPU, a copy.
    """
    tensor = read(name, value, torch.float64, torch.device("cpu")).detach().clone()
    if tensor.shape not in ((), (size,)) or not bool(torch.isfinite(tensor).all()):
        raise ValueError(f"{name} must be a finite number or {size} of them, got {value!r}")
    return tensor


def noise_level(sigma: float | Tensor, x: Tensor, name: str = "sigma") -> Tensor:
    """Return σ as a tensor like `x`: a scalar, or one level per row of `x`.

    Raises:
        ValueError: if σ is neither a scalar nor of shape (n,), or is not finite and > 0, or if its
            square is not.
    """
    levels = read(name, sigma, x.dtype, x.device)
    if levels.ndim > 1 or (levels.ndim == 1 and levels.shape != x.shape[:1]):
        raise ValueError(
            f"{name} must be a scalar or have shape {tuple(x.shape[:1])} like the rows of x, "
            f"got shape {tuple(levels.shape)}"
        )
    _refuse_levels(name, levels)
    return levels


def levels(name: str, sigmas: Tensor | Sequence[float], x: Tensor) -> Tensor:
    """Return noise levels as a new tensor (L,) like `x`; raise `ValueError` unless each is > 0."""
    tensor = read(name, sigmas, x.dtype, x.device)
    if tensor.ndim != 1 or not len(tensor):
        raise ValueError(f"{name} must have shape (L,) with L >= 1, got {tuple(tensor.shape)}")
    _refuse_levels(name, tensor)
    return tensor.clone()


def _refuse_levels(name: str, levels: Tensor) -> None:
    """Raise `ValueError` with the first level that is not finite and > 0, or whose square is not.

    Formulas hold σ²: in float32, 10²⁰ and 10⁻²³ have none, in float16 300 has none.
    """
    smallest, largest = _squarable(levels.dtype)
    i = first_outside(levels, least=smallest, most=largest)
    if i is None:
        return
    wrong = levels.flatten()[i].item()
    where = f"{name}[{i}]" if levels.ndim else name
    if 0 < wrong < math.inf:
        raise ValueError(
            f"{where} must have a square that is finite and > 0, got {wrong:g} in {levels.dtype}"
        )
    raise ValueError(f"{where} must be finite and > 0, got {wrong}")


@cache
def _squarable(dtype: torch.dtype) -> tuple[float, float]:
    """The smallest and the largest number whose square is as precise as any."""
    return math.sqrt(torch.finfo(dtype).tiny), math.sqrt(torch.finfo(dtype).max)


def descending(name: str, sigmas: Tensor | Sequence[float], x: Tensor) -> Tensor:
    """Return `levels`; raise `ValueError` unless each is below the one before."""
    tensor = levels(name, sigmas, x)
    if (tensor.diff() >= 0).any():
        i = int((tensor.diff() >= 0).nonzero()[0, 0])
        raise ValueError(f"{name} must descend strictly, but {name}[{i + 1}] >= {name}[{i}]")
    return tensor


def first_outside(
    values: Tensor,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    most: float = sys.float_info.max,
) -> int | None:
    """Where the first value stands that is not finite, > `above`, ≥ `least` and ≤ `most`, or None.

    If none does, one pass and two numbers tell, for this is asked at every step of a sampler and of
    training. A NaN becomes both extremes, and fails.
    """
    if not values.numel():
        return None
    low, high = (extreme.item() for extreme in torch.aminmax(values.detach()))
    if low > above and low >= least and high <= most:
        return None
    right = torch.isfinite(values) & (values > above) & (values >= least) & (values <= most)
    return int((~right).flatten().nonzero()[0, 0])


# -------------------------------------------------------------------------------------- batches


def batch(name: str, x: Tensor, dim: int | None = None) -> Tensor:
    """Return `x`; raise unless it is a floating-point tensor whose last axis has length `dim`."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        raise ValueError(f"{name} must be a floating-point tensor, got {_kind(x)}")
    if dim is not None and (x.ndim == 0 or x.shape[-1] != dim):
        raise ValueError(f"{name} must have shape (..., {dim}), got {tuple(x.shape)}")
    return x


def points(name: str, x: Tensor, least: int = 0, shape: str = "n, …") -> Tensor:
    """Return `x`; raise unless it is a finite batch of at least so many rows.

    Args:
        name: of the argument.
        x: the batch.
        least: the fewest rows.
        shape: as the message shall put it; for "n, d" x must have two axes.
    """
    batch(name, x)
    if not x.ndim or len(x) < least or (shape == "n, d" and x.ndim != 2):
        enough = (", " if shape == "n, d" else " with ") + f"n >= {least}" if least else ""
        raise ValueError(f"{name} must have shape ({shape}){enough}, got {tuple(x.shape)}")
    i = first_outside(x)
    if i is not None:
        row = i // max(1, x.shape[1:].numel())
        raise ValueError(f"{name} must be finite, but row {row} holds {x.flatten()[i].item()}")
    return x


def state(x: Tensor, step: int, advice: str) -> None:
    """Raise `FloatingPointError` with the step and what to change if `x` is not finite.

    A finite sum proves that every entry is finite, in one pass with no temporary. A sum that is not
    may have overflowed by itself, so that then every entry is asked.
    """
    if not bool(torch.isfinite(x.sum())) and not bool(torch.isfinite(x).all()):
        raise FloatingPointError(f"the state is no longer finite at step {step}: {advice}")


def like(name: str, result: Tensor, x: Tensor, per_row: bool = False) -> Tensor:
    """Return what the function `name` gave for x, in the dtype of x.

    Raises:
        ValueError: unless it is a floating-point tensor in the shape of x, or with `per_row` of
            shape (n,): what has another shape would be broadcast, and be wrong.
    """
    shape = x.shape[:1] if per_row else x.shape
    if isinstance(result, Tensor) and result.dtype == x.dtype and result.shape == shape:
        return result
    if not isinstance(result, Tensor) or not result.is_floating_point():
        raise ValueError(f"{name} must return a floating-point tensor, got {_kind(result)}")
    if result.shape != shape:
        wanted = f"shape {tuple(shape)}" if per_row else f"the shape of x, {tuple(shape)}"
        given = f", for x of shape {tuple(x.shape)}" if per_row else ""
        raise ValueError(f"{name} must return {wanted}, got {tuple(result.shape)}{given}")
    return result.to(x.dtype)


class Shaped:
    """A function of a batch x, and of whatever else, whose results are held to `like`.

    Args:
        name: of the argument that the function was given as.
        function: any callable.
        per_row: as in `like`.
    """

    def __init__(self, name: str, function: Callable, per_row: bool = False) -> None:
        if not callable(function):
            raise ValueError(f"{name} must be a function of x, got {_kind(function)}")
        self.name, self.function, self.per_row = name, function, per_row

    def __call__(self, x: Tensor, *rest: object) -> Tensor:
        return like(self.name, self.function(x, *rest), x, self.per_row)


def shaped(name: str, function: Callable, per_row: bool = False) -> Callable[..., Tensor]:
    """`function` with its results checked, once: see `Shaped`."""
    return function if isinstance(function, Shaped) else Shaped(name, function, per_row)


# ---------------------------------------------------------------------------- times and the rest


def time(t: float | Tensor, x: Tensor | None = None) -> float | Tensor:
    """Return a time as a float, or as the scalar tensor or the tensor (n,) that it is.

    Args:
        t: the time.
        x: the batch whose rows t belongs to; the times of rows take its dtype and device.

    Raises:
        ValueError: if it has another shape, or is not finite and ≥ 0.
    """
    if type(t) is float and 0 <= t < math.inf:  # asked at every step
        return t
    if not isinstance(t, Tensor | np.ndarray):
        t = number("t", t)
        if t < 0:
            raise ValueError(f"t must be a time >= 0, got {t}")
        return t
    t = read("t", t)
    if t.ndim > 1 or (x is not None and t.ndim and t.shape != x.shape[:1]):
        rows = "(n,)" if x is None else f"{tuple(x.shape[:1])} like the rows of x"
        raise ValueError(f"t must be a scalar or have shape {rows}, got {tuple(t.shape)}")
    i = first_outside(t, least=0)
    if i is not None:
        raise ValueError(f"t must be a time >= 0, got {t.flatten()[i].item()}")
    return t.to(x) if x is not None and t.ndim else t


def rows(value: float | Tensor, x: Tensor, name: str = "t") -> float | Tensor:
    """A number as it is, and one for each row of x in a shape that multiplies the rows.

    Raises:
        ValueError: for any other shape.
    """
    if not isinstance(value, Tensor) or not value.ndim:
        return value
    if value.shape != x.shape[:1]:
        raise ValueError(
            f"{name} must be a scalar or have shape {tuple(x.shape[:1])} like the rows of x, "
            f"got {tuple(value.shape)}"
        )
    return value.to(x).reshape(-1, *[1] * (x.ndim - 1))


def time_span(t_span: tuple[float, float], direction: str = "") -> tuple[float, float]:
    """Return the two times as floats.

    Args:
        t_span: first and last time.
        direction: "ascending" or "descending", where only that makes sense.

    Raises:
        ValueError: unless they are finite and differ, in that direction.
    """
    try:
        times = tuple(float(t) for t in t_span)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"t_span must hold two different finite times, got {t_span!r}") from None
    if len(times) != 2 or not all(map(math.isfinite, times)) or times[0] == times[1]:
        raise ValueError(
            f"t_span must hold two different finite times, got {times}; "
            "a process with no final time must be given one"
        )
    if direction and (times[0] < times[1]) != (direction == "ascending"):
        raise ValueError(f"t_span must be {direction}, got {times}")
    return times


def generator(
    source: torch.Generator | None, device: torch.device | str | None, name: str = "generator"
) -> torch.Generator | None:
    """Return a source of randomness; raise `ValueError` unless it is one for this device."""
    if source is None:
        return None
    if not isinstance(source, torch.Generator):
        raise ValueError(f"{name} must be a torch.Generator or None, got {_kind(source)}")
    if device is not None and source.device.type != torch.device(device).type:
        raise ValueError(
            f"{name} must be on the device of what is drawn, {device}, got {source.device}"
        )
    return source


def _kind(value: object) -> str:
    return f"a tensor of {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
