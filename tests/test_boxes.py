"""Boxes that open and hold code cells: what stands between start and end is folded, and runs."""

import nbformat
import pytest
from bs4 import BeautifulSoup
from sample import Book

CHAPTER = """
Before.

:::{box-start} The square of $x$
:::

Inside.

```{code-cell} python
print("six times seven:", 6 * 7)
```

:::{box-end}
:::

After.
"""


def built(folder, text):
    book = Book(folder)
    book.chapter("one", text=text)
    book.configure("one", parts=("strict", "execution", "writing", "layout", "boxes"))
    code, log = book.build()
    return book.root / "_build/html", code, log


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    html, code, log = built(tmp_path_factory.mktemp("boxes"), CHAPTER)
    assert code == 0, log
    return html


def test_text_and_cells_are_in_the_box(site):
    page = BeautifulSoup((site / "one.html").read_text("utf-8"), "html.parser")
    (box,) = page.select("details.sd-dropdown")
    assert box.summary.get_text().strip().startswith("The square of")
    assert "Inside." in box.get_text()
    assert "six times seven: 42" in box.get_text()
    assert "After." not in box.get_text()
    assert "After." in page.get_text()


def test_its_cells_are_cells_of_the_notebook(site):
    notebook = nbformat.read(site / "one.ipynb", as_version=4)
    assert any("6 * 7" in c.source for c in notebook.cells if c.cell_type == "code")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (CHAPTER.replace(":::{box-end}\n:::\n", ""), "a box begins that has no end"),
        (CHAPTER + "\n:::{box-end}\n:::\n", "a box ends that does not begin"),
        (CHAPTER.replace("Inside.", "## Inside"), "a box begins that has no end"),
    ],
    ids=["no end", "no start", "a heading"],
)
def test_half_a_box_stops_the_build(tmp_path, text, complaint):
    _, code, log = built(tmp_path, text)
    assert code != 0
    assert complaint in log
