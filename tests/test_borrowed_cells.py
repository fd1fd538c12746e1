"""A page shows cells that another page executes: their source, their outputs, nothing run twice."""

from __future__ import annotations

import re

import nbformat
import pytest
from sample import HEADER, RECORD, Book
from scorebook.chapters.borrowed import BrokenCell
from scorebook.chapters.chapter import Library

NO_KERNEL = "---\nfile_format: mystnb\n---\n"
FIGURE = """\
:cell: picture

import base64
from IPython.display import Image
Image(base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgAAIAAAUA"
                       "AeImBZsAAAAASUVORK5CYII="))"""
LENDER = [
    RECORD.replace("NAME", "'lab/lender'"),
    ":cell: first\n\na = 'value-1'\nprint(a)",
    ":cell: second\n:tags: [hide-input]\n\nprint('quiet', a)",
    FIGURE,
]
OWN = RECORD.replace("NAME", "'lab/mixed'")
MIXED = [":from: lender\n:cell: second", OWN, ":from: lender\n:cell: first\n:tags: [hide-output]"]
CAPTIONED = """\
---
from: lender
cell: picture
mystnb:
  image:
    alt: ein Punkt
  figure:
    caption: Ein Punkt.
    name: fig-punkt
---"""
AGAIN = [":from: mixed\n:cell: second", CAPTIONED]


def page(title: str, cells: list[str], header: str = HEADER) -> str:
    blocks = "\n\n".join(f"```{{code-cell}} python\n{cell}\n```" for cell in cells)
    return f"{header}\n# {title}\n\n{blocks}\n"


def write(book: Book, lender: list[str] = LENDER) -> None:
    """A page that executes all, one with a cell of its own, and one that borrows all."""
    book.write("lab/lender.md", page("Lender", lender))
    book.write("lab/mixed.md", page("Mixed", MIXED))
    book.write("lab/again.md", page("Again", AGAIN, NO_KERNEL))


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Book:
    book = Book(tmp_path_factory.mktemp("borrowed"))
    book.write("scorelab/__init__.py", "")
    write(book)
    book.configure("lab/lender", "lab/mixed", "lab/again", "status")
    book.write("status.md", "# Status\n\n```{build-status}\n```\n")
    code, output = book.build()
    assert code == 0, output
    assert book.executed() == ["lab/lender", "lab/mixed"]
    return book


def cells(book: Book, name: str) -> list[nbformat.NotebookNode]:
    notebook = nbformat.read(book.root / f"_build/html/{name}.ipynb", as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def said(cell: nbformat.NotebookNode) -> str:
    return "".join(output.get("text", "") for output in cell.outputs)


def test_borrowed_cells_have_source_and_outputs_on_the_page_and_in_its_notebook(book):
    lent, own, first = cells(book, "lab/mixed")
    assert (lent.source, said(lent), lent.execution_count) == (
        "print('quiet', a)", "quiet value-1\n", 3,
    )  # fmt: skip
    assert (first.source, said(first)) == ("a = 'value-1'\nprint(a)", "value-1\n")
    assert (own.source, own.outputs, own.execution_count) == (OWN, [], 1)
    shown = re.sub("<[^>]*>", "", book.page("lab/mixed"))
    assert "quiet value-1" in shown
    assert "print(a)" in shown


def test_tags_come_with_the_cell_unless_it_has_its_own(book):
    lent, _, first = cells(book, "lab/mixed")
    assert lent.metadata.tags == ["hide-input"]
    assert first.metadata.tags == ["hide-output"]


def test_a_borrowed_cell_can_be_borrowed_again_with_its_own_caption(book):
    again, picture = cells(book, "lab/again")
    assert said(again) == "quiet value-1\n"
    assert "image/png" in picture.outputs[0].data
    html = book.page("lab/again")
    assert 'alt="ein Punkt"' in html
    assert "Ein Punkt." in html
    assert 'id="fig-punkt"' in html
    assert "fig-punkt" not in book.page("lab/lender")


def test_a_page_that_borrows_all_is_not_executed_and_is_no_row_of_the_status(book):
    assert not (book.root / "_build/.jupyter_cache/lab/again").exists()
    rows = re.findall(r"<td[^>]*><p>([^<]*)</p></td>", book.page("status"))
    assert "lab/mixed" in rows
    assert "lab/again" not in rows


def test_an_edit_where_the_cell_is_executed_changes_the_pages_that_show_it(book):
    with book.put_back():
        write(book, [cell.replace("value-1", "value-2") for cell in LENDER])
        code, output = book.build()
        assert code == 0, output
        assert book.executed() == ["lab/lender"]
        for name in ("lender", "mixed", "again"):
            assert "quiet value-2" in book.page(f"lab/{name}")
        assert said(cells(book, "lab/again")[0]) == "quiet value-2\n"


@pytest.mark.nightly
def test_a_book_of_the_borrowing_page_alone_executes_what_it_borrows(tmp_path):
    book = Book(tmp_path)
    book.write("scorelab/__init__.py", "")
    write(book)
    book.configure("lab/again")
    code, output = book.build()
    assert code == 0, output
    assert book.executed() == ["lab/lender"]
    assert "quiet value-1" in book.page("lab/again")
    assert output.index("executing 1 of") < output.index("reading sources")  # with all others


# ------------------------------------------------------------------------------- What is refused


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        (":from: lender\n:cell: third", "lab/bad:7: lab/lender has no cell third .*first, second"),
        (":from: nowhere\n:cell: first", "lab/bad:7: the cell first is from lab/nowhere, which"),
        (":from: prose\n:cell: first", "is from lab/prose, which is no page with code"),
        (":from: lender\n:cell: first\n\nprint(1)", "is from lender, and has code of its own"),
        (":from: lender", "lab/bad:7: a cell from lender that says no name"),
        (":from: bad\n:cell: first", "in a circle: lab/bad → lab/bad"),
        (":from: ring\n:cell: first", "in a circle: lab/bad → lab/ring → lab/bad"),
    ],
)  # fmt: skip
def test_what_cannot_be_borrowed_is_an_error_that_says_where(tmp_path, cell, complaint):
    book = Book(tmp_path)
    write(book)
    book.write("lab/prose.md", "# Prose\n")
    book.write("lab/ring.md", page("Ring", [":from: bad\n:cell: first"]))
    path = book.write("lab/bad.md", page("Bad", [cell], NO_KERNEL))
    with pytest.raises(BrokenCell, match=complaint):
        Library(tmp_path).read_chapter("lab/bad", path)


def test_two_cells_with_one_name_are_an_error(tmp_path):
    book = Book(tmp_path)
    path = book.write("bad.md", page("Bad", [":cell: a\n\n1", ":cell: b\n\n2", ":cell: a\n\n3"]))
    with pytest.raises(BrokenCell, match=r"bad:\d+: a second cell a on this page"):
        Library(tmp_path).read_chapter("bad", path)


@pytest.mark.nightly
def test_a_broken_cell_stops_every_build(tmp_path):
    book = Book(tmp_path)
    write(book)
    book.write("lab/again.md", page("Again", [":from: lender\n:cell: third"], NO_KERNEL))
    book.configure("lab/lender", "lab/again")
    for _ in range(2):
        code, output = book.build()
        assert code != 0
        assert "lab/again:7: lab/lender has no cell third" in output
