"""The order in which the pages of the book are read, and which of them are chapters."""

from __future__ import annotations

from sphinx.environment import BuildEnvironment

REFERENCE = "book/reference/"  # pages to look things up in, which nobody reads in order


def order(env: BuildEnvironment) -> list[str]:
    """All pages, in the order of the contents."""
    found: list[str] = []
    waiting = [env.config.root_doc]
    while waiting:
        page = waiting.pop(0)
        if page not in found:
            found.append(page)
            waiting = [*env.toctree_includes.get(page, []), *waiting]
    return found


def chapters(env: BuildEnvironment) -> list[str]:
    """The pages that are read in order: neither the home page nor the reference."""
    return [p for p in order(env) if p != env.config.root_doc and not p.startswith(REFERENCE)]
