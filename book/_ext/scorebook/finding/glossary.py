"""The glossary's words in the chapters: linked where a chapter first uses them, with a preview.

The links are made when pages are written, so that chapters need no markup. Each page carries the
definitions that it links to in a ``<template>``: previews work from disk, and cost nothing until
they are shown.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

from docutils import nodes
from scorebook import contents, state
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform

PAGE = "book/reference/glossary"
# Where a link would disturb, or where words are not prose.
NO_PLACE = (
    nodes.title, nodes.caption, nodes.table, nodes.literal, nodes.literal_block, nodes.math,
    nodes.math_block, nodes.reference, nodes.raw, nodes.term, nodes.rubric, nodes.Invisible,
    addnodes.desc, addnodes.pending_xref,
)  # fmt: skip
# Everyday words, which are terms only in the part of the book that introduces them.
EVERYDAY = ("excess",)
NO_PLACE_TAGS = ("cell_code", "exercise_title", "solution_title", "fold_title")


@dataclass(frozen=True)
class Entry:
    """One entry of the glossary.

    Attributes:
        words: Its words; all but the first are other names of the same.
        anchors: Their anchors on the glossary's page, in the same order.
        home: The page on which the entry is introduced.
    """

    words: tuple[str, ...]
    anchors: tuple[str, ...]
    home: str | None


class LinkFirstUses(SphinxPostTransform):
    """Links the first use of each word in a chapter, but for what stands in `NO_PLACE`."""

    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        page = self.env.docname
        if page not in contents.chapters(self.env) or PAGE not in self.env.found_docs:
            return
        entries = [entry for entry in known_entries(self.env) if _is_term(entry, page)]
        if not entries:
            return
        pattern = matcher([word for entry in entries for word in entry.words])
        by_word = {_plain(word): (entry, i) for entry in entries
                   for i, word in enumerate(entry.words)}  # fmt: skip
        address = self.app.builder.get_relative_uri(page, PAGE)
        used: set[Entry] = set()
        for text in list(self.document.findall(nodes.Text)):
            if _is_prose(text):
                self._link(text, pattern, by_word, address, used)

    def _link(self, text, pattern, by_word, address: str, used: set[Entry]) -> None:
        pieces: list[nodes.Node] = []
        whole, end = text.astext(), 0
        for match in pattern.finditer(whole):
            entry, i = by_word[_plain(match["word"])]
            if entry in used:
                continue
            used.add(entry)
            pieces.append(nodes.Text(whole[end : match.start()]))
            uri = f"{address}#{entry.anchors[i]}"
            pieces.append(
                nodes.reference("", match[0], internal=True, refuri=uri, classes=["word"])
            )
            end = match.end()
        if pieces:
            text.parent.replace(text, [*pieces, nodes.Text(whole[end:])])


def register(app: Sphinx) -> None:
    """Have all pages written anew when the glossary changes."""
    app.add_config_value("glossary_digest", "", "html")


def matcher(words: list[str]) -> re.Pattern[str]:
    """Finds any of the words, the longest first; in its group ``word`` without the plural's s.

    Lower case stands for both cases, a word in capitals for itself.
    """
    choices = []
    for word in sorted(words, key=len, reverse=True):
        spelt = r"\s+".join(re.escape(part) for part in word.split())
        spelt = re.sub(r"['’]", "['’]", spelt)
        choices.append(spelt if word.isupper() else f"(?i:{spelt})")
    return re.compile(rf"(?<![\w-])(?P<word>{'|'.join(choices)})s?(?![\w-])")


def known_entries(env: BuildEnvironment) -> list[Entry]:
    """The entries of the glossary, from its page as it was read."""
    build = state.of_build(env.app)
    if build.glossary_entries is None:
        found = []
        document = env.get_doctree(PAGE) if PAGE in env.found_docs else None
        for item in document.findall(nodes.definition_list_item) if document else ():
            terms = [n for n in item.children if isinstance(n, nodes.term)]
            anchors = tuple(n["ids"][0] for n in terms)
            words = tuple(n.astext() for n in terms)
            found.append(Entry(words, anchors, _home(env, item)))
        build.glossary_entries = found
    return build.glossary_entries


def definitions(app: Sphinx) -> dict[str, str]:
    """The HTML of each definition, by the anchor of its word; links are words only."""
    build = state.of_build(app)
    if build.glossary_definitions is None:
        document = app.env.get_doctree(PAGE)
        app.env.apply_post_transforms(document, PAGE)
        found = {}
        for item in document.findall(nodes.definition_list_item):
            terms = [n for n in item.children if isinstance(n, nodes.term)]
            body = next(n for n in item.children if isinstance(n, nodes.definition)).deepcopy()
            for link in list(body.findall(nodes.reference)):
                link.replace_self(link.children)
            paragraphs = nodes.container("", *body.children)
            html = app.builder.render_partial(paragraphs)["fragment"]
            names = " or ".join(escape(n.astext()) for n in terms)
            for term in terms:
                found[term["ids"][0]] = f"<p><strong>{names}</strong></p>{html}"
        build.glossary_definitions = found
    return build.glossary_definitions


def add_definitions(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    if doctree is None or page == PAGE or not isinstance(app.builder, StandaloneHTMLBuilder):
        return
    address = f"{app.builder.get_relative_uri(page, PAGE)}#"
    targets = dict.fromkeys(
        link["refuri"].removeprefix(address)
        for link in doctree.findall(nodes.reference)
        if link.get("refuri", "").startswith(address)
    )
    if targets:
        known = definitions(app)
        boxes = "".join(
            f'<div data-word="{target}">{known[target]}</div>'
            for target in targets
            if target in known
        )
        context["body"] += f'<template id="words">{boxes}</template>'


def _home(env: BuildEnvironment, item: nodes.definition_list_item) -> str | None:
    """The page to which the entry's last reference leads."""
    equations = env.get_domain("math").equations
    labels = env.get_domain("std").anonlabels
    for link in reversed(list(item.findall(addnodes.pending_xref))):
        target = link["reftarget"]
        if link["reftype"] == "eq" and target in equations:
            return equations[target][0]
        if link.get("refdomain") == "doc":
            return target
        if target in labels:
            return labels[target][0]
    return None


def _is_prose(text: nodes.Text) -> bool:
    node = text.parent
    prose = False
    while node is not None:
        if isinstance(node, NO_PLACE) or node.tagname in NO_PLACE_TAGS:
            return False
        if node.get("nb_element") == "cell_code":
            return False
        prose = prose or isinstance(node, nodes.paragraph)
        node = node.parent
    return prose


def _is_term(entry: Entry, page: str) -> bool:
    everyday = entry.words[0] in EVERYDAY
    return not everyday or Path(page).parent == Path(entry.home or "").parent


def _plain(word: str) -> str:
    """A word as a key: one spelling of spaces, apostrophes and, if not in capitals, of case."""
    word = " ".join(word.split()).replace("’", "'")
    return word if word.isupper() else word.lower()


def watch_glossary(app: Sphinx, config: object) -> None:
    source = Path(app.srcdir, f"{PAGE}.md")
    content = source.read_bytes() if source.is_file() else b""
    config.glossary_digest = hashlib.sha256(content).hexdigest()
