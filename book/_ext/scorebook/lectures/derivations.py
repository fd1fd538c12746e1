"""Each derivation on a page can be taken out of the book.

Below the steps that a page shows stands a line with the derivation's stable name, the version, how
it was checked, and the files of all of it (`exports`), written to `derivations/` beside the pages.
The directive `derivation-index` lists all derivations with the places where they stand. The LaTeX
that is copied comes as a script, which is loaded on a click and so works from disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from scorebook import contents, state
from scorebook.lectures.exports import (
    ALL,
    FORMS,
    LABELS,
    Export,
    Exports,
    copied_file,
    file_name,
    release,
)
from scorebook.pages import citing
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

from scorelab import derivations
from scorelab.derivations import export

FOLDER = "derivations"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where a page shows a derivation, or a part of it.

    Attributes:
        page: The document.
        heading: The heading above it.
        first: The first step that stands there.
        last: The last one.
    """

    page: str
    heading: str
    first: str
    last: str


class takeaway(nodes.General, nodes.Element):
    """The line below the steps: of the derivation ``name``, the place ``place``."""


class catalogue(nodes.General, nodes.Element):
    """The list of all derivations."""


class DerivationIndex(SphinxDirective):
    """All derivations with their places, marks and files, and what each says."""

    option_spec: ClassVar[dict] = {}

    def run(self) -> list[nodes.Node]:
        """Leave a place for the list: where the derivations stand is known once all is read."""
        state.of_pages(self.env).derivation_indexes.add(self.env.docname)
        package = Path(derivations.__file__).parent
        for file in sorted([*package.glob("catalogue/*.py"), *package.glob("text/en/*.toml")]):
            self.env.note_dependency(str(file))
        exports = state.of_build(self.env.app).exports
        texts = [
            _theorem(exports[name], "".join(_links(self.env.app, self.env.docname, name, "es")))
            for name in derivations.available()
        ]
        heading = nodes.raw("", "<h2>What each says, of what, and by whom</h2>", format="html")
        return [catalogue(), heading, *self.parse_text_to_nodes("\n\n".join(texts))]


def _theorem(made: Export, spanish: str) -> str:
    """Statement, assumptions and sources, folded, in Markdown; the links to the Spanish files."""
    listed = {"Assumed": made.assumptions, "Sources": made.sources}
    lists = [
        f"*{what}:*\n\n" + "\n".join(f"- {' '.join(item.split())}" for item in items)
        for what, items in listed.items()
    ]
    head = f":::{{dropdown}} {made.title}\n:name: {_statement(made.name)}"
    files = f'<div class="how spanish" lang="es"><span>En español:</span> {spanish}</div>'
    return "\n\n".join([head, _apart(made.statement), *lists, files, ":::"])


def _apart(markdown: str) -> str:
    """Displayed formulas between empty lines: MyST takes one in a paragraph for two empty ones."""
    formula = re.compile(r"\s*\$\$\s*(.+?)\s*\$\$\s*", re.S)
    inline = re.compile(r"(?<!\$)\$[^$]+\$(?!\$)")  # a line of it that begins with + is no list
    markdown = inline.sub(lambda whole: " ".join(whole[0].split()), markdown)
    return formula.sub(r"\n\n$$\n\1\n$$\n\n", markdown).strip()


def register(app: Sphinx) -> None:
    """Make known the nodes, the directive and the digest of what is exported."""
    app.add_node(takeaway)
    app.add_node(catalogue)
    app.add_directive("derivation-index", DerivationIndex)
    app.add_config_value("derivations_as_exported", "", "html", str)


def open_exports(app: Sphinx, config: Config) -> None:
    exports = Exports(Path(app.outdir).parent / ".derivations")
    state.of_build(app).exports = exports
    config.derivations_as_exported = exports.digest  # if it is another, pages are written again


# While pages are read: what stands where


def forget_page(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    state.of_pages(env).derivation_indexes.discard(page)
    places = state.of_pages(env).derivation_places
    for name, all_places in list(places.items()):
        kept = [place for place in all_places if place.page != page]
        places[name] = kept
        if not kept:
            del places[name]


def find_derivations(app: Sphinx, doctree: nodes.document) -> None:
    page = app.env.docname
    if contents.is_translation(app.env, page):
        return
    for block in list(doctree.findall(nodes.container)):
        shown = [math for math in block.findall(nodes.math_block) if "step" in math]
        if "derivation" not in block["classes"] or not shown:
            continue
        name = shown[0]["derivation"]
        places = state.of_pages(app.env).derivation_places.setdefault(name, [])
        if not any(place.page == page for place in places):
            block["ids"].append(_anchor(name))
            domain = app.env.get_domain("std")
            if _anchor(name) not in domain.labels:
                domain.anonlabels[_anchor(name)] = (page, _anchor(name))
                domain.labels[_anchor(name)] = (page, _anchor(name), name)
        places.append(Place(page, _heading(block), shown[0]["step"], shown[-1]["step"]))
        block += takeaway("", name=name, place=places[-1])


def _heading(node: nodes.Node) -> str:
    while node is not None and not isinstance(node, nodes.section):
        node = node.parent
    return node.next_node(nodes.title).astext() if node is not None else ""


def _anchor(name: str) -> str:
    return f"derivation-{name}"


def _statement(name: str) -> str:
    return f"statement-{name}"


def pages_with_an_index(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The lists of all derivations, if one stands elsewhere than before."""
    now = {
        name: [(*astuple(place), env.titles[place.page].astext()) for place in places]
        for name, places in state.of_pages(env).derivation_places.items()
    }
    known = state.of_pages(env)
    changed = known.derivations_listed != now
    known.derivations_listed = now
    return sorted(state.of_pages(env).derivation_indexes) if changed else []


# While pages are written


def write_lines(app: Sphinx, doctree: nodes.document, page: str) -> None:
    if app.builder.format != "html":
        return
    for node in list(doctree.findall(takeaway)):
        html = _line(app, page, node["name"], node["place"])
        node.replace_self(nodes.raw("", html, format="html"))
    for node in list(doctree.findall(catalogue)):
        html = "\n".join(_catalogue(app, page))
        node.replace_self(nodes.raw("", html, format="html"))


def _line(app: Sphinx, page: str, name: str, place: Place | None) -> str:
    """The line of one derivation; `place` is where it stands if it stands on this page."""
    made = state.of_build(app).exports[name]
    address = _address(app.builder, page, place, name)
    words = [
        f'<a class="name" href="{address}"><code>{name}</code></a>',
        f'<span class="version">version {escape(release())}</span>',
        f'<span class="verdict">{made.mark}</span>',
    ]
    for index in sorted(state.of_pages(app.env).derivation_indexes)[:1]:
        there = "" if index == page else app.builder.get_relative_uri(page, index)
        words.append(f'<a href="{there}#{_statement(name)}">statement, hypotheses, sources</a>')
    if place and place.page == page and (part := _part(made, place)):
        words.append(f'<span class="part">{part}</span>')
    cite = citing.fold(app, page, f"scorelab-{name}", made.title, at=address, line=made.citation)
    latex = _file_address(app.builder, page, copied_file(name))
    return (
        f'<div class="takeaway" role="group" aria-label="Derivation {name}" data-name="{name}"'
        f' data-latex="{latex}">'
        f'<p class="what">{" ".join(words)}</p>'
        f'<div class="how">{"".join(_links(app, page, name))}'
        f"{cite}</div></div>"
    )


def _part(made: Export, place: Place) -> str:
    """Which steps stand here, if not all do."""
    names = [step for step, _ in made.steps]
    first, last = names.index(place.first) + 1, names.index(place.last) + 1
    if (first, last) == (1, len(names)):
        return ""
    which = f"step {first}" if first == last else f"steps {first}–{last}"
    return f"here: {which} of {len(names)}"


def _links(app: Sphinx, page: str, name: str, language: str = "en") -> Iterator[str]:
    for form in FORMS[language]:
        how = export.FORMATS[form]
        address = _file_address(app.builder, page, file_name(name, form, language))
        download = "" if how.extension == ".html" else " download"
        label = LABELS.get(form, form)
        yield (
            f'<a href="{address}"{download} title="{escape(how.says)}">{escape(label)}'
            f'<span class="sr"> of {name}</span></a>'
        )


def _catalogue(app: Sphinx, page: str) -> Iterator[str]:
    """The list: the derivations in the order of the book, below the pages where they stand."""
    places = state.of_pages(app.env).derivation_places
    for name in derivations.available():
        if name not in places:
            logger.warning("the derivation %s stands on no page", name, type="derivations")
    first = {name: places[name][0] if name in places else None for name in derivations.available()}
    yield '<div class="catalogue">'
    for where, names in groupby(first, key=lambda name: first[name] and first[name].page):
        if where:
            title = escape(app.env.titles[where].astext())
            address = app.builder.get_relative_uri(page, where)
            yield f'<h2><a href="{address}">{title}</a></h2>'
        for name in names:
            title = escape(state.of_build(app).exports[name].title)
            heading = escape(first[name].heading) if first[name] else ""
            stands = f'<span class="where">{heading}</span>'
            yield f"<h3>{title}</h3>{stands}{_line(app, page, name, first[name])}"
    yield "</div>"
    files = {
        ALL: "all files of all derivations",
        export.MACROS_FILE: "the macros of the .tex files",
    }
    for file, says in files.items():
        address = _file_address(app.builder, page, file)
        yield f'<p><a href="{address}" download>{file}</a>: {says}</p>'


def _address(builder: Builder, page: str, place: Place | None, name: str) -> str:
    if place is None:
        return _file_address(builder, page, file_name(name, next(iter(export.FORMATS))))
    there = "" if place.page == page else builder.get_relative_uri(page, place.page)
    return f"{there}#{_anchor(name)}"


def _file_address(builder: Builder, page: str, file: str) -> str:
    return relative_uri(builder.get_target_uri(page), f"{FOLDER}/{file}")


def write_files(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    known = state.of_pages(app.env)
    names = derivations.available() if known.derivation_indexes else list(known.derivation_places)
    if names:
        state.of_build(app).exports.write(Path(app.outdir, FOLDER), names)
