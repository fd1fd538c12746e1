"""The notebooks of students: no solution is in them, and they run before anything is answered."""

from __future__ import annotations

import ast
import builtins
import os
import re
import symtable
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from scorelab import exercises
from scorelab.exercises.engine.registry import CHAPTERS

ROOT = Path(__file__).parent.parent
SITE = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
PAGES = {
    p
    for p in ROOT.glob("book/**/*.md")
    if re.search(r"\{exercise-start\}|\{ask\}", p.read_text("utf8"))
}
NAMES = sorted(str(p.relative_to(ROOT).with_suffix("")) for p in PAGES)
GATED = re.compile(r"^(`{3,})\{solution-start\}.*?\n\1\n(.*?)^`{3,}\{solution-end\}", re.M | re.S)
CELL = re.compile(r"^```\{code-cell\}.*?\n(?:---\n.*?\n---\n|(?::.*\n)*)(.*?)^```", re.M | re.S)

pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").exists() and not os.environ.get("CI"),
    reason="the book is not built (make book)",
)


def _notebook(page: str) -> nbformat.NotebookNode:
    return nbformat.read(SITE / f"{page}-student.ipynb", as_version=4)


def _code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _tagged(notebook: nbformat.NotebookNode, tag: str) -> list[str]:
    return [c.source for c in _code(notebook) if tag in c.metadata.get("tags", [])]


def _solutions(page: str) -> list[str]:
    return [text for _, text in GATED.findall((ROOT / f"{page}.md").read_text("utf8"))]


@pytest.mark.parametrize("page", NAMES)
def test_no_code_of_a_solution_is_in_it(page):
    notebook = _notebook(page)
    nbformat.validate(notebook)
    sources = {cell.source.strip() for cell in _code(notebook)}
    hidden = {cell.strip() for text in _solutions(page) for cell in CELL.findall(text)}
    assert hidden, "no solution of this page has code"
    assert not hidden & sources


@pytest.mark.parametrize("page", NAMES)
def test_no_sentence_of_a_solution_is_in_it(page):
    written = _words("\n".join(cell.source for cell in _notebook(page).cells))
    assert "solution to exercise" not in written
    for text in _solutions(page):
        # Formulas, links and code are written anew in a notebook; the words between them are not.
        for part in re.split(r"\$[^$]*\$|`[^`]*`|\{[^}]*\}|\[|\]\([^)]*\)|\n", CELL.sub("", text)):
            words = _words(part)
            assert len(words) < 25 or words not in written, part


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


@pytest.mark.parametrize("page", NAMES)
def test_each_exercise_has_a_cell_for_the_answer_and_one_that_checks_it(page):
    notebook = _notebook(page)
    labels = CHAPTERS[Path(page).name.replace("-", "_")]
    known = [label for label in labels if label in exercises.available()]
    assert len(_tagged(notebook, "answer")) == len(labels)
    assert _tagged(notebook, "check") == [exercises.about(label).check for label in known]
    for cell, following in zip(notebook.cells, notebook.cells[1:], strict=False):
        if "check" in following.get("metadata", {}).get("tags", []):
            assert "answer" in cell.metadata.get("tags", [])


@pytest.mark.parametrize("page", NAMES)
def test_no_cell_needs_what_a_solution_defines(page):
    """Every name is bound by the notebook itself before a cell reads it."""
    bound = {*dir(builtins), "get_ipython", "display", "__name__"}
    for cell in _code(_notebook(page)):
        bound_here, read = _names(TransformerManager().transform_cell(cell.source))
        assert read <= bound | bound_here, f"{read - bound - bound_here} in\n{cell.source}"
        bound |= bound_here


@pytest.mark.parametrize("page", NAMES)
def test_no_answer_takes_a_name_that_the_chapter_uses(page):
    notebook = _notebook(page)
    chapter = [c.source for c in _code(notebook) if not {"answer", "check"} & _tags(c)]
    used = set().union(*(set().union(*_names(_plain(source))) for source in chapter))
    for stub in _tagged(notebook, "answer"):
        taken = _names(stub)[0] & used
        assert not taken, f"{taken} is a name of the chapter:\n{stub}"


def test_names_are_found():
    assert _names("import a.b\nc = d + len(e)\nfor f in g: pass") == (
        {"a", "c", "f"},
        {"d", "len", "e", "g"},
    )
    assert _names("def h(i):\n    j = i + k\n    return [l for l in j]") == ({"h"}, {"k"})
    assert _names("m += n") == ({"m"}, {"m", "n"})


@pytest.mark.nightly
@pytest.mark.parametrize("page", ["book/conventions"])
def test_it_runs_before_anything_is_answered(page, tmp_path, empty_environment):
    notebook = _notebook(page)
    empty_environment.execute(notebook, SITE, tmp_path)
    checks = [cell for cell in _code(notebook) if "check" in _tags(cell)]
    assert len(checks) == 4
    for cell in checks:
        (output,) = cell.outputs
        assert output.data["text/plain"].startswith("Nothing to check yet: ")


def _tags(cell: nbformat.NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def _plain(source: str) -> str:
    return TransformerManager().transform_cell(source)


def _names(source: str) -> tuple[set[str], set[str]]:
    """The global names that a cell binds, and those that it reads."""
    bound: set[str] = set()
    read: set[str] = set()

    def visit(table: symtable.SymbolTable) -> None:
        top = table.get_type() == "module"
        for symbol in table.get_symbols():
            if top and (symbol.is_assigned() or symbol.is_imported()):
                bound.add(symbol.get_name())
            if symbol.is_referenced() and (top or symbol.is_global()):
                read.add(symbol.get_name())
        for child in table.get_children():
            visit(child)

    for node in ast.parse(source).body:
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            read.add(node.target.id)
    visit(symtable.symtable(source, "cell", "exec"))
    return bound, read
