"""Each page with code offers its executed notebook.

The notebook holds the outputs that the page shows, text in plain Markdown, and stands beside the
page as `<page>.ipynb`. A page with solutions offers it twice: that one is the instructor's, and
`<page>-student.ipynb` has a place for each answer instead (`student`).

Four keys in the front matter of a page are for its notebooks. With `standalone: true` it begins
with the page's own first cell, since it does without the package, and its figures are numbered from
1. `beside` lists files, as seen from the page, that its code reads: they are put beside the
notebook. `notebook: other` offers the notebook of another page instead. `template: name` makes the
page's questions a notebook of that name, to be filled in and checked (`template`).
"""

from __future__ import annotations

import base64
import mimetypes
import posixpath
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlparse

import nbformat
import yaml
from docutils import nodes
from nbformat import NotebookNode
from scorebook import contents
from scorebook.chapters.execution import executor_of
from scorebook.chapters.remembered import remembered
from scorebook.notebooks.buttons import STUDENT_SUFFIX
from scorebook.notebooks.opening import opening_cells
from scorebook.notebooks.plain_markdown import Piece, PlainMarkdown
from scorebook.notebooks.student import WithoutSolutions, all_stubs, has_exercises, solution_cells
from scorebook.notebooks.tex import plain_output
from scorebook.pages.figures import raster
from scorebook.words import word
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinxcontrib.bibtex.citation_target import parse_citation_targets

from scorelab._support.files import write_whole
from scorelab.derivations.printing.macros import MACROS
from scorelab.figures import FILM

logger = logging.getLogger(__name__)

STUDENT = "with its outputs; after each exercise come a cell for your answer and one that checks it"


def write_notebooks(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Write the notebooks of the page `name`, if that has code, from its resolved `doctree`."""
    if app.builder.format != "html":
        return
    chapter = executor_of(app).read(name, Path(app.env.doc2path(name)))
    if chapter is None or "notebook" in app.env.metadata[name]:
        return
    executor_of(app).fill(chapter, chapter.notebook)
    student = has_exercises(doctree)
    if app.config.solutions or not (student or contents.stands_alone(app.env, name)):
        about = "with its outputs" + ", and solutions" * student
        _write(app, doctree, name, chapter.notebook, about)
    else:
        Path(app.outdir, f"{name}.ipynb").unlink(missing_ok=True)  # of an edition with answers
    if student:
        _write(app, doctree, name, chapter.notebook, STUDENT, solutions=False)


def _write(
    app: Sphinx,
    doctree: nodes.document,
    name: str,
    executed: NotebookNode,
    about: str,
    *,
    solutions: bool = True,
) -> None:
    writer = PlainMarkdown
    if not solutions:
        writer = partial(WithoutSolutions, remembered(app, "exercises", all_stubs))
    page = Page(app, name, writer)
    pieces = page.markdown.blocks(doctree)
    left_out = set() if solutions else solution_cells(executed)
    cells = _with_hidden_cells(pieces, executed, page, left_out)
    title = app.env.titles[name].astext()
    head = [] if contents.stands_alone(app.env, name) else opening_cells(app, title, about)
    metadata = {key: executed.metadata[key] for key in ("kernelspec", "language_info")}
    save(app, f"{name}{'' if solutions else STUDENT_SUFFIX}", [*head, *cells], metadata)


def save(app: Sphinx, name: str, cells: list[NotebookNode], metadata: dict) -> None:
    """Write a notebook of the site, the same file at every build."""
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=nbformat.from_dict(metadata))
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index}"
    nbformat.validate(notebook)
    write_whole(Path(app.outdir, f"{name}.ipynb"), nbformat.writes(notebook).encode())


def _with_hidden_cells(
    pieces: list[Piece], executed: NotebookNode, page: Page, left_out: set[int]
) -> list[NotebookNode]:
    """The cells in order; code that the page hides is put back, since later cells need it."""
    cells: list[NotebookNode] = []
    text: list[str] = []
    code = [i for i, cell in enumerate(executed.cells) if cell.cell_type == "code"]

    def flush() -> None:
        if text:
            cells.append(page.text_cell("\n\n".join(text)))
            text.clear()

    def add_code_up_to(index: int) -> None:
        while code and code[0] <= index:
            if (next_ := code.pop(0)) not in left_out:
                cells.append(page.code_cell(executed.cells[next_]))

    for piece in pieces:
        if isinstance(piece, str):
            if piece.startswith("#"):
                flush()
            text.append(piece)
        else:
            flush()
            if isinstance(piece, int):
                add_code_up_to(piece)
            else:
                cells.append(piece)
    flush()
    add_code_up_to(len(executed.cells))
    return cells


class Page:
    """What writing the notebook of one page takes from Sphinx.

    Args:
        app: The application.
        name: The page.
        writer: What turns its nodes into Markdown.
    """

    def __init__(self, app: Sphinx, name: str, writer: Callable[..., PlainMarkdown]) -> None:
        self.app = app
        self.name = name
        self.macros = MACROS
        self._attached: dict[str, Path] = {}
        self.markdown = writer(
            number=self._number,
            link=self._link,
            cite=self._cite,
            picture=self._attach,
            macros=self.macros,
            figure=word("Figure", contents.language(app.env, name)),
        )

    def text_cell(self, source: str) -> NotebookNode:
        """A cell of Markdown, with the pictures that it shows."""
        cell = nbformat.v4.new_markdown_cell(source)
        shown = {k: p for k, p in self._attached.items() if f"(attachment:{k})" in source}
        if shown:
            cell["attachments"] = {
                key: {_mime(path): base64.b64encode(path.read_bytes()).decode()}
                for key, path in shown.items()
            }
        return cell

    def code_cell(self, executed: NotebookNode) -> NotebookNode:
        """A code cell with its outputs, without what only the page needs."""
        outputs = [nbformat.from_dict(output) for output in executed.outputs]
        for output in outputs:
            output.get("metadata", {}).pop("scorelab", None)  # the dark twin of a figure
            data = output.get("data", {})
            data.pop(FILM, None)  # the HTML beside it shows the same
            if "text/markdown" in data:
                data["text/markdown"] = plain_output(
                    data["text/markdown"], self.macros, self._equation
                )
        tags = {"tags": executed.metadata.tags} if executed.metadata.get("tags") else {}
        return nbformat.v4.new_code_cell(
            executed.source,
            outputs=outputs,
            execution_count=executed.execution_count,
            metadata=tags,
        )

    def _number(self, kind: str, node: nodes.Element) -> str | None:
        figures = self.app.env.toc_fignumbers.get(self.name, {}).get(kind, {})
        for identifier in node.get("ids", []):
            if identifier not in figures:
                continue
            if contents.stands_alone(self.app.env, self.name):
                return str(1 + sorted(figures.values()).index(figures[identifier]))
            return ".".join(map(str, figures[identifier]))
        return str(node["number"]) if node.get("number") else None

    def _equation(self, label: str) -> str | None:
        page, number = self.app.env.get_domain("math").equations.get(label, (None, None))
        if page is None:
            return None
        figures = self.app.env.toc_fignumbers.get(page, {}).get("displaymath", {})
        numbers = figures.get(nodes.make_id(f"equation-{label}"))
        return ".".join(map(str, numbers)) if numbers else str(number)

    def _link(self, node: nodes.reference) -> str | None:
        """Outside addresses work anywhere; pages of the book if its own address is known."""
        address = node.get("refuri", "")
        if urlparse(address).scheme:
            return address
        base = self.app.config.html_baseurl
        if not base:
            return None
        page = (
            posixpath.join(posixpath.dirname(self.name), address)
            if address
            else (self.app.builder.get_target_uri(self.name))
        )
        anchor = f"#{node['refid']}" if node.get("refid") else ""
        return f"{base.rstrip('/')}/{posixpath.normpath(page)}{anchor}"

    def _cite(self, node: nodes.Node) -> str | None:
        """`Author (year)`, or `(Author, year)` where the page cites in brackets."""
        if not (isinstance(node, nodes.inline) and "bibtex-citation" in node["classes"]):
            return None
        entries = {c.key: c.entry for c in self.app.env.get_domain("cite").citations}
        targets = parse_citation_targets(node.rawsource)
        bracketed = node.astext().startswith("[")
        both = word("and", contents.language(self.app.env, self.name))
        cited = "; ".join(
            _author_year(entries[t.key], bracketed, both) for t in targets if t.key in entries
        )
        return f"({cited})" if bracketed else cited

    def _attach(self, uri: str) -> str:
        path = Path(self.app.srcdir, self.app.builder.images.get(uri, uri))
        path = path if path.is_file() else Path(self.app.srcdir, uri)
        if not path.is_file():
            return uri
        path = raster(path) or path  # not every notebook shows SVG
        self._attached[path.name] = path
        return f"attachment:{path.name}"


def _author_year(entry, bracketed: bool, both: str) -> str:
    names = [" ".join(person.last_names) for person in entry.persons.get("author", [])]
    if len(names) > 2:
        names = [f"{names[0]} et al."]
    who = f" {both} ".join(names) or entry.fields.get("title", entry.key)
    when = entry.fields.get("year", "n.d.")
    text = f"{who}, {when}" if bracketed else f"{who} ({when})"
    doi, url = entry.fields.get("doi"), entry.fields.get("url")
    address = f"https://doi.org/{doi}" if doi else url
    return f"[{text}]({address})" if address else text


def _mime(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


# What a notebook reads


def copy_beside(app: Sphinx, error: Exception | None) -> None:
    """Copy what the code of a page reads to where its notebook is."""
    if error is not None or app.builder.format != "html":
        return
    for name in sorted(app.env.found_docs):
        path = Path(app.env.doc2path(name))
        chapter = executor_of(app).read(name, path)
        for file in chapter.notebook.metadata.get("beside", []) if chapter else []:
            source, folder = path.parent / file, Path(app.outdir, name).parent
            if source.is_file():
                write_whole(folder / source.name, source.read_bytes())
            else:
                logger.warning("there is no file %s to put beside the page", file, location=name)


def read_repository(app: Sphinx, config: Config) -> None:
    """Take the address that `_config.yml` states: jupyter-book puts its own where none is."""
    path = Path(app.srcdir, "_config.yml")
    settings = yaml.safe_load(path.read_text(encoding="utf8")) if path.is_file() else {}
    config.notebook_repository = (settings.get("repository") or {}).get("url", "").rstrip("/")


def register(app: Sphinx) -> None:
    """Make known the address of the repository."""
    app.add_config_value("notebook_repository", "", "env", str)
