"""MNIST: the part that comes with the package, and every way in which a file can be wrong."""

import gzip
import hashlib
import os
from pathlib import Path

import pytest
import torch

from scorelab.training.mnist import data
from scorelab.training.mnist.data import DataError, load_mnist

PACKED = Path(data.__file__).parent
TRAIN = "train-images-idx3-ubyte"
LABELS = "t10k-labels-idx1-ubyte"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that holds the part of the set, unpacked, its digests taken for the published."""
    for file in PACKED.glob("*.gz"):
        (tmp_path / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    monkeypatch.setattr(data, "_WHOLE", data._SUBSET)
    return tmp_path


def test_the_part_that_comes_with_the_package():
    digits = load_mnist()
    assert digits.images.shape == (10_000, 1, 28, 28)
    assert digits.test_images.shape == (2_000, 1, 28, 28)
    for images, labels in (
        (digits.images, digits.labels),
        (digits.test_images, digits.test_labels),
    ):
        assert images.dtype == torch.float32
        assert labels.dtype == torch.int64
        assert images.min() == 0
        assert images.max() == 1
        assert len(labels) == len(images)
        shares = torch.bincount(labels, minlength=10) / len(labels)
        assert (shares > 0.075).all()
        assert (shares < 0.125).all()
        # A border of four pixels is empty in all of MNIST but for a few strokes.
        assert images[:, :, :2].mean() < 1e-3 < 0.1 < images.mean()


def test_the_part_is_small_and_its_licence_lies_beside_it():
    assert sum(file.stat().st_size for file in PACKED.glob("*.gz")) < 2e6
    assert "Attribution-ShareAlike 3.0" in (PACKED / "README.md").read_text()


def test_images_of_a_digit_are_more_alike_than_images_of_two():
    """Labels belong to their images: the mean images of the classes know 3 of 4 test digits."""
    digits = load_mnist()
    means = torch.stack([digits.images[digits.labels == k].mean(0).flatten() for k in range(10)])
    nearest = torch.cdist(digits.test_images.flatten(1), means).argmin(1)
    assert (nearest == digits.test_labels).float().mean() > 0.75


def test_a_folder_of_unpacked_or_packed_files(folder):
    packed = (folder / TRAIN).read_bytes()
    (folder / TRAIN).unlink()
    (folder / f"{TRAIN}.gz").write_bytes(gzip.compress(packed))
    found, embedded = load_mnist(folder), load_mnist()
    assert torch.equal(found.images, embedded.images)
    assert torch.equal(found.test_labels, embedded.test_labels)
    assert found.digests == embedded.digests


@pytest.mark.skipif("MNIST_FOLDER" not in os.environ, reason="MNIST_FOLDER names no folder")
def test_the_whole_set_and_the_part_of_it():
    whole, part = load_mnist(os.environ["MNIST_FOLDER"]), load_mnist()
    assert whole.images.shape == (60_000, 1, 28, 28)
    assert torch.equal(whole.images[::6], part.images)
    assert torch.equal(whole.labels[::6], part.labels)
    assert torch.equal(whole.test_images[::5], part.test_images)
    assert torch.equal(whole.test_labels[::5], part.test_labels)


def test_a_missing_file_is_named(folder):
    (folder / LABELS).unlink()
    with pytest.raises(
        FileNotFoundError, match=rf"neither {LABELS} nor {LABELS}\.gz is in {folder}"
    ):
        load_mnist(folder)
    with pytest.raises(FileNotFoundError, match=TRAIN):
        load_mnist(folder / "nowhere")


def _swap(content: bytes) -> bytes:
    """The digest changes, size and header do not."""
    return content[:-1] + bytes([content[-1] ^ 1])


def _magic(content: bytes) -> bytes:
    return (0x0C03).to_bytes(4, "big") + content[4:]


DAMAGES = [
    (TRAIN, lambda c: c[:-1], r"truncated: 7840015 bytes, not 7840016"),
    (TRAIN, lambda c: c[:9], r"truncated: 9 bytes, too few for its header"),
    (TRAIN, lambda c: b"", "truncated: 0 bytes"),
    (TRAIN, lambda c: c + b"\0", "too long: 7840017 bytes"),
    (TRAIN, _magic, "magic number 3075, not 2051"),
    (TRAIN, _swap, "MD5 digest [0-9a-f]{32}, not [0-9a-f]{32}"),
    (LABELS, lambda c: c[:-1], r"truncated: 2007 bytes, not 2008"),
    (LABELS, _magic, "magic number 3075, not 2049"),
    (LABELS, _swap, "MD5 digest"),
]


@pytest.mark.parametrize(("name", "damage", "message"), DAMAGES, ids=[m for *_, m in DAMAGES])
def test_a_damaged_file_is_named_with_its_damage(folder, name, damage, message):
    (folder / name).write_bytes(damage((folder / name).read_bytes()))
    with pytest.raises(DataError, match=rf"{name}: {message}"):
        load_mnist(folder)


def test_images_in_place_of_labels_are_noticed(folder):
    (folder / LABELS).write_bytes((folder / TRAIN).read_bytes())
    with pytest.raises(DataError, match=rf"{LABELS}: magic number 2051, not 2049"):
        load_mnist(folder)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda c: c[: len(c) // 2], "truncated: the archive ends too early"),
        (lambda c: b"<html>404</html>", "damaged, or no gzip archive"),
        (lambda c: c[:500] + b"\xff" * 50 + c[550:], "damaged, or no gzip archive"),
        (lambda c: c[:-8] + b"\0" * 8, "damaged, or no gzip archive: CRC"),
    ],
    ids=["half", "a web page", "bytes overwritten", "checksum"],
)
def test_a_damaged_archive_is_named(folder, damage, message):
    packed = gzip.compress((folder / LABELS).read_bytes())
    (folder / LABELS).unlink()
    (folder / f"{LABELS}.gz").write_bytes(damage(packed))
    with pytest.raises(DataError, match=rf"{LABELS}\.gz: {message}"):
        load_mnist(folder)


def test_digests_are_those_of_the_unpacked_files():
    for name, digest in load_mnist().digests.items():
        content = gzip.decompress((PACKED / f"{name}.gz").read_bytes())
        assert hashlib.md5(content, usedforsecurity=False).hexdigest() == digest
