"""The notebook that students fill in: every question with its check, nothing of the answers, and it
runs before anything is filled in."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from sample import PARTS, Book
from scorebook.notebooks import template as maker
from scorebook.words import words
from tiers import nightly_but

from scorelab import lab

ROOT = Path(__file__).resolve().parent.parent
SITE = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
FIXED = [maker.NAMES, maker.WHAT, maker.BEGIN, maker.BESIDE, *maker.HOW, maker.ANSWER]
NOTHING = {"en": "Nothing to check yet: ", "es": "Todavía no hay nada que comprobar: "}
# What the page asks, and what it gives before its first box.
ASKED = re.compile(r"(?ms)^:::\{admonition\}[^\n]*\n:class: lab-question\n(.*?)^:::$")
GIVEN = re.compile(r"(?ms)^###? P\d · [^\n]*\n(.*?)(?=^\(.*\)=$|^:::|^###? )")
CELL = re.compile(r"(?ms)^```\{code-cell\}.*?^```$")


LABS = [("laboratory", "lab-template", "en"), ("laboratorio", "lab-plantilla", "es")]


@pytest.fixture(scope="module", params=LABS, ids=["en", "es"])
def template(request) -> SimpleNamespace:
    page, name, language = request.param
    path = SITE / f"book/lab/{name}.ipynb"
    if not path.exists() and not os.environ.get("CI"):
        pytest.skip("the book is not built (make book)")
    return SimpleNamespace(
        page=(ROOT / f"book/lab/{page}.md").read_text("utf8"),
        notebook=nbformat.read(path, as_version=4),
        language=language,
    )


def _about(template: SimpleNamespace) -> list[lab.Question]:
    return [lab.about(name, language=template.language) for name in lab.available()]


def _said(text: str) -> str:
    """The words of a text, which are the same on a page and in a notebook."""
    return " ".join(re.findall(r"\w+", text))


def _written(template: SimpleNamespace) -> str:
    return _said("\n".join(cell.source for cell in template.notebook.cells))


def test_it_has_the_headings_of_the_page_in_their_order(template):
    nbformat.validate(template.notebook)
    lines = [cell.source.partition("\n")[0] for cell in template.notebook.cells[3:]]
    headings = [line for line in lines if line.startswith("##")]
    assert headings == re.findall(r"(?m)^###? P\d · .+$", template.page)
    letters = re.findall(r"(?m)^### (P\d) · ([a-f]) \(", "\n".join(headings))
    assert [" ".join(pair) for pair in letters] == lab.available()


def test_each_question_is_asked_and_has_cells_for_the_answer_and_its_check(template):
    cells = template.notebook.cells
    at = [i for i, cell in enumerate(cells) if cell.source.startswith("### ")]
    asked = ASKED.findall(template.page)
    for i, about, question in zip(at, _about(template), asked, strict=True):
        text, in_words, code, check = cells[i : i + 4]
        assert _said(question) in _said(text.source)
        assert about.expects in text.source
        assert in_words.cell_type == "markdown"
        assert (code.source, code.metadata.tags) == (about.stub, ["answer"])
        assert (check.source, check.metadata.tags) == (about.check, ["check"])


def test_what_the_sheet_gives_is_in_it(template):
    given = [part for part in map(_said, GIVEN.findall(template.page)) if part]
    assert len(given) == 4  # of the three parts, and of P3 d
    for part in given:
        assert part in _written(template)


def test_no_code_but_stubs_and_checks_is_in_it(template):
    install, imports, *code = [c for c in template.notebook.cells if c.cell_type == "code"]
    assert "%pip install" in install.source
    assert imports.source == "import torch\n\nimport scorelab as sl"
    assert [c.source for c in code] == [s for q in _about(template) for s in (q.stub, q.check)]
    assert not any(cell.outputs for cell in (install, imports, *code))


def test_nothing_that_the_page_answers_is_in_it(template):
    answers = template.page[template.page.index("## P1 · ") :]
    for known in (CELL, ASKED):
        answers = known.sub("", answers)
    for known in GIVEN.findall(template.page):
        answers = answers.replace(known, "\n")
    answers = re.sub("(?m)^###? .*", "", answers)
    # Formulas and links are written anew in a notebook; the words between them are not.
    parts = re.split(r"\$+[^$]*\$+|\{[^}]*\}|\[[^\]]*\]\([^)]*\)|\n", answers)
    told = [part for part in map(_said, parts) if len(part.split()) >= 6]
    assert len(told) > 150
    for part in told:
        assert part not in _written(template)


def test_the_spanish_one_has_no_english_sentence():
    path = SITE / "book/lab/lab-plantilla.ipynb"
    if not path.exists() and not os.environ.get("CI"):
        pytest.skip("the book is not built (make book)")
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    for sentence in FIXED:
        assert sentence not in text
        assert words("es")[sentence].partition("{")[0] in text
    assert {"the", "and", "of", "your", "which", "with"}.isdisjoint(_said(text).lower().split())


@pytest.mark.parametrize("template", nightly_but(LABS[:1], LABS), ids=["en", "es"], indirect=True)
def test_it_runs_as_it_is_handed_out(template, tmp_path, empty_environment):
    empty_environment.execute(template.notebook, SITE, tmp_path)
    checks = [c for c in template.notebook.cells if "check" in c.metadata.get("tags", [])]
    assert len(checks) == len(lab.available())
    for cell in checks:
        (output,) = cell.outputs
        assert output.data["text/plain"].startswith(NOTHING[template.language]), cell.source


@pytest.mark.nightly
def test_a_question_that_is_asked_or_checked_alone_stops_a_strict_build(tmp_path):
    page = "---\ntemplate: filled-in\n---\n# The lab\n\n## P1\n\n" + "".join(
        f"### {heading}\n\n:::{{admonition}} Asked\n:class: lab-question\n\nWhy?\n:::\n\n"
        for heading in ("P1 · a (1.0) One", "P1 · z (1.0) Another")
    )
    book = Book(tmp_path)
    book.write("scorelab/__init__.py", "")
    book.write("page.md", page)
    book.configure("page", parts=PARTS)
    code, output = book.build()
    assert code != 0
    assert "no check for P1 z" in output
    assert "P1 a is" not in output
    assert "P1 b is checked, but not asked here" in output
