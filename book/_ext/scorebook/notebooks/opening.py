"""How the notebook of a chapter begins: what it is, and how to get the package that it needs."""

from __future__ import annotations

import posixpath

import nbformat
from nbformat import NotebookNode
from scorebook import state
from scorebook.contents import ENGLISH
from scorebook.words import word
from sphinx.application import Sphinx

EXTRA = "notebooks"  # of the package: what these need


def opening_cells(app: Sphinx, title: str, about: str) -> list[NotebookNode]:
    """The cells that say what the notebook is and install the package where it is missing."""
    book = app.config.html_title or app.config.project
    text = f"*{title}* — the executed notebook of a chapter of **{book}**, {about}.\n\n"
    if wheel := wheel_beside(app):
        text += f"Put `{wheel}`, which the chapter offers, beside this file. "
    install = install_cells(app)
    if install:
        text += "The first cell installs the package; then all runs, anywhere."
    else:
        text += "It needs the package `scorelab`."
    return [nbformat.v4.new_markdown_cell(text), *install]


def install_cells(app: Sphinx, language: str = ENGLISH) -> list[NotebookNode]:
    """The cell that installs the package where it is missing; none if nobody offers it."""
    what = package(app)
    install = (
        f"# {word('Does nothing where the package is installed.', language)}\n"
        "import importlib.util\n\n"
        'if importlib.util.find_spec("scorelab") is None:\n'
        f'    %pip install -q "{what}"'
    )
    return [nbformat.v4.new_code_cell(install)] if what else []


def wheel_beside(app: Sphinx) -> str:
    """The file that must lie beside a notebook to be installed, if there is one."""
    return "" if app.config.html_baseurl else posixpath.basename(state.of_build(app).wheel)


def package(app: Sphinx) -> str:
    """What pip is told to install: the book's wheel, else the repository, else nothing is known."""
    wheel, base = state.of_build(app).wheel, app.config.html_baseurl
    if wheel and base:
        return f"scorelab[{EXTRA}] @ {base.rstrip('/')}/{wheel}"
    if wheel:
        return f"./{posixpath.basename(wheel)}[{EXTRA}]"
    url = app.config.notebook_repository
    return f"git+{url}" if url else ""
