"""Mistakes in one of several numbers: the hint says which, whatever the other numbers are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from scorelab.exercises.engine.judging import Mistake
from scorelab.exercises.engine.kinds import Tensors

__all__ = ["wrong_entry"]


def wrong_entry(
    truth: Callable[[], Sequence[float]],
    index: int,
    wrong: Callable[[], float],
    hint: str,
    *,
    rtol: float = 2e-3,
    atol: float = 0.0,
) -> Mistake:
    """A mistake in one entry of `Values` of shape (n,), whatever the other entries are.

    Args:
        truth: Returns the right entries.
        index: Of the entry.
        wrong: Returns what stands there in the wrong answer.
        hint: As for `Mistake`.
        rtol, atol: How far from `wrong` an entry may be that is taken for it.
    """

    def answer() -> list[float]:
        return [*truth()[:index], wrong(), *truth()[index + 1 :]]

    def when(given: Tensors, right: Tensors) -> bool:
        if given[0].shape != right[0].shape:
            return False
        mistaken = torch.tensor(float(wrong()))
        return bool(torch.isclose(given[0][index], mistaken, rtol=rtol, atol=atol))

    return Mistake(answer, hint, when)
