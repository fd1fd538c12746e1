"""The outputs of executed chapters, kept from build to build."""

from __future__ import annotations

import json
import math
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from scorebook.cache import digest_of, seal, unsealed
from scorebook.chapters.chapter import Chapter
from scorebook.chapters.dependencies import Dependencies, Sources

# Executions kept for each chapter, so that changing branches back and forth costs nothing.
KEPT = 4


@dataclass(frozen=True)
class Execution:
    """What executing a chapter gave.

    Attributes:
        outputs: The outputs of each of its own code cells, in order.
        seconds: How long it took, with the start of the kernel.
        finished: When it ended, in seconds since the epoch.
        language: The kernel's `language_info`.
        dependencies: What was read meanwhile.
    """

    outputs: list[list[dict]]
    seconds: float
    finished: float
    language: dict
    dependencies: Dependencies

    @property
    def state(self) -> str:
        """A digest of what was read."""
        return digest_of(asdict(self.dependencies))


class Store:
    """The executions kept in one folder.

    Args:
        folder: Where they are; it is made when something is saved.
        sources: What they must have read to be true today.
    """

    def __init__(self, folder: Path, sources: Sources) -> None:
        self.folder = folder
        self.sources = sources

    def load(self, chapter: Chapter) -> Execution | None:
        """The execution that `chapter` would repeat, or None if there is none that is sound."""
        for path in self._folder(chapter).glob(f"{chapter.key[:32]}-*.json"):
            try:
                values = json.loads(unsealed(path) or "")
                found = Dependencies(**values.pop("dependencies"))
                if self.sources.are_as(found):
                    os.utime(path)  # used now, so the last to be dropped
                    return Execution(**values, dependencies=found)
            except (OSError, ValueError, TypeError, LookupError):
                continue
        return None

    def seconds(self, chapter: Chapter) -> float:
        """How long `chapter` took when it was last executed, whatever it was then; ∞ if never."""
        for path in sorted(self._folder(chapter).glob("*.json"), key=_age):
            try:
                return float(json.loads(unsealed(path) or "")["seconds"])
            except (OSError, ValueError, TypeError, LookupError):
                continue
        return math.inf

    def save(self, chapter: Chapter, execution: Execution) -> None:
        """Keep `execution`, and drop the oldest ones of this chapter."""
        folder = self._folder(chapter)
        name = f"{chapter.key[:32]}-{execution.state[:16]}.json"
        seal(folder / name, json.dumps(asdict(execution)).encode())
        self._drop_old(folder)

    def _folder(self, chapter: Chapter) -> Path:
        return self.folder / chapter.name

    @staticmethod
    def _drop_old(folder: Path) -> None:
        for path in sorted(folder.glob("*.json"), key=_age)[KEPT:]:
            path.unlink(missing_ok=True)
        for path in folder.glob(".*.tmp"):
            if math.inf > _age(path) > 86_400:  # left by a killed build
                path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    """Seconds since a file was used; ∞ for one that another build dropped."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return math.inf
