"""What a page and its translations say of each other, and the words of the book on them."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import quote

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.locale import admonitionlabels
from sphinx.transforms.post_transforms import SphinxPostTransform

from scorebook import contents, state
from scorebook.translations.twins import twins
from scorebook.words import word, words


class SpeakLanguage(SphinxPostTransform):
    """Translates what Sphinx and MyST-NB say by themselves within a text."""

    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        language = contents.language(self.env, self.env.docname)
        if not words(language):
            return
        for box in list(self.document.findall(nodes.Admonition)):
            label = str(admonitionlabels.get(box.tagname, ""))
            if label and not isinstance(box, nodes.admonition):
                named = nodes.admonition("", ids=box["ids"], names=box["names"])
                named["classes"] = [box.tagname, *box["classes"]]
                named += [nodes.title("", word(label, language)), *box.children]
                box.replace_self(named)
        for cell in self.document.findall(HideCodeCellNode):
            for prompt in ("prompt_show", "prompt_hide"):
                cell[prompt] = word(cell[prompt], language)


def languages_of(env: BuildEnvironment, page: str) -> dict[str, str]:
    """For each language, English first, the page that says the same in it; empty if none else."""
    known = twins(env)
    original = next((twin.original for twin in known if twin.page == page), page)
    others = {twin.language: twin.page for twin in known if twin.original == original}
    return {contents.ENGLISH: original, **dict(sorted(others.items()))} if others else {}


def pages_to_write(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages that lead to another translation than before."""
    pages = {page for twin in twins(env) for page in (twin.page, twin.original)}
    now = {page: languages_of(env, page) for page in pages}
    before = state.of_pages(env).translations
    state.of_pages(env).translations = now
    changed = {page for page in {*now, *before} if now.get(page) != before.get(page)}
    return sorted(changed & env.found_docs)


def describe(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """What the layout needs: the language, its words, and the page in other languages."""
    language = contents.language(app.env, page)
    context["language"] = language
    context["words"] = words(language)
    alternates = languages_of(app.env, page)
    context["alternates"] = {lang: address(app, page, other) for lang, other in alternates.items()}
    context["switch"] = [
        {
            "language": lang,
            "url": app.builder.get_relative_uri(page, other),
            "text": word("English", lang),
        }
        for lang, other in alternates.items()
        if other != page
    ]
    context["foreign"] = {
        app.builder.get_relative_uri(page, other): contents.language(app.env, other)
        for other in app.env.found_docs
        if other != page and contents.language(app.env, other) != contents.ENGLISH
    }
    if "book_contents" in context:
        context["book_contents"] = _marked(context["book_contents"], language, context["foreign"])


def address(app: Sphinx, page: str, other: str) -> str:
    """The address of the page `other`, absolute if that of the book is known."""
    if app.config.html_baseurl:
        return site_address(app, other)
    return posixpath.relpath(app.builder.get_target_uri(other), posixpath.dirname(page) or ".")


def site_address(app: Sphinx, page: str) -> str:
    """The address of a page of a book whose own is known."""
    return app.config.html_baseurl + quote(app.builder.get_target_uri(page))


def _marked(book: str, language: str, foreign: dict[str, str]) -> str:
    """The contents of the book, where titles in another language say so."""
    for uri, spoken in foreign.items():
        book = book.replace(f' href="{uri}">', f' href="{uri}" lang="{spoken}">')
    if language == contents.ENGLISH:
        return book
    here = re.sub(r'(<a class="current[^>]* href="#")', rf'\1 lang="{language}"', book)
    return here.replace('<ul class="sections">', f'<ul class="sections" lang="{language}">')
