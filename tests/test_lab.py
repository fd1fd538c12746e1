"""The laboratory's questions lead to sections that exist, and its solution notebook is whole."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from myst_nb.core.read import read_myst_markdown_notebook
from nbclient import NotebookClient
from sample import EXTENSIONS, Book
from test_chapters import measured_rows

ROOT = Path(__file__).resolve().parent.parent
SITE = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
SOLUTION = SITE / "book/lab-solution.ipynb"
QUESTIONS = [*(f"P1 {q}" for q in "abcd"), *(f"P2 {q}" for q in "abcde")]
QUESTIONS += [f"P3 {q}" for q in "abcdef"]

# ------------------------------------------------------------------------------- A small book

CHAPTER = """\
    ## The question

    Why, with $\\norm{x}$?

    ```{code-cell} python
    a = 1
    print("early", a)
    ```

    ## An aside

    Words that no question asks for.

    ```{code-cell} python
    b = a + 1
    print("aside", b)
    ```

    ### Below the aside

    More words.

    ## The proof

    Because.

    ### A lemma

    A step of the proof.

    ```{code-cell} python
    print("late", a + b)
    ```

    ## Back to the question

    Hence.

    ## Exercises

    Try it.

    ```{code-cell} python
    print("secret")
    ```

    ## Summary

    It was so.
"""
LAB = """\
    # The laboratory

    See {lab-solution}`the whole solution`.

    ```{lab-overview}
    ```

    ## P1 · The first part

    ### P1 a · Why

    ```{lab-question} one
    ---
    sections: |
      The question
      Back to the question
    ---
    Ask for $\\norm{x}$.
    ```

    ### P1 b · How

    ```{lab-question} one
    ---
    sections: |
      The proof
    ---
    Prove it.
    ```

    ### P1 c · Both

    ```{lab-question} one
    ---
    sections: |
      The question
    ---
    Say it again.
    ```

    ## P2 · The second part

    ### P2 a · Another

    ```{lab-question} two
    ---
    sections: |
      Here
    ---
    Go on.
    ```
"""
SECOND = """\
    ## Here

    ```{code-cell} python
    print("a" in globals())
    ```
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Book:
    """Two chapters and a laboratory that asks four questions, built."""
    book = small_book(tmp_path_factory.mktemp("lab"))
    code, output = book.build()
    assert code == 0, output
    return book


@pytest.fixture(scope="module")
def cells(book) -> list[nbformat.NotebookNode]:
    notebook = nbformat.read(book.root / "_build/html/lab-solution.ipynb", as_version=4)
    nbformat.validate(notebook)
    return notebook.cells


def small_book(folder: Path) -> Book:
    book = Book(folder)
    book.write("scorelab/__init__.py", "")
    book.chapter("one", text=CHAPTER)
    book.chapter("two", text=SECOND)
    lab(book, LAB)
    book.configure("one", "two", "lab", extensions=(*EXTENSIONS, "lab"))
    return book


def lab(book: Book, text: str) -> None:
    book.chapter("lab", text="PLACE")
    page = book.root / "lab.md"
    head, _, tail = page.read_text().partition("# Chapter lab\n\nPLACE")
    text = re.sub(r"(?m)^    ", "", text)
    page.write_text(head + text + tail)


def headings(cells: list[nbformat.NotebookNode]) -> list[str]:
    text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    return re.findall(r"(?m)^(#+ .*)$", text)


def test_sections_stand_below_the_question_that_they_answer(cells):
    assert headings(cells) == [
        "# The laboratory, solved",
        "## P1 · The first part",
        "### P1 a · Why",
        "#### The question",
        "#### Needed below: An aside",
        "### P1 b · How",
        "#### The proof",
        "##### A lemma",
        "### P1 a · Why, continued",
        "#### Back to the question",
        "### P1 c · Both",
        "## P2 · The second part",
        "### P2 a · Another",
        "#### Here",
    ]


def test_text_that_answers_nothing_and_exercises_are_left_out(cells):
    text = "\n".join(c.source for c in cells)
    for words in ("no question asks", "More words", "secret", "It was so"):
        assert words not in text
    assert "> **What is asked**\n>\n> Ask for $\\left\\lVert x\\right\\rVert$." in text
    assert "See also *The question* (P1 a)." in text


def test_all_code_before_the_exercises_is_there_with_its_outputs(cells):
    code = [c for c in cells if c.cell_type == "code"]
    said = [o.text for c in code for o in c.outputs]
    assert said == ["early 1\n", "aside 2\n", "late 3\n", "False\n"]
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1))
    (folded,) = (c for c in code if c.metadata.get("jupyter"))
    assert "aside" in folded.source


def test_each_chapter_begins_with_a_kernel_like_new(cells, tmp_path, monkeypatch):
    """`two` prints whether a name of `one` is known: False, in one kernel."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("EXECUTED", str(tmp_path / "executed"))
    fresh = nbformat.v4.new_notebook(cells=[nbformat.from_dict(c) for c in cells])
    # Not the first cell's print of the record, which belongs to the sample.
    NotebookClient(fresh, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    assert [[o.get("text") for o in c.get("outputs", [])] for c in fresh.cells] == [
        [o.get("text") for o in c.get("outputs", [])] for c in cells
    ]


def test_without_the_package_the_first_cell_says_how_to_install_it(cells):
    source = next(c.source for c in cells if c.cell_type == "code")
    with pytest.raises(ModuleNotFoundError, match="pip install -r requirements"):
        exec(source.replace('"scorelab"', '"scorelab_that_is_not_there"'), {})


def test_the_page_links_to_the_sections_and_to_the_notebook(book):
    page = book.page("lab")
    for target in ("one.html#the-question", "one.html#back-to-the-question", "two.html#here"):
        assert f'href="{target}"' in page
    overview = re.findall(r'<p><a class="reference internal" href="(#p\d-\w-[\w-]+)">', page)
    assert overview == ["#p1-a-why", "#p1-b-how", "#p1-c-both", "#p2-a-another"]
    assert page.count('href="lab-solution.ipynb"') == 2  # in the text, and among the downloads


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("      The proof\n", "      The prof\n"), "P1 b: one has no section 'The prof'"),
        (("    sections: |\n      Here\n", "    sections: ''\n"), "P2 a: no section answers it"),
        (("{lab-question} two", "{lab-question} tow"), "P2 a: there is no chapter 'tow'"),
        (("P1 b · How", "P1 a · How"), "P1 a is asked 2 times"),
        (("P1 b · How", "How"), "the heading 'How' is not like"),
    ],
)
def test_a_question_that_leads_nowhere_stops_the_build(tmp_path, change, complaint):
    book = small_book(tmp_path)
    assert change[0] in LAB
    lab(book, LAB.replace(*change))
    code, output = book.build()
    assert code != 0
    assert complaint in output
    assert not (book.root / "_build/html/lab-solution.ipynb").exists()


def test_a_section_renamed_in_a_chapter_stops_the_build_until_the_page_follows(tmp_path):
    book = small_book(tmp_path)
    assert book.build()[0] == 0
    book.chapter("one", text=CHAPTER.replace("## The proof", "## The argument"))
    for _ in range(2):  # a second build must not forget
        code, output = book.build()
        assert code != 0
        assert "P1 b: one has no section 'The proof'" in output
    lab(book, LAB.replace("The proof", "The argument"))
    code, output = book.build()
    assert code == 0, output
    assert 'href="one.html#the-argument"' in book.page("lab")
    written = nbformat.read(book.root / "_build/html/lab-solution.ipynb", as_version=4)
    assert "#### The argument" in headings(written.cells)


# ------------------------------------------------------------------------------- The book itself

built = pytest.mark.skipif(
    not (SITE / "index.html").exists() and not os.environ.get("CI"),
    reason="the book is not built (make book)",
)


@pytest.fixture(scope="module")
def solution() -> nbformat.NotebookNode:
    return nbformat.read(SOLUTION, as_version=4)


def chapters() -> list[str]:
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    pages = [c["file"] for part in contents["parts"] for c in part["chapters"]]
    return [page for page in pages if re.match(r"book/(langevin|matching|sde)/", page)]


def cells_before_the_exercises() -> list[str]:
    """The sources of the chapters' code cells, from the Markdown."""
    found = []
    for chapter in chapters():
        text = (ROOT / f"{chapter}.md").read_text().partition("\n## Exercises\n")[0]
        notebook = read_myst_markdown_notebook(text, path=ROOT / f"{chapter}.md")
        found += [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return found


@built
def test_every_question_is_asked_once_on_the_page_and_answered_in_the_notebook(solution):
    page = (ROOT / "book/lab-sheet.md").read_text()
    assert re.findall(r"(?m)^### (P\d [a-z]) · ", page) == QUESTIONS
    assert len(re.findall(r"(?m)^```\{lab-question\}", page)) == len(QUESTIONS)
    first = [h for h in headings(solution.cells) if re.match(r"### P\d [a-z] · ", h)]
    first = [h[4:8] for h in first if not h.endswith(", continued")]
    assert sorted(first) == QUESTIONS


@built
def test_the_notebook_is_valid_and_light(solution):
    nbformat.validate(solution)
    assert SOLUTION.stat().st_size < 10_000_000
    assert "<video" not in SOLUTION.read_text(encoding="utf8")


@built
def test_the_notebook_has_every_cell_of_the_chapters_before_their_exercises(solution):
    code = [c for c in solution.cells if c.cell_type == "code"]
    like_new = [c for c in code if "%reset" in c.source]
    assert len(like_new) == len(chapters())
    assert [c.source for c in code[1:] if c not in like_new] == cells_before_the_exercises()


@built
def test_the_notebook_shows_the_outputs_of_the_chapters(solution):
    shown = [row for page in chapters() for row in _rows_before_the_exercises(page)]
    assert len(shown) > 100
    assert measured_rows(solution) == shown
    silent = [c.source for c in solution.cells if c.cell_type == "code" and not c.outputs]
    assert all("plotting." not in s.splitlines()[-1] for s in silent if s)


@built
def test_no_solution_of_an_exercise_is_in_the_notebook(solution):
    text = "\n".join(c.source for c in solution.cells)
    assert "Solution to" not in text
    assert "## Exercises" not in text
    after = [
        (ROOT / f"{chapter}.md").read_text().partition("\n## Exercises\n")[2]
        for chapter in chapters()
    ]
    solutions = [
        s for t in after for s in re.findall(r"```\{code-cell\} ipython3\n(.*?)```", t, re.S)
    ]
    assert solutions
    assert not [s for s in solutions if s.strip() in text]


@built
@pytest.mark.long
def test_the_notebook_runs_from_top_to_bottom_and_gives_the_numbers_of_the_book(
    solution, tmp_path, monkeypatch
):
    """One kernel, an empty folder: every row of every table, to the last printed digit."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    fresh = nbformat.from_dict(solution)
    shown = measured_rows(fresh)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(
        fresh, timeout=1_800, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    assert measured_rows(fresh) == shown


def _rows_before_the_exercises(page: str) -> list[str]:
    notebook = nbformat.read(SITE / f"{page}.ipynb", as_version=4)
    sources = [c.source for c in notebook.cells]
    end = next(i for i, s in enumerate(sources) if s.startswith("## Exercises"))
    notebook.cells = notebook.cells[:end]
    return measured_rows(notebook)
