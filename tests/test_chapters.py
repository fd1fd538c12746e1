"""What the chapters promise as a whole: the same numbers twice, and every public name explained."""

import importlib
import os
import pkgutil
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from tiers import nightly_but
from toc import pages

import scorelab

ROOT = Path(__file__).parent.parent
SITE = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))

pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").exists() and not os.environ.get("CI"),
    reason="the book is not built (make book)",
)


def _measures(page: str) -> bool:
    """Say whether a page shows what was measured, and has a notebook of its own to show it with."""
    text = (ROOT / f"{page}.md").read_text()
    front_matter = next(yaml.safe_load_all(text)) if text.startswith("---\n") else {}
    return "= sl.Measured()" in text and "notebook" not in front_matter


CHAPTERS = [page for page in pages() if _measures(page)]
SHORT = "book/conventions"


def test_chapters_are_found():
    assert "book/langevin/mixture" in CHAPTERS
    assert SHORT in CHAPTERS
    assert len(CHAPTERS) >= 7


@pytest.mark.parametrize("page", nightly_but([SHORT], CHAPTERS))
def test_downloaded_notebook_gives_the_numbers_of_the_page(page, tmp_path, empty_environment):
    """A second execution, of what a reader downloads, where there is nothing else.

    Every row of the tables "What we measured" must come out the same to the last printed digit:
    the chapters draw from seeded generators alone.
    """
    notebook = nbformat.read(SITE / f"{page}.ipynb", as_version=4)
    shown = measured_rows(notebook)
    assert shown, f"{page} shows no table of measured values"
    empty_environment.execute(notebook, SITE, tmp_path)
    assert measured_rows(notebook) == shown


EXPLAINED = re.findall(
    r"^\.\. automodule:: (\S+)$", (ROOT / "book/reference/api.md").read_text(), flags=re.MULTILINE
)


@pytest.mark.parametrize("name", EXPLAINED)
def test_every_public_name_is_on_the_reference_page(name):
    page = (SITE / "book" / "reference" / "api.html").read_text()
    explained = {i.rsplit(".", 1)[-1] for i in re.findall(r'id="(scorelab\.[\w.]+)"', page)}
    missing = set(importlib.import_module(name).__all__) - explained
    assert not missing, f"{name}: not on the reference page: {missing}"


def test_the_reference_page_explains_all_of_the_mathematics():
    modules = {f"scorelab.{m.name}" for m in pkgutil.iter_modules(scorelab.__path__) if not m.ispkg}
    assert modules - {"scorelab.__main__"} <= set(EXPLAINED)


def measured_rows(notebook: nbformat.NotebookNode) -> list[str]:
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    tables = ["".join(o.get("data", {}).get("text/markdown", "")) for o in outputs]
    return [
        line
        for table in tables
        if "| claim | exact | measured | tolerance |" in table
        for line in table.splitlines()
        if line.startswith("|")
    ]
