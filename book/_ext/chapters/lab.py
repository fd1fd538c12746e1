"""Sphinx extension: the laboratory's questions, and the sections of the chapters that answer them.

The directive `lab-question` is the one place that says which sections answer a question. The page
that holds it links to them, `lab-overview` lists the questions there, and `lab_notebook` cuts the
solution notebook along them. A question without a section, a section that does not exist and a
question asked twice are warnings, so a strict build stops.

    ### P1 a · The density of a mixture

    ```{lab-question} book/langevin/mixture
    ---
    sections: |
      The question
      What a mixture is
    ---
    What is asked, in Markdown without roles.
    ```
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from .lab_notebook import SOLUTION, write_solution

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Question:
    """A question of the laboratory.

    Attributes:
        page: The page that asks it.
        title: Its heading there, such as `P1 a · The density of a mixture`.
        part: The heading above that.
        asked: What is asked, in MyST Markdown.
        chapter: The document that answers it.
        sections: The titles of the sections that do, in the order of the chapter.
        line: Where the page asks it.
    """

    page: str
    title: str
    part: str
    asked: str
    chapter: str
    sections: tuple[str, ...]
    line: int

    @property
    def name(self) -> str:
        """Its number on the sheet, such as `P1 a`."""
        return self.title.partition(" · ")[0]


class asked(nodes.General, nodes.Element):
    """Holds a question until its heading is known: `text`, `chapter`, `sections`."""


class answers(nodes.Part, nodes.TextElement):
    """The place for links to the sections that answer: `chapter`, `sections`."""


class LabQuestion(SphinxDirective):
    """A box with what is asked, and links to the sections of one chapter that answer it."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict] = {"sections": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Build the box; the links come when all pages are known."""
        self.assert_has_content()
        chapter = self.arguments[0].strip()
        titles = [line.strip() for line in self.options.get("sections", "").splitlines()]
        sections = tuple(filter(None, titles))
        box = nodes.admonition(classes=["lab-question"])
        box += nodes.title("", "What is asked")
        self.state.nested_parse(self.content, self.content_offset, box)
        box += nodes.paragraph("", "", answers(chapter=chapter, sections=sections))
        text = "\n".join(self.content)
        return [asked("", box, text=text, chapter=chapter, sections=sections, line=self.lineno)]


class overview(nodes.General, nodes.Element):
    """The place for the list of the page's questions."""


class LabOverview(SphinxDirective):
    """A list of the page's questions, each with the chapter that answers it."""

    def run(self) -> list[nodes.Node]:
        """Hold the place until all titles are known."""
        return [overview()]


class LabSolution(SphinxRole):
    """A link to the solution notebook, which stands beside the page with the questions."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Build the link."""
        return [nodes.reference("", self.text, refuri=SOLUTION, internal=True)], []


def questions(env: BuildEnvironment) -> list[Question]:
    """All questions of the book, page by page, in the order of the page."""
    if not hasattr(env, "scorelab_questions"):
        env.scorelab_questions = {}
    return [q for page in sorted(env.scorelab_questions) for q in env.scorelab_questions[page]]


def headings(env: BuildEnvironment, document: str) -> dict[str, tuple[str, str]]:
    """Title and anchor of each section of `document`, by `nodes.make_id` of the title."""
    toc = env.tocs.get(document)
    found = toc.findall(nodes.reference) if toc is not None else ()
    return {nodes.make_id(r.astext()): (r.astext(), r["anchorname"]) for r in found}


def complaints(env: BuildEnvironment) -> Iterator[tuple[Question, str]]:
    """What is wrong with the questions."""
    times = Counter(q.name for q in questions(env))
    for question in questions(env):
        if not re.fullmatch(r"P\d [a-z] · \S.*", question.title):
            yield question, f"the heading {question.title!r} is not like 'P1 a · The density'"
        elif times[question.name] > 1:
            yield question, f"{question.name} is asked {times[question.name]} times"
        known = headings(env, question.chapter)
        if not known:
            yield question, f"{question.name}: there is no chapter {question.chapter!r}"
            continue
        if not question.sections:
            yield question, f"{question.name}: no section answers it"
        for title in question.sections:
            if nodes.make_id(title) not in known:
                yield question, f"{question.name}: {question.chapter} has no section {title!r}"


# Reading


def _collect(app: Sphinx, doctree: nodes.document) -> None:
    """Note the questions of the page just read, now that each stands below its heading."""
    found = []
    for node in list(doctree.findall(asked)):
        above = _titles_above(node)
        found.append(
            Question(
                app.env.docname,
                above[0] if above else "",
                above[1] if len(above) > 2 else "",
                node["text"],
                node["chapter"],
                node["sections"],
                node["line"],
            )
        )
        node.replace_self(node.children)
    questions(app.env)
    app.env.scorelab_questions.pop(app.env.docname, None)
    if found:
        app.env.scorelab_questions[app.env.docname] = found


def _titles_above(node: nodes.Node) -> list[str]:
    """The titles of the sections around `node`, the nearest first."""
    titles = []
    while node.parent is not None:
        node = node.parent
        if isinstance(node, nodes.section):
            titles.append(node.children[0].astext())
    return titles


def _purge(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    getattr(env, "scorelab_questions", {}).pop(page, None)


def _check(app: Sphinx, env: BuildEnvironment) -> None:
    for question, complaint in complaints(env):
        logger.warning(complaint, location=(question.page, question.line))


def _pages_to_write(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages with questions, if a heading that they link to has changed."""
    asked_by = {q.page for q in questions(env)}
    now = {q.chapter: sorted(headings(env, q.chapter).items()) for q in questions(env)}
    before = getattr(env, "scorelab_lab_headings", None)
    env.scorelab_lab_headings = now
    return sorted(asked_by) if now != before else []


# Writing


def _link(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Put the links to the sections in their places."""
    for place in list(doctree.findall(answers)):
        known = headings(app.env, place["chapter"])
        links: list[nodes.Node] = [nodes.Text("The book answers in ")]
        wanted = [known[i] for i in map(nodes.make_id, place["sections"]) if i in known]
        chapter = [next(iter(known.values()))] if known else []
        for number, (title, anchor) in enumerate([*chapter, *wanted]):
            if number:
                links.append(nodes.Text(": " if number == 1 else " · "))
            uri = app.builder.get_relative_uri(page, place["chapter"]) + anchor
            words = nodes.emphasis("", title) if not number else nodes.inline("", title)
            links.append(nodes.reference("", "", words, refuri=uri, internal=True))
        place.replace_self([*links, nodes.Text(".")])
    for place in list(doctree.findall(overview)):
        place.replace_self(_overview(app, page))


def _overview(app: Sphinx, page: str) -> nodes.bullet_list:
    here, items = headings(app.env, page), nodes.bullet_list()
    for question in questions(app.env):
        title, anchor = here.get(nodes.make_id(question.title), ("", ""))
        if question.page != page or not anchor:
            continue
        chapter, _ = next(iter(headings(app.env, question.chapter).values()), ("", ""))
        link = nodes.reference("", title, refuri=anchor, internal=True)
        words = nodes.paragraph("", "", link, nodes.Text(": "), nodes.emphasis("", chapter))
        items += nodes.list_item("", words)
    return items


def _button(
    app: Sphinx, name: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Offer the solution among the downloads of the page that asks."""
    if not any(q.page == name for q in questions(app.env)):
        return
    for group in context.get("header_buttons", []):
        if group.get("label") == "download-buttons":
            group["buttons"].insert(
                0,
                {
                    "type": "link",
                    "url": SOLUTION,
                    "text": "solution.ipynb",
                    "icon": "fas fa-code",
                    "tooltip": "Download the executed notebook that answers all questions",
                    "label": "download-solution-button",
                },
            )


def _write(app: Sphinx, error: Exception | None) -> None:
    """Write the solution beside the page that asks, once all chapters have their notebooks."""
    asked_here = questions(app.env) if error is None and app.builder.format == "html" else []
    if not asked_here or any(complaints(app.env)):
        return
    folder = posixpath.dirname(asked_here[0].page)
    write_solution(app, asked_here, Path(app.outdir, folder, SOLUTION))


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx; links are set before `notebooks` reads the page at priority 100."""
    app.add_node(asked)
    app.add_node(answers)
    app.add_node(overview)
    app.add_directive("lab-question", LabQuestion)
    app.add_directive("lab-overview", LabOverview)
    app.add_role("lab-solution", LabSolution())
    app.connect("doctree-read", _collect)
    app.connect("env-purge-doc", _purge)
    app.connect("env-updated", _pages_to_write)
    app.connect("env-check-consistency", _check)
    app.connect("doctree-resolved", _link, priority=50)
    app.connect("html-page-context", _button, priority=710)
    app.connect("build-finished", _write)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
