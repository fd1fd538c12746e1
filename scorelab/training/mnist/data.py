r"""MNIST: 28 × 28 images of handwritten digits, grey values in [0, 1].

Four files in the IDX format hold the set: a magic number that names the type and the number of
axes, the length of each axis, then one byte a pixel or label. All numbers are big-endian. The
digests of the whole set's files have been published, so that a reader knows to have the very same
numbers as everybody else; the loader checks them.

The package carries a part of the set, every sixth training image and every fifth test image, so
that nothing need be downloaded.
"""

import gzip
import hashlib
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

__all__ = ["DataError", "Digits", "load_mnist"]


class DataError(ValueError):
    """A data file that is damaged, or is not what its name says."""


@dataclass(frozen=True)
class Digits:
    """Images of digits and what they show.

    Attributes:
        images: (n, 1, 28, 28) float32 in [0, 1], 0 the background; for training.
        labels: (n,) int64, 0 to 9.
        test_images: (m, 1, 28, 28), likewise, never trained on.
        test_labels: (m,).
        digests: the MD5 digest of each file, by its name.
    """

    images: Tensor
    labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    digests: dict[str, str]


# MD5 of the whole set's files, unpacked, as published with many loaders of the set.
_WHOLE = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
# Of the part that comes with the package.
_SUBSET = {
    "train-images-idx3-ubyte": "5c79385d982930bb52f9d200093d60cd",
    "train-labels-idx1-ubyte": "beaf9e7e23e2a3ad94b75ef1d42458a8",
    "t10k-images-idx3-ubyte": "7d2caee895c5e6f38daf7e43837d75f2",
    "t10k-labels-idx1-ubyte": "ec52ffaa2b1ad7f12a545e6e7a88529d",
}
_FOLDER = Path(__file__).parent


def load_mnist(folder: str | Path | None = None) -> Digits:
    """Read MNIST, checked.

    Args:
        folder: where the four files of the whole set are, as they are distributed:
            `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
            `t10k-labels-idx1-ubyte`, each with the ending `.gz` or unpacked. If not given, the part
            that comes with the package: 10,000 training and 2,000 test images.

    Returns:
        Images in [0, 1] and labels; with a folder, 60,000 and 10,000.

    Raises:
        FileNotFoundError: with the names that were looked for, if a file is missing.
        DataError: with the file's name and what is wrong with it: a damaged archive, another magic
            number or shape than it should have, too few or too many bytes, another digest.

    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits" (1998).
    """
    digests = _SUBSET if folder is None else _WHOLE
    paths = [_find(_FOLDER if folder is None else Path(folder), name) for name in digests]
    arrays = [_read(path, name, digests[name]) for path, name in zip(paths, digests, strict=True)]
    images, labels, test_images, test_labels = arrays
    return Digits(_grey(images), labels.long(), _grey(test_images), test_labels.long(), digests)


def _grey(pixels: Tensor) -> Tensor:
    return pixels[:, None].float() / 255


def _find(folder: Path, name: str) -> Path:
    """The file of this name in the folder, packed or not."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise FileNotFoundError(f"neither {name} nor {name}.gz is in {folder}")


def _read(path: Path, name: str, digest: str) -> Tensor:
    """The numbers of one IDX file of bytes, uint8."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except EOFError:
            raise DataError(f"{path}: truncated: the archive ends too early") from None
        except (OSError, zlib.error) as error:
            raise DataError(f"{path}: damaged, or no gzip archive: {error}") from None
    n_axes = 3 if "idx3" in name else 1
    start = 4 + 4 * n_axes
    if len(content) < start:
        raise DataError(f"{path}: truncated: {len(content)} bytes, too few for its header")
    magic = int.from_bytes(content[:4], "big")
    if magic != 0x800 + n_axes:
        raise DataError(f"{path}: magic number {magic}, not {0x800 + n_axes}: not {name}")
    shape = [int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4)]
    expected = start + math.prod(shape)
    if len(content) != expected:
        what = "truncated" if len(content) < expected else "too long"
        raise DataError(f"{path}: {what}: {len(content)} bytes, not {expected} for shape {shape}")
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != digest:
        raise DataError(f"{path}: MD5 digest {found}, not {digest}: not the file it should be")
    return torch.frombuffer(bytearray(content[start:]), dtype=torch.uint8).reshape(shape)
