"""Steps of a derivation on slides: what they are called, what they need, what the speaker is told.

With the steps comes sympy, which a deck without derivations can do without.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from docutils import nodes

from scorelab import derivations
from scorelab.derivations.engine.words import Words
from scorelab.lectures.speaking import remarks


def heading(derivation: str, steps: Sequence[str]) -> list[nodes.Node]:
    """The titles of steps as the title of their slide; nothing if one of them has none."""
    if derivation not in derivations.available():
        return []
    titles = {step.name: step.title for step in _whole(derivation).steps}
    if not all(titles.get(step) for step in steps):
        return []
    return list(inline(" — ".join(titles[step] for step in steps)))


def brought(derivation: str, steps: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The definitions that steps need and that are not among them, each with a step that does."""
    if derivation not in derivations.available():
        return
    from scorelab.derivations.engine.choosing import needed

    whole, steps = _whole(derivation), _known(derivation, steps)
    missing = set(needed(whole, steps)) - set(steps)
    for name in [step.name for step in whole.steps if step.name in missing]:
        user = next(step for step in steps if name in needed(whole, [step]))
        yield name, user


def remarks_of(
    derivation: str, steps: Sequence[str], before: Sequence[str] | None
) -> list[nodes.Node]:
    """What the speaker is told of steps; see `scorelab.lectures.speaking.remarks`.

    Without `before` nothing is taken to be left out.
    """
    if derivation not in derivations.available():
        return []
    whole, steps = _whole(derivation), _known(derivation, steps)
    if not steps:
        return []
    told = remarks(whole, steps, [s.name for s in whole.steps] if before is None else before)
    return [nodes.paragraph("", "", *inline(text)) for text in told]


def inline(markdown: str) -> Iterator[nodes.Node]:
    """A line of Markdown with formulas and code."""
    for part in re.split(r"(\$[^$]+\$|`[^`]+`)", markdown):
        if part.startswith("$"):
            yield nodes.math("", part[1:-1])
        elif part.startswith("`"):
            yield nodes.literal("", part[1:-1])
        elif part:
            yield nodes.Text(part)


def _known(derivation: str, steps: Sequence[str]) -> list[str]:
    """Without those of an output that is older than the derivation."""
    return [step for step in steps if step in _whole(derivation).equations]


@cache
def _whole(derivation: str) -> derivations.Derivation:
    """With its texts as the book prints them, without the symbols of roles."""
    from scorelab.derivations.export.parts import prepared

    whole = derivations.unchecked(derivation)
    pieces = prepared(whole).steps
    titles = {piece.name: piece.title for piece in pieces if piece.title != piece.name}
    return whole.worded(Words(titles=titles, reasons={p.name: p.reason for p in pieces}))
