"""The status page says what is true, also when nothing was executed."""

from __future__ import annotations

import json
import re

import pytest
from sample import Book


@pytest.fixture
def book(tmp_path) -> Book:
    """One chapter, and a page that reports."""
    book = Book(tmp_path)
    book.write("scorelab/__init__.py", "")
    book.write("scorelab/mixture.py", "def depth():\n    return 1\n")
    book.write("scorelab/spare.py", "X = 1\n")
    book.write("pyproject.toml", '[project]\ndependencies = ["numpy>=1", "torch"]\n')
    book.chapter("one", "import time; from scorelab.mixture import depth; time.sleep(0.5)")
    book.write("status.md", "# Status\n\n```{build-status}\n```\n")
    book.configure("one", "status")
    return book


def said(book: Book) -> dict[str, str]:
    """The rows of the tables, by their first cell, and the digest."""
    page = book.page("status")
    rows = re.findall(r"<tr.*?</tr>", page, flags=re.DOTALL)
    cells = [re.findall(r"<p>(.*?)</p>", row) for row in rows]
    digest = re.search(r'class="pre">([0-9a-f]{16})<', page)[1]
    return {row[0]: row[-1] for row in cells} | {"digest": digest}


@pytest.mark.nightly
def test_the_page_tells_versions_times_and_the_digest(book):
    import numpy
    import torch

    code, output = book.build()
    assert code == 0, output
    first = said(book)
    assert first["numpy"] == numpy.__version__
    assert first["torch"] == torch.__version__
    (entry,) = (book.root / "_build/.jupyter_cache/one").glob("*.json")
    kept = json.loads(entry.read_bytes().partition(b"\n")[2])["seconds"]
    assert kept > 0.5
    assert first["one"] == f"{kept:.1f}"

    # An edit that no chapter depends on executes nothing: what is said stays, the digest follows.
    book.executed()
    book.write("scorelab/spare.py", "X = 2\n")
    code, output = book.build("--all")
    assert code == 0, output
    assert book.executed() == []
    then = said(book)
    assert then.pop("digest") != first.pop("digest")
    assert then == first

    # Another execution, another time.
    book.chapter("one", "import time; from scorelab.mixture import depth; time.sleep(2)")
    code, output = book.build()
    assert code == 0, output
    assert float(said(book)["one"]) >= 2
