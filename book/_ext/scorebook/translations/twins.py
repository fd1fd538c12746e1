"""Which pages are translations, and of what."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from sphinx.environment import BuildEnvironment

from scorebook import contents


@dataclass(frozen=True)
class Twin:
    """A translation.

    Attributes:
        page: Its document name.
        original: The page that it translates.
        language: Its language, such as `es`.
    """

    page: str
    original: str
    language: str


def twins(env: BuildEnvironment) -> list[Twin]:
    """All translations whose originals are in the book."""
    return [twin for twin in _claimed(env) if twin.original in env.found_docs]


def broken(env: BuildEnvironment) -> Iterator[tuple[str, str]]:
    """Pages that say of themselves what cannot be."""
    taken: dict[tuple[str, str], str] = {}
    for twin in _claimed(env):
        if twin.language == contents.ENGLISH:
            yield twin.page, "a translation says its language: `language: es`"
        if twin.original not in env.found_docs:
            yield twin.page, f"it translates {twin.original}, which is no page of this book"
        first = taken.setdefault((twin.original, twin.language), twin.page)
        if first != twin.page:
            yield twin.page, f"{first} translates {twin.original} too"


def _claimed(env: BuildEnvironment) -> Iterator[Twin]:
    for page in sorted(env.found_docs):
        name = env.metadata.get(page, {}).get("translation_of")
        if name:
            original = posixpath.normpath(posixpath.join(posixpath.dirname(page), name))
            yield Twin(page, original, contents.language(env, page))
