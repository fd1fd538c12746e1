"""What CONTRIBUTING.md shows is built as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sample import PARTS, Book

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.nightly
def test_the_examples_are_a_book(tmp_path):
    text = (ROOT / "CONTRIBUTING.md").read_text("utf8")
    files = re.findall(r"<!-- file: (\S+) -->\n````markdown\n(.*?)````", text, re.S)
    assert [name for name, _ in files] == ["waves.md", "olas.md"]
    book = Book(tmp_path)
    book.write("scorelab/__init__.py", "")
    for name, page in files:
        book.write(name, page)
    book.configure("waves", "olas", parts=(*PARTS, "translations"))
    code, output = book.build()
    assert code == 0, output
    assert "Olas" in book.page("olas")
    for page in ("waves", "olas"):
        assert (
            "6\n" in BeautifulSoup(book.page(page), "html.parser").select_one(".cell_output").text
        )

    book.write("olas.md", files[1][1].replace("$a = 2$", "$a = 3$"))
    code, output = book.build()
    assert code != 0
    assert "olas.md:9: WARNING: not as in waves.md:8" in output
