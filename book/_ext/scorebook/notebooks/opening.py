"""How the notebook of a chapter begins: what it is, and how to get the package that it needs."""

from __future__ import annotations

import posixpath

import nbformat
from nbformat import NotebookNode
from scorebook import state
from sphinx.application import Sphinx

EXTRA = "notebooks"  # of the package: what these need


def opening_cells(app: Sphinx, title: str, about: str) -> list[NotebookNode]:
    """The cells that say what the notebook is and install the package where it is missing."""
    book = app.config.html_title or app.config.project
    text = f"*{title}* — the executed notebook of a chapter of **{book}**, {about}.\n\n"
    wheel = state.of_build(app).wheel
    if wheel and not app.config.html_baseurl:
        text += f"Put `{posixpath.basename(wheel)}`, which the chapter offers, beside this file. "
    what = package(app)
    if not what:
        return [nbformat.v4.new_markdown_cell(f"{text}It needs the package `scorelab`.")]
    install = (
        "# Does nothing where the package is installed.\n"
        "import importlib.util\n\n"
        'if importlib.util.find_spec("scorelab") is None:\n'
        f'    %pip install -q "{what}"'
    )
    text += "The first cell installs the package; then all runs, anywhere."
    return [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell(install)]


def package(app: Sphinx) -> str:
    """What pip is told to install: the book's wheel, else the repository, else nothing is known."""
    wheel, base = state.of_build(app).wheel, app.config.html_baseurl
    if wheel and base:
        return f"scorelab[{EXTRA}] @ {base.rstrip('/')}/{wheel}"
    if wheel:
        return f"./{posixpath.basename(wheel)}[{EXTRA}]"
    url = app.config.notebook_repository
    return f"git+{url}" if url else ""
