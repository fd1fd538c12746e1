"""Starts a process for each submission, and puts together what it reports."""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import IO

import scorelab
from scorelab.lab.grading.folder import Submission, remove
from scorelab.lab.grading.supervision import ENDINGS, PROCESSES
from scorelab.lab.wording import words

__all__ = ["VERDICTS", "Limits", "Row", "grade", "questions", "stop"]

VERDICTS = ("right", "not yet", "nothing to check yet", "missing", "unchecked")
CHECK_SECONDS = 120
_MOST = 1 << 20  # bytes that a submission may report
_running: set[subprocess.Popen[bytes]] = set()

# With -I no variable and no other folder of the teacher's has a say in what is imported.
_START = """
import json, sys
order = json.loads(sys.argv[1])
sys.path += [path for path in order["paths"] if path not in sys.path]
from scorelab.lab.grading.process import main
sys.exit(main(order))
"""


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Attributes:
        seconds: For all its cells and checks together.
        memory: In MiB.
        confined: Whether the kernel keeps it inside its scratch folder.
    """

    seconds: int = 600
    memory: int = 4096
    confined: bool = True


@dataclass
class Row:
    """What is known of a submission.

    Attributes:
        name: The submission's.
        results: The verdict and the message of each question that was checked, the last ones.
        errors: The cells that failed, and why.
        borrows: Names of scorelab that its code uses.
        lent: The questions whose answer is scorelab's own.
        by_name: The questions that it does not check, and that were by the template's names.
        checks: Whether it has a check, as far as is known.
        stopped: Why it did not run to its end, or not at all.
        unable: Whether it did not even come to its first cell.
    """

    name: str
    results: dict[str, tuple[str, str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    borrows: list[str] = field(default_factory=list)
    lent: set[str] = field(default_factory=set)
    by_name: set[str] = field(default_factory=set)
    checks: bool = True
    stopped: str = ""
    unable: bool = False

    @property
    def right(self) -> int:
        """How many answers are."""
        return sum(verdict == "right" for verdict, _ in self.results.values())


def questions() -> list[str]:
    """The lab's, in the order of the sheet, without what judges them."""
    return [name for name, said in words("en").items() if "check" in said]


def grade(
    submission: Submission,
    limits: Limits,
    language: str,
    within: str | None = None,
    data: Path | None = None,
) -> Row:
    """Run one submission in a process and a folder of its own, which are gone afterwards.

    Args:
        submission: What to run.
        limits: What it may use.
        language: Of the messages, `en` or `es`.
        within: Where the folder is made, by default among the system's temporary ones.
        data: A folder whose files are laid beside the notebook, over what the student has there.
    """
    said = words(language)["grading"]
    row = Row(_clean(submission.name))
    if submission.file is None:
        row.stopped = said[submission.lack]
        return row
    scratch = None
    try:
        scratch = Path(tempfile.mkdtemp(prefix="scorelab-", dir=within)).resolve()
        file = submission.copy_to(scratch)
        if data is not None:
            shutil.copytree(data, file.parent, dirs_exist_ok=True)
        process = _start(file, scratch, submission, limits, language)
        _running.add(process)
        # Where nobody supervises the process, or should the supervisor hang.
        timer = Timer(limits.seconds + 30, process.kill)
        timer.daemon = True
        timer.start()
        try:
            _read(process, row, limits, said)
        finally:
            timer.cancel()
            process.stdout.close()
            _running.discard(process)
    except OSError as error:
        row.stopped = said["unreadable"].format(error=_clean(str(error)))
    except Exception as error:  # whatever it is, the others are still to be graded
        row.stopped = said["failed"].format(error=_clean(f"{type(error).__name__}: {error}"))
    finally:
        if scratch is not None:
            remove(scratch)
    return row


def stop() -> None:
    """End what runs now, with all that it has started."""
    for process in [*_running]:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def _start(
    file: Path, scratch: Path, submission: Submission, limits: Limits, language: str
) -> subprocess.Popen[bytes]:
    assert submission.file is not None
    own = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    python = [sys.prefix, sys.base_prefix, *site.getsitepackages()]
    order = {
        "paths": [str(Path(scorelab.__file__).parent.parent), *own],
        "readable": [*scorelab.__path__, *python, *own],
        "folder": str((submission.folder or submission.file).resolve().parent),
        "file": str(file),
        "scratch": str(scratch),
        "language": language,
        "seconds": limits.seconds,
        "memory": limits.memory,
        "confined": limits.confined,
        "check_seconds": CHECK_SECONDS,
    }
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    needed = {k: v for k, v in os.environ.items() if k in ("LD_LIBRARY_PATH", "SYSTEMROOT")}
    return subprocess.Popen(
        [sys.executable, "-I", "-B", "-X", "utf8", "-c", _START, json.dumps(order)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=file.parent,
        env={
            **needed,
            **one_thread,
            **dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), str(scratch)),
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "MPLBACKEND": "Agg",
            "CUDA_VISIBLE_DEVICES": "",
        },
        start_new_session=True,
    )


def _read(process: subprocess.Popen[bytes], row: Row, limits: Limits, said: dict) -> None:
    """Take in the reports until there are no more, and say how it ended."""
    assert process.stdout is not None
    cell, complete = 0, False
    row.unable = True
    for record in _records(process.stdout):
        match record:
            case {"cell": int(cell)}:
                pass
            case {"question": str(question), "verdict": str(verdict), "message": str(message)} if (
                question in questions() and verdict in VERDICTS
            ):
                row.results[question] = (verdict, _clean(message, 2000))
                for kind, those in (("lent", row.lent), ("by_name", row.by_name)):
                    (those.add if record.get(kind) else those.discard)(question)
            case {"error": str(error)}:
                row.errors.append(said["cell"].format(cell=cell, error=_clean(error)))
            case {"borrows": list(names), "checks": checks}:
                row.checks = bool(checks)
                row.borrows = [_clean(str(name)) for name in names]
                complete = True
            case {"unreadable": str(error)}:
                row.stopped = said["unreadable"].format(error=_clean(error))
            case {"failed": str(error)}:
                row.stopped = said["failed"].format(error=_clean(error))
            case _:
                continue
        row.unable = row.unable and "failed" in record
    status = process.wait()
    if complete or row.stopped:
        return
    ending = ENDINGS[status] if 0 < status < len(ENDINGS) else "died"
    details = {"seconds": limits.seconds, "memory": limits.memory, "processes": PROCESSES}
    row.stopped = said[ending].format(**details)
    if cell:
        row.stopped += said["in_cell"].format(cell=cell)


def _records(stream: IO[bytes]) -> Iterator[object]:
    """What a submission reports, as far as it can be read; more than `_MOST` bytes wait in vain."""
    left = _MOST
    while left > 0 and (line := stream.readline(left)):
        left -= len(line)
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            continue


def _clean(text: str, most: int = 300) -> str:
    """A student's text as a terminal may show it: one line, no control characters, not endless."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= most else text[: most - 1] + "…"
