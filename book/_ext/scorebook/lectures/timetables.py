"""What the page for lecturers says about time, counted when the book is built.

- `pace` prints the model of `minutes.py`;
- `chapter-minutes` compares the chapters that its lines name;
- `section-minutes PAGE` does it for the sections of one, with the pages that need each of them;
- `course-plan NAME` lists what is told in the lecture of `book/lectures/NAME.yml`, whose deck the
  build makes too (`keeping`). A plan that does not leave time for questions is a warning, so a
  strict build stops.

Pages are read when all of them are, so each table is filled in when its own page is written.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from scorebook import contents, state
from scorebook.finding import numbers
from scorebook.lectures import keeping
from scorebook.lectures.minutes import (
    GRADES,
    PACE,
    Section,
    holding,
    in_cell,
    is_box,
    needed_by,
    sections,
)
from scorebook.lectures.slides.deck import SUFFIX
from scorebook.tables import table
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

from scorelab.lectures.pace import QUESTIONS, estimate
from scorelab.lectures.plan import Item, Plan, read_plan
from scorelab.lectures.site import FOLDER

logger = logging.getLogger(__name__)


class timetable(nodes.General, nodes.Element):
    """A table that is filled in when all pages are read; `kind` says which."""


class _Timetable(SphinxDirective):
    """What the four directives share."""

    option_spec: ClassVar[dict] = {}

    def _node(self, **attributes: object) -> timetable:
        self.env.metadata[self.env.docname]["timetable"] = "yes"
        node = timetable(kind=self.name, **attributes)
        self.set_source_info(node)
        return node

    def _page(self, name: str) -> str:
        return posixpath.join(posixpath.dirname(self.env.docname), name.strip())


class Pace(_Timetable):
    """The model, as a table."""

    def run(self) -> list[nodes.Node]:
        """Put a place for the table."""
        return [self._node()]


class ChapterMinutes(_Timetable):
    """The chapters that the lines name, each with its minutes."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Put a place for the table."""
        return [self._node(pages=[self._page(line) for line in self.content if line.strip()])]


class SectionMinutes(_Timetable):
    """The sections of one chapter."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Put a place for the table."""
        return [self._node(pages=[self._page(self.arguments[0])])]


class CoursePlan(_Timetable):
    """One lecture; the texts of its items stand inside the node, where references are resolved."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Read the plan."""
        name = self.arguments[0]
        file = Path(self.env.app.confdir, keeping.PLANS, f"{name}.yml")
        self.env.note_dependency(str(file))
        try:
            plan = read_plan(file)
        except (OSError, ValueError) as error:
            raise self.error(str(error)) from None
        node = self._node(plan=plan, name=name)
        for item in plan.items:
            cell = nodes.container()
            cell += self.parse_text_to_nodes(_shown(item))
            node += cell
        return [node]


def _shown(item: Item) -> str:
    """What is shown, in Markdown: as the plan says, or by the names of its figures."""
    if item.kind == "homework":
        return ", ".join(f"{{ref}}`{label}`" for label in item.labels)
    names = [name for name, _ in item.slides or () if name.startswith("fig-")]
    return item.show or ", ".join(f"{{numref}}`{name}`" for name in names)


_KINDS = {"theorem": "theorem", "live": "live", "slide": "slide", "homework": "homework"}


class _Writer:
    """Makes the tables of one page."""

    def __init__(self, app: Sphinx, docname: str) -> None:
        self.app, self.docname = app, docname
        self.book = _book(app.env)

    def fill(self, node: timetable) -> list[nodes.Node]:
        """What a reader sees in the place of `node`."""
        missing = [page for page in node.get("pages", []) if page not in self.book]
        if missing:
            logger.warning("no chapter %s in this build", ", ".join(missing), location=node)
            return []
        return getattr(self, "_" + node["kind"].replace("-", "_"))(node)

    def _pace(self, node: timetable) -> list[nodes.Node]:
        rows = [["100 words of the text", *(f"{100 * m:.2g}" for m in PACE["words"])]]
        names = {
            "captions": "a word of a caption",
            "formulas": "a displayed formula",
            "steps": "a step of a derivation, with its reason",
            "figures": "a figure or a film",
            "listings": "a piece of the package's code",
            "lines": "a line of code, in a listing or a cell",
        }
        for what, name in names.items():
            rows.append([name, *(f"{minutes:.2g}" if minutes else "" for minutes in PACE[what])])
        rows += [
            [f"an exercise that says “{grade}”", "", f"{minutes}", ""]
            for grade, minutes in GRADES.items()
        ]
        return [table(["what", "lecture", "alone", "first reading"], rows, "timetable")]

    def _chapter_minutes(self, node: timetable) -> list[nodes.Node]:
        rows, sums = [], [0.0] * 5
        for page in node["pages"]:
            parts = self.book[page]
            values = [
                sum(part.lecture() for part in parts if part.told),
                sum(part.outline() for part in parts if part.told),
                sum(part.reading() for part in parts if part.told),
                sum(part.alone() for part in parts),
                sum(part.homework() for part in parts),
            ]
            sums = [a + b for a, b in zip(sums, values, strict=True)]
            title = self.app.env.titles[page].astext()
            minutes = (f"{v:.0f}" for v in values)
            rows.append([self._link(page, "", title), *minutes, self._deck(page)])
        rows.append(["the whole book, in hours", *(f"{v / 60:.1f}" for v in sums), ""])
        heads = ["chapter", "board", "outline", "reading", "alone", "exercises", "deck"]
        return [table(heads, rows, "timetable")]

    def _deck(self, page: str) -> list[nodes.Node]:
        """A link to the chapter's deck, if it has one."""
        if not any(part.kind == "question" for part in self.book[page]):  # `slides.plan`
            return []
        uri = self.app.builder.get_relative_uri(self.docname, page)
        there = uri.replace(".html", f"{SUFFIX}.html")
        return [nodes.reference("", "slides", internal=True, refuri=there)]

    def _section_minutes(self, node: timetable) -> list[nodes.Node]:
        (page,) = node["pages"]
        rows = []
        for part in self.book[page]:
            if not part.told:
                continue
            users: list[nodes.Node] = []
            for user in needed_by(part, self.book):
                name = "this chapter" if user == page else self.app.env.titles[user].astext()
                link = nodes.Text(name) if user == page else self._link(user, "", name)
                users += [nodes.Text(", "), link] if users else [link]
            rows.append(
                [
                    self._link(page, part.anchor, part.title),
                    *(_minutes(m) for m in (part.lecture(), part.outline(), part.alone())),
                    users,
                ]
            )
        return [
            table(["section", "board", "outline", "alone", "named later in"], rows, "timetable")
        ]

    def _course_plan(self, node: timetable) -> list[nodes.Node]:
        plan: Plan = node["plan"]
        rows, total, chapter = [], 0, ""
        for item, cell in zip(plan.items, node.children, strict=True):
            if item.kind in ("chapter", "section"):
                page = self._page(item)
                part = self._part(item, page, node)
                if part is None:
                    return []
                minutes, way = self._told(item, part, node)
                where = [self._link(page, part.anchor, part.title)]
                if page != chapter:
                    where.insert(0, nodes.Text(f"{self.app.env.titles[page].astext()}: "))
                chapter = page
            else:
                minutes, way = item.minutes or estimate(item), _KINDS[item.kind]
                where = [nodes.Text(item.name)]
            whole = max(1, round(minutes))
            total += whole
            rows.append([where, way, f"{whole}", list(cell.children)])
        left = round(plan.minutes) - total
        if left < QUESTIONS:
            logger.warning(
                "the plan %r takes %d of %d minutes: %d are wanted for questions",
                *(plan.title, total, plan.minutes, QUESTIONS),
                location=node,
            )
        rows.append(["questions, and what takes longer", "", f"{left}", ""])
        rows.append(["together", "", f"{total + left}", ""])
        heading = nodes.paragraph("", "", nodes.strong("", plan.title))
        deck = relative_uri(
            self.app.builder.get_target_uri(self.docname), f"{FOLDER}/{node['name']}.html"
        )
        heading += [nodes.Text(" "), nodes.reference("", "slides", internal=True, refuri=deck)]
        return [heading, table(["section", "how", "min", "show"], rows, "timetable")]

    def _page(self, item: Item) -> str:
        """The document of an item's chapter, whose name may lack the folder of the book."""
        beside = posixpath.join(posixpath.dirname(self.docname), item.chapter)
        return beside if beside in self.book else item.chapter

    def _part(self, item: Item, page: str, node: timetable) -> Section | None:
        """The section of an item; for a whole chapter, its first."""
        parts = [p for p in self.book.get(page, []) if item.anchor in ("", p.anchor)]
        if not parts:
            name = item.name if item.anchor else page
            logger.warning("a plan names %s, which is not there", name, location=node)
            return None
        return parts[0]

    def _told(self, item: Item, part: Section, node: timetable) -> tuple[float, str]:
        """The minutes of an item, and how it is told."""
        if item.kind == "chapter":
            if item.minutes is None:
                logger.warning("%s: slides of a chapter need minutes", item.place, location=node)
            return item.minutes or 1, "slides"
        steps, way = item.n_steps, item.how
        if steps is not None:
            there = part.count["steps"] + part.folded  # who proves it opens what is folded
            if steps > there:
                logger.warning(
                    "%s has %d steps, a plan wants %d",
                    *(item.name, there, steps),
                    location=node,
                )
            way = f"board, {steps} step{'s' * (steps > 1)}"
        minutes = part.outline() if item.how == "outline" else part.lecture(steps)
        return item.minutes or minutes, way

    def _link(self, page: str, anchor: str, text: str) -> nodes.reference:
        uri = self.app.builder.get_relative_uri(self.docname, page)
        return nodes.reference("", text, internal=True, refuri=f"{uri}#{anchor}" if anchor else uri)


def _book(env: BuildEnvironment) -> dict[str, list[Section]]:
    """The sections of all chapters, in the order of the contents; a page without goals is none."""
    build = state.of_build(env.app)
    if build.sections is None:
        site = getattr(env.config, "external_site_map", None)
        kept = {}
        for page in site or sorted(env.found_docs):
            if page not in env.found_docs or contents.is_translation(env, page):
                continue
            tree = numbers.once(env).get_doctree(page)
            if has_goals(tree):
                kept[page] = sections(tree)
        build.sections = kept
    return build.sections


def has_goals(page: nodes.document) -> bool:
    """Whether a page says what its reader will be able to do, as chapters do."""
    return any("objectives" in node["classes"] for node in page.findall(nodes.admonition))


def _minutes(value: float) -> str:
    return f"{max(1, round(value))}" if value >= 0.5 else "< 1"


def tell_reading_times(app: Sphinx, page: nodes.document) -> None:
    """Say at the head of a chapter how long a first reading takes, and of each box how long it is.

    What opens beside an exercise is no box: nobody reads a solution to go on.
    """
    if not has_goals(page) or contents.is_translation(app.env, app.env.docname):
        return
    parts = sections(page)
    if not any(part.kind == "question" for part in parts):
        return
    boxes = [holding(box.children[1:]).reading() for box in _boxes(page)]
    for box, minutes in zip(_boxes(page), boxes, strict=True):
        box[0] += nodes.inline("", f" {_minutes(minutes)} min", classes=["minutes"])
    for cell in page.findall(nodes.container):
        if cell.get("hide_mode") == "all" and "{type}" not in cell["prompt_show"]:
            boxes.append(in_cell(cell).reading())
            cell["prompt_show"] += f" ({_minutes(boxes[-1])} min)"
    (whole,) = (child for child in page.children if isinstance(child, nodes.section))
    main = sum(part.reading() for part in parts if part.told)
    main += holding(c for c in whole.children[1:] if not isinstance(c, nodes.section)).reading()
    said = f"Main line: {_minutes(main)} minutes"
    if sum(boxes) >= 1:
        said += f" · boxes that open: {_minutes(sum(boxes))} min"
    said += f" · exercises: {_minutes(sum(part.homework() for part in parts))} min"
    # Below the first paragraph, which others take for what the chapter says of itself.
    place = 2 if isinstance(whole.children[1], nodes.paragraph) else 1
    whole.insert(place, nodes.paragraph("", said, classes=["reading-time"]))


def _boxes(page: nodes.document) -> list[nodes.Element]:
    """The boxes with a title that stand in what is read, from the first to the last."""
    return [
        box
        for box in page.findall(is_box)
        if box["has_title"] and not any("dropdown" in above for above in _classes_above(box))
    ]


def _classes_above(node: nodes.Element) -> Iterator[list[str]]:
    while (node := node.parent) is not None:
        yield node.get("classes", [])


def fill_tables(app: Sphinx, tree: nodes.document, docname: str) -> None:
    """Put the tables in their places."""
    places = list(tree.findall(timetable))
    if places:
        writer = _Writer(app, docname)
        for place in places:
            place.replace_self(writer.fill(place))


def pages_with_tables(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages with a table: any chapter that is read may change what it says."""
    pages = [page for page, data in env.metadata.items() if "timetable" in data]
    return pages if contents.anything(app) else []


def register(app: Sphinx) -> None:
    """Make known the directives and the place of a table."""
    app.add_node(timetable)
    app.add_directive("pace", Pace)
    app.add_directive("chapter-minutes", ChapterMinutes)
    app.add_directive("section-minutes", SectionMinutes)
    app.add_directive("course-plan", CoursePlan)
