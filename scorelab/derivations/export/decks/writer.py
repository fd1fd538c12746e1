r"""A theorem as slides with checked steps: one HTML file with nothing to load, or in a lecture."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

from scorelab.derivations.export.decks.html import Slide, page
from scorelab.derivations.export.decks.sources import DECK_SCRIPT, DECK_STYLE, inlined, revealjs
from scorelab.derivations.export.framing import frames
from scorelab.derivations.export.parts import Piece, Theorem, written
from scorelab.derivations.printing.macros import MACROS
from scorelab.derivations.printing.typesetter import Formula, Typesetter, glyph_sheet

__all__ = ["Writer", "reveal", "theorem_slides", "tied"]


_LETTERS = 800  # of text and TeX in a list, on a slide


def reveal(theorem: Theorem, *, overlays: bool = False, per_frame: int | None = None) -> str:
    """Return the page; see `scorelab.derivations.export.slides`."""
    writer = Writer(overlays)
    said = theorem.phrases
    slides = list(theorem_slides(theorem, writer, per_frame))
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


def theorem_slides(
    theorem: Theorem,
    writer: "Writer",
    per_frame: int | None = None,
    *,
    notes: Callable[[Sequence[str], Sequence[str]], str] = lambda shown, before: "",
) -> Iterator[Slide]:
    """Yield the statement, the assumptions, and the steps, one or more to a slide.

    Args:
        theorem: The theorem.
        writer: What sets its texts and formulas.
        per_frame: As for `frames`.
        notes: What the speaker is told, in HTML, given the names of the steps on a slide and on
            those before it.
    """
    title = writer.text(theorem.title)
    yield from _opening(theorem, title, writer)
    before: list[str] = []
    for group in frames([(piece.reason, piece.tex) for piece in theorem.steps], per_frame):
        shown = [theorem.steps[i] for i in group]
        heading = " — ".join(writer.text(piece.title) for piece in shown)
        names = ", ".join(f"<code>{piece.name}</code>" for piece in shown)
        place = f'<p class="place">{title} · {names} · {theorem.place(group)}</p>'
        body = "\n".join(writer.step(piece, index) for index, piece in enumerate(shown))
        told = notes([piece.name for piece in shown], before)
        yield Slide(heading, f"{place}\n{body}", "derivation", shown[0].name, told)
        before += [piece.name for piece in shown]


class Writer:
    """Text and steps in HTML; it keeps the formulas that it has set, whose outlines are wanted."""

    def __init__(self, overlays: bool = False) -> None:
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
            f"<div{after}>{self.displayed(piece.tex)}{mark}</div></div>"
        )

    def text(self, markdown: str) -> str:
        """Markdown in a line: formulas, code, emphasis."""
        html = written(
            markdown,
            text=escape,
            code=lambda code: f"<code>{escape(code)}</code>",
            emphasis=lambda text: f"<em>{self.text(text)}</em>",
            formula=self.formula,
            displayed=lambda tex: f"</p>{self.displayed(tex)}<p>",
        )
        return tied(html)

    def paragraphs(self, markdown: str) -> str:
        """Markdown with displayed formulas."""
        html = "".join(f"<p>{self.text(block)}</p>" for block in markdown.split("\n\n"))
        return re.sub(r"<p>\s*</p>", "", html)

    def listed(self, items: Iterable[str]) -> str:
        """A list."""
        return "<ul>" + "".join(f"<li>{self.text(item)}</li>" for item in items) + "</ul>"

    def displayed(self, tex: str) -> str:
        """A formula on a line of its own."""
        formula = self._set(tex, display=True)
        width = self.formulas[-1].width
        return (
            f'<div class="math equation"><div class="formula" style="--em: {width}" '
            f'tabindex="0" role="group" aria-label="Formula">{formula}</div></div>'
        )

    def formula(self, tex: str) -> str:
        """A formula in a line."""
        return f'<span class="math">{self._set(tex, display=False)}</span>'

    def _set(self, tex: str, *, display: bool) -> str:
        formula = self._typeset(tex, display=display)
        self.formulas.append(formula)
        return f'{formula.html}<span class="mathml">{formula.mathml}</span>'


def _opening(theorem: Theorem, title: str, writer: Writer) -> Iterator[Slide]:
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
    for number, group in enumerate(_pages(theorem.assumptions), 1):
        name = "assumptions" if number == 1 else f"assumptions-{number}"
        yield Slide(said["assumptions"], writer.listed(group), "prose", name)


def _pages(items: Sequence[str]) -> Iterator[list[str]]:
    """Items that a slide has room for, together."""
    group: list[str] = []
    for item in items:
        if group and sum(map(len, [*group, item])) > _LETTERS:
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _hidden(fragment: bool) -> str:
    return ' class="fragment"' * fragment


def tied(html: str) -> str:
    """A formula and the punctuation after it, which must not begin a line."""
    return re.sub(
        r'(<span class="math">(?:(?!<span class="math">).)*?</math></span></span>)([.,;:!?)\]]+)',
        r'<span class="tied">\1\2</span>',
        html,
        flags=re.S,
    )
