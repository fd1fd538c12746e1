"""What is on the deck of a chapter, in the order of its text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from docutils import nodes
from scorebook.contents import kind_of
from scorebook.lectures.slides.derived import brought, heading, inline, remarks_of
from scorebook.lectures.slides.marks import SECTIONS, slide, slide_title, slides
from scorebook.pages.figures import film
from sphinx.util import logging

logger = logging.getLogger(__name__)

ROOM = 12.5  # in lines, as the mark of a step stands beside its reason
ROWS_A_SLIDE = 10
WORDS = 110  # of a section's opening
PROSE = (
    nodes.paragraph,
    nodes.math_block,
    nodes.bullet_list,
    nodes.enumerated_list,
    nodes.block_quote,
)
# Sections that a lecture does without.
UNTOLD = ("exercises", "further-reading")


@dataclass
class Item:
    """One slide to be.

    Attributes:
        kind: `objectives`, `question`, `summary`, `text`, `prose`, `derivation`, `equation`,
            `figure` or `measured`.
        name: By which it is chosen and linked to.
        step: Of a derivation, its name and the step's.
        title: The nodes of its heading.
        content: The nodes on it.
        notes: The prose of the chapter since the item before.
        left_out: How many rows of a table are not on this slide or the ones beside it.
        anchor: Of its section on the chapter's page.
        steps: Of a derivation, the names of all steps on the slide.
        kicker: The nodes of its section's heading, where the title says what is proved.
        section: The nodes of the heading of the chapter's section that it is in.
        part: The anchor of that section.
        rows: Of a whole table of measurements, the claim of each, and whether the deck shows it.
    """

    kind: str
    name: str
    title: list[nodes.Node]
    content: list[nodes.Node]
    notes: list[nodes.Node] = field(default_factory=list)
    left_out: int = 0
    anchor: str = ""
    step: tuple[str, str] = ("", "")
    steps: list[str] = field(default_factory=list)
    kicker: list[nodes.Node] = field(default_factory=list)
    section: list[nodes.Node] = field(default_factory=list)
    part: str = ""
    rows: list[tuple[str, bool]] = field(default_factory=list)


def items_of(doctree: nodes.document) -> list[Item]:
    """The items of a page that asks a question, none for any other page."""
    sections = [s for s in doctree.findall(nodes.section) if kind_of(s) == "question"]
    marks = list(doctree.findall(slides))
    if not sections:
        return []
    for twice in marks[1:]:
        logger.warning("a chapter has one list of slides", location=twice, type="slides")
    choice = Choice(marks[0] if marks else None)
    items = choice.entitle(_items(sections[0].parent))
    items = list(_grouped(_chosen(items, choice)))
    choice.complain()
    return items


def candidates_of(doctree: nodes.document) -> list[tuple[Item, bool]]:
    """All that could be a slide of a page that asks a question, and whether its own deck shows it.

    Each step stands alone, a table of measurements is whole.
    """
    sections = [s for s in doctree.findall(nodes.section) if kind_of(s) == "question"]
    if not sections:
        return []
    mark = next(iter(doctree.findall(slides)), None)
    choice = Choice(mark)
    items = choice.entitle(_items(sections[0].parent))
    taken = _taken_with_definitions(items, choice, quiet=True)
    for item in items:
        if item.kind == "measured":
            claims = [row.children[0].astext() for row in _rows(item.content[0])]
            item.rows = list(zip(claims, choice.rows(claims), strict=True))
    return [(_titled(item), shown) for item, shown in zip(items, taken, strict=True)]


class Choice:
    """The author's list, and which of its lines have been of use.

    Args:
        mark: The list, or None for a deck with all that there is.
    """

    def __init__(self, mark: slides | None) -> None:
        self.mark = mark
        self.without = mark is None or mark["without"]
        self.wanted: dict[str, list[str]] = {}
        self.titles: dict[str, str] = {}
        for line in mark["lines"] if mark else []:
            name, _, which = line.partition(":")
            if name.startswith(("fig-", "eq-")):
                self.titles[name], which = which.strip(), ""
            words = which.split("|") if name in SECTIONS else which.split()
            wanted = self.wanted.setdefault(name.strip(), [])
            wanted += [word.strip() for word in words if word.strip()]
        self.unused = {
            (name, word) for name, words in self.wanted.items() for word in words or [""]
        }

    def takes(self, item: Item) -> bool:
        """Whether an item is on the deck."""
        if item.kind == "text":
            return True
        if item.kind in ("equation", "prose") and self.without:
            return False
        return any(self._named(item)) != self.without

    def entitle(self, items: Iterable[Item]) -> list[Item]:
        """The items, the figures and equations among them with the titles that the author gave."""
        items = list(items)
        for item in items:
            if title := self.titles.get(item.name):
                item.kicker, item.title = item.title, list(inline(title))
        return items

    def rows(self, claims: list[str]) -> list[bool]:
        """Which rows of a table are shown, given their claims."""
        words = self.wanted.get("measured", [])
        if not words:
            return [True] * len(claims)
        return [any(self._said(word, claim) for word in words) != self.without for claim in claims]

    def complain(self) -> None:
        """Warn of each name that is nothing in this chapter."""
        for name, word in sorted(self.unused):
            what = f"{name}: {word}" if word else name
            logger.warning("no such slide: %s", what, location=self.mark, type="slides")

    def _named(self, item: Item) -> Iterator[bool]:
        for name, words in self.wanted.items():
            if item.kind == "measured" and name == "measured":
                self.unused.discard((name, ""))
                # Rows that are left out leave the table on the deck.
                yield not (self.without and words)
            elif item.kind == "derivation":
                derivation, step = item.step
                for word in words or [""]:
                    if name == derivation and word in (step, ""):
                        self.unused.discard((name, word))
                        yield True
            elif item.name == name:
                self.unused.discard((name, ""))
                yield True

    def _said(self, word: str, claim: str) -> bool:
        found = word in claim
        if found:
            self.unused.discard(("measured", word))
        return found


def _items(chapter: nodes.section) -> Iterator[Item]:
    """Everything that could be a slide; prose becomes the notes of what comes after it."""
    prose: list[nodes.Node] = []
    title = chapter.next_node(nodes.title)
    for child in chapter.children:
        if isinstance(child, nodes.section):
            if kind_of(child) not in UNTOLD:
                for item in [*_opening(child), *_section(child, prose)]:
                    item.section = child.next_node(nodes.title).children
                    item.part = _anchor(child)
                    yield item
        elif isinstance(child, nodes.Admonition) and "objectives" in child["classes"]:
            heading, *content = child.children
            yield Item("objectives", "objectives", heading.children, content)
        elif isinstance(child, slide):
            item = _marked(child, chapter, prose)
            item.section = title.children
            yield item


def _opening(section: nodes.section) -> Iterator[Item]:
    """The first sentences of a section, for those who ask for them by its anchor."""
    heading, *children = section.children
    if kind_of(section):
        return
    opening: list[nodes.Node] = []
    for child in children:
        words = sum(len(node.astext().split()) for node in opening)
        if isinstance(child, (nodes.target, nodes.comment)):
            continue
        if not isinstance(child, PROSE) or words + len(child.astext().split()) > WORDS:
            break
        opening.append(child)
    if opening:
        anchor = _anchor(section)
        yield Item("prose", anchor, heading.children, opening, anchor=anchor)


def _section(section: nodes.section, prose: list[nodes.Node]) -> Iterator[Item]:
    heading, *children = section.children
    name = kind_of(section)
    if name in ("question", "summary") and not any(section.findall(slide)):
        opening = []
        while children and isinstance(children[0], (*PROSE, nodes.target, nodes.comment)):
            opening.append(children.pop(0))
        content = _visible(opening)
        yield Item(name, name, heading.children, content, _taken(prose), anchor=_anchor(section))
    before: nodes.Node | None = None
    last: Item | None = None
    bare: Item | None = None  # an equation that nothing was said before, so what comes after it is
    for child in children:
        said = child.children if isinstance(child, slide) else [child]
        if bare and (after := [node for node in said if isinstance(node, PROSE)]):
            bare.notes, bare = after[:1], None
        for item in _of(child, section, before, prose):
            item.notes = _taken(prose) if not item.notes else item.notes
            item.anchor = _anchor(section)
            last = item
            bare = item if item.kind == "equation" and not set(item.notes) - {before} else bare
            yield item
        if isinstance(child, nodes.section):
            yield from _section(child, prose)
        elif isinstance(child, PROSE) and not isinstance(before, slide):
            prose.append(child)
        if isinstance(child, PROSE):
            before = child
    if last is not None:
        last.notes += _taken(prose)


def _of(
    child: nodes.Node, section: nodes.section, before: nodes.Node | None, prose: list[nodes.Node]
) -> Iterator[Item]:
    heading = section.children[0].children
    if isinstance(child, slide):
        yield _marked(child, section, prose)
    elif isinstance(child, nodes.math_block) and child.get("label"):
        lead = [before] if isinstance(before, nodes.paragraph) else []
        yield Item("equation", child["label"], heading, [*lead, child])
    elif isinstance(child, nodes.Element) and not isinstance(child, (nodes.section, *PROSE)):
        for node in child.findall(
            lambda n: isinstance(n, nodes.figure | nodes.table) or _derives(n)
        ):
            if _derives(node):
                yield from _steps(node, heading)
            elif isinstance(node, nodes.table):
                if "measured" in node["classes"]:
                    yield Item("measured", "measured", heading, [node])
            elif any(node.findall(lambda n: isinstance(n, nodes.image | film))):
                yield Item("figure", (node["names"] or node["ids"])[0], heading, [node])


def _marked(node: slide, section: nodes.section, prose: list[nodes.Node]) -> Item:
    titles = [child for child in node if isinstance(child, slide_title)]
    content = [child for child in node if not isinstance(child, slide_title)]
    heading = titles[0] if titles else section.children[0]
    name = nodes.make_id(heading.astext()) or "slide"
    return Item("text", name, heading.children, _visible(content), _taken(prose))


def _steps(derivation: nodes.container, heading: list[nodes.Node]) -> Iterator[Item]:
    """An item for each equation, with the reason before it."""
    reason: list[nodes.Node] = []
    for node in derivation.children:
        if isinstance(node, nodes.math_block):
            # A derivation typed by hand belongs to none of the package's.
            step = node.get("derivation", ""), node.get("step", "")
            yield Item("derivation", node["label"], heading, [*reason, node], step=step)
            reason = []
        elif isinstance(node, nodes.paragraph):
            reason = [node]


def _chosen(items: list[Item], choice: Choice) -> Iterator[Item]:
    """What the author wants; the notes of what is not shown go to what is shown before it."""
    last: Item | None = None
    shown: set[int] = set()
    taken = _taken_with_definitions(items, choice)
    for item, wanted in zip(items, taken, strict=True):
        if wanted:
            shown |= {id(node) for node in item.content}
            item.notes = [node for node in item.notes if id(node) not in shown]
            if item.kind == "measured":
                yield from _tables(item, choice)
            else:
                yield item
            last = item
        elif last is not None:
            last.notes += item.notes


def _taken_with_definitions(
    items: list[Item], choice: Choice, *, quiet: bool = False
) -> list[bool]:
    """Which items are on the deck: those that are chosen, and the definitions that these need."""
    taken = [choice.takes(item) for item in items]
    shown: dict[str, list[str]] = {}
    for item, wanted in zip(items, taken, strict=True):
        if wanted and item.kind == "derivation":
            shown.setdefault(item.step[0], []).append(item.step[1])
    for derivation, steps in shown.items():
        for step, user in brought(derivation, steps):
            place = next((i for i, it in enumerate(items) if it.step == (derivation, step)), None)
            if place is not None:
                taken[place] = True
            elif not quiet:
                logger.warning(
                    "the slide of %s: %s uses what %s defines, which the chapter does not show",
                    *(derivation, user, step),
                    location=choice.mark,
                    type="slides",
                )
    return taken


def _titled(item: Item, before: list[str] | None = None) -> Item:
    """A step under its own title, if it has one, with its section's heading above.

    The speaker is told what was left out since the steps `before`, if that is known.
    """
    if item.kind == "derivation":
        item.steps = item.steps or [item.step[1]]
        if title := heading(item.step[0], item.steps):
            item.kicker, item.title = item.title, title
        item.notes = [*item.notes, *remarks_of(item.step[0], item.steps, before)]
    return item


def _tables(item: Item, choice: Choice) -> Iterator[Item]:
    """Tables that fit on a slide each."""
    table = item.content[0]
    rows = _rows(table)
    shown = [
        index
        for index, wanted in enumerate(choice.rows([row.children[0].astext() for row in rows]))
        if wanted
    ]
    count = -(-len(shown) // ROWS_A_SLIDE)
    for number in range(count):  # as many rows on each, or one more
        part = table.deepcopy()
        body = next(iter(part.findall(nodes.tbody)))
        ends = (number * len(shown) // count, (number + 1) * len(shown) // count)
        body.children = [body.children[i] for i in shown[slice(*ends)]]
        notes = item.notes if number == 0 else []
        yield replace(item, content=[part], notes=notes, left_out=len(rows) - len(shown))


def _grouped(items: Iterable[Item]) -> Iterator[Item]:
    """Steps of a derivation that follow one another share slides, as they do in `to_beamer`."""
    waiting: list[Item] = []
    shown: dict[str, list[str]] = {}
    for item in [*items, None]:
        if waiting and (item is None or not _follows(item, waiting[-1])):
            yield from _frames(waiting, shown.setdefault(waiting[0].step[0], []))
            waiting = []
        if item is not None and item.kind == "derivation":
            waiting.append(item)
        elif item is not None:
            yield item


def _follows(item: Item, last: Item) -> bool:
    return (
        item.kind == "derivation"
        and item.title is last.title
        and item.step[0] == last.step[0]
        and not item.notes
    )


def _frames(steps: list[Item], before: list[str]) -> Iterator[Item]:
    """Their slides; `before` holds the steps that the deck has shown, and grows."""
    # With them comes sympy, which a deck without derivations can do without.
    from scorelab.derivations.export.framing import frames

    sized = [(step.content[0].astext(), step.content[-1].astext()) for step in steps]
    for group in frames(sized, room=ROOM):
        members = [steps[i] for i in group]
        content: list[nodes.Node] = [
            nodes.container("", *(n.deepcopy() for n in m.content), classes=["step"])
            for m in members
        ]
        notes = [note for member in members for note in member.notes]
        names = [member.step[1] for member in members]
        yield _titled(replace(members[0], content=content, notes=notes, steps=names), before)
        before += names


def _rows(table: nodes.table) -> list[nodes.row]:
    """The rows of a table, without its head."""
    return list(next(iter(table.findall(nodes.tbody))).children)


def _anchor(section: nodes.section) -> str:
    return next(iter(section["ids"]), "")


def _derives(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and "derivation" in node["classes"]


def _visible(content: Iterable[nodes.Node]) -> list[nodes.Node]:
    return [node for node in content if not isinstance(node, nodes.Invisible | nodes.target)]


def _taken(prose: list[nodes.Node]) -> list[nodes.Node]:
    """The prose so far; what comes next begins anew."""
    taken = list(prose)
    prose.clear()
    return taken
