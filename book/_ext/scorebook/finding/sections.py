"""Links to sections, `[text](page.md#the-code)`, fail the build when a section is renamed.

MyST finds the section when it writes the page with the link. Sphinx does not write that page again
because another one changed, so it is named here whenever the headings of a page it leads to change.

A heading that stands in a sentence as the words of a link gets quotation marks: many have a comma,
a colon or a question mark of their own.
"""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote, urlsplit

from docutils import nodes
from scorebook import contents, state
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform

QUOTES = {"en": "“”", "es": "«»"}


class QuoteHeadings(SphinxPostTransform):
    """Puts the heading of a section in quotation marks where it is linked within a paragraph."""

    def run(self, **kwargs: object) -> None:
        opening, closing = QUOTES[contents.language(self.env, self.env.docname)]
        for link in list(self.document.findall(nodes.reference)):
            around = link.parent
            if not isinstance(around, nodes.paragraph) or len(around) == 1:
                continue
            if self._is_heading(link):
                around.insert(around.index(link) + 1, nodes.Text(closing))
                around.insert(around.index(link), nodes.Text(opening))

    def _is_heading(self, link: nodes.reference) -> bool:
        """Whether a link leads to a section and says what that is called."""
        page, anchor = self.env.docname, link.get("refid", "")
        if not anchor:
            parts = urlsplit(link.get("refuri", ""))
            if parts.scheme or not parts.fragment:
                return False
            anchor = unquote(parts.fragment)
            if parts.path:
                here = posixpath.dirname(self.app.builder.get_target_uri(page))
                path = posixpath.normpath(posixpath.join(here, unquote(parts.path)))
                page = path.removesuffix(".html")
        sections = self.env.metadata.get(page, {}).get("myst_slugs", {}).values()
        return any(anchor == at[1] and _plain(link.astext()) == _plain(at[2]) for at in sections)


def collect_links(app: Sphinx, doctree: nodes.document) -> None:
    found = doctree.findall(addnodes.pending_xref)
    pages = {link["reftarget"] for link in found if link.get("reftargetid")}
    state.of_pages(app.env).heading_links.pop(app.env.docname, None)
    if pages:
        state.of_pages(app.env).heading_links[app.env.docname] = pages


def forget_page(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    state.of_pages(env).heading_links.pop(page, None)


def pages_to_write(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages that lead to headings which are not those of the last build."""
    now = {page: dict(data.get("myst_slugs", {})) for page, data in env.metadata.items()}
    now = {page: {slug: at[1] for slug, at in slugs.items()} for page, slugs in now.items()}
    before = state.of_pages(env).headings
    state.of_pages(env).headings = now
    changed = {page for page in {*now, *before} if now.get(page) != before.get(page)}
    links = state.of_pages(env).heading_links
    return sorted(page for page, targets in links.items() if targets & changed)


def _plain(words: str) -> str:
    """Words with one kind of spaces, apostrophes and dashes."""
    return re.sub(r"[’‘]", "'", " ".join(words.split()))
