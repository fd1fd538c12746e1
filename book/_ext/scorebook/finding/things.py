"""What the book gives a name to: equations, derivations and their steps, figures, exercises, terms.

The domain ``named`` collects them as pages are read. Search finds them by their names and leads to
their anchors; the indices and the line 'From before' are made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from docutils import nodes
from scorebook import contents
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains import Domain, ObjType
from sphinx.environment import BuildEnvironment

from scorelab import derivations

# Kind: what a result of the search is called, and its rank (0 comes first).
KINDS = {
    "derivation": ("derivation", 0),
    "formula": ("equation", 0),
    "step": ("step of a derivation", 1),
    "word": ("term", 1),
    "picture": ("figure", 2),
    "film": ("film", 2),
    "listing": ("table", 2),
    "task": ("exercise", 2),
}


@dataclass(frozen=True)
class Thing:
    """Something with a name.

    Attributes:
        kind: One of `KINDS`.
        label: What the sources call it.
        anchor: Where it is on its page.
        title: Words for readers.
        caption: For pictures and films, the nodes of the caption's first sentence.
    """

    kind: str
    label: str
    anchor: str
    title: str
    caption: tuple[nodes.Node, ...] = field(default=(), compare=False)


class NamedDomain(Domain):
    """Lists things for the search; references to them stay with the domains that have them."""

    name = "named"
    label = "Things with a name"
    object_types: ClassVar = {
        kind: ObjType(words, searchprio=rank) for kind, (words, rank) in KINDS.items()
    }
    initial_data: ClassVar = {"things": {}, "introduced": {}}
    data_version = 2

    @property
    def things(self) -> dict[str, list[Thing]]:
        """The things of each English page, in its order: a translation has them once more."""
        return {
            page: things
            for page, things in self.data["things"].items()
            if not contents.is_translation(self.env, page)
        }

    def get_type_name(self, type: ObjType, primary: bool = False) -> str:
        """Its own words: 'equation', not 'Things with a name equation'."""
        return type.lname

    def clear_doc(self, docname: str) -> None:
        self.data["things"].pop(docname, None)
        self.data["introduced"].pop(docname, None)

    def merge_domaindata(self, docnames: Iterable[str], otherdata: dict) -> None:
        for kept in ("things", "introduced"):
            self.data[kept] |= {k: v for k, v in otherdata[kept].items() if k in docnames}

    def process_doc(self, env: BuildEnvironment, docname: str, document: nodes.document) -> None:
        self.data["things"][docname] = list(found_things(document))
        self.data["introduced"][docname] = introduced(document)

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        names = self._names_of_equations()
        for docname, things in self.things.items():
            for thing in things:
                title = (
                    f"{names[thing.label]} · {thing.label}"
                    if thing.label in names
                    else (thing.title)
                )
                # Search takes what precedes the last dot for the name of a module.
                shown = re.sub(r"\.(?=\d)", "·", title).replace(".", "")
                # A name that is not also an anchor: search would abbreviate it by the title.
                name = f"{thing.kind}:{thing.label}".replace(" ", "-")
                yield name, shown, thing.kind, docname, thing.anchor, KINDS[thing.kind][1]

    def _names_of_equations(self) -> dict[str, str]:
        """What the glossary calls the equations at which its words are introduced."""
        steps = {t.label for things in self.things.values() for t in things if t.kind == "step"}
        names: dict[str, list[str]] = {}
        for words in self.data["introduced"].values():
            for word, label in words.items():
                names.setdefault(label, []).append(word)
        return {
            label: ", ".join(words)
            for label, words in names.items()
            if label not in steps  # a step has a title of its own
        }


def register(app: Sphinx) -> None:
    """Make known the domain."""
    app.add_domain(NamedDomain)


def found_things(document: nodes.document) -> Iterator[Thing]:
    """Everything on a page that has a name, in order."""
    begun: set[str] = set()
    for node in document.findall(nodes.Element):
        if isinstance(node, nodes.math_block) and node.get("label"):
            label = node["label"]
            anchor = nodes.make_id(f"equation-{label}")
            if "step" not in node:
                yield Thing("formula", label, anchor, f"{_spoken(label)} · {label}")
                continue
            derivation = node["derivation"]
            title = derivations.title(derivation)
            if derivation not in begun:
                begun.add(derivation)
                yield Thing("derivation", derivation, anchor, f"{title} · {derivation}")
            yield Thing("step", label, anchor, f"{title}: {_spoken(node['step'])} · {label}")
        elif isinstance(node, nodes.figure) and node.get("names"):
            kind = "film" if any(n.tagname == "film" for n in node.findall()) else "picture"
            caption = first_sentence(node)
            words = " ".join("".join(n.astext() for n in caption).split()).rstrip(".")
            label = node["names"][0]
            yield Thing(kind, label, node["ids"][0], f"{words} · {label}", caption)
        elif isinstance(node, nodes.table) and node.get("names"):
            heads = [n.astext() for n in node.findall(nodes.title)]
            label = node["names"][0]
            yield Thing("listing", label, node["ids"][0], f"{' '.join(heads)} · {label}")
        elif node.tagname.startswith("exercise") and node.get("label"):
            heads = [n.astext() for n in node.findall() if n.tagname == "exercise_subtitle"]
            label = node["label"]
            anchor = node["ids"][0] if node.get("ids") else label
            yield Thing("task", label, anchor, f"{' '.join(heads).strip('()')} · {label}")
        elif isinstance(node, nodes.term) and node.get("ids") and _in_glossary(node):
            yield Thing("word", node.astext(), node["ids"][0], node.astext())


def introduced(document: nodes.document) -> dict[str, str]:
    """For each word of a glossary on the page, the equation at which it is introduced, if any."""
    found = {}
    for item in document.findall(nodes.definition_list_item):
        if not _in_glossary(item):
            continue
        links = [
            n["reftarget"] for n in item.findall(addnodes.pending_xref) if n["reftype"] == "eq"
        ]
        words = [n.astext() for n in item.children if isinstance(n, nodes.term)]
        if links:
            found[words[0]] = links[-1]
    return found


def first_sentence(figure: nodes.figure) -> tuple[nodes.Node, ...]:
    """Copies of what a caption holds up to the end of its first sentence."""
    kept: list[nodes.Node] = []
    for caption in figure.findall(nodes.caption):
        for node in caption.children:
            end = re.search(r"[.?!](?=\s|$)", node.astext()) if _is_text(node) else None
            if end:
                return (*kept, nodes.Text(node.astext()[: end.end()]))
            kept.append(node.deepcopy())
    return tuple(kept)


def _spoken(label: str) -> str:
    return label.removeprefix("eq-").replace("-", " ")


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Text)


def _in_glossary(node: nodes.Node) -> bool:
    while node is not None and not isinstance(node, addnodes.glossary):
        node = node.parent
    return node is not None


def unlist_words(app: Sphinx, document: nodes.document) -> None:
    """Drops the glossary's entries of an index: search would show each as 'Glossary'."""
    for glossary in document.findall(addnodes.glossary):
        for entry in list(glossary.findall(addnodes.index)):
            entry.parent.remove(entry)
