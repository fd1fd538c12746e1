"""How the notebook of a chapter begins: what it is, and how to get the package that it needs."""

from __future__ import annotations

import nbformat
from nbformat import NotebookNode
from sphinx.application import Sphinx

INSTALL = "pip install -r requirements.txt"


def opening_cells(app: Sphinx, title: str, about: str) -> list[NotebookNode]:
    """The cells that say what the notebook is and, where an address is known, fetch the package."""
    url = app.config.notebook_repository
    book = app.config.html_title or app.config.project
    source = f"a checkout of [the repository]({url})" if url else "a checkout of its repository"
    text = (
        f"*{title}* — the executed notebook of a chapter of **{book}**, {about}.\n\n"
        f"It runs anywhere, once the package `scorelab` is there: `{INSTALL}` in {source}."
    )
    cells = [nbformat.v4.new_markdown_cell(text)]
    if url:
        install = (
            "# Where the package is missing (Colab, say), take it from the repository.\n"
            "import importlib.util\n\n"
            'if importlib.util.find_spec("scorelab") is None:\n'
            f"    %pip install -q git+{url}"
        )
        cells.append(nbformat.v4.new_code_cell(install))
    return cells
