"""``make bench``: the package's speed against its own past, against peers, and against its floor.

``python -m bench [--base REVISION] [--rounds N] [--only NAME …]``. All contestants take turns,
round after round, each in a process of its own, so that a machine that slows down slows all of
them. What was measured goes to `book/reference/performance.json`, which the book's page reads.
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
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from . import contestants, problems, report

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
RESULTS = ROOT / "book" / "reference" / "performance.json"
SAMPLING = ["ours", "before", "autograd", "closed_form", "torchsde", "jax", "floor"]
TRAINING = ["ours", "before", "bare"]


def main(arguments: list[str] | None = None) -> int:
    """Measures, writes and prints; returns the exit code."""
    options = _options(arguments)
    results = {"machine": machine(), "base": options.base, "revision": revision("HEAD")}
    with tempfile.TemporaryDirectory() as folder:
        unpack(options.base, Path(folder))
        with contextlib.ExitStack() as stack:
            workers = {
                name: stack.enter_context(Worker(Path(folder) if name == "before" else ROOT))
                for name in {*SAMPLING, *TRAINING}
            }
            for kind, tasks, names in (
                ("samplers", problems.SAMPLERS, SAMPLING),
                ("training", contestants.TRAININGS, TRAINING),
            ):
                results[kind] = {
                    task: in_turn(workers, names, task, kind, options.rounds) for task in tasks
                }
    results["scale"] = scale()
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(report.markdown(results))
    return 0


def in_turn(
    workers: dict[str, Worker], names: list[str], task: str, kind: str, rounds: int
) -> dict:
    """Seconds of every round for every contestant, the first of each not counted."""
    ours = "scorelab" if kind == "samplers" else "fit"
    seconds, means = {name: [] for name in names}, {}
    for number in range(rounds + 1):
        for name in names:
            contestant = ours if name in ("ours", "before") else name
            answer = workers[name].ask(contestant, task)
            means[name] = answer["mean"]
            if number:
                seconds[name].append(answer["seconds"])
        print(".", end="", file=sys.stderr, flush=True)
    if kind == "samplers":
        _same_law(task, means)
    return seconds


def _same_law(task: str, means: dict[str, list[float] | None]) -> None:
    """All final batches have the same mean, within 8 of its standard errors (of 2 / √n at most)."""
    found = [mean for mean in means.values() if mean is not None]
    allowed = 8 * 2 / problems.N_POINTS**0.5
    if any(max(column) - min(column) > allowed for column in zip(*found, strict=True)):
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
        print(
            json.dumps({"contestant": contestant, "problem": task}),
            file=self.process.stdin,
            flush=True,
        )
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
    done = subprocess.run(command, cwd=TESTS, env=env, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def unpack(revision: str, folder: Path) -> None:
    """The package as it was at a revision."""
    command = ["git", "archive", revision, "scorelab"]
    packed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")


def revision(name: str) -> str:
    """The short hash of a revision."""
    command = ["git", "rev-parse", "--short", name]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


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
    parser.add_argument("--base", default="fcd82ac", help="the revision that is 'before'")
    parser.add_argument("--rounds", type=int, default=15, help="counted rounds")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
