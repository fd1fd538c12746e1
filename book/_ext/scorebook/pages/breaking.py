"""Where a wide formula may be broken into lines: by the browser, and where there is no room alone.

MathJax sets a formula as boxes in one line. Here they are put into parts, each of which begins with
a relation or an operation, so that the style sheet can let the parts wrap as words do. A part that
is a sum has the terms as parts of its own, and so on into parentheses: a browser breaks a box only
if it is wider than a line, so what belongs together stays together for as long as it fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

PART = "mjx-part"
OPENING, CLOSING = "([{⟨⌈⌊", ")]}⟩⌉⌋"
BARS = "|‖"
DEEPEST = 4  # parentheses in parentheses
RANKS = 3  # a wide space, a relation, an operation
# What MathJax sets around a row of boxes; without a style of its own it can be taken away.
ROWS = ("mjx-mrow", "mjx-TeXAtom", "mjx-mstyle", "mjx-inferredMrow")
# What holds a box and its indices. If the box is a row, they can stand behind the row's last one.
SCRIPTED = ("mjx-msub", "mjx-msup", "mjx-msubsup")
# Relations (space 4), but for the bar of a condition, and operations between terms.
RELATION = frozenset("=≤≥<>≈∝→⟶∼≡≠⟹⇒⇔⟺⪯≪≫∈↦")
OPERATION = frozenset("+−-±")


@dataclass
class Box:
    """An element of the HTML of a formula."""

    tag: str
    head: str
    inside: list[Box] = field(default_factory=list)

    def __str__(self) -> str:
        return f"<{self.head}>{''.join(map(str, self.inside))}</{self.tag}>"

    @property
    def glyphs(self) -> str:
        """The characters in it."""
        own = re.search(r"\bmjx-c([0-9A-F]+)", self.head) if self.tag == "mjx-c" else None
        return (chr(int(own[1], 16)) if own else "") + "".join(b.glyphs for b in self.inside)

    def space(self) -> int:
        """MathJax's number for the space before it."""
        found = re.search(r' space="(\d)"', self.head)
        return int(found[1]) if found else 0


def breakable(html: str) -> str:
    """The HTML of a formula, with its parts marked, in each line of it if it has several."""
    start = re.search(r"<mjx-math\b[^>]*>", html)
    if not start:
        return html
    end = html.rindex("</mjx-math>")
    boxes = _parsed(html[start.end() : end])
    if len(boxes) == 1 and boxes[0].tag == "mjx-mtable":
        for cell in _cells(boxes[0]):
            cell.inside = _parts(cell.inside)
    else:
        boxes = _parts(boxes)
    return html[: start.end()] + "".join(map(str, boxes)) + html[end:]


def _parsed(html: str) -> list[Box]:
    root = Box("", "")
    open_boxes = [root]
    for close, head in re.findall(r"<(/?)([^>]+)>", html):
        if close:
            open_boxes.pop()
            continue
        box = Box(head.split(None, 1)[0], head)
        open_boxes[-1].inside.append(box)
        open_boxes.append(box)
    return root.inside


def _cells(table: Box) -> Iterator[Box]:
    for box in table.inside:
        if box.tag == "mjx-mtd":
            yield box
        elif box.tag in ("mjx-table", "mjx-itable", "mjx-mtr"):
            yield from _cells(box)


def _parts(boxes: list[Box]) -> list[Box]:
    """The boxes of a line in parts: in one if they are to stay together."""
    if not any(box.glyphs for box in boxes):
        return boxes
    flat = list(_flat(boxes))
    ranks = [_rank(flat, place) for place in range(len(flat))]
    parts = _split(list(zip(flat, _depths(flat), ranks, strict=True)), 0)
    return parts if parts[0].tag == PART else [Box(PART, PART, parts)]


def _flat(boxes: list[Box]) -> Iterator[Box]:
    """The boxes, and in the place of a row those in it if one may break there."""
    for box in boxes:
        row = box.tag in ROWS + SCRIPTED and not re.search(r" (style|size)=", box.head)
        if not row or not any(_is_sign(b) for b in _all(box)):
            yield box
            continue
        inside = list(_flat(box.inside))
        before = re.search(r' space="\d"', box.head)
        if before and not inside[0].space():
            inside[0].head += before[0]
        yield from inside


def _all(box: Box) -> Iterator[Box]:
    """The boxes in a row and in the rows in it."""
    for inner in box.inside:
        yield inner
        if inner.tag in ROWS + SCRIPTED:
            yield from _all(inner)


def _is_sign(box: Box) -> bool:
    spaces = {3: OPERATION, 4: RELATION}  # a sign of a number has none of its own
    return box.tag == "mjx-mo" and box.glyphs in spaces.get(box.space(), ())


def _depths(row: list[Box]) -> Iterator[int]:
    """How many parentheses are open at each box."""
    waiting: list[str] = []
    for box in row:
        mark = box.glyphs if len(box.glyphs) == 1 else box.glyphs[:1] if _scripted(box) else ""
        if mark and mark in CLOSING:
            while waiting and waiting.pop() in BARS:
                pass
        elif mark and mark in BARS and box.space() < 3:
            if waiting[-1:] == [mark]:
                waiting.pop()
            else:
                yield len(waiting)
                waiting.append(mark)
                continue
        yield len(waiting)
        if mark and mark in OPENING:
            waiting.append(mark)


def _scripted(box: Box) -> bool:
    """Whether it is one sign with an index or an exponent, such as the end of a norm squared."""
    first = box.inside[0] if box.inside else None
    return box.tag in SCRIPTED and first is not None and len(first.glyphs) == 1


def _rank(row: list[Box], i: int) -> int:
    """How well a line may end before the box: 0 is best, at `RANKS` it may not."""
    if i and _is_gap(row[i - 1]) and not _is_gap(row[i]):
        return 0
    if i and _is_sign(row[i]):
        return 1 if row[i].glyphs in RELATION else 2
    return RANKS


def _is_gap(box: Box) -> bool:
    """A space of at least an em."""
    found = re.search(r"mjx-mspace style=\"width: ([\d.]+)em", str(box)) if not box.glyphs else None
    return bool(found) and float(found[1]) >= 1


def _split(row: list[tuple[Box, int, int]], level: int) -> list[Box]:
    """The parts of a row, in them those of the next rank, in the last those in parentheses."""
    if level == RANKS * DEEPEST:
        return [box for box, _, _ in row]
    depth, rank = divmod(level, RANKS)
    begun = next((i for i, (box, _, _) in enumerate(row) if box.glyphs), len(row))
    cuts = [i for i, (_, d, r) in enumerate(row) if i > begun and d == depth and r == rank]
    if not cuts:
        return _split(row, level + 1)
    edges = [0, *cuts, len(row)]
    pieces = [row[a:b] for a, b in pairwise(edges)]
    return [Box(PART, PART, _split(piece, level + 1)) for piece in pieces]
