"""How batches are worked through: the same numbers in slices, and memory that stays."""

import os
import subprocess
import sys

import pytest
import torch

from scorelab._support import allocator, slices
from scorelab._support.slices import by_slices, minus_half_squares

# ---------------------------------------------------------------------------------- in slices


@pytest.fixture
def small(monkeypatch):
    """Slices of 64 numbers, so that a hundred points are several slices."""
    monkeypatch.setattr(slices, "_SIZE", 64)


@pytest.mark.parametrize("dim", [1, 2, 16, 17, 40])
@pytest.mark.parametrize("n", [1, 7, 8, 9, 100])
def test_slices_give_what_the_whole_gives(small, n, dim):
    x = torch.randn(n, dim, dtype=torch.float64)
    weight = torch.rand(n, dtype=torch.float64)
    batch = by_slices(lambda rows, w: w * rows.flip(0), x, weight, width=8, least=1)
    torch.testing.assert_close(batch, weight[:, None] * x.flip(1), rtol=0, atol=0)
    assert batch.is_contiguous()
    numbers = by_slices(lambda rows: rows.square().sum(0), x, width=8, least=1)
    torch.testing.assert_close(numbers, x.square().sum(1))


@pytest.mark.parametrize(("width", "least", "size"), [(8, 1, 8), (8, 20, 20), (1000, 3, 3)])
def test_no_slice_is_larger_than_cache_or_the_least_that_pays(small, width, least, size):
    seen = []

    def note(rows):
        assert rows.is_contiguous()
        seen.append(rows.shape[1])
        return rows

    by_slices(note, torch.randn(50, 2), width=width, least=least)
    assert seen[:-1] == [size] * (len(seen) - 1)
    assert sum(seen) == 50


@pytest.mark.parametrize("dim", [2, 20])
def test_gradients_flow_through_slices(small, dim):
    x = torch.randn(20, dim, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda y: by_slices(torch.sin, y, width=8, least=1), x)


@pytest.mark.parametrize("dim", [1, 2, 16, 17, 40])
@pytest.mark.parametrize("width", [1, 50])
def test_minus_half_squares(dim, width):
    start = torch.randn(3, width, dtype=torch.float64, requires_grad=True)
    z = torch.randn(3, dim, 50, dtype=torch.float64, requires_grad=True)
    expected = start - 0.5 * torch.linalg.vector_norm(z, dim=1) ** 2
    torch.testing.assert_close(minus_half_squares(start, z), expected)
    assert torch.autograd.gradcheck(minus_half_squares, (start[:, :1], z[..., :2]))


# ------------------------------------------------------------------------- memory that stays

# How many pages the system had to clear while blocks of 8 MB came and went.
FAULTS = """
import ctypes, resource
from scorelab._support.allocator import keep_freed_memory

malloc = ctypes.CDLL(None).malloc
malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
free = ctypes.CDLL(None).free
free.argtypes = [ctypes.c_void_p]

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        block = malloc(8 << 20)
        ctypes.memset(block, 1, 8 << 20)
        free(block)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(keep_freed_memory(), faults())
"""


def told(**environment: str) -> tuple[str, int]:
    """What `keep_freed_memory` returned in a process of its own, and the faults after it."""
    hidden = {"MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD"}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(tuple(hidden))}
    command = [sys.executable, "-c", FAULTS]
    done = subprocess.run(
        command, env=kept | environment, capture_output=True, text=True, check=True
    )
    answer, faults = done.stdout.split()
    return answer, int(faults)


def is_gnu() -> bool:
    return sys.platform == "linux" and os.confstr("CS_GNU_LIBC_VERSION") is not None


@pytest.mark.skipif(not is_gnu(), reason="the allocator is that of the GNU C library")
def test_memory_is_kept():
    """Fifty blocks of 2,048 pages: without the setting each is fetched anew."""
    answer, faults = told()
    assert answer == "True"
    assert faults < 3 * 2048


@pytest.mark.skipif(not is_gnu(), reason="the allocator is that of the GNU C library")
@pytest.mark.parametrize(
    "setting",
    [
        {"MALLOC_MMAP_THRESHOLD_": "65536"},
        {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=65536"},
    ],
)
def test_what_the_environment_says_is_respected(setting):
    answer, faults = told(**setting)
    assert answer == "False"
    assert faults > 40 * 2048


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert allocator.keep_freed_memory.__wrapped__() is False
