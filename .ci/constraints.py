"""Write constraints.txt from what pip resolved: `make constraints` calls it."""

import json
import re
import sys
from pathlib import Path

HEAD = """\
# Every package of the book's environment, as `make constraints` resolved it: for
# `pip install -c constraints.txt -r requirements.txt`. Edit the requirements, not this file.
"""


def constraints(report: dict) -> str:
    """The pinned versions in a report of pip, without the project itself and local builds."""
    lines = []
    for item in report["install"]:
        if "dir_info" in item["download_info"]:
            continue
        name = re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()
        public, _, _ = item["metadata"]["version"].partition("+")  # 2.13.0+cpu is 2.13.0 here
        lines.append(f"{name}=={public}\n")
    return HEAD + "".join(sorted(lines))


if __name__ == "__main__":
    report, out = map(Path, sys.argv[1:])
    out.write_text(constraints(json.loads(report.read_text("utf-8"))), "utf-8")
