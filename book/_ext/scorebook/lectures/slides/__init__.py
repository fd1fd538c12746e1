"""A deck of slides for each chapter, made from the chapter itself.

`marks` are what an author writes, `plan` chooses what is shown, `deck` writes it. The deck of
`book/langevin/mixture.html` is `book/langevin/mixture-slides.html` beside it, so that every link in
it stays as it is. Without any marks a deck holds the question, every step, every figure, all that
was measured and the summary; the prose between them becomes the speaker's notes.
"""

from __future__ import annotations

from docutils import nodes
from scorebook import contents
from scorebook.lectures.slides.marks import (
    SlideDirective,
    SlidesDirective,
    slide,
    slide_title,
    slides,
    unmark,
)
from scorebook.lectures.slides.plan import candidates_of, items_of
from sphinx.application import Sphinx


def register(app: Sphinx) -> None:
    """Make known an author's marks."""
    for node in (slide, slide_title, slides):
        app.add_node(node)
    app.add_directive("slide", SlideDirective)
    app.add_directive("slides", SlidesDirective)


def choose_slides(app: Sphinx, doctree: nodes.document, name: str) -> None:
    translated = contents.is_translation(app.env, name)
    doctree.slides_plan = [] if translated else items_of(doctree)
    doctree.slides_kept = [] if translated else candidates_of(doctree)
    unmark(doctree)
