"""How long a section takes: an estimate from what stands in it, by a model that fits into a table.

A page is read as Sphinx has read it, with the outputs of its cells: so the steps of a derivation
are counted, not the line of code that shows them. What is folded counts for nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape

from docutils import nodes
from scorebook.contents import kind_of

from scorelab.lectures.pace import GRADES, PACE

NOT_TOLD = ("measured", "exercises", "further-reading")
_WORDS_OF_A_FORMULA = 2  # in a line of text


@dataclass
class Section:
    """What one section holds.

    Attributes:
        anchor: Its id on the page.
        title: Its title.
        kind: What it is to its chapter, one of `contents.SECTIONS`, or nothing special.
        count: How many of each of `PACE` it holds.
        folded: How many more steps of derivations open on a click.
        grades: How many exercises of each of `GRADES`.
        labels: The labels of its equations and figures.
        refers: The labels that its text names.
    """

    anchor: str
    title: str
    kind: str = ""
    count: Counter = field(default_factory=Counter)
    folded: int = 0
    grades: Counter = field(default_factory=Counter)
    labels: set[str] = field(default_factory=set)
    refers: set[str] = field(default_factory=set)

    @property
    def told(self) -> bool:
        """Whether a lecturer says it: not the table of measurements, exercises and literature."""
        return self.kind not in NOT_TOLD

    def lecture(self, steps: int | None = None) -> float:
        """Minutes at the board, with so many steps of derivations, or with all."""
        return self._minutes(0, self.count if steps is None else {**self.count, "steps": steps})

    def outline(self) -> float:
        """Minutes for half of the words and for the pictures: formulas shown, nothing derived."""
        c = self.count
        half = {"words": c["words"] / 2, "formulas": c["formulas"] / 2, "figures": c["figures"]}
        return self._minutes(0, half)

    def alone(self) -> float:
        """Minutes of a reader who follows every line; the exercises are not in it."""
        return self._minutes(1, self.count)

    def reading(self) -> float:
        """Minutes of a reader who goes on at a first reading."""
        return self._minutes(2, self.count)

    def homework(self) -> float:
        """Minutes of the exercises."""
        return sum(n * GRADES[grade] for grade, n in self.grades.items())

    def _minutes(self, who: int, count: dict) -> float:
        return sum(n * PACE[what][who] for what, n in count.items())


def sections(page: nodes.document) -> list[Section]:
    """The sections of a page, in order; what stands below a smaller heading belongs to them."""
    (whole,) = (child for child in page.children if isinstance(child, nodes.section))
    return [_read(child) for child in whole.children if isinstance(child, nodes.section)]


def holding(content: Iterable[nodes.Node]) -> Section:
    """What stands on a slide or in a box, as if it were a section."""
    found = Section("", "")
    for node in content:
        _add(found, node)
    return found


def exercises(page: nodes.document) -> dict[str, dict[str, object]]:
    """The title, in HTML, and the minutes of each exercise of a page, by its label."""
    found = {}
    for node in page.findall(nodes.Element):
        if node.tagname.startswith("exercise") and node.get("label"):
            heads = [n.astext() for n in node.findall() if n.tagname == "exercise_subtitle"]
            title = " ".join(heads).strip("() ") or node["label"]
            found[node["label"]] = {"title": escape(title), "minutes": GRADES[_grade(node)]}
    return found


def needed_by(section: Section, book: dict[str, list[Section]]) -> list[str]:
    """The pages of `book`, in its order, that name a label of this section after it, where told."""
    found, passed = [], False
    for page, parts in book.items():
        for part in parts:
            if passed and part.told and part.refers & section.labels and page not in found:
                found.append(page)
            passed = passed or part is section
    return found


def _read(node: nodes.section) -> Section:
    title = node.next_node(nodes.title)
    section = Section(node["ids"][0], title.astext(), kind_of(node))
    for child in node.children:
        if child is not title:
            _add(section, child)
    return section


def _add(section: Section, node: nodes.Node) -> None:
    """Count a node; `section` grows."""
    count = section.count
    if isinstance(node, nodes.Text):
        count["words"] += len(node.split())
        return
    if not isinstance(node, nodes.Element):
        return
    if _is_folded(node):
        for math in node.findall(nodes.math_block):
            section.labels.update(filter(None, [math.get("label")]))
            section.folded += "step" in math
        return
    kind = type(node).__name__
    if kind == "pending_xref" and node.get("refdomain") != "cite":
        section.refers.add(node["reftarget"])
        count["words"] += _WORDS_OF_A_FORMULA
    elif kind == "math":
        count["words"] += _WORDS_OF_A_FORMULA
    elif kind == "math_block":
        section.labels.update(filter(None, [node.get("label")]))
        count["formulas"] += 1
    elif kind == "figure":
        _add_figure(section, node)
    elif kind == "literal_block":
        count["listings"] += 1
        count["lines"] += len(node.astext().splitlines())
    elif kind.startswith("exercise"):
        section.grades.update([_grade(node)])
    elif node.get("nb_element") == "cell_code":
        _add_cell(section, node)
    elif kind not in ("target", "comment", "raw"):
        for child in node.children:
            _add(section, child)


def in_cell(cell: nodes.Element) -> Section:
    """What a cell holds that is folded whole, when it is opened."""
    found = Section("", "")
    _add_cell(found, cell, opened=True)
    return found


def _add_cell(section: Section, cell: nodes.Element, opened: bool = False) -> None:
    """A cell's code is read by whoever is alone; its output counts as what it is."""
    shown = set() if opened else set(cell.get("classes", []))
    for part in cell.children:
        kind = part.get("nb_element", "")
        if kind == "cell_code_source" and not shown & {"tag_hide-input", "tag_hide-cell"}:
            section.count["lines"] += len(part.astext().splitlines())
        elif kind == "cell_code_output":
            hidden = bool(shown & {"tag_hide-output", "tag_hide-cell"})
            for step in part.findall(nodes.math_block):
                section.labels.update(filter(None, [step.get("label")]))
                section.count["steps" if "step" in step else "formulas"] += not hidden
                section.folded += hidden and "step" in step
            for figure in part.findall(nodes.figure):
                _add_figure(section, figure, hidden)
            if not hidden and not any("step" in step for step in part.findall(nodes.math_block)):
                words = (len(text.astext().split()) for text in part.findall(nodes.paragraph))
                section.count["words"] += sum(words)


def _add_figure(section: Section, figure: nodes.figure, hidden: bool = False) -> None:
    section.labels.update(figure["names"])
    if not hidden:
        section.count["figures"] += 1
        for caption in figure.findall(nodes.caption):
            section.count["captions"] += len(caption.astext().split())


def is_box(node: nodes.Node) -> bool:
    """Whether this is a box that a click opens, with a title that says what is in it."""
    return isinstance(node, nodes.Element) and node.get("design_component") == "dropdown"


def _is_folded(node: nodes.Element) -> bool:
    """Whether a reader sees nothing of it before a click."""
    return "dropdown" in node.get("classes", []) or is_box(node)


def _grade(exercise: nodes.Element) -> str:
    """The grade with which an exercise's text begins, such as `Derive` of *Derive, then check.*"""
    first = exercise.next_node(nodes.emphasis)
    words = first.astext() if first is not None else ""
    for grade in GRADES:
        if words.startswith(grade):
            return grade
    raise ValueError(f"an exercise begins with {words!r}, none of {', '.join(GRADES)}")
