"""What a day's run takes of a long list: a sample. The whole list is for the night."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest


def nightly_but(day: Sequence, values: Sequence) -> list:
    """Return `values` as parameters of a test, all but those of `day` marked `nightly`.

    Raises:
        LookupError: If there are values and one of `day` is none of them: the day tests nothing.
    """
    if values and (missing := [v for v in day if v not in values]):
        raise LookupError(f"by day there would be no {missing}")
    return [pytest.param(v, marks=() if v in day else pytest.mark.nightly) for v in values]


def first_of_each(values: Sequence, key: Callable) -> list:
    """Return the first value with each key."""
    return list({key(value): value for value in reversed(values)}.values())
