"""Slides in HTML: one page for all decks, made of reveal.js and a style of the book's own.

A derivation that leaves the book as one file is made here (`derivation`), a chapter's deck by the
book's extension `slides`; both are `Slide`s on a `page`.
"""

from scorelab.derivations.export.decks.html import Slide, page
from scorelab.derivations.export.decks.sources import DECK_SCRIPT, DECK_STYLE, inlined, revealjs

__all__ = ["DECK_SCRIPT", "DECK_STYLE", "Slide", "inlined", "page", "revealjs"]
