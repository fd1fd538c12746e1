"""The buttons of a page that has a notebook: download it, run it on Colab or Binder.

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


def add_buttons(
    app: Sphinx, name: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Put the notebook into the page's download menu, and the launch menu beside it."""
    if doctree is None or not Path(app.outdir, f"{name}.ipynb").is_file():
        return
    file = f"{posixpath.basename(name)}.ipynb"
    buttons = context.setdefault("header_buttons", [])
    group = next((b for b in buttons if b.get("label") == "download-buttons"), None)
    if group is None:
        group = _group("Download this page", "fas fa-download", "download-buttons")
        buttons.insert(0, group)
    group["buttons"].insert(
        0,
        {
            "type": "link",
            "url": file,
            "text": ".ipynb",
            "icon": "fas fa-code",
            "tooltip": "Download the executed notebook",
            "label": "download-notebook-button",
        },
    )
    repository = urlparse(app.config.notebook_repository)
    if repository.hostname == "github.com":
        launch = _group("Run this page", "fas fa-rocket", "launch-buttons")
        launch["buttons"] += [
            _launch("Colab", _colab, repository.path, name),
            _launch("Binder", _binder, repository.path, name),
        ]
        buttons.insert(0, launch)


def _group(tooltip: str, icon: str, label: str) -> dict:
    return {"type": "group", "tooltip": tooltip, "icon": icon, "buttons": [], "label": label}


def _launch(text: str, address: Callable[[str, str], str], repository: str, name: str) -> dict:
    url = address(repository.strip("/").removesuffix(".git"), f"{name}.ipynb")
    return {"type": "link", "text": text, "tooltip": f"Run on {text}", "url": url}


def _colab(repository: str, path: str) -> str:
    return f"https://colab.research.google.com/github/{repository}/blob/{BRANCH}/{quote(path)}"


def _binder(repository: str, path: str) -> str:
    return f"https://mybinder.org/v2/gh/{repository}/{BRANCH}?labpath={quote(path, safe='')}"
