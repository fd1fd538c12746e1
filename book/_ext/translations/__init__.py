"""Sphinx extension: pages in other languages, each the twin of an English one.

A translation says so in its front matter:

    translation_of: lab-solution
    language: es

The name is seen from the page's folder. When the book is built, both sources are compared
(`compare`): a translation with another structure, another formula, number or reference, or with a
paragraph left in English, is a warning, so a strict build stops. Its targets have the suffix `-es`.
What the book itself says on the page is in its language (`words.py`), and each of the two pages
leads readers and search engines to the other (`pages`).
"""

from __future__ import annotations

from sphinx.application import Sphinx

from .check import check
from .pages import SpeakLanguage, describe, pages_to_write


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx; what pages need is there when `page` has completed them."""
    app.add_post_transform(SpeakLanguage)
    app.connect("env-updated", pages_to_write)
    app.connect("env-check-consistency", check)
    app.connect("html-page-context", describe, priority=975)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
