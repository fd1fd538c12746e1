"""Slides in HTML: one page for all decks, made of reveal.js and a style of the book's own.

A derivation that leaves the book as one file is made here (`writer`), a chapter's deck by the
book's extension `slides`, a lecture by `scorelab.lectures`; all are `Slide`s on a `page`.
"""

from scorelab.derivations.export.decks.html import Slide, contents, page
from scorelab.derivations.export.decks.sources import DECK_SCRIPT, DECK_STYLE, inlined, revealjs

__all__ = ["DECK_SCRIPT", "DECK_STYLE", "Slide", "contents", "inlined", "page", "revealjs"]
