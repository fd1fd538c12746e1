"""The tour tells the whole story in one sitting: one idea a section, and no code in sight."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest
import yaml
from html_checks import parsed
from toc import ROOT, pages

TOUR = "book/tour"
TEXT = (ROOT / f"{TOUR}.md").read_text(encoding="utf-8")
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
LONGEST = 2_500
CELL = re.compile(r"^```\{code-cell\} ipython3\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
CHAPTER = re.compile(r"\]\(((?:langevin|matching|sde|today)/[\w-]+\.md)\)")


def settings_and_code(cell: str) -> tuple[dict, str]:
    """What a cell says of itself, and its code."""
    if cell.startswith("---\n"):
        _, settings, code = cell.split("---\n", 2)
        return yaml.safe_load(settings), code
    settings = dict(re.findall(r"^:(\w+): (.*)\n", cell, flags=re.MULTILINE))
    code = re.sub(r"^:\w+: .*\n", "", cell, flags=re.MULTILINE)
    return {name: yaml.safe_load(value) for name, value in settings.items()}, code


CELLS = [settings_and_code(cell) for cell in CELL.findall(TEXT)]
STORY = TEXT.partition("{.measured}\n")[0]  # the table of what was measured is no part of it
SECTIONS = {
    text.partition("\n")[0]: text for text in re.split(r"^## ", STORY, flags=re.MULTILINE)[1:]
}


def said(code: str) -> str:
    """The words that a cell writes as Markdown, without the numbers in them."""
    calls = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))
    told = [call for call in calls if getattr(call.func, "id", "") == "Markdown"]
    parts = (node for call in told for node in ast.walk(call) if isinstance(node, ast.Constant))
    return " ".join(part.value for part in parts if isinstance(part.value, str))


def words() -> int:
    """What there is to read, captions and computed sentences included, formulas not."""
    prose = re.sub(r"\A---\n.*?^---\n", "", TEXT, flags=re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^```.*?^```$", "", prose, flags=re.DOTALL | re.MULTILINE)
    prose = re.sub(r"\$\$.*?\$\$", "", prose, flags=re.DOTALL)
    prose = re.sub(r"\]\([^)]*\)", "", prose)
    shown = [
        settings.get("mystnb", {}).get("figure", {}).get("caption", "") for settings, _ in CELLS
    ]
    return len(
        re.findall(r"[\w$]\S*", " ".join([prose, *shown, *(said(code) for _, code in CELLS)]))
    )


def test_it_is_the_first_page_to_read():
    assert pages()[1] == TOUR


def test_it_is_read_in_one_sitting():
    assert words() <= LONGEST


def test_its_code_is_out_of_sight():
    assert len(CELLS) == TEXT.count("```{code-cell}")
    assert all(settings["tags"] == ["remove-input"] for settings, _ in CELLS)
    fences = set(re.findall(r"^[`:]{3,}(\S+)", TEXT, flags=re.MULTILINE))
    assert fences == {"{code-cell}", "{live}"}


@pytest.mark.parametrize("title", SECTIONS)
def test_a_section_has_one_formula_one_figure_and_one_link_to_a_chapter(title):
    section = SECTIONS[title]
    assert len(re.findall(r"^\$\$$", section, flags=re.MULTILINE)) == 2
    (figure,) = re.findall(r"^    name: (fig-tour-[\w-]+)$", section, flags=re.MULTILINE)
    live = re.findall(r"^```\{live\} [\w-]+\n:replaces: (\S+)\n```$", section, flags=re.MULTILINE)
    assert live in ([], [figure])
    (chapter,) = CHAPTER.findall(section)
    assert (ROOT / "book" / chapter).is_file()


def test_a_few_of_its_figures_are_live():
    assert 1 <= TEXT.count("```{live}") <= 4


@pytest.mark.skipif(
    not (HTML / f"{TOUR}.html").exists() and not os.environ.get("CI"),
    reason="the book is not built (make book)",
)
def test_the_built_page_shows_no_code():
    page = parsed(HTML / f"{TOUR}.html", HTML)
    assert page.main.select(".highlight, .cell_input, .cell_output pre") == []
    assert len(page.main.find_all("figure")) == len(SECTIONS)
    assert len(page.main.find_all("score-lab")) == TEXT.count("```{live}")
