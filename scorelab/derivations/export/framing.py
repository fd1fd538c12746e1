"""How the steps of a derivation are put on slides, whatever these are written in."""

from collections.abc import Sequence

__all__ = ["ROOM", "frames", "height"]

ROOM = 12.5
"""Of a slide's body, in lines."""


def frames(
    steps: Sequence[tuple[str, str]], per_frame: int | None = None, *, room: float = ROOM
) -> list[range]:
    """Return which neighbours share a slide.

    Args:
        steps: The reason and the TeX of each, in order.
        per_frame: How many share a slide; by default two, where they fit.
        room: Lines of text that a slide has room for.

    Raises:
        ValueError: If `per_frame` is less than 1.
    """
    count = len(steps)
    if per_frame is not None:
        if per_frame < 1:
            raise ValueError(f"per_frame must be at least 1, got {per_frame}")
        return [range(i, min(i + per_frame, count)) for i in range(0, count, per_frame)]
    groups: list[range] = []
    for i in range(count):
        last = groups[-1] if groups else range(0)
        if len(last) == 1 and height(*steps[i - 1]) + height(*steps[i]) <= room:
            groups[-1] = range(i - 1, i + 1)
        else:
            groups.append(range(i, i + 1))
    return groups


def height(reason: str, tex: str) -> float:
    """Estimate the lines that a step takes on a slide: reason, equation, mark."""
    tall = (r"\frac", r"\int", r"\sum", r"\begin{pmatrix}", r"\lim")
    equation = sum(2.2 if any(sign in row for sign in tall) else 1.2 for row in tex.split(r"\\"))
    return -(-len(reason) // 75) + equation + 1.8
