"""Figures and films leave the book: a small menu beside each, with files named after it.

A picture of the package comes as PDF, for papers and slides, and as PNG, each light and dark; one
that is drawn otherwise as the PNG that it is; a film as MP4. The files are written beside the
pages, to `figures/`, and nothing of them is loaded by a page.
"""

from __future__ import annotations

from functools import partial
from html import escape
from pathlib import Path

from docutils import nodes
from scorebook import contents, state
from scorebook.words import word
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.osutil import relative_uri
from sphinx.writers.html5 import HTML5Translator

from scorelab._support.files import write_whole

FOLDER = "figures"


class save(nodes.General, nodes.Element):
    """The menu: ``figure`` is a name, ``files`` are the names of files below the folder."""


def register(app: Sphinx) -> None:
    """Make known what a menu is."""
    app.add_node(save, html=(_visit, None))


def find_files(app: Sphinx, doctree: nodes.document) -> None:
    """Notes which files the figures of a page come in."""
    found = {}
    for figure in doctree.findall(nodes.figure):
        found |= _files(figure)
    state.of_pages(app.env).figure_files[app.env.docname] = found


def forget_page(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    state.of_pages(env).figure_files.pop(page, None)


def add_menus(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Puts the menu before the caption, which must come last."""
    if app.builder.format != "html":
        return
    for figure in list(doctree.findall(nodes.figure)):
        files = _files(figure)
        caption = next((child for child in figure if isinstance(child, nodes.caption)), None)
        if files and caption is not None:
            figure.insert(figure.index(caption), save(figure=_name(figure), files=list(files)))


def write_files(app: Sphinx, exception: Exception | None) -> None:
    """Writes what is not there yet, and drops what no page offers any more."""
    if exception or app.builder.format != "html":
        return
    pages = state.of_pages(app.env).figure_files.values()
    wanted = {name: source for found in pages for name, source in found.items()}
    folder = Path(app.outdir, FOLDER)
    for name, source in wanted.items():
        data = Path(app.doctreedir, source).read_bytes()
        if not (folder / name).is_file() or (folder / name).read_bytes() != data:
            write_whole(folder / name, data)
    for file in folder.glob("*"):
        if file.name not in wanted:
            file.unlink()


def _files(figure: nodes.figure) -> dict[str, str]:
    """The files of a figure: for the name of each, where among the doctrees it is kept."""
    return {
        f"score-lab-{_name(figure)}{end}": source
        for shown in figure.findall(nodes.Element)
        for end, source in shown.get("files", {}).items()
        if figure["names"]
    }


def _name(figure: nodes.figure) -> str:
    return next(iter(figure["names"]), "").removeprefix("fig-")


def _visit(translator: HTML5Translator, node: save) -> None:
    builder = translator.builder
    page = builder.current_docname
    say = partial(word, language=contents.language(builder.env, page))
    links = []
    for name in node["files"]:
        stem, _, kind = name.rpartition(".")
        twin = next((twin for twin in ("light", "dark") if stem.endswith(f"-{twin}")), "")
        says = f"{kind.upper()}{', ' * bool(twin)}{say(twin)}"
        url = relative_uri(builder.get_target_uri(page), f"{FOLDER}/{name}")
        links.append(f'<li><a href="{escape(url)}" download>{says}</a></li>')
    translator.body.append(
        f'<details class="save" name="save"><summary>{say("Save")}<span class="sr">: '
        f"{escape(node['figure'])}</span></summary><ul>{''.join(links)}</ul></details>"
    )
    raise nodes.SkipNode
