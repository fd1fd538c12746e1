"""An edition without answers: none is on a page, in a notebook or the search; no link is dead."""

import shutil
from types import SimpleNamespace

import nbformat
import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from sample import Book
from scorebook.pages import edition

CHAPTER = """
```{exercise}
:label: ex-one

What is it?
```

````{solution-start} ex-one
:label: the-answer
:class: dropdown
````

It is the *persimmon*.

```{code-cell} python
print("kumquat", 6 * 7)
```

````{solution-end}
````
"""
OTHER = """# Elsewhere

See {ref}`the answer <the-answer>`, or {ref}`the question <ex-one>`.
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site with its answers, then built again without."""
    book = Book(tmp_path_factory.mktemp("edition"))
    book.chapter("one", text=CHAPTER)
    book.write("other.md", OTHER)
    book.configure("one", "other", parts=("strict", "execution", "writing", "layout"))
    code, log = book.build()
    assert code == 0, log
    html = book.root / "_build/html"
    assert "persimmon" in (html / "one.html").read_text("utf-8")
    assert "persimmon" in (html / "one.ipynb").read_text("utf-8")
    config = book.root / "_config.yml"
    config.write_text(config.read_text("utf-8") + "    solutions: false\n", encoding="utf-8")
    shutil.rmtree(html)  # Sphinx keeps words of the search that are on no page any more
    code, log = book.build()
    assert code == 0, log
    return html


def test_no_answer_is_in_any_file(site):
    for path in site.rglob("*"):
        if path.suffix in (".html", ".ipynb", ".js", ".txt", ".md"):
            text = path.read_text("utf-8").lower()
            assert "persimmon" not in text, path
            assert "kumquat" not in text, path


def test_the_exercise_stays_with_the_notebook_for_its_answer(site):
    page = BeautifulSoup((site / "one.html").read_text("utf-8"), "html.parser")
    assert "What is it?" in page.get_text()
    assert not (site / "one.ipynb").exists()
    notebook = nbformat.read(site / "one-student.ipynb", as_version=4)
    assert any("answer" in cell.metadata.get("tags", []) for cell in notebook.cells)
    links = [a["href"] for a in page.select(".run a")]
    assert "one-student.ipynb" in links
    assert "one.ipynb" not in links


def test_what_led_to_an_answer_is_text(site):
    page = BeautifulSoup((site / "other.html").read_text("utf-8"), "html.parser")
    paragraph = next(p for p in page.select("p") if "See" in p.get_text())
    assert "the answer" in paragraph.get_text()
    assert [a["href"] for a in paragraph.select("a")] == ["one.html#ex-one"]


def section(*children: nodes.Node, title: str) -> nodes.section:
    return nodes.section("", nodes.title("", title), *children, ids=[nodes.make_id(title)])


def box(kind: str, text: str) -> nodes.admonition:
    return nodes.admonition("", nodes.title("", text), nodes.paragraph("", text), classes=[kind])


def test_of_a_lab_the_questions_stay_with_what_is_given():
    cell = nodes.container("", nodes.literal_block("", "answer = 42"), classes=["cell"])
    question = section(
        nodes.paragraph("", "a hint"),
        box("warning", "care"),
        box("lab-question", "asked"),
        nodes.paragraph("", "the answer"),
        cell,
        title="P1 · a (1.0) A class",
    )
    part = section(
        nodes.paragraph("", "given"), cell.deepcopy(), nodes.paragraph("", "more"), question,
        title="P1",
    )  # fmt: skip
    doctree = nodes.document(None, None, "", section(part, title="The lab"))
    metadata = {"lab": {"template": "t", "notebook": "solved"}, "solved": {}}
    env = SimpleNamespace(metadata=metadata)
    for node in list(edition._answers(env, doctree, "lab")):
        node.parent.remove(node)
    left = doctree.astext()
    assert all(word in left for word in ("given", "care", "asked", "A class"))
    assert not any(word in left for word in ("answer", "42", "more", "hint"))
    solved = nodes.document(None, None, "", section(cell.deepcopy(), title="Solved"))
    for node in list(edition._answers(env, solved, "solved")):
        node.parent.remove(node)
    assert solved.astext() == "Solved"
