"""What a student's notebook has in place of solutions: cells for the answer and for its check.

Solutions are left out altogether, their text and their code. Which answer an exercise expects, and
how it is checked, is known to `scorelab.exercises`; an exercise that is not known there gets an
empty cell.
"""

from __future__ import annotations

import re

import nbformat
from docutils import nodes
from nbformat import NotebookNode
from scorebook.notebooks.plain_markdown import Piece, PlainMarkdown

_EXERCISES = ("exercise_node", "exercise_enumerable_node")
_SOLUTION = "solution_node"
_GATE = re.compile(r"^\s*`{3,}\{solution-(start|end)\}", re.MULTILINE)


class WithoutSolutions(PlainMarkdown):
    """The blocks of a page without its solutions; the cells for an answer follow each exercise.

    Args:
        stubs: What `all_stubs` returns.
        options: As of `PlainMarkdown`.
    """

    def __init__(self, stubs: dict[str, list[str]], **options: object) -> None:
        super().__init__(**options)
        self.stubs = stubs

    def block(self, node: nodes.Node, level: int) -> list[Piece]:
        """The pieces of one block."""
        # `page` turns folded boxes into nodes of its own, which keep the name.
        if _SOLUTION in (type(node).__name__, _attribute(node, "kind")):
            return []
        pieces = super().block(node, level)
        if type(node).__name__ in _EXERCISES:
            pieces += answer_cells(self.stubs.get(node["label"]))
        return pieces


def has_exercises(doctree: nodes.document) -> bool:
    """Whether there is an exercise on a page."""
    return any(type(node).__name__ in _EXERCISES for node in doctree.findall(nodes.Element))


def all_stubs() -> dict[str, list[str]]:
    """For each exercise that is checked: where its answer is written, and what checks it."""
    from scorelab import exercises  # needs torch

    found = {label: exercises.about(label) for label in exercises.available()}
    return {label: [about.stub, about.check] for label, about in found.items()}


def answer_cells(stub: list[str] | None) -> list[NotebookNode]:
    """The cell in which an exercise is answered, and the one that checks the answer if one does."""
    if stub is None:
        return [_cell("# Your answer\n...", "answer")]
    return [_cell(stub[0], "answer"), _cell(stub[1], "check")]


def solution_cells(notebook: NotebookNode) -> set[int]:
    """The indices of the code cells between `solution-start` and `solution-end`.

    They are read from the source, since a cell that the page hides is not on the page.
    """
    inside, found = False, set()
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and inside:
            found.add(index)
        elif cell.cell_type == "markdown":
            for gate in _GATE.findall(cell.source):
                inside = gate == "start"
    return found


def _cell(source: str, tag: str) -> NotebookNode:
    return nbformat.v4.new_code_cell(source, metadata={"tags": [tag]})


def _attribute(node: nodes.Node, name: str) -> str | None:
    return node.get(name) if isinstance(node, nodes.Element) else None
