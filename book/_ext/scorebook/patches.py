"""What is changed in other people's code, in one place, and for which version of it.

There is no hook for any of these. An upgrade that may have changed what is patched stops the build
here, so that somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import myst_nb.sphinx_
from myst_nb.core import execute, read
from sphinx.errors import SphinxError

FOR = {"myst-nb": "1.4.0"}


def take_outputs_from(client: Callable) -> None:
    """Let MyST-NB's mode `cache` get the outputs of a notebook from this class of clients."""
    _is_for("myst-nb")
    execute.NotebookClientCache = client


def read_notebooks_by(read_notebook: Callable) -> None:
    """Let MyST-NB make a notebook of a page by this function."""
    _is_for("myst-nb")
    read.read_myst_markdown_notebook = read_notebook


def render_outputs_by(renderer: type) -> None:
    """Let this class render outputs: MyST-NB looks for one among installed packages alone."""
    _is_for("myst-nb")
    myst_nb.sphinx_.load_renderer = lambda name: renderer


def _is_for(package: str) -> None:
    found = version(package)
    if found != FOR[package]:
        raise SphinxError(f"{__name__} is for {package} {FOR[package]}, and here is {found}")
