"""Links to sections, `[text](page.md#the-code)`, fail the build when a section is renamed.

MyST finds the section when it writes the page with the link. Sphinx does not write that page again
because another one changed, so it is named here whenever the headings of a page it leads to change.
"""

from __future__ import annotations

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def _links(env: BuildEnvironment) -> dict[str, set[str]]:
    """For each page with such links, the pages that they lead to."""
    if not hasattr(env, "heading_links"):
        env.heading_links = {}
    return env.heading_links


def _collect(app: Sphinx, doctree: nodes.document) -> None:
    found = doctree.findall(addnodes.pending_xref)
    pages = {link["reftarget"] for link in found if link.get("reftargetid")}
    _links(app.env).pop(app.env.docname, None)
    if pages:
        _links(app.env)[app.env.docname] = pages


def _purge(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    _links(env).pop(page, None)


def _outdated(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages that lead to headings which are not those of the last build."""
    now = {page: dict(data.get("myst_slugs", {})) for page, data in env.metadata.items()}
    now = {page: {slug: at[1] for slug, at in slugs.items()} for page, slugs in now.items()}
    before = getattr(env, "known_headings", {})
    env.known_headings = now
    changed = {page for page in {*now, *before} if now.get(page) != before.get(page)}
    return sorted(page for page, targets in _links(env).items() if targets & changed)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("doctree-read", _collect)
    app.connect("env-purge-doc", _purge)
    app.connect("env-updated", _outdated)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
