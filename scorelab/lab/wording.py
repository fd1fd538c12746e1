"""What the checks say, one file for each language."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

__all__ = ["LANGUAGES", "words"]

FOLDER = Path(__file__).parent / "words"
LANGUAGES = tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


@cache
def words(language: str) -> dict:
    """All texts in one language, by question.

    Raises:
        ValueError: If there are none in that language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, but is {language!r}")
    return tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))
