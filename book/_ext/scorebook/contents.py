"""Which pages are read, by people in what order and language, and by this build at all."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from scorebook import state

REFERENCE = "book/reference/"  # pages to look things up in, which nobody reads in order
ENGLISH = "en"
# What a section is to its chapter: the class of its heading, `{.question}`.
SECTIONS = ("question", "measured", "exercises", "summary", "further-reading")


def kind_of(section: nodes.Element) -> str:
    """What a section is to its chapter, one of `SECTIONS`, or nothing special."""
    return next((kind for kind in SECTIONS if kind in section["classes"]), "")


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
    """The English pages that are read in order: neither the home page nor the reference."""
    return [
        page
        for page in order(env)
        if page != env.config.root_doc
        and not page.startswith(REFERENCE)
        and not is_translation(env, page)
    ]


def language(env: BuildEnvironment, page: str) -> str:
    """The language of a page, such as `es`."""
    return env.metadata.get(page, {}).get("language", ENGLISH)


def stands_alone(env: BuildEnvironment, page: str) -> bool:
    """Whether the notebook of a page is to be taken without the book and its package."""
    return bool(env.metadata.get(page, {}).get("standalone"))


def is_translation(env: BuildEnvironment, page: str) -> bool:
    """Whether a page says in another language what an English one says."""
    return "translation_of" in env.metadata.get(page, {})


def anything(app: Sphinx) -> bool:
    """Whether this build reads or drops a page, so that what is said of others may have changed.

    A build that was interrupted does not count: the next one reads all (`chapters.strict`).
    """
    return state.of_build(app).reads_anything


def count_removed(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    state.of_build(app).reads_anything = bool(removed)
    return []


def count_read(app: Sphinx, env: BuildEnvironment, pages: list[str]) -> None:
    state.of_build(app).reads_anything |= bool(pages)
