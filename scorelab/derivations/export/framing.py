"""How the steps of a derivation are put on slides, whatever these are written in."""

from collections.abc import Sequence

from scorelab.derivations.export.parts import Piece

__all__ = ["frames"]

_ROOM = 12.5  # of a slide's body, in lines


def frames(steps: Sequence[Piece], per_frame: int, *, room: float = _ROOM) -> list[list[Piece]]:
    """Put neighbours together where they fit on a slide.

    Args:
        steps: In order.
        per_frame: How many may share a slide.
        room: Lines of text that a slide has room for.

    Raises:
        ValueError: If `per_frame` is less than 1.
    """
    if per_frame < 1:
        raise ValueError(f"per_frame must be at least 1, got {per_frame}")
    groups: list[list[Piece]] = []
    for piece in steps:
        fits = (
            groups
            and len(groups[-1]) < per_frame
            and sum(map(_height, groups[-1])) + _height(piece) <= room
        )
        if fits:
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return groups


def _height(piece: Piece) -> float:
    """Estimate the lines that a step takes on a slide: reason, equation, mark."""
    rows = piece.tex.split(r"\\")
    tall = (r"\frac", r"\int", r"\sum", r"\begin{pmatrix}", r"\lim")
    equation = sum(2.2 if any(sign in row for sign in tall) else 1.2 for row in rows)
    return -(-len(piece.reason) // 75) + equation + 1.8
