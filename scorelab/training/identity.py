"""What makes a training run the one that it is, so that it is not taken up with something else."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from scorelab.mixture import GaussianMixture
from scorelab.training.batches import Data

__all__ = ["described_data", "described_model", "require_same"]

# Of larger data so many bytes are digested, in rows at equal distances.
_DIGESTED = 1 << 26
# λ may come out a last digit apart on another device.
_LAST_DIGITS = 1e-6
_SHOWN = 2


def described_data(data: Data, like: Tensor) -> str:
    """The kind of the data and a digest of all its numbers; what a callable gives is not asked for.

    Args:
        data: as of `fit`.
        like: an example of a batch.
    """
    kind = f"{str(like.dtype).removeprefix('torch.')} rows of shape {tuple(like.shape[1:])}"
    if isinstance(data, Tensor):
        return f"a tensor of {len(data)} {kind}, digest {_digest(data)}"
    if isinstance(data, GaussianMixture):
        parts = data.weights, data.means, data.covariances
        return f"a mixture of {kind}, digest {_digest(*parts)}"
    return f"a callable that gives {kind}"


def described_model(model: nn.Module) -> list[str]:
    """Every module by its class, and every tensor by its shape, dtype and whether it is trained.

    The numbers are not in it, for they come from the file.
    """
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    parts = [f"{name or 'model'}: {type(part).__name__}" for name, part in model.named_modules()]
    return parts + [
        f"{name}: {tuple(t.shape)} {str(t.dtype).removeprefix('torch.')}"
        f"{', trained' if name in trained else ''}"
        for name, t in model.state_dict().items()
    ]


def require_same(file: object, was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise `ValueError` unless two runs have the same settings.

    Args:
        file: where the first one is from, for the message.
        was: its settings; what an older version did not write there is not compared.
        now: the settings of the other.

    Raises:
        ValueError: with the name and both values of the first that differs.
    """
    for name, other in now.items():
        one = was.get(name, other)
        if one == other or _close(one, other):
            continue
        what = f"{name} ="
        if name == "model":
            what = "another model:"
            one, other = (_only_in(a, b) for a, b in ((one, other), (other, one)))
        raise ValueError(
            f"checkpoint {file} is of a run with {what} {one}, not {other}; "
            "remove the file to start afresh"
        )


def _close(one: object, other: object) -> bool:
    """Whether both are lists of numbers that differ in their last digits at most."""
    return (
        isinstance(one, list)
        and isinstance(other, list)
        and len(one) == len(other)
        and all(isinstance(v, float) for v in (*one, *other))
        and all(math.isclose(a, b, rel_tol=_LAST_DIGITS) for a, b in zip(one, other, strict=True))
    )


def _only_in(one: list[str], other: list[str]) -> str:
    """The first of what only one of two lists holds."""
    found = [line for line in one if line not in other]
    return "; ".join(found[:_SHOWN]) + "; …" * (len(found) > _SHOWN) or "without that"


def _digest(*tensors: Tensor) -> str:
    """Of the shapes and numbers: all rows, or every so many-th, and the sum of all bits.

    To sum takes a tenth of the time of a digest, and no change of a single number escapes it.
    """
    digest = hashlib.sha256()
    for tensor in tensors:
        step = math.ceil(max(1, tensor.nbytes) / _DIGESTED)
        digest.update(f"{tuple(tensor.shape)} {step}".encode())
        for rows in tensor.detach().split(max(step, len(tensor) // 64 // step * step)):
            octets = _octets(rows)
            whole = len(octets) // 8 * 8
            bits = int(octets[:whole].view(np.uint64).sum())
            digest.update(f"{bits}".encode() + octets[whole:].tobytes())
            digest.update(_octets(rows[::step]).data)
    return digest.hexdigest()[:16]


def _octets(rows: Tensor) -> np.ndarray:
    return rows.cpu().contiguous().view(torch.uint8).numpy().reshape(-1)
