"""Freed memory is kept for the next step, not handed back to the system and fetched anew.

A step of a sampler or of training makes and drops tensors of the same sizes as the step before. The
GNU C library returns free blocks at the top of the heap to the system, and at the next step the
system must find and clear every page again: for networks on images an eighth of the whole time, for
the score of a mixture more than half of it. The library stops doing so by itself once the program
has freed one block of 32 MB. Here it is told at once, with the very thresholds that it would have
come to.
"""

import ctypes
import os
import sys
from functools import cache

__all__ = ["keep_freed_memory"]

# Parameters of mallopt and their values, from malloc.h: what the thresholds grow to by themselves.
_TRIM_THRESHOLD, _KEPT = -1, 64 * 2**20
_MMAP_THRESHOLD, _LARGE = -3, 32 * 2**20


@cache
def keep_freed_memory() -> bool:
    """Let the allocator keep up to 64 MB of free memory; blocks of 32 MB and more go back as ever.

    Nothing is done, and nothing is wrong, with another C library than GNU's, or where the
    environment has settings of its own for the allocator (`MALLOC_…`, `GLIBC_TUNABLES`,
    `LD_PRELOAD`).

    Returns:
        Whether the allocator was told.
    """
    theirs = [name for name in os.environ if name.startswith("MALLOC_")]
    if theirs or os.environ.keys() & {"GLIBC_TUNABLES", "LD_PRELOAD"} or sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_TRIM_THRESHOLD, _KEPT) and mallopt(_MMAP_THRESHOLD, _LARGE))
