"""Links to sections, `[text](page.md#the-code)`, fail the build when a section is renamed.

MyST finds the section when it writes the page with the link. Sphinx does not write that page again
because another one changed, so it is named here whenever the headings of a page it leads to change.
"""

from __future__ import annotations

from docutils import nodes
from scorebook import state
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


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
