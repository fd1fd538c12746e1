"""Where a translation has not what its original has.

Two lists of pieces (`pieces`) are compared section by section. Blocks come in the same order;
formulas, numbers and references in the text of one section may come in any, as words do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from scorebook.translations.pieces import Piece

ANYWHERE = ("formula", "number", "reference", "literal")  # within a section
UNCOMPARED = ("paragraph", "slug")
ROLES = ("eq", "numref", "ref")  # that lead to a label
LEFT = 6  # words: a longer paragraph that is the same in both languages was forgotten
_NO_WORDS = re.compile(r"\$[^$]*\$|(\{[^}\s]+\})?`[^`]*`|\]\([^)]*\)|<[^>]*>|https?://\S+")


@dataclass(frozen=True)
class Difference:
    """A place where a translation is not like its original.

    Attributes:
        there: The line of the original.
        here: The line of the translation.
        says: What differs.
    """

    there: int
    here: int
    says: str


def differences(original: Sequence[Piece], translation: Sequence[Piece]) -> Iterator[Difference]:
    """Where `translation` is not like `original`: the first place of each section and kind.

    Names that differ on purpose are the same in both lists (`renamed`).
    """
    heads = [[p for p in text if p.kind == "heading"] for text in (original, translation)]
    different_heads = list(_in_order(*heads))
    yield from different_heads
    if not different_heads:  # else nobody knows which section is which
        for there, here in zip(_sections(original), _sections(translation), strict=True):
            yield from _in_order(_blocks(there), _blocks(here))
            for kind in ANYWHERE:
                yield from _anywhere(kind, there, here)
    yield from _left(original, translation)


def renamed(pieces: Iterable[Piece], names: Mapping[str, str]) -> list[Piece]:
    """The pieces, with the names of targets, references and cells that their translation has."""
    return [
        replace(p, value=names.get(p.value, p.value)) if p.kind in ("target", "reference") else p
        for p in pieces
    ]


def names_of(
    page: str, original: Sequence[Piece], other: str, translation: Sequence[Piece], language: str
) -> dict[str, str]:
    """What a translation calls its targets, and how any page in its language refers to them.

    Args:
        page: The original's document name.
        original: Its pieces.
        other: The translation's document name.
        translation: Its pieces.
        language: The suffix of its targets: `eq-score` is `eq-score-es` there.
    """
    labels = {p.value: f"{p.value}-{language}" for p in original if p.kind == "target"}
    anchors = labels | headings(original, translation)
    return (
        labels
        | {f"#{a}": f"#{b}" for a, b in labels.items()}
        | {f"{role}:{a}": f"{role}:{b}" for role in ROLES for a, b in labels.items()}
        | {f"{page}#{a}": f"{other}#{b}" for a, b in anchors.items()}
        | {f"{page}{suffix}": f"{other}{suffix}" for suffix in ("", ".ipynb")}
    )


def headings(original: Sequence[Piece], translation: Sequence[Piece]) -> dict[str, str]:
    """The anchors of the headings, in the original and in the translation."""
    there, here = ([p.value for p in text if p.kind == "slug"] for text in (original, translation))
    return dict(zip(there, here, strict=False))


def _sections(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """What stands before the first heading, and then the headings, each with what is below it."""
    found = [[Piece("start", "", 1)]]
    for piece in pieces:
        if piece.kind == "heading":
            found.append([])
        found[-1].append(piece)
    return found


def _blocks(section: list[Piece]) -> list[Piece]:
    return [p for p in section if p.kind not in (*ANYWHERE, *UNCOMPARED)]


def _in_order(there: list[Piece], here: list[Piece]) -> Iterator[Difference]:
    """The first place at which two sequences differ."""
    lines = [1, 1]
    for pair in zip_longest(there, here):
        lines = [p.line if p else line for p, line in zip(pair, lines, strict=True)]
        values = [p and (p.kind, p.value) for p in pair]
        if values[0] != values[1]:
            says = f"there is {_named(pair[0])} there, and {_named(pair[1])} here"
            yield Difference(*lines, says)
            return


def _anywhere(kind: str, there: list[Piece], here: list[Piece]) -> Iterator[Difference]:
    """What one section has more often than the other."""
    counts = [Counter(p.value for p in part if p.kind == kind) for part in (there, here)]
    missing, extra = counts[0] - counts[1], counts[1] - counts[0]
    if missing or extra:
        lines = [
            next((p.line for p in part if p.kind == kind and p.value in odd), part[0].line)
            for part, odd in ((there, missing), (here, extra))
        ]
        said = [
            f"{where}: {', '.join(sorted(odd.elements()))}"
            for where, odd in (("only there", missing), ("only here", extra))
            if odd
        ]
        yield Difference(*lines, f"the section has another {kind} ({'; '.join(said)})")


def _left(original: Iterable[Piece], translation: Iterable[Piece]) -> Iterator[Difference]:
    """Paragraphs that are the same in both languages."""
    known = {p.value: p.line for p in original if p.kind == "paragraph"}
    for piece in translation:
        if piece.kind == "paragraph" and piece.value in known and _words(piece.value) > LEFT:
            says = f"not translated: {' '.join(piece.value.split()[:LEFT])} …"
            yield Difference(known[piece.value], piece.line, says)


def _words(text: str) -> int:
    return len(re.findall(r"[^\W\d_]{2,}", _NO_WORDS.sub(" ", text)))


def _named(piece: Piece | None) -> str:
    if piece is None:
        return "nothing more"
    shown = " ".join(piece.value.split())
    article = "an" if piece.kind[0] in "aeiou" else "a"
    return f"{article} {piece.kind} {shown[:60]}".strip()
