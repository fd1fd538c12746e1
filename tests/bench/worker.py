"""A process that runs what it is asked for, one line of JSON in, one line out.

``{"contestant": …, "problem": …}`` prepares and warms up at first, then answers with the seconds of
one run and the mean of what it returned.
"""

from __future__ import annotations

import json
import sys
import time

from . import contestants


def main() -> None:
    """Answer until the input ends."""
    prepared = {}
    for line in sys.stdin:
        request = json.loads(line)
        key = request["contestant"], request["problem"]
        if key not in prepared:
            prepared[key] = getattr(contestants, key[0])(key[1])
            prepared[key]()
        start = time.perf_counter()
        result = prepared[key]()
        seconds = time.perf_counter() - start
        mean = result.mean(0).tolist() if getattr(result, "ndim", 0) == 2 else None
        print(json.dumps({"seconds": seconds, "mean": mean}), flush=True)


if __name__ == "__main__":
    main()
