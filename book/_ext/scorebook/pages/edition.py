"""An edition without answers: `solutions: false` in `_config.yml`, below `sphinx: config:`.

No page shows a solution, no notebook holds one. Of a page with a `template` (the lab) the questions
stay, with what is given and where the sheet needs care; the page whose notebook it offers, the
model solution, is empty but for its title. What led to an answer is text and no link.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from docutils import nodes
from scorebook import contents, state
from scorebook.notebooks.template import parts_of, questions_of
from scorebook.words import word
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

NONE = "This edition has no answers."
_KEPT = ("lab-question", "warning", "objectives")


def register(app: Sphinx) -> None:
    """Make known the switch."""
    app.add_config_value("solutions", True, "env", bool)


def withhold_sources(app: Sphinx, config: Config) -> None:
    """Put no source of a page into the site."""
    if not config.solutions:
        config.html_copy_source = False


def find_answers(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Remember the anchors of all answers, to which any page may lead."""
    if not app.config.solutions:
        state.of_build(app).answers = {
            app.builder.get_target_uri(page): {
                anchor
                for answer in _answers(env, env.get_doctree(page), page)
                for node in answer.findall(nodes.Element)
                for anchor in node["ids"]
            }
            for page in env.found_docs
        }
    return []


def leave_out_answers(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Take the answers from a page, and the links that lead to some."""
    if app.config.solutions:
        return
    answers = list(_answers(app.env, doctree, page))
    for node in answers:
        node.parent.remove(node)
    if answers and not _with_exercises(app.env, page):
        said = word(NONE, contents.language(app.env, page))
        title = next(doctree.findall(nodes.title))
        title.parent.insert(title.parent.index(title) + 1, nodes.paragraph("", said))
    for link in list(doctree.findall(nodes.reference)):
        if _leads_to_an_answer(app, page, link):
            link.replace_self(link.children)


def _answers(env: BuildEnvironment, doctree: nodes.document, page: str) -> Iterator[nodes.Node]:
    """What an edition without answers leaves out; no node below another one."""
    if page in _model_solutions(env):
        for section in doctree.children:
            yield from section.children[1:] if isinstance(section, nodes.section) else ()
    elif _with_exercises(env, page):
        yield from list(doctree.findall(_is_solution))
    else:
        for section in doctree.findall(nodes.section):
            if questions_of(section):
                yield from (node for node in section.children[1:] if not _stays(node))
            elif parts_of(section):
                given = True
                for node in section.children[1:]:
                    given = given and isinstance(node, nodes.paragraph | nodes.math_block)
                    if not (given or _stays(node)):
                        yield node


def _stays(node: nodes.Node) -> bool:
    if isinstance(node, nodes.section | nodes.target | nodes.comment):
        return True
    return isinstance(node, nodes.Element) and any(c in _KEPT for c in node.get("classes", ()))


def _is_solution(node: nodes.Node) -> bool:
    # Where pages are written a folded box is a node of our own, which keeps the name.
    kinds = (type(node).__name__, node.get("kind") if isinstance(node, nodes.Element) else None)
    return "solution_node" in kinds


def _with_exercises(env: BuildEnvironment, page: str) -> bool:
    return "template" not in env.metadata[page] and page not in _model_solutions(env)


def _model_solutions(env: BuildEnvironment) -> set[str]:
    """The pages whose notebook is the answer to a page of questions, in every language."""
    return {
        posixpath.join(posixpath.dirname(page), data["notebook"])
        for page, data in env.metadata.items()
        if "template" in data and "notebook" in data
    }


def _leads_to_an_answer(app: Sphinx, page: str, link: nodes.reference) -> bool:
    there, _, anchor = link.get("refuri", "").partition("#")
    anchor = link.get("refid", anchor)
    if not anchor or "://" in there:
        return False
    here = app.builder.get_target_uri(page)
    file = posixpath.normpath(posixpath.join(posixpath.dirname(here), there)) if there else here
    return anchor in state.of_build(app).answers.get(file, ())
