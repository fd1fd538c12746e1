"""What a log of LaTeX says."""

import re

TOO_FAR = 10.0  # points


def sticking_out(log: str) -> list[float]:
    """How far lines and pages stick out, in points, where it is too far."""
    found = re.findall(r"(?m)^Overfull \\[hv]box \(([\d.]+)pt", log)
    return [float(points) for points in found if float(points) > TOO_FAR]
