"""Each page offers its executed notebook, in plain Markdown, and it runs elsewhere."""

from __future__ import annotations

import os
import re
import shutil

import nbformat
import pytest
from docutils import nodes
from nbclient import NotebookClient
from sample import Book
from scorebook.notebooks.plain_markdown import PlainMarkdown
from scorebook.notebooks.tex import display, expand, plain_output

TEXT = r"""
The score is due to {cite}`hyvarinen2005`. By {eq}`eq-score` and {eq}`eq-two`, see {ref}`sec-end`
and [the other page](other.md), {numref}`fig-dot`, and <https://example.org/a>. A price of 5\$.

$$
s(x) = \nabla_x \log p(x)
$$ (eq-score)

\begin{align}
a &= b \\
c &= d
\end{align}

$$
a &= 1 \\
b &= 2
$$ (eq-two)

:::{note}
Mind the $\sigma$.
:::

:::{admonition} A folded hint
:class: dropdown

Look at *this*, with `code`.
:::

```{exercise} Warm up
:label: ex-one
What is $1 + 1$?
```

```{solution} ex-one
:class: dropdown
It is $2$.
```

```{exercise-start} A known one
:label: ex-full-step
```
What is $\alpha$?
```{exercise-end}
```

````{solution-start} ex-full-step
:class: dropdown
````
Half of it.

```{code-cell} python
revealed = 6 * 7
```

```{code-cell} python
:tags: [remove-cell]

revealed_too = 54
```
````{solution-end}
````

```{literalinclude} scorelab/mixture.py
:language: python
:pyobject: depth
```

```{figure} dot.png
:name: fig-dot
:alt: a dot
One dot.
```

| left | right |
|------|-------|
| 1 | $x$ |

1. first
2. second
   - inner

Term
: Its meaning.

(sec-end)=
## The end

Last words.
"""

# The smallest PNG.
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
BIB = """
@article{hyvarinen2005,
  author = {Hyvärinen, Aapo}, title = {Estimation}, journal = {JMLR}, year = {2005},
  doi = {10.1000/x}
}
"""
CELLS = (
    "from scorelab.mixture import depth\nimport os",
    "hidden = 41",
    "print(depth(), hidden + 1)",
    "from IPython.display import Markdown\n"
    "Markdown('Hence [checked]{.checked}\\n\\n$$\\nx = 1\\n$$ (eq-shown)\\n')",
)
SOLUTION = ("revealed = 6 * 7", "revealed_too = 54")


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Book:
    """A book with one page of everything, built."""
    book = Book(tmp_path_factory.mktemp("book"))
    book.write("scorelab/__init__.py", "")
    book.write("scorelab/mixture.py", "def depth():\n    return 'level-17'\n")
    book.write("references.bib", BIB)
    (book.root / "dot.png").write_bytes(DOT)
    book.chapter("folder/page", *CELLS, text=TEXT.replace("other.md", "../other.md"))
    page = book.root / "folder/page.md"
    text = page.read_text().replace("scorelab/mixture.py", "../scorelab/mixture.py")
    text = text.replace("} dot.png", "} ../dot.png")
    page.write_text(
        text.replace(
            "```{code-cell} python\nhidden", "```{code-cell} python\n:tags: [remove-cell]\n\nhidden"
        )
    )
    book.write("other.md", "# The other page\n\n```{bibliography}\n```\n")
    book.configure(
        "folder/page", "other", more="    nb_render_markdown_format: myst\n    numfig: true"
    )
    code, output = book.build()
    assert code == 0, output
    return book


@pytest.fixture(scope="module")
def notebook(book):
    return nbformat.read(book.root / "_build/html/folder/page.ipynb", as_version=4)


@pytest.fixture(scope="module")
def student(book):
    return nbformat.read(book.root / "_build/html/folder/page-student.ipynb", as_version=4)


@pytest.fixture(scope="module")
def text(notebook) -> str:
    return "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


def test_the_notebook_is_valid_and_has_the_outputs(notebook):
    nbformat.validate(notebook)
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    assert any(output.get("text") == "level-17 42\n" for output in outputs)
    sources = [c.source for c in notebook.cells if c.cell_type == "code"]
    assert [s for s in sources if "EXECUTED" not in s] == [*SOLUTION, *CELLS]


def test_no_myst_is_left(text, notebook):
    shown = [str(c.get("outputs", "")) for c in notebook.cells]
    for piece in (text, *shown):
        assert ":::" not in piece
        assert not re.search(r"\{[a-z:]+\}`", piece)
        assert not re.search(r"```\{", piece)
        assert not re.search(r"\$\$\s*\([\w-]+\)", piece)
        assert not re.search(r"^\([\w-]+\)=$", piece, flags=re.MULTILINE)
        assert "]{." not in piece


@pytest.mark.parametrize(
    "expected",
    [
        "[Hyvärinen, 2005](https://doi.org/10.1000/x)",
        "$$\ns(x) = \\nabla_x \\log p(x) \\tag{1}\n$$",
        "\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}",
        "$$\n\\begin{split}\na &= 1 \\\\\nb &= 2\n\\end{split} \\tag{3}\n$$",
        "By (1) and (3), see The end and the other page, Fig. 1,",
        "[https://example.org/a](https://example.org/a)",
        "A price of 5\\$.",
        "> **Note**\n>\n> Mind the $\\sigma$.",
        "<details>\n<summary>A folded hint</summary>\n\nLook at *this*, with `code`.\n\n</details>",
        "> **Exercise 1 (Warm up)**\n>\n> What is $1 + 1$?",
        "<summary>Solution to Exercise 1 (Warm up)</summary>\n\nIt is $2$.\n\n</details>",
        "```python\ndef depth():\n    return 'level-17'\n```",
        "![a dot](attachment:dot.png)\n\n**Figure 1.** One dot.",
        "| left | right |\n| --- | --- |\n| 1 | $x$ |",
        "1. first\n2. second",
        "   - inner",
        "- **Term**\n\n  Its meaning.",
        "## The end",
        "It needs the package `scorelab`.",
    ],
)
def test_each_directive_becomes_plain_markdown(text, expected):
    assert expected in text


def test_a_picture_travels_with_the_notebook(notebook):
    (cell,) = (c for c in notebook.cells if "attachment:" in c.source)
    assert list(cell.attachments) == ["dot.png"]


def test_what_a_cell_displayed_is_numbered_as_on_the_page(notebook):
    shown = [
        output.data["text/markdown"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "text/markdown" in output.get("data", {})
    ]
    assert shown == ["Hence *checked*\n\n$$\nx = 1 \\tag{4}\n$$"]


def test_the_student_s_notebook_has_answer_cells_in_place_of_solutions(student):
    nbformat.validate(student)
    text = "\n\n".join(c.source for c in student.cells)
    for told in ("It is $2$", "Half of it", "Solution to", *SOLUTION):
        assert told not in text
    start = next(i for i, c in enumerate(student.cells) if "Exercise 1 (Warm up)" in c.source)
    answer, known, stub, check = student.cells[start + 1 : start + 5]
    assert answer.source == "# Your answer\n..."  # this label is in no registry
    assert "Exercise 2 (A known one)" in known.source
    assert stub.source.startswith("# Your answer: a number, the step_size")
    assert stub.source.endswith("\nanswer = ...")
    assert check.source == 'exercises.check("ex-full-step", answer)'


def test_the_student_s_notebook_is_else_that_of_the_page(student, notebook):
    kept = [c for c in notebook.cells if c.cell_type == "code" and c.source not in SOLUTION]
    tags = [c.metadata.get("tags", []) for c in student.cells]
    assert [
        (c.source, c.outputs)
        for c, t in zip(student.cells, tags, strict=True)
        if c.cell_type == "code" and not {"answer", "check"} & set(t)
    ] == [(c.source, c.outputs) for c in kept]
    assert "What is $1 + 1$?" in "".join(c.source for c in student.cells)
    assert "with its outputs; after each exercise" in student.cells[0].source
    assert "with its outputs, and solutions" in notebook.cells[0].source


def test_the_page_links_to_the_notebooks(book):
    links = re.findall(r'href="([^"]+\.ipynb)"', book.page("folder/page"))
    assert links == ["page-student.ipynb", "page.ipynb"]
    assert ".ipynb" not in book.page("other")
    assert not (book.root / "_build/html/other.ipynb").exists()


def test_nothing_dead_is_shown_without_a_repository(book):
    for name in ("folder/page", "other"):
        links = re.findall(r'href="([^"]+)"', book.page(name))
        assert not [link for link in links if re.search("colab|binder|jupyter-book$", link)]


def test_the_downloaded_notebook_executes_in_an_empty_folder(book, notebook, tmp_path):
    # The package is installed elsewhere, as it would be after `pip install`.
    shutil.copytree(book.root / "scorelab", tmp_path / "site/scorelab")
    (tmp_path / "empty").mkdir()
    fresh = nbformat.from_dict(notebook)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    environment = os.environ | {
        "PYTHONPATH": str(tmp_path / "site"),
        "EXECUTED": str(tmp_path / "executed.txt"),
    }
    client = NotebookClient(
        fresh, timeout=60, resources={"metadata": {"path": str(tmp_path / "empty")}}
    )
    client.execute(env=environment)
    assert any(
        output.get("text") == "level-17 42\n"
        for c in fresh.cells
        for output in c.get("outputs", [])
    )


def test_on_a_cache_hit_too_with_launch_buttons_once_a_repository_is_set(book, notebook):
    shutil.copytree(book.root, book.root.parent / "again", dirs_exist_ok=True)
    again = Book(book.root.parent / "again")
    settings = (again.root / "_config.yml").read_text()
    again.write("_config.yml", settings + "repository: {url: https://github.com/lab/score}\n")
    again.executed()
    code, output = again.build("--all")
    assert code == 0, output
    assert again.executed() == []
    written = nbformat.read(again.root / "_build/html/folder/page.ipynb", as_version=4)
    by_source = {c.source: c.get("outputs") for c in written.cells}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert by_source[cell.source] == cell.outputs
    assert '%pip install -q "git+https://github.com/lab/score"' in written.cells[1].source
    page = again.page("folder/page")
    assert (
        "https://colab.research.google.com/github/lab/score/blob/notebooks/folder/page.ipynb"
        in page
    )
    assert "https://mybinder.org/v2/gh/lab/score/notebooks?labpath=folder%2Fpage.ipynb" in page


MACROS = {
    "E": r"\mathbb{E}",
    "KL": (r"\mathrm{KL}(#1 \| #2)", 2),
    "dd": r"\mathrm{d}",
    "score": r"\nabla\log p",
    "norm": (r"\lVert #1\rVert", 1),
}


@pytest.mark.parametrize(
    ("tex", "plain"),
    [
        (r"\E[x]", r"\mathbb{E}[x]"),
        (r"\Eps \E x", r"\Eps \mathbb{E} x"),
        (r"\KL{p}{q_{1}}", r"\mathrm{KL}(p \| q_{1})"),
        (r"\KL p q", r"\mathrm{KL}(p \| q)"),
        (r"\norm{\E\norm{x}}^2", r"\lVert \mathbb{E}\lVert x\rVert\rVert^2"),
        (r"\score(x) \dd x", r"\nabla\log p(x) \mathrm{d} x"),
        (r"\norm{a \} b}", r"\lVert a \} b\rVert"),
        ("x^2", "x^2"),
    ],
)
def test_macros_are_expanded(tex, plain):
    assert expand(tex, MACROS) == plain


def test_punctuation_that_the_page_ties_to_a_formula_stays():
    markdown = PlainMarkdown(
        number=lambda kind, node: None,
        link=lambda node: None,
        cite=lambda node: None,
        picture=str,
        macros={},
    )
    text = nodes.paragraph()
    text += [nodes.Text("with "), nodes.math("", "w_k", after="."), nodes.Text(" Then")]
    assert markdown.inline(text) == "with $w_k$. Then"


def test_an_argument_that_is_not_closed_is_an_error():
    with pytest.raises(ValueError, match="not closed"):
        expand(r"\norm{x", MACROS)


def test_intervals_in_what_a_cell_displayed_are_left_alone():
    text = "For $x \\in [0, 1]$, $\\E{x}$ [here]."
    assert plain_output(text, MACROS, lambda label: None) == text.replace("\\E", "\\mathbb{E}")


def test_a_display_that_brings_its_environment_is_not_wrapped_again():
    assert display("\\begin{aligned}\na \\\\ b\n\\end{aligned}").count("\\begin") == 1
