"""What a built site keeps for lectures: each slide that a chapter could show, and what it takes.

The build writes `lectures/site.json` (the chapters and the live figures) and, for each chapter, a
file below `lectures/slides`. Their HTML is that of the chapter's page, with addresses relative to
that page.
"""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from scorelab.lectures.plan import did_you_mean

__all__ = ["FOLDER", "Chapter", "Kept", "Site"]

FOLDER = "lectures"


@dataclass(frozen=True)
class Kept:
    """One slide that a chapter could show.

    Attributes:
        name: By which it is chosen.
        kind: The class by which the style knows what is on it.
        title: Its heading, in HTML.
        body: What stands below, in HTML; of a table of measurements without its rows, for which
            `rows` stands.
        notes: For the speaker, in HTML.
        minutes: What it takes.
        section: The anchor of its section.
        shown: Whether the chapter's own deck shows it.
        derivation: Of a step, the derivation's name.
        step: Its own.
        height: Its estimated lines, by which steps share a slide.
        kicker: Of a step, the title of its section.
        rows: Of a table: claim, HTML, and whether the chapter's own deck shows it.
    """

    name: str
    kind: str
    title: str
    body: str
    notes: str = ""
    minutes: float = 0.0
    section: str = ""
    shown: bool = True
    derivation: str = ""
    step: str = ""
    height: float = 0.0
    kicker: str = ""
    rows: tuple = ()


@dataclass(frozen=True)
class Chapter:
    """What the site keeps of a chapter.

    Attributes:
        name: Of its document.
        page: The address of its page in the site.
        title: In HTML.
        language: Its code.
        slides: All that it could show, in order.
        sections: By anchor, `title` and the minutes `outline`, `board`, and `board` without
            derivations, `text`.
        exercises: By label, `title` and `minutes`.
    """

    name: str
    page: str
    title: str
    language: str = "en"
    slides: tuple[Kept, ...] = ()
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    exercises: dict[str, dict[str, Any]] = field(default_factory=dict)


class Site:
    """A built site.

    Args:
        folder: Where its home page lies.

    Raises:
        ValueError: If that holds no site with lectures, or what it keeps is damaged.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        index = self._read("site.json", f"{folder} is no built site that keeps its slides")
        self.title: str = index["title"]
        self.names: list[str] = index["chapters"]
        self.presets: dict[str, dict[str, str]] = index["presets"]
        self._chapters: dict[str, Chapter] = {}

    def chapter(self, name: str) -> Chapter:
        """Return a chapter by its name, with or without the folder of the book.

        Raises:
            ValueError: If there is none; the message says which are near.
        """
        found = [known for known in self.names if known == name or known.endswith(f"/{name}")]
        if len(found) != 1:
            short = [known.removeprefix("book/") for known in self.names]
            raise ValueError(f"no chapter is called {name!r}, {did_you_mean(name, short)}")
        (known,) = found
        if known not in self._chapters:
            kept = self._read(f"slides/{known}.json", f"the site has lost the slides of {known}")
            kept["slides"] = tuple(Kept(**slide) for slide in kept["slides"])
            self._chapters[known] = Chapter(**kept)
        return self._chapters[known]

    @cached_property
    def exercises(self) -> dict[str, tuple[Chapter, dict[str, Any]]]:
        """Every exercise by its label, with its chapter."""
        chapters = map(self.chapter, self.names)
        return {label: (c, told) for c in chapters for label, told in c.exercises.items()}

    @property
    def has_live(self) -> bool:
        """Whether a live figure can stand in a frame."""
        return (self.folder / "embed.html").is_file()

    def _read(self, file: str, otherwise: str) -> dict[str, Any]:
        path = self.folder / FOLDER / file
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            missing = f"{otherwise}: there is no {path}; build the book (make book)"
            raise ValueError(missing) from None
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
