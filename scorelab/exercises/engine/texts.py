"""What exercises say: one file a chapter and language in `scorelab/exercises/text`.

    # The chapter's title

    ## ex-full-step: The exercise's title

    > what is handed in, as a phrase without TeX that ends without a full stop

    The statement, in MyST's Markdown, with formulas in double braces (see `varying.filled`).

    - (a) the statements of a choice, if the answer is one

    ### Solution

    What the page shows of the solution beside its executed cells. `{{right:code}}` is the code of
    the right answer, if that is a function.

Pages show the book's own numbers, sheets those of any variant. A sheet can print the equations that
are cited with the role `eq`, and no other reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["FOLDER", "LANGUAGES", "Text", "chapter_title", "text"]

FOLDER = Path(__file__).parents[1] / "text"
LANGUAGES = ("en", "es")
_OPTION = re.compile(r"^- \((\w)\) (.+)$", re.M)


@dataclass(frozen=True)
class Text:
    """The texts of one exercise, as they are written.

    Attributes:
        title: Its title.
        asks: What is handed in.
        statement: What is asked.
        solution: What is answered.
    """

    title: str
    asks: str
    statement: str
    solution: str

    @property
    def options(self) -> dict[str, str]:
        """The statements of a choice, by letter."""
        return dict(_OPTION.findall(self.statement))


def text(chapter: str, label: str, language: str = "en") -> Text:
    """The text of an exercise in a chapter.

    Raises:
        ValueError: If `language` is none of `LANGUAGES`, or the text is missing.
    """
    found = _chapter(chapter, language)[1]
    if label not in found:
        raise ValueError(f"text/{language}/{chapter}.md does not say what {label} asks")
    return found[label]


def chapter_title(chapter: str, language: str = "en") -> str:
    """The title of a chapter; raises as `text` does."""
    return _chapter(chapter, language)[0]


@cache
def _chapter(chapter: str, language: str) -> tuple[str, dict[str, Text]]:
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, got {language!r}")
    path = FOLDER / language / f"{chapter}.md"
    head, *parts = re.split(r"^## ", path.read_text("utf-8"), flags=re.M)
    return head.strip().removeprefix("# "), dict(_read(part, path) for part in parts)


def _read(part: str, path: Path) -> tuple[str, Text]:
    heading, _, body = part.partition("\n")
    label, _, title = heading.partition(": ")
    found = re.fullmatch(r"\s*> (.+?)\n\n(.+?)\n+### \w+\n(.*)", body, re.S)
    if found is None:
        raise ValueError(f"{path.name}: {label} has not its phrase, statement and solution")
    asks, statement, solution = (piece.strip() for piece in found.groups())
    return label, Text(title.strip(), asks.replace("\n> ", " "), statement, solution)
