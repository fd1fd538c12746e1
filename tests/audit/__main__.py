"""``make audit``: every page under Lighthouse (phone and desk) and axe-core (light and dark).

``python -m audit [PAGE …] [--runs N] [--demand-speed]``; needs Node 18.20 or later and Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from . import report
from .server import serving

HERE = Path(__file__).resolve().parent
HTML = Path(os.environ.get("BOOK_HTML", HERE.parents[1] / "_build" / "html")).resolve()


def main(arguments: list[str] | None = None) -> int:
    """Measures, prints the table and what is below its threshold; returns the exit code."""
    options = _options(arguments)
    pages = [page for page in found_pages(HTML) if _chosen(page, options.pages)]
    if not pages:
        print(f"no page below {HTML} matches {options.pages}", file=sys.stderr)
        return 2
    with serving(HTML) as address:
        measured = []
        for measurement in _measure(address, pages, options.runs):
            measured.append(measurement)
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    rows = report.rows(measured, pages)
    print(report.table(rows))
    for row in rows:
        for what in [*row.slow(), *row.faults]:
            print(f"{row.name}: {what}")
    failed = report.verdict(rows, demand_speed=options.demand_speed)
    print("\n".join(["", *(f"FAILED {line}" for line in failed)]) if failed else "\nall well")
    return 1 if failed else 0


def found_pages(html: Path) -> list[str]:
    """The pages of a built site, without those that only lead on to another."""
    return sorted(
        path.relative_to(html).as_posix()
        for path in html.rglob("*.html")
        if path.relative_to(html).parts[0] not in ("_static", "_sources")
        and "http-equiv" not in path.read_text(encoding="utf-8")[:300]
    )


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make audit", description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="*", help="parts of names of pages; all if none is given")
    parser.add_argument("--runs", type=_count, default=1, help="runs of Lighthouse, for medians")
    parser.add_argument("--demand-speed", action="store_true", help="fail on performance, too")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a count of 1 or more, not {text!r}")
    return int(text)


def _chosen(page: str, wanted: list[str]) -> bool:
    return not wanted or any(part in page for part in wanted)


def _measure(address: str, pages: list[str], runs: int) -> Iterator[dict]:
    chrome = os.environ.get("CHROME_PATH") or shutil.which("chromium") or "google-chrome"
    hidden = {
        p for p in pages if 'name="robots" content="noindex"' in (HTML / p).read_text("utf-8")
    }
    request = {
        "chrome": chrome,
        "runs": runs,
        "pages": [{"name": p, "url": address + p, "hidden": p in hidden} for p in pages],
    }
    command = ["node", str(HERE / "measure.mjs"), json.dumps(request)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE) as process:
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise SystemExit(f"measure.mjs ended with {process.returncode}")


if __name__ == "__main__":
    sys.exit(main())
