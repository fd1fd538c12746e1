"""Indices made from the book itself: of figures and films, and of algorithms.

``{figure-index}`` lists every figure and film with its number. ``{algorithm-index}`` takes lines
``scorelab.module.name: words`` and finds the sections that show the function's source, and the
first one whose code calls it; a function that is nowhere is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from docutils import nodes
from scorebook import contents, state
from scorebook.tables import table
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors import EnvironmentCollector
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)
KINDS = ("shown", "called", "asked")  # the source, a call, a call in an exercise
PICTURES = {"picture": "Figure", "film": "Film"}


class index_place(nodes.General, nodes.Element):
    """Where an index will stand; ``kind`` is ``figures`` or ``algorithms``."""


class FigureIndex(SphinxDirective):
    """The directive ``figure-index``."""

    def run(self) -> list[nodes.Node]:
        state.of_pages(self.env).index_pages.add(self.env.docname)
        return [index_place(kind="figures")]


class AlgorithmIndex(SphinxDirective):
    """The directive ``algorithm-index``, with a line for each algorithm."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        rows = []
        for line in filter(None, map(str.strip, self.content)):
            name, colon, words = line.partition(": ")
            if not (colon and name.startswith("scorelab.") and words):
                raise self.error(f"not `scorelab.module.name: words`: {line}")
            rows.append((name, words))
        state.of_pages(self.env).index_pages.add(self.env.docname)
        return [index_place(kind="algorithms", rows=rows)]


class CodePlaces(EnvironmentCollector):
    """For each page, the sections that show or call what the package defines."""

    def clear_doc(self, app: Sphinx, env: BuildEnvironment, docname: str) -> None:
        state.of_pages(env).code_places.pop(docname, None)

    def merge_other(
        self, app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment
    ) -> None:
        found = state.of_pages(other).code_places
        state.of_pages(env).code_places |= {page: found[page] for page in docnames & found.keys()}

    def process_doc(self, app: Sphinx, doctree: nodes.document) -> None:
        found: dict[str, dict[str, tuple[str, str]]] = {kind: {} for kind in KINDS}
        for block in doctree.findall(nodes.literal_block):
            section = _section(block)
            if section is None:
                continue
            if re.search(r"/scorelab/(?!derivations/)[\w/]+\.py$", block.get("source") or ""):
                names = re.findall(r"^(?:def|class) (\w+)", block.astext(), re.M)
                kind = "shown"
            else:
                names, kind = re.findall(r"\b(\w+)[(.]", block.astext()), "called"
            if kind == "called" and contents.kind_of(section) == "exercises":
                kind = "asked"
            place = section["ids"][0], section.children[0].astext()
            for name in names:
                found[kind].setdefault(name, place)
        state.of_pages(app.env).code_places[app.env.docname] = found


class WriteIndices(SphinxPostTransform):
    """Puts the tables in place, before references are resolved."""

    def run(self, **kwargs: object) -> None:
        for place in list(self.document.findall(index_place)):
            rows = self._figures() if place["kind"] == "figures" else self._algorithms(place)
            heads = {
                "figures": ["figure", "what it shows", "chapter"],
                "algorithms": ["algorithm", "function", "where"],
            }[place["kind"]]
            place.replace_self(table(heads, rows, "index-table", place["kind"]))

    def _figures(self) -> Iterator[list[list[nodes.Node]]]:
        things = self.env.get_domain("named").things
        for page in contents.order(self.env):
            numbers = self.env.toc_fignumbers.get(page, {}).get("figure", {})
            for thing in things.get(page, []):
                if thing.kind not in PICTURES or thing.anchor not in numbers:
                    continue
                number = ".".join(map(str, numbers[thing.anchor]))
                link = self._link(page, thing.anchor, f"{PICTURES[thing.kind]} {number}")
                caption = [node.deepcopy() for node in thing.caption]
                yield [[link], caption, [nodes.Text(self.env.titles[page].astext())]]

    def _algorithms(self, place: index_place) -> Iterator[list[list[nodes.Node]]]:
        for name, words in place["rows"]:
            short = name.rpartition(".")[2]
            target = addnodes.pending_xref(
                "",
                nodes.literal("", short),
                refdomain="py",
                reftype="obj",
                reftarget=name,
                refdoc=self.env.docname,
                refexplicit=True,
                refwarn=True,
            )
            where = self._where(short)
            if not where:
                logger.warning("no chapter shows or calls %s", name, location=place, type="indices")
            yield [[nodes.Text(words)], [target], where]

    def _where(self, name: str) -> list[nodes.Node]:
        """Links to the first section that calls it and to those that show its source."""
        found: dict[str, list[tuple[str, str, str]]] = {kind: [] for kind in KINDS}
        for page in contents.chapters(self.env):
            for kind, names in state.of_pages(self.env).code_places.get(page, {}).items():
                if name in names:
                    found[kind].append((page, *names[name]))
        places = {*found["shown"], *found["called"][:1]} or set(found["asked"][:1])
        pages = contents.chapters(self.env)
        links: list[nodes.Node] = []
        for page, anchor, title in sorted(places, key=lambda p: (pages.index(p[0]), p[1])):
            words = f"{self.env.titles[page].astext()}: {title}"
            links += [nodes.Text("; ")] * bool(links) + [self._link(page, anchor, words)]
        return links

    def _link(self, page: str, anchor: str, words: str) -> nodes.reference:
        uri = f"{self.app.builder.get_relative_uri(self.env.docname, page)}#{anchor}"
        return nodes.reference("", words, internal=True, refuri=uri)


def register(app: Sphinx) -> None:
    """Make known the directives and what collects for them."""
    app.add_node(index_place)
    app.add_directive("figure-index", FigureIndex)
    app.add_directive("algorithm-index", AlgorithmIndex)
    app.add_env_collector(CodePlaces)


def pages_with_an_index(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """They are written anew at every build in which a page was read."""
    pages = state.of_pages(env).index_pages & env.found_docs
    return sorted(pages) if contents.anything(app) else []


def _section(node: nodes.Node) -> nodes.section | None:
    """The section that holds a node; an exercise is not one."""
    while node is not None:
        if isinstance(node, nodes.section) and isinstance(node.children[0], nodes.title):
            return node
        node = node.parent
    return None
