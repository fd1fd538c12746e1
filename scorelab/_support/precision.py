"""In which precision exact formulas are worked out, whatever surrounds them."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor

__all__ = ["outside_autocast", "wide"]

P = ParamSpec("P")
T = TypeVar("T")

# To ask for one takes a microsecond.
_DEVICES = ("cpu", "cuda")


def wide(x: Tensor) -> Tensor:
    """x in float32 if its own dtype has fewer bits, else x itself.

    Half of the squares that a formula meets are outside the range of float16, and bfloat16 has two
    digits: both are for storage and for networks, not for sums.
    """
    return x.float() if x.dtype.itemsize < 4 else x


def outside_autocast(function: Callable[P, T]) -> Callable[P, T]:
    """Let `function` work in the dtypes that it is given, also inside `torch.autocast`.

    Autocast is for networks: it would take the products of an exact formula in bfloat16. To ask
    whether it is on costs far less than to switch it off.
    """

    @wraps(function)
    def exact(*args: P.args, **kwargs: P.kwargs) -> T:
        for device in _DEVICES:
            if torch.is_autocast_enabled(device):
                with torch.autocast(device, enabled=False):
                    return exact(*args, **kwargs)
        return function(*args, **kwargs)

    return exact
