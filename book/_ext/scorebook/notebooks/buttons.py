"""The buttons of a page that has notebooks: download them, run one on Colab or Binder.

The last two come with a repository's address (`_config.yml`: `repository: url`); until then there
is nothing that they could open. Both open the branch `notebooks`, to which the workflow in
`.github` publishes the repository with its notebooks.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlparse

from docutils import nodes
from sphinx.application import Sphinx

BRANCH = "notebooks"
STUDENT_SUFFIX = "-student"


def add_buttons(
    app: Sphinx, name: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Put the notebooks first among the page's buttons, and the launch menu before them."""
    if doctree is None:
        return
    name = posixpath.join(
        posixpath.dirname(name), app.env.metadata[name].get("notebook", posixpath.basename(name))
    )
    if not Path(app.outdir, f"{name}.ipynb").is_file():
        return
    buttons = context.setdefault("header_buttons", [])
    group = _group("notebook-buttons")
    file = posixpath.basename(name)
    if Path(app.outdir, f"{name}{STUDENT_SUFFIX}.ipynb").is_file():
        group["buttons"] += [
            _download(
                f"{file}{STUDENT_SUFFIX}.ipynb", "student", "no solutions, answers are checked"
            ),
            _download(f"{file}.ipynb", "instructor", "executed, with the solutions"),
        ]
    else:
        group["buttons"].append(_download(f"{file}.ipynb", "Notebook", "executed"))
    buttons.insert(0, group)
    repository = urlparse(app.config.notebook_repository)
    if repository.hostname == "github.com":
        launch = _group("launch-buttons")
        launch["buttons"] += [
            _launch("Colab", _colab, repository.path, name),
            _launch("Binder", _binder, repository.path, name),
        ]
        buttons.insert(0, launch)


def _group(label: str) -> dict:
    return {"type": "group", "buttons": [], "label": label}


def _download(file: str, text: str, what: str) -> dict:
    return {
        "type": "link",
        "url": file,
        "text": text,
        "tooltip": f"Download this page as a notebook: {what}",
        "label": "download-notebook-button",
    }


def _launch(text: str, address: Callable[[str, str], str], repository: str, name: str) -> dict:
    url = address(repository.strip("/").removesuffix(".git"), f"{name}.ipynb")
    return {"type": "link", "text": text, "tooltip": f"Run on {text}", "url": url}


def _colab(repository: str, path: str) -> str:
    return f"https://colab.research.google.com/github/{repository}/blob/{BRANCH}/{quote(path)}"


def _binder(repository: str, path: str) -> str:
    return f"https://mybinder.org/v2/gh/{repository}/{BRANCH}?labpath={quote(path, safe='')}"
