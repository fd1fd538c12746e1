"""Files that hold a trained network, or a training run to be taken up again.

A file is written beside its final place and then moved there in one step, so that whoever kills the
run, at whatever moment, the last whole file stays. It carries a digest of its numbers, so that a
damaged file is recognised, whatever the damage. The format is safetensors: numbers and text, and
nothing that could be executed.
"""

import hashlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from scorelab._support.files import write_whole
from scorelab.networks import ARCHITECTURES

__all__ = [
    "CheckpointError",
    "load_checkpoint",
    "read",
    "refuse_folder",
    "save_checkpoint",
    "write",
]


class CheckpointError(ValueError):
    """A file that is damaged, or that holds something else than was asked for."""


def save_checkpoint(
    path: str | Path, model: nn.Module, metadata: dict, *, dtype: torch.dtype | None = None
) -> None:
    """Write a network and what is to be known about it.

    Args:
        path: the file; it is replaced in one step, or not at all.
        model: a network of `scorelab.networks`.
        metadata: what JSON can hold: seeds, noise levels, measured errors.
        dtype: of the parameters in the file, such as `torch.float16` for half the size;
            `load_checkpoint` brings them back to that of `model`. Buffers are kept as they are.

    Raises:
        ValueError: if the class of `model` is not registered, or `metadata` is not JSON.
    """
    name = type(model).__name__
    if ARCHITECTURES.get(name) is not type(model):
        raise ValueError(f"model must be one of {sorted(ARCHITECTURES)}, got {name}")
    header = {"kind": "model", "class": name, "config": model.config, "metadata": metadata}
    tensors = model.state_dict()
    if dtype is not None:
        header["dtypes"] = {
            n: str(p.dtype).removeprefix("torch.") for n, p in model.named_parameters()
        }
        tensors |= {name: tensors[name].to(dtype) for name in header["dtypes"]}
    write(path, tensors, header)


def load_checkpoint(path: str | Path) -> tuple[nn.Module, dict]:
    """Read a network that `save_checkpoint` wrote, in evaluation mode, on the CPU.

    Returns:
        The network, built again from its class and configuration, and the metadata.

    Raises:
        FileNotFoundError: if there is no such file.
        CheckpointError: with the file's name, if it is damaged, holds no network, or a network
            that this version does not know.
    """
    tensors, header = read(path, "model")
    if header["class"] not in ARCHITECTURES:
        raise CheckpointError(
            f"{path}: holds a network {header['class']!r}; known are {sorted(ARCHITECTURES)}"
        )
    try:
        model = ARCHITECTURES[header["class"]](**header["config"])
        for name, dtype in header.get("dtypes", {}).items():
            tensors[name] = tensors[name].to(getattr(torch, dtype))
        # The tensors of the file replace those of the model, so that their dtype is kept.
        model.load_state_dict(tensors, assign=True)
    except (KeyError, AttributeError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: does not fit {header['class']}: {error}") from error
    return model.eval(), header["metadata"]


def refuse_folder(path: str | Path) -> None:
    """Raise `ValueError` if a file cannot be written since a folder is there, before any work."""
    if Path(path).is_dir():
        raise ValueError(f"{path} is a folder; a file is wanted")


def write(path: str | Path, tensors: dict[str, Tensor], header: dict) -> None:
    """Write named tensors and a header of JSON, in one step or not at all."""
    tensors = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    try:
        text = json.dumps(header, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"metadata must be JSON: {error}") from None
    content = save(tensors, {"scorelab": text, "digest": _digest(tensors, text)})
    write_whole(path, content)


def read(path: str | Path, kind: str) -> tuple[dict[str, Tensor], dict]:
    """Read what `write` wrote, checked; `kind` is the `kind` that the header must name."""
    try:
        content = Path(path).read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise FileNotFoundError(f"no checkpoint at {path}") from None
    try:
        tensors = load(content)
        attributes = _attributes(content)
    except (SafetensorError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path}: damaged, or no safetensors file: {error}") from error
    text = attributes.get("scorelab")
    if text is None:
        raise CheckpointError(f"{path}: a safetensors file, but not written by scorelab")
    if attributes.get("digest") != _digest(tensors, text):
        raise CheckpointError(f"{path}: damaged: its numbers do not have the digest they should")
    header = json.loads(text)
    if header["kind"] != kind:
        raise CheckpointError(f"{path}: holds a {header['kind']}, not a {kind}")
    return tensors, header


def _attributes(content: bytes) -> dict[str, str]:
    """The words in the header of a safetensors file: its length in eight bytes, then JSON."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]).get("__metadata__", {})


def _digest(tensors: dict[str, Tensor], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
