"""Watches a submission's processes, and ends every one of them.

A process that leaves its group and its session stays a descendant of the supervisor, to which the
kernel gives those that lose their parent (`prctl`, "child subreaper").
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

__all__ = ["ENDINGS", "PROCESSES", "supervise"]

ENDINGS = ("ended", "died", "time", "memory", "processes")
"""How a submission may end; the supervisor's exit status is the place in this list."""

PROCESSES = 64
"""How many processes a submission may have at a time."""

_TICK = 0.1


def supervise(work: Callable[[], None], *, seconds: float, memory: int) -> int:
    """Do `work` in a child process, and return how it ended when no process of it is left.

    Args:
        work: What the child does.
        seconds: After which the child is ended.
        memory: How many MiB all its processes may hold together. One process alone may not go
            beyond them either, see `confinement.limit`; this is for several, and for shared memory.
    """
    libc = ctypes.CDLL(None)
    libc.prctl(36, 1, 0, 0, 0)  # orphans come here
    grader = os.getppid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # and so to `_end_all`
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.setsid()
            libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # no supervisor, no submission
            work()
        finally:
            os._exit(0)
    try:
        return ENDINGS.index(_watch(child, grader, time.monotonic() + seconds, memory))
    finally:
        _end_all()


def _watch(child: int, grader: int, until: float, memory: int) -> str:
    over = 0
    while True:
        time.sleep(_TICK)
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                return "died" if ended[1] else "ended"
        if time.monotonic() > until or os.getppid() != grader:
            return "time"
        family = _descendants()
        if len(family) > PROCESSES:
            return "processes"
        # Twice, since a process that is just starting another is counted double for a moment.
        over = over + 1 if sum(map(_held, family)) > memory << 10 else 0
        if over == 2:
            return "memory"


def _end_all() -> None:
    """End all descendants; first they are halted, so that none starts another meanwhile."""
    while family := _descendants():
        for how in (signal.SIGSTOP, signal.SIGKILL):
            for process in family:
                with suppress(ProcessLookupError):
                    os.kill(process, how)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(_TICK / 10)


def _descendants() -> list[int]:
    """The processes below this one, from /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The name stands in brackets, and may hold any sign; state and parent follow.
                parent = (
                    (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1]
                )
            except OSError:  # it has just gone
                continue
            children.setdefault(int(parent), []).append(int(entry.name))
    family: list[int] = []
    older = [os.getpid()]
    while older:
        older = [child for process in older for child in children.get(process, ())]
        family += older
    return family


def _held(process: int) -> int:
    """How many KiB of memory a process holds, without the files that it has mapped.

    What it shares since a fork counts in both. The exact share, in `smaps_rollup`, a process may
    hide from others; this it may not.
    """
    try:
        lines = Path(f"/proc/{process}/status").read_text("utf-8", "replace").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon", "RssShmem")))
