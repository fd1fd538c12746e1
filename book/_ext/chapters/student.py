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

from .plain_markdown import Piece, PlainMarkdown

_EXERCISES = ("exercise_node", "exercise_enumerable_node")
_SOLUTION = "solution_node"
_GATE = re.compile(r"^\s*`{3,}\{solution-(start|end)\}", re.MULTILINE)


class WithoutSolutions(PlainMarkdown):
    """The blocks of a page without its solutions; the cells for an answer follow each exercise."""

    def block(self, node: nodes.Node, level: int) -> list[Piece]:
        """The pieces of one block."""
        # `page` turns folded boxes into nodes of its own, which keep the name.
        if _SOLUTION in (type(node).__name__, _attribute(node, "kind")):
            return []
        pieces = super().block(node, level)
        if type(node).__name__ in _EXERCISES:
            pieces += answer_cells(node["label"])
        return pieces


def has_exercises(doctree: nodes.document) -> bool:
    """Whether there is an exercise on a page."""
    return any(type(node).__name__ in _EXERCISES for node in doctree.findall(nodes.Element))


def answer_cells(label: str) -> list[NotebookNode]:
    """The cell in which the exercise `label` is answered, and the one that checks the answer."""
    from scorelab import exercises  # slow, since it needs torch, and most builds write no page

    if label not in exercises.available():
        return [_cell("# Your answer\n...", "answer")]
    about = exercises.about(label)
    return [_cell(about.stub, "answer"), _cell(about.check, "check")]


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
