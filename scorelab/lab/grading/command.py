"""The command `python -m scorelab lab grade FOLDER`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from bisect import bisect
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

from scorelab._support.files import write_whole
from scorelab.lab.wording import LANGUAGES

__all__ = ["add_command"]

_PLAIN = str.maketrans("✓✗—·…", "+x-.~")  # for a terminal without these
_LEAST = 512  # MiB


def add_command(commands: Any) -> None:
    """Add `lab` to the commands of an `argparse` parser."""
    lab = commands.add_parser("lab", help="check a folder of submissions to the laboratory")
    parser = lab.add_subparsers(required=True, metavar="command").add_parser(
        "grade",
        help="run the lab's checks on every notebook in a folder",
        description="Run each notebook (.ipynb) or script (.py) in FOLDER, or in a folder for each "
        "student there, and print what sl.lab.check says of its answers.",
        epilog="What this protects against, and what not: the file README.md in "
        f"{Path(__file__).parent}.",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument(
        "--seconds",
        type=_count,
        default=600,
        metavar="N",
        help="by the clock, for a submission (%(default)s); each check has 120 of them at most",
    )
    parser.add_argument(
        "--memory", type=_count, default=4096, metavar="MIB", help="of a submission (%(default)s)"
    )
    parser.add_argument(
        "--jobs",
        type=_count,
        default=1,
        metavar="N",
        help="submissions at a time (%(default)s), no more than there are processor cores",
    )
    parser.add_argument(
        "--data", metavar="DIR", type=Path, help="lay a copy of its files beside each notebook"
    )
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="(%(default)s)")
    parser.add_argument("--details", action="store_true", help="print the hints below the table")
    parser.add_argument("--out", metavar="FILE", type=Path, help="write all to a .csv file as well")
    parser.add_argument(
        "--unconfined",
        action="store_true",
        help="run where the kernel cannot keep a submission inside its folder: it may then write, "
        "delete and send whatever you may",
    )
    parser.set_defaults(run=_run, prog=parser.prog)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number above 0")
    return int(text)


def _run(options: argparse.Namespace) -> None:
    from tqdm import tqdm

    from scorelab.lab.grading.confinement import missing
    from scorelab.lab.grading.folder import remove, submissions
    from scorelab.lab.grading.running import Limits, Row, grade, stop
    from scorelab.lab.grading.table import details, overview, spreadsheet
    from scorelab.lab.wording import words

    language = options.language
    out: Path | None = options.out
    if out is not None and (out.suffix != ".csv" or out.is_dir()):
        raise ValueError(f"--out {out}: a file that ends in .csv is wanted")
    if out is not None and not out.parent.is_dir():
        raise ValueError(f"--out {out}: there is no folder {out.parent}")
    if options.data is not None and not options.data.is_dir():
        raise ValueError(f"--data {options.data}: there is no such folder")
    if options.memory < _LEAST:
        raise ValueError(f"--memory {options.memory}: torch alone needs {_LEAST} MiB")
    if not options.unconfined and (lack := missing()) is not None:
        raise ValueError(
            f"to keep submissions inside a folder takes {lack}; --unconfined runs them without that"
        )
    found = submissions(options.folder)
    limits = Limits(options.seconds, options.memory, not options.unconfined)
    rows: list[Row] = []

    def save() -> OSError | None:
        try:
            if out is not None:
                write_whole(out, spreadsheet(rows, language))
        except OSError as error:
            return error
        return None

    if (unsaved := save()) is not None:
        raise unsaved
    within = tempfile.mkdtemp(prefix="scorelab-")
    graded = partial(grade, limits=limits, language=language, within=within, data=options.data)
    places: list[int] = []
    interrupted = False
    try:
        _let_interrupt()
        with ThreadPool(options.jobs) as pool:
            # As each ends, so that a slow one keeps no other from being saved.
            done = pool.imap_unordered(lambda nth: (nth, graded(found[nth])), range(len(found)))
            said = words(language)["grading"]
            for nth, row in tqdm(done, said["progress"], len(found), leave=False, disable=None):
                at = bisect(places, nth)
                places.insert(at, nth)
                rows.insert(at, row)
                unsaved = save()  # a disk that is full now may not be at the next one
    except KeyboardInterrupt:
        interrupted = True
    finally:
        stop()
        remove(within)
    _print(overview(rows, language))
    if options.details:
        _print(details(rows, language))
    if interrupted:
        raise SystemExit(130)
    if unsaved is not None:
        raise unsaved
    tried = [row for row, submission in zip(rows, found, strict=True) if submission.file]
    if all(row.unable for row in tried):
        raise ValueError(f"no submission could be run; the first one: {tried[0].stopped}")


def _let_interrupt() -> None:
    """Let what asks this process to end do what Ctrl-C does, unless it was told to pass it over."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)


def _print(text: str) -> None:
    """Print as far as the terminal has the letters, and as long as somebody reads."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError:  # such as a pipe to `head`, or a terminal that is closed
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
