"""The solution of the whole laboratory as one notebook, cut from the notebooks of the chapters.

Each chapter's notebook (`notebooks`) is divided at its headings. Sections that answer a question
stand below it with their text; of the others only the code is kept, folded, since later cells use
its names and the state of its random generators. Exercises and what follows them are left out.
Outputs are those of the chapters, so nothing is executed here.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from docutils import nodes
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from PIL import Image
from sphinx.application import Sphinx

from scorelab.files import write_whole
from scorelab.macros import MACROS

from .notebooks import INSTALL
from .tex import plain_output

if TYPE_CHECKING:
    from .lab import Question

SOLUTION = "lab-solution.ipynb"
END = "Exercises"  # the heading at which a chapter's answers end
COLOURS = 256  # of a figure: a third of the size, and no difference to the eye

INTRODUCTION = """\
# The laboratory, solved

All questions of the laboratory, from the Gaussian mixture to images of digits, answered by \
**{book}**.

This notebook is cut from the book's chapters when the book is built, and its outputs are those \
that the pages of the book show. Below the heading of a question stand what is asked and the \
sections that answer it; equations and figures keep the numbers that they have in the book. Of \
other sections only the code is there, folded under *Needed below*, since later cells use its \
names and the state of its random generators. The order is that of the chapters: a question to \
which a chapter comes back is *continued*. A film is shown by its poster; run the cell, and it \
moves.

It runs from top to bottom after a restart of the kernel, and gives the same numbers again. It \
needs the package `scorelab` of the book, and otherwise what `requirements.txt` lists."""

CHECK = """\
import importlib.util

if importlib.util.find_spec("scorelab") is None:
    raise ModuleNotFoundError(
        "The package scorelab is missing. {how}"
    )"""

LIKE_NEW = """\
# As after a restart: what another chapter has set is undone, its names are forgotten.
import mpmath
import torch

torch.set_default_dtype(torch.float32)
mpmath.mp.dps = 15
%reset -f"""


@dataclass
class Section:
    """A section of a chapter's notebook, without its subsections.

    Attributes:
        title: Its heading, in plain Markdown.
        level: The number of `#` before it.
        cells: Its cells; the first begins with the heading.
    """

    title: str
    level: int
    cells: list[NotebookNode] = field(default_factory=list)

    @property
    def id(self) -> str:
        """What Sphinx makes of the title."""
        return nodes.make_id(self.title)

    @property
    def code(self) -> list[NotebookNode]:
        """Its code cells."""
        return [cell for cell in self.cells if cell.cell_type == "code"]


def write_solution(app: Sphinx, questions: Sequence[Question], target: Path) -> None:
    """Write the solution notebook, unless it is newer than all that it is made of.

    Args:
        app: The application.
        questions: All questions, in order.
        target: The file to write.
    """
    pages = {q.chapter for q in questions} | {q.page for q in questions}
    sources = [Path(app.outdir, f"{page}.ipynb") for page in pages]
    if not all(path.is_file() for path in sources):
        return
    newest = max(path.stat().st_mtime_ns for path in sources)
    if target.is_file() and target.stat().st_mtime_ns > newest:
        return
    notebook = _solution(app, questions)
    write_whole(target, nbformat.writes(notebook).encode("utf8"))


def _solution(app: Sphinx, questions: Sequence[Question]) -> NotebookNode:
    cells = _opening(app)
    metadata = None
    part = ""
    for chapter, asked in groupby(questions, key=lambda q: q.chapter):
        source = nbformat.read(Path(app.outdir, f"{chapter}.ipynb"), as_version=4)
        metadata = metadata or source.metadata
        asked = list(asked)
        if asked[0].part != part:
            part = asked[0].part
            cells.append(new_markdown_cell(f"## {part}"))
        cells.append(new_code_cell(LIKE_NEW))
        cells += _answers(divide(source), asked)
    for index, cell in enumerate(cells):  # stable: two builds write the same file
        cell["id"] = f"cell-{index}"
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    code = [cell for cell in cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
        for output in cell.outputs:
            _lighten(output, Path(app.outdir).parent / ".pictures")
            if "execution_count" in output:
                output.execution_count = count
    nbformat.validate(notebook)
    return notebook


def divide(notebook: NotebookNode) -> list[Section]:
    """The sections of a chapter's notebook, from its title to its exercises."""
    sections: list[Section] = []
    for cell in notebook.cells:
        heading = re.match(r"(#+) (.*)", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            section = Section(heading[2], len(heading[1]))
            if section.level == 2 and section.title == END:
                break
            sections.append(section)
        if sections:  # what stands before the title is not the chapter's
            sections[-1].cells.append(cell)
    return sections


def _answers(sections: list[Section], asked: list[Question]) -> Iterator[NotebookNode]:
    """The cells of one chapter, below the questions that they answer.

    A section that answers two questions stands below the first; the other refers to it.
    """
    answered_by: dict[str, Question] = {}
    for question in asked:
        for title in question.sections:
            answered_by.setdefault(nodes.make_id(title), question)
    begun: set[str] = set()
    now: Question | None = None
    around: dict[int, Question | None] = {}  # the question of the section at each level
    for section in sections:
        outer = [level for level in around if level < section.level]
        question = answered_by.get(section.id) or (around[max(outer)] if outer else None)
        around = {level: around[level] for level in outer} | {section.level: question}
        if question is None:
            yield from _kept(section)
            continue
        if question is not now:
            now = question
            yield _heading(question, answered_by, continued=question.name in begun)
            begun.add(question.name)
        yield from _shown(section)
    for question in asked:
        if question.name not in begun:
            yield _heading(question, answered_by)


def _heading(
    question: Question, answered_by: dict[str, Question], *, continued: bool = False
) -> NotebookNode:
    """The heading of a question: what is asked, and what under another heading answers it."""
    if continued:
        return new_markdown_cell(f"### {question.title}, continued")
    asked = plain_output(question.asked, MACROS, lambda label: None)
    box = "\n".join(f"> {line}".rstrip() for line in asked.splitlines())
    text = f"### {question.title}\n\n> **What is asked**\n>\n{box}"
    elsewhere = {title: answered_by[nodes.make_id(title)] for title in question.sections}
    also = [f"*{t}* ({q.name})" for t, q in elsewhere.items() if q is not question]
    return new_markdown_cell(text + (f"\n\nSee also {', '.join(also)}." if also else ""))


def _shown(section: Section) -> Iterator[NotebookNode]:
    first, *rest = section.cells
    first = nbformat.from_dict(first)
    first.source = f"##{first.source}"  # a chapter's sections stand below a question
    yield from (first, *rest)


def _kept(section: Section) -> Iterator[NotebookNode]:
    if section.code:
        yield new_markdown_cell(f"#### Needed below: {section.title}")
    for cell in section.code:
        folded = nbformat.from_dict(cell)
        folded.metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}
        yield folded


def _opening(app: Sphinx) -> list[NotebookNode]:
    book = app.config.html_title or app.config.project
    url = app.config.notebook_repository
    how = (
        f"Install it: pip install git+{url}"
        if url
        else f"In a checkout of the book's repository: {INSTALL}"
    )
    return [
        new_markdown_cell(INTRODUCTION.format(book=book)),
        new_code_cell(CHECK.format(how=how)),
    ]


# Outputs that weigh less


def _lighten(output: NotebookNode, cache: Path) -> None:
    """Replace a film by its poster, and keep a picture in as few colours as it needs.

    Args:
        output: Of a cell; changed in place.
        cache: Folder that keeps the pictures from build to build.
    """
    data = output.get("data", {})
    poster = re.search(r'poster="data:image/\w+;base64,([^"]+)"', data.get("text/html", ""))
    if poster:
        del data["text/html"]
        data["image/png"] = _with_few_colours(poster[1], cache)
    elif "image/png" in data:
        lighter = _with_few_colours(data["image/png"], cache)
        data["image/png"] = min(lighter, data["image/png"], key=len)


def _with_few_colours(encoded: str, cache: Path) -> str:
    kept = cache / f"{hashlib.sha256(encoded.encode()).hexdigest()[:32]}-{COLOURS}.png"
    if not kept.exists():
        picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
        file = io.BytesIO()
        picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "png")
        write_whole(kept, file.getvalue())
    return base64.b64encode(kept.read_bytes()).decode()
