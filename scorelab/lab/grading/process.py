"""The first that runs in the process of a submission, before anything of the student's."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from scorelab.lab.grading.confinement import confine, limit
from scorelab.lab.grading.supervision import supervise

__all__ = ["main"]


def main(order: dict) -> int:
    """Run a submission as `running.order` says; what it reports are lines of JSON on stdout."""
    report = _reporter()

    def work() -> None:
        try:
            _work(order, report)
        except BaseException as error:
            report(failed=f"{type(error).__name__}: {error}")
            raise

    if sys.platform == "linux":
        return supervise(work, seconds=order["seconds"], memory=order["memory"])
    work()
    return 0


def _work(order: dict, report: Callable[..., None]) -> None:
    if sys.platform == "linux":
        limit(order["memory"])
    if order["confined"]:
        own = [path for path in order["paths"] if path not in order["readable"]]
        packages = _packages(Path(order["folder"]), own)
        confine(Path(order["scratch"]), [*order["readable"], *packages])
    from scorelab.lab.grading.submission import run

    run(Path(order["file"]), order["language"], order["check_seconds"], report)


def _packages(folder: Path, own: list[str]) -> Iterator[str]:
    """Where Python finds packages: what .pth files name, and what links among packages lead to.

    Nothing that holds the submissions' folder, and not `own`, which were added for scorelab alone.
    """
    for entry in sys.path:
        if entry in own or not os.path.isdir(entry):
            continue
        links = [link.path for link in os.scandir(entry) if link.is_symlink()]
        for path in map(os.path.realpath, (entry, *links)):
            if not folder.is_relative_to(path):
                yield path


def _reporter() -> Callable[..., None]:
    """Take stdout for the reports alone: the submission's own prints go nowhere."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)

    def report(**record: object) -> None:
        out.write(json.dumps(record) + "\n")
        out.flush()

    return report
