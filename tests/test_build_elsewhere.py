"""A build that must not touch its source, or asks for what is not there; and equal builds."""

from __future__ import annotations

import os
import time
from pathlib import Path

import nbformat
import pytest
from fontTools.ttLib import TTFont
from html_checks import Site
from matplotlib import font_manager
from sample import Book
from scorebook.pages import stylesheets

ROOT = Path(__file__).resolve().parent.parent
SITE = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))


def small(folder: Path) -> Book:
    book = Book(folder)
    book.write("scorelab/__init__.py", "")
    book.chapter("one", "1 + 1")
    book.chapter("two", "2 + 2")
    book.configure("one", "two")
    return book


def files(folder: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def test_a_site_built_elsewhere_leaves_its_source_alone_and_the_log_needs_no_explanation(tmp_path):
    book = small(tmp_path / "source")
    elsewhere = tmp_path / "elsewhere"
    before = files(book.root)
    code, output = book.build("--path-output", str(elsewhere))
    assert code == 0, output
    assert book.executed() == ["one", "two"]  # in a file that the chapter itself writes
    assert files(book.root) == before
    assert "encryption" not in output
    assert "WARNING" not in output

    assert book.build("--path-output", str(elsewhere))[0] == 0
    assert book.executed() == []  # what was executed is kept, with the site


def test_a_kernel_that_is_not_installed_is_named_with_its_chapter(tmp_path):
    book = small(tmp_path)
    page = book.root / "one.md"
    page.write_text(page.read_text("utf8").replace("name: python3", "name: julia-0.1"), "utf8")
    code, output = book.build()
    assert code != 0
    assert "one\nthe kernel 'julia-0.1', which it asks for (kernelspec), is not installed" in output
    assert "TaskGroup" not in output


def test_a_font_cut_twice_is_the_same_to_the_byte(tmp_path):
    source = Path(font_manager.findfont("DejaVu Sans"))
    cut = []
    for name in "ab":
        target = tmp_path / f"{name}.woff2"
        stylesheets.subset(source, target, "score", cache=tmp_path / name)
        cut.append(target.read_bytes())
        time.sleep(1.1)  # a time stamp of a font counts seconds
    assert cut[0] == cut[1]
    assert len(TTFont(tmp_path / "a.woff2").getBestCmap()) == 5  # s, c, o, r, e


@pytest.fixture(scope="module")
def book() -> Site:
    if not (SITE / "index.html").exists() and not os.environ.get("CI"):
        pytest.skip("the book is not built (make book)")
    return Site(SITE)


def test_no_page_shows_where_the_book_was_built(book):
    shown = {name for name, page in book.pages.items() if str(ROOT) in page.html}
    assert shown == set()


def test_the_notebook_of_the_page_for_lecturers_has_its_tables(book):
    notebook = nbformat.read(SITE / "book/teaching.ipynb", as_version=4)
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert sum("Gaussian mixture" in row for row in rows) >= 2  # in the minutes and in a plan
    assert len(rows) > 60
