"""How what student's code gives is held against the truth, and its mistake recognised."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from scorelab.exercises.engine.reading import Unanswered
from scorelab.lab.calling import call, shaped
from scorelab.lab.findings import Raised, Unfit, Wrong

__all__ = [
    "are_normal",
    "class_name",
    "close",
    "compare",
    "function_name",
    "means_agree",
    "moments",
    "on_points",
]

# Of four standard errors: the tests of a right answer fail once in tens of thousands.
STANDARD_ERRORS = 4


def close(given: Tensor, exact: Tensor | float, rtol: float = 1e-4, atol: float = 1e-6) -> bool:
    """Whether all values agree: for code in single precision, too."""
    exact = torch.as_tensor(exact, dtype=given.dtype)
    return bool(torch.isclose(given, exact, rtol=rtol, atol=atol).all())


def compare(
    given: Tensor,
    exact: Tensor,
    mistakes: Mapping[str, Callable[[], Tensor]],
    *,
    otherwise: str = "else",
    **tolerance: float,
) -> None:
    """Raise what is wrong with values that are not the exact ones.

    Args:
        given: What the student's code gives.
        exact: The truth.
        mistakes: What a known mistake would give, by the key of its hint.
        otherwise: The key if it is none of these.
        tolerance: As of `close`.

    Raises:
        Wrong: If they differ.
    """
    if close(given, exact, **tolerance):
        return
    for key, wrong in mistakes.items():
        if close(given, wrong(), **tolerance):
            raise Wrong(key)
    raise Wrong(otherwise)


def means_agree(values: Tensor, exact: Tensor, allowed: float | Tensor = 0.0) -> Tensor:
    """Which columns (n, m) have the means `exact` (m,), within four standard errors, (m,).

    Args:
        values: Independent rows.
        exact: The expectations.
        allowed: Beyond that, such as a bias of finite steps.
    """
    error = values.std(0) / len(values) ** 0.5
    return (values.mean(0) - exact).abs() <= STANDARD_ERRORS * error + allowed + 1e-9


def are_normal(z: Tensor) -> bool:
    """Whether values have the fourth moment 3 of N(0, 1), once mean and scale are taken out."""
    z = z.flatten() - z.mean()
    fourth = (z / z.std()).pow(4).mean()
    # z⁴ has the standard deviation √96; uniform noise has 1.8 here, and signs have 1.
    return bool(abs(fourth - 3) < STANDARD_ERRORS * math.sqrt(96 / z.numel()))


def moments(law, draws: Tensor) -> tuple[Tensor, Tensor]:
    """What draws of a mixture are judged by, (n, m), and its expectations, (m,).

    The shares of the K components, then the d coordinates, then the products of the centred ones.
    """
    upper = torch.triu_indices(law.dim, law.dim).unbind()
    centred = draws - law.mean()
    products = centred[:, upper[0]] * centred[:, upper[1]]
    seen = torch.cat([law.responsibilities(draws), draws, products], 1)
    return seen, torch.cat([law.weights, law.mean(), law.covariance()[upper]])


def function_name(answer: object) -> str:
    """The name of an answer that must be a function.

    Raises:
        Unanswered: If there is none yet.
        Unfit: If it is something else.
    """
    if answer is ... or answer is None:
        raise Unanswered
    if not callable(answer):
        raise Unfit("no_function", kind=type(answer).__name__)
    return getattr(answer, "__name__", type(answer).__name__)


def class_name(answer: object) -> str:
    """The name of an answer that must be a class; raises as `function_name` does."""
    if answer is ... or answer is None:
        raise Unanswered
    if not inspect.isclass(answer):
        raise Unfit("no_class", kind=type(answer).__name__)
    return answer.__name__


def on_points(
    method: Callable, points: Tensor, shape: tuple[int, ...], name: str, remarks: list[str]
) -> Tensor:
    """The values of a method at points (n, d), (n, *shape): of the batch, else one by one."""

    def at(x: Tensor, form: tuple[int, ...]) -> Tensor:
        return shaped(call(method, {"x": x}, needs=["x"], name=name), form, name)

    try:
        return at(points, (len(points), *shape))
    except (Raised, Unfit) as error:
        try:
            values = torch.stack([at(point, shape) for point in points])
        except (Raised, Unfit):
            raise error from None
    remarks.append("batch")
    return values
