"""The first that runs in the process of a submission, before anything of the student's."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
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
        confine(Path(order["scratch"]), order["readable"])
    from scorelab.lab.grading.submission import run

    run(Path(order["file"]), order["language"], order["check_seconds"], report)


def _reporter() -> Callable[..., None]:
    """Take stdout for the reports alone: the submission's own prints go nowhere."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)

    def report(**record: object) -> None:
        out.write(json.dumps(record) + "\n")
        out.flush()

    return report
