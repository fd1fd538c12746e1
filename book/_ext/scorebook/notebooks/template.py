"""The notebook that students fill in: a page's questions, and under each a cell that checks it.

A question is a section with a box of the class `lab-question`; its heading begins with the letters
by which `scorelab.lab` knows it, `P1 · b`. What is given stands in a section before its first box.
Nothing else of the page is taken, so no answer is: neither text nor code, output or mark.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import partial
from itertools import takewhile

from docutils import nodes
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from scorebook import contents, state
from scorebook.chapters.remembered import remembered
from scorebook.notebooks.opening import install_cells, wheel_beside
from scorebook.notebooks.plain_markdown import PlainMarkdown
from scorebook.notebooks.student import answer_cells
from scorebook.notebooks.writing import Page, save
from scorebook.words import word
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

logger = logging.getLogger(__name__)

QUESTION = "lab-question"
# What the first cell says; `words-es.yml` has it in Spanish.
NAMES = "**Name(s):** …"
WHAT = (
    "This is the notebook that you hand in: each question of the sheet, and below it a cell for "
    "your answer in words, one for your code, and one that checks it."
)
BEGIN = "**To begin**, run the next cell; it installs what checks your answers."
BESIDE = "`{wheel}`, which the book offers beside this notebook, must lie in the same folder."
HOW = (
    "**To answer**, replace each `...` and add what cells you need. Keep the names that the check "
    "expects; `(n, d)` is the shape of a tensor that holds n points in d dimensions.",
    "**To check**, run the cell below your code, as often as you like: it says that the answer is "
    "right or gives a hint, never the solution. What is not filled in yet raises no error.",
    "**To hand in**: one notebook; code in an order that a reader can follow, theory in Markdown "
    "cells, answers precise and concise. Restart the kernel and run all cells first: there must "
    "be no error.",
)
EXPECTS = "**The check expects:** {expects}."
ANSWER = "*Your answer in words.*"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def pages_to_write(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages with a template, if the checks say something else than before."""
    pages = [page for page, data in env.metadata.items() if "template" in data]
    if not pages:
        return []
    known, now = state.of_pages(env), remembered(app, "lab", all_questions)
    changed, known.questions = known.questions != now, now
    return sorted(pages) if changed else []


def write_template(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Write the template of the page `name`, if that has one, from its resolved `doctree`."""
    file = app.env.metadata[name].get("template")
    if app.builder.format != "html" or file is None:
        return
    language = contents.language(app.env, name)
    questions = remembered(app, "lab", all_questions)[language]
    asked = {
        _letters(section) for section in doctree.findall(nodes.section) if questions_of(section)
    }
    for letters in sorted(asked ^ questions.keys()):
        complaint = "no check for %s" if letters in asked else "%s is checked, but not asked here"
        logger.warning(complaint, letters, location=name)
    cells = [
        *_opening(app, app.env.titles[name].astext(), language),
        *_questions(Page(app, name, PlainMarkdown), doctree, questions, language),
    ]
    save(app, posixpath.join(posixpath.dirname(name), file), cells, METADATA)


def all_questions() -> dict[str, dict[str, list[str]]]:
    """In each language, for each question: what is expected, code to begin with, the check."""
    from scorelab import lab  # needs torch
    from scorelab.lab.wording import LANGUAGES

    return {
        language: {
            name: [about.expects, about.stub, about.check]
            for name in lab.available()
            for about in [lab.about(name, language=language)]
        }
        for language in LANGUAGES
    }


def _opening(app: Sphinx, title: str, language: str) -> list[NotebookNode]:
    say = partial(word, language=language)
    beside = [say(BESIDE).format(wheel=wheel)] if (wheel := wheel_beside(app)) else []
    steps = "\n- ".join([" ".join([say(BEGIN), *beside]), *map(say, HOW)])
    text = "\n\n".join([f"# {title}", say(NAMES), say(WHAT), f"- {steps}"])
    return [
        new_markdown_cell(text),
        *install_cells(app, language),
        new_code_cell("import torch\n\nimport scorelab as sl"),
    ]


def _questions(
    page: Page, doctree: nodes.document, questions: dict[str, list[str]], language: str
) -> Iterator[NotebookNode]:
    """The cells of each part and of each question, in the order of the page."""
    for section in doctree.findall(nodes.section):
        boxes, parts = questions_of(section), parts_of(section)
        if not (boxes or parts):
            continue
        title, *rest = section.children
        given = takewhile(lambda node: not isinstance(node, nodes.Admonition | nodes.section), rest)
        asked = [child for box in boxes for child in box.children[1:]]
        pieces = [piece for node in (*given, *asked) for piece in page.markdown.block(node, 4)]
        heading = f"{'###' if boxes else '##'} {page.markdown.inline(title).strip()}"
        text = "\n\n".join([heading, *(piece for piece in pieces if isinstance(piece, str))])
        if not boxes:
            yield page.text_cell(text)
        elif _letters(section) in questions:
            expects, *stub = questions[_letters(section)]
            yield page.text_cell(f"{text}\n\n{word(EXPECTS, language).format(expects=expects)}")
            yield new_markdown_cell(word(ANSWER, language))
            yield from answer_cells(stub)


def parts_of(section: nodes.section) -> list[nodes.Node]:
    """The questions that a section is divided into."""
    return [child for child in section.children if questions_of(child)]


def questions_of(node: nodes.Node) -> list[nodes.Element]:
    """What a section asks, if `node` is the section of a question."""
    if not isinstance(node, nodes.section):
        return []
    return [
        c for c in node.children if isinstance(c, nodes.Admonition) and QUESTION in c["classes"]
    ]


def _letters(section: nodes.section) -> str:
    """`P1 b` of the heading `P1 · b (1.5) …`; of another one, all."""
    heading = section.children[0].astext()
    found = re.match(r"(\w+) · (\w+)\b", heading)
    return " ".join(found.groups()) if found else heading
