r"""A theorem as one HTML file: slides with checked steps, formulas set, nothing to load."""

import re
from collections.abc import Iterable
from html import escape

from scorelab.derivations.export.decks.html import Slide, page
from scorelab.derivations.export.decks.sources import DECK_SCRIPT, DECK_STYLE, inlined, revealjs
from scorelab.derivations.export.framing import frames
from scorelab.derivations.export.parts import Piece, Theorem, written
from scorelab.derivations.printing.macros import MACROS
from scorelab.derivations.printing.typesetter import Formula, Typesetter, glyph_sheet

__all__ = ["reveal"]


def reveal(theorem: Theorem, *, overlays: bool = False, per_frame: int | None = None) -> str:
    """Return the page; see `scorelab.derivations.export.slides`."""
    writer = _Writer(overlays)
    said = theorem.phrases
    title = writer.text(theorem.title)
    groups = frames([(piece.reason, piece.tex) for piece in theorem.steps], per_frame)
    slides = list(_opening(theorem, title, writer))
    for group in groups:
        shown = [theorem.steps[i] for i in group]
        heading = " — ".join(writer.text(piece.title) for piece in shown)
        names = ", ".join(f"<code>{piece.name}</code>" for piece in shown)
        place = f'<p class="place">{title} · {names} · {theorem.place(group)}</p>'
        body = "\n".join(writer.step(piece, index) for index, piece in enumerate(shown))
        slides.append(Slide(heading, f"{place}\n{body}", "derivation", shown[0].name))
    if theorem.sources:
        slides.append(Slide(said["sources"], writer.listed(theorem.sources), "prose", "sources"))
    return page(
        re.sub(r"\$", "", theorem.title),
        slides,
        description=f"{theorem.source}. {said['checked']}",
        language=theorem.language,
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
        kind = "defined" if piece.checked == "definition" else "checked"
        mark = f'<p class="{kind}">{piece.mark}</p>' if piece.mark else ""
        reason = _hidden(self.overlays and index > 0)
        after = _hidden(self.overlays)
        return (
            f'<div class="step"><p{reason}>{self.text(piece.reason)}</p>'
            f"<div{after}>{self._displayed(piece.tex)}{mark}</div></div>"
        )

    def text(self, markdown: str) -> str:
        """Markdown in a line: formulas, code, emphasis."""
        html = written(
            markdown,
            text=escape,
            code=lambda code: f"<code>{escape(code)}</code>",
            emphasis=lambda text: f"<em>{self.text(text)}</em>",
            formula=lambda tex: f'<span class="math">{self._set(tex, display=False)}</span>',
            displayed=lambda tex: f"</p>{self._displayed(tex)}<p>",
        )
        return _tied(html)

    def paragraphs(self, markdown: str) -> str:
        """Markdown with displayed formulas."""
        html = "".join(f"<p>{self.text(block)}</p>" for block in markdown.split("\n\n"))
        return re.sub(r"<p>\s*</p>", "", html)

    def listed(self, items: Iterable[str]) -> str:
        """A list."""
        return "<ul>" + "".join(f"<li>{self.text(item)}</li>" for item in items) + "</ul>"

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


def _opening(theorem: Theorem, title: str, writer: _Writer) -> Iterable[Slide]:
    """The theorem, and what it needs."""
    said = theorem.phrases
    cite = f'<p class="cite">{escape(said["cite"].format(source=theorem.source))}</p>'
    if not theorem.statement:
        called = writer.text(said["called"].format(name=theorem.name))
        yield Slide(title, f"<p>{called}</p>\n{cite}", "opening")
        return
    head = f'<p class="place">{said["theorem"]}</p>'
    yield Slide(
        title, f"{head}\n{writer.paragraphs(theorem.statement)}\n{cite}", "prose", "theorem"
    )
    if theorem.assumptions:
        listed = writer.listed(theorem.assumptions)
        yield Slide(said["assumptions"], listed, "prose", "assumptions")


def _hidden(fragment: bool) -> str:
    return ' class="fragment"' * fragment


def _tied(html: str) -> str:
    """A formula and the punctuation after it, which must not begin a line."""
    return re.sub(
        r'(<span class="math">(?:(?!<span class="math">).)*?</math></span></span>)([.,;:!?)\]]+)',
        r'<span class="tied">\1\2</span>',
        html,
        flags=re.S,
    )
