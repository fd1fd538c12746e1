r"""The words of the theorems: one file for each and each language, beside the formulas' code.

`text/en/NAME.toml` holds the title, the statement, the assumptions, the sources and, for every
step, a short title and the reason; `text/es/NAME.toml` says the same in Spanish. What all theorems
share ("Assumptions", "Proof", the marks of the steps) stands in `text/en.toml` and `text/es.toml`.
A lecturer's own file has the same form and may hold a part of it.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["LANGUAGES", "Words", "phrases", "read_words", "words_file", "words_of"]

LANGUAGES = ("en", "es")
_TEXT = Path(__file__).parent.parent / "text"
_LISTS = ("assumptions", "sources")


@dataclass(frozen=True)
class Words:
    """What a file of words says; None or nothing where it is silent.

    Attributes:
        title: The theorem's title, in one line.
        statement: What it says, in Markdown with TeX.
        assumptions: What it needs, a sentence each.
        sources: Where it is from, a citation each.
        titles: The short titles of the steps by their names.
        reasons: Their reasons, likewise.
    """

    title: str | None = None
    statement: str | None = None
    assumptions: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


@cache
def words_of(name: str, language: str) -> Words:
    """Return the words of the theorem `name` in a language.

    Raises:
        ValueError: If there is no such language, or the theorem has no words in it.
    """
    return read_words(_file(name, language))


def words_file(name: str, language: str) -> str:
    """Return the text of the file with the words of the theorem `name`; see `words_of`."""
    return _file(name, language).read_text(encoding="utf-8")


@cache
def phrases(language: str) -> Mapping[str, str]:
    """Return what every theorem says in a language, by its English name.

    Raises:
        ValueError: If there is no such language.
    """
    return _read(_in_language(language).with_suffix(".toml"))


def read_words(path: Path) -> Words:
    """Read a file of words.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is not TOML, or holds what a file of words does not; the message says
            where.
    """
    table = _read(path)
    _require(path, table, ("title", "statement", *_LISTS, "steps"))
    steps = table.get("steps", {})
    if not isinstance(steps, dict):
        raise ValueError(f"{path}: 'steps' is not a table")
    for step, said in steps.items():
        if not isinstance(said, dict):
            raise ValueError(f"{path}: steps.{step} is not a table")
        _require(path, said, ("title", "reason"), f"steps.{step}.")
    return Words(
        **{
            key: _line(table[key]) if key == "title" else table[key].strip()
            for key in ("title", "statement")
            if key in table
        },
        **{key: tuple(map(_line, table[key])) for key in _LISTS if key in table},
        titles={step: _line(said["title"]) for step, said in steps.items() if "title" in said},
        reasons={step: _line(said["reason"]) for step, said in steps.items() if "reason" in said},
    )


def _file(name: str, language: str) -> Path:
    path = _in_language(language) / f"{name}.toml"
    if not path.is_file():
        raise ValueError(f"{name} has no words in the language {language!r}")
    return path


def _in_language(language: str) -> Path:
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, got {language!r}")
    return _TEXT / language


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error


def _require(path: Path, table: Mapping, known: Iterable[str], within: str = "") -> None:
    for key, value in table.items():
        if key not in known:
            raise ValueError(f"{path}: no words are called {within}{key}; {', '.join(known)} are")
        kind = list if key in _LISTS else dict if key == "steps" else str
        sound = isinstance(value, kind)
        if not sound or (kind is list and not all(isinstance(item, str) for item in value)):
            what = "a list of texts" if kind is list else "a table" if kind is dict else "text"
            raise ValueError(f"{path}: {within}{key} is not {what}")


def _line(text: str) -> str:
    """Undo the breaks of lines, which are the editor's."""
    return " ".join(text.split())
