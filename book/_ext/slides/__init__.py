"""Sphinx extension: a deck of slides for each chapter, made from the chapter itself.

`marks` are what an author writes, `plan` chooses what is shown, `deck` writes it. The deck of
`book/langevin/mixture.html` is `book/langevin/mixture-slides.html` beside it, so that every link in
it stays as it is. Without any marks a deck holds the question, every step, every figure, all that
was measured and the summary; the prose between them becomes the speaker's notes.
"""

from __future__ import annotations

import reading
from docutils import nodes
from sphinx.application import Sphinx

from .deck import copy_sources, write_deck
from .marks import SlideDirective, SlidesDirective, slide, slide_title, slides, unmark
from .plan import items_of


def setup(app: Sphinx) -> dict[str, object]:
    for node in (slide, slide_title, slides):
        app.add_node(node)
    app.add_directive("slide", SlideDirective)
    app.add_directive("slides", SlidesDirective)
    # Before the notebook, the search index and the page, none of which knows of marks.
    app.connect("doctree-resolved", _choose, priority=50)
    app.connect("html-page-context", write_deck, priority=920)
    app.connect("build-finished", copy_sources)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _choose(app: Sphinx, doctree: nodes.document, name: str) -> None:
    doctree.slides_plan = [] if reading.is_translation(app.env, name) else items_of(doctree)
    unmark(doctree)
