r"""A derivation as one HTML file: slides with checked steps, formulas set, nothing to load."""

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING

from scorelab.derivations.export.decks.html import Slide, page
from scorelab.derivations.export.decks.sources import DECK_SCRIPT, DECK_STYLE, inlined, revealjs
from scorelab.derivations.export.framing import frames
from scorelab.derivations.export.parts import Piece, pieces, source
from scorelab.derivations.printing.macros import MACROS
from scorelab.derivations.printing.typesetter import Formula, Typesetter, glyph_sheet

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["reveal"]


def reveal(
    derivation: "Derivation",
    *,
    symbols: Mapping[str, str] | None = None,
    overlays: bool = False,
    per_frame: int = 2,
) -> str:
    """Return the page; see `scorelab.derivations.export.slides`."""
    writer = _Writer(overlays)
    groups = frames(pieces(derivation, symbols), per_frame)
    title = writer.text(derivation.title)
    slides, first = [_opening(derivation, title)], 1
    for group in groups:
        last = first + len(group) - 1
        place = f"step {first}" if first == last else f"steps {first}–{last}"
        names = ", ".join(f"<code>{piece.name}</code>" for piece in group)
        place = f'<p class="place">{names} · {place} of {len(derivation.steps)}</p>'
        body = "\n".join(writer.step(piece, index) for index, piece in enumerate(group))
        slides.append(Slide(title, f"{place}\n{body}", "derivation", group[0].name))
        first = last + 1
    return page(
        re.sub(r"\$", "", derivation.title),
        slides,
        description=f"{source(derivation)}. Every step was checked.",
        styles=inlined(revealjs("dist/reveal.css")) + inlined(DECK_STYLE),
        scripts=glyph_sheet(writer.formulas)
        + inlined(revealjs("dist/reveal.js"))
        + inlined(DECK_SCRIPT),
    )


class _Writer:
    """Text and steps in HTML; it keeps the formulas that it has set, whose outlines are wanted."""

    def __init__(self, overlays: bool) -> None:
        self.overlays = overlays
        self.formulas: list[Formula] = []
        self._typeset = Typesetter(MACROS, output="svg")

    def step(self, piece: Piece, index: int) -> str:
        """A reason, an equation, how it was checked; the first reason is never hidden."""
        mark = "defined" if piece.mark == "definition" else "checked"
        reason = _hidden(self.overlays and index > 0)
        after = _hidden(self.overlays)
        return (
            f'<div class="step"><p{reason}>{self.text(piece.reason)}</p>'
            f"<div{after}>{self._displayed(piece.tex)}"
            f'<p class="{mark}">{piece.mark}</p></div></div>'
        )

    def text(self, markdown: str) -> str:
        """Markdown of one paragraph: formulas, code, emphasis."""
        parts = []
        for part in re.split(r"(\$[^$]+\$|`[^`]+`)", markdown):
            if part.startswith("$"):
                parts.append(f'<span class="math">{self._set(part[1:-1], display=False)}</span>')
            elif part.startswith("`"):
                parts.append(f"<code>{escape(part[1:-1])}</code>")
            else:
                parts.append(re.sub(r"\*([^*]+)\*", r"<em>\1</em>", escape(part)))
        return _tied("".join(parts))

    def _displayed(self, tex: str) -> str:
        formula = self._set(tex, display=True)
        width = self.formulas[-1].width
        return (
            f'<div class="math equation"><div class="formula" style="--em: {width}" '
            f'tabindex="0" role="group" aria-label="Formula">{formula}</div></div>'
        )

    def _set(self, tex: str, *, display: bool) -> str:
        formula = self._typeset(tex, display=display)
        self.formulas.append(formula)
        return f'{formula.html}<span class="mathml">{formula.mathml}</span>'


def _opening(derivation: "Derivation", title: str) -> Slide:
    count = len(derivation.steps)
    marks = [step.checked for step in derivation.steps]
    told = [
        f"{marks.count(mark)} {words}"
        for mark, words in (
            ("definition", "by definition"),
            ("symbolic", "checked symbolically"),
            ("numeric", "checked numerically"),
        )
        if mark in marks
    ]
    body = (
        f"<p>{count} step{'s' * (count > 1)}: {_listed(told)}.</p>\n"
        f"<p>Its name is <code>{derivation.name}</code>.</p>\n"
        f'<p class="cite">To cite it: {escape(source(derivation))}.</p>'
    )
    return Slide(title, body, "opening")


def _hidden(fragment: bool) -> str:
    return ' class="fragment"' * fragment


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _tied(html: str) -> str:
    """A formula and the punctuation after it, which must not begin a line."""
    return re.sub(
        r'(<span class="math">(?:(?!<span class="math">).)*?</math></span></span>)([.,;:!?)\]]+)',
        r'<span class="tied">\1\2</span>',
        html,
        flags=re.S,
    )
