"""``make bench``: the package's speed against its own past, against peers, and against its floor.

``python -m bench [--base REVISION …] [--rounds N] [--only PART …]``. All contestants take turns,
round after round, each in a process of its own, so that a machine that slows down slows all of
them. The tables go to `book/reference/performance-tables.md`, which the book's page includes.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from . import contestants, problems, report

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
TABLES = ROOT / "book" / "reference" / "performance-tables.md"
OURS = "ours"
PEERS = ["autograd", "closed_form", "columns", "torchsde", "jax", "jax_closed_form"]
SAMPLING = [OURS, *PEERS, "floor", "normals"]
TRAINING = [OURS, "bare"]
# The states of the package whose differences its page tells of, oldest first: what was new.
BASES = {
    "fcd82ac": "columns and slices",
    "7a6fa40": "fewer passes, freed memory kept",
    "6109694": "exponents coordinate by coordinate",
}
PARTS = {"samplers": problems.SAMPLERS, "training": contestants.TRAININGS, "scale": {}}
ALLOWED = 8 * 2 / problems.N_POINTS**0.5  # 8 standard errors of a coordinate's mean, at most


def main(arguments: list[str] | None = None) -> int:
    """Measures, prints, and writes if all parts were measured; returns the exit code."""
    options = _options(arguments)
    results: dict = {"machine": machine(), "revision": revision()}
    with tempfile.TemporaryDirectory() as folder:
        past = dict(unpacked(options.base, Path(folder)))
        for part, others in (("samplers", SAMPLING), ("training", TRAINING)):
            if part in options.only:
                places = past | dict.fromkeys(others, ROOT)
                results[part] = {
                    task: in_turn(places, task, part, options.rounds) for task in PARTS[part]
                }
    print(file=sys.stderr)
    if "scale" in options.only:
        results["scale"] = scale()
    notes = {name: f": {BASES[name]}" if name in BASES else "" for name in past}
    text = report.markdown(results, notes)
    print(text)
    if set(options.only) == set(PARTS):
        TABLES.write_text(text, encoding="utf-8")
    return 0


def in_turn(places: dict[str, Path], task: str, part: str, rounds: int) -> dict[str, list[float]]:
    """Seconds of every round for every contestant; the first round is not counted.

    Args:
        places: Who takes part, each with the folder of the `scorelab` that its process imports.
        task: The problem, or the network.
        part: Of what the task is one.
        rounds: How many are counted.
    """
    function = "scorelab" if part == "samplers" else "fit"
    seconds: dict[str, list[float]] = {name: [] for name in places}
    means = {}
    with contextlib.ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(where)) for name, where in places.items()}
        for number in range(rounds + 1):
            for name, worker in workers.items():
                known = hasattr(contestants, name)
                answer = worker.ask(name if known else function, task)
                means[name] = answer["mean"]
                if number:
                    seconds[name].append(answer["seconds"])
            print(".", end="", file=sys.stderr, flush=True)
    _same_law(task, [mean for mean in means.values() if mean is not None])
    return seconds


def _same_law(task: str, means: list[list[float]]) -> None:
    """All final batches have the same mean, or else they are no measurements of the same thing."""
    if any(max(column) - min(column) > ALLOWED for column in zip(*means, strict=True)):
        raise SystemExit(f"the contestants sample different laws in {task}: {means}")


class Worker:
    """A process that runs contestants, with `scorelab` from the given folder."""

    def __init__(self, folder: Path) -> None:
        path = os.pathsep.join([str(folder), str(TESTS)])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=TESTS,
            env=os.environ | {"PYTHONPATH": path},
        )

    def ask(self, contestant: str, task: str) -> dict:
        """One run; the machine is given a moment to settle before it."""
        time.sleep(0.05)
        request = json.dumps({"contestant": contestant, "problem": task})
        print(request, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{contestant} failed in {task}")
        return json.loads(line)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()


def scale() -> dict:
    """What `bench.scale` prints, from a process of its own."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(TESTS)])}
    command = [sys.executable, "-m", "bench.scale"]
    done = subprocess.run(
        command, cwd=TESTS, env=env, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout)


def unpacked(revisions: list[str], folder: Path) -> Iterator[tuple[str, Path]]:
    """The package as it was at each revision: its name, and the folder that holds `scorelab`."""
    for name in revisions:
        packed = _git("archive", name, "scorelab")
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder / name, filter="data")
        yield name, folder / name


def revision() -> str:
    """The short hash of what is measured; `-dirty` after it if that is not what was committed."""
    short = _git("rev-parse", "--short", "HEAD").decode().strip()
    edited = _git("status", "--porcelain", "--", "scorelab", "tests/bench").strip()
    return f"{short}-dirty" if edited else short


def _git(*words: str) -> bytes:
    done = subprocess.run(["git", *words], cwd=ROOT, check=False, capture_output=True)
    if done.returncode:
        hint = "give --base the revisions that you have, or none"
        raise SystemExit(f"git {' '.join(words)}: {done.stderr.decode().strip()}; {hint}")
    return done.stdout


def machine() -> dict:
    """What a reader must know to compare with another machine."""
    model = platform.processor()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.split(":")[1].strip() for line in lines if "model name" in line), model)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": model,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "torchsde", "jax")},
    }


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.split("\n")[0])
    parser.add_argument("--base", nargs="*", default=list(BASES), help="revisions to compare with")
    parser.add_argument("--rounds", type=int, default=15, help="counted rounds")
    words = "samplers, training, scale; the tables are written if all are measured"
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=words
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
