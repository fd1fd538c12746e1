"""The few words that the book itself says on a page, in the language of the page.

`words-<language>.yml` beside this file is the one table of a language; what it lacks stays English.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import yaml

from scorebook.contents import ENGLISH


@cache
def words(language: str) -> dict[str, str]:
    """The table of a language; empty for English and for one without a table."""
    path = Path(__file__).with_name(f"words-{language}.yml")
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}


def word(text: str, language: str) -> str:
    """A word or a sentence of the book in that language."""
    return words(language).get(text, text)


def told_again(output: dict, language: str) -> dict:
    """The output of a cell as another page shows it.

    The cells of its tables are translated as far as the words go. A formula has its label where the
    cell is executed; a translation has it with its suffix, another page has none.
    """
    data = output.get("data", {})
    if "text/markdown" not in data:
        return output
    label = rf"\1 (\2-{language})" if language != ENGLISH else r"\1"
    text = re.sub(r"(?m)^(\$\$)[ \t]*\(([\w.:-]+)\)[ \t]*$", label, data["text/markdown"])
    if language != ENGLISH:
        text = re.sub(r"(?m)^\|.*\|$", lambda row: _row(row[0], language), text)
    return {**output, "data": {**data, "text/markdown": text}}


def _row(row: str, language: str) -> str:
    cells = re.split(r"(?<!\\)\|", row)
    return "|".join(
        cell.replace(cell.strip(), word(cell.strip(), language), 1) if cell.strip() else cell
        for cell in cells
    )
