"""What the outputs of a chapter rest on besides its cells: a record, made while it ran.

The record (`recorder`) names every file below the book's folder that was read, with the digest of
what was read, every file that was not there, every folder that was listed, and every module that
was looked for. While all of it is as it was, the outputs are what they would be again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from scorebook.chapters.recorder import sitecustomize as recorder

# The folder that the kernels' path begins with.
RECORDER = Path(recorder.__file__).parent
# In place of a digest: somebody edited the file while the chapter ran, so the record is void.
CHANGED = "changed"


@dataclass(frozen=True)
class Dependencies:
    """What an execution read.

    Attributes:
        read: The digest of each file; None for one that was not there.
        listed: The digest of the names in each folder whose entries were asked for.
        sought: For each folder, the modules that were looked for in it, and whether they are there.
    """

    read: dict[str, str | None] = field(default_factory=dict)
    listed: dict[str, str | None] = field(default_factory=dict)
    sought: dict[str, dict[str, bool]] = field(default_factory=dict)

    @classmethod
    def recorded(cls, folder: Path) -> Dependencies:
        """What the processes have noted in `folder`."""
        facts = [
            json.loads(line)
            for path in sorted(folder.glob("*.jsonl"))
            for line in path.read_text("utf8").splitlines()
        ]
        written = {path for kind, path, *_ in facts if kind == "written"}
        found = cls()
        for kind, path, *rest in facts:
            if kind == "read" and path not in written:
                if found.read.setdefault(path, *rest) != rest[0]:
                    found.read[path] = CHANGED
            elif kind == "listed":
                found.listed.setdefault(path, *rest)
            elif kind == "sought":
                found.sought.setdefault(path, {}).setdefault(*rest)
        return found


class Sources:
    """The files of the book as this build finds them, each looked at once.

    Args:
        root: The book's folder, in which the paths of the records are.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[tuple, object] = {}

    def are_as(self, dependencies: Dependencies) -> bool:
        """Whether all that an execution read is as it was."""
        return (
            all(self.digest(path) == was for path, was in dependencies.read.items())
            and all(self._listing(path) == was for path, was in dependencies.listed.items())
            and all(
                self._once(recorder.is_importable, folder, module) == was
                for folder, modules in dependencies.sought.items()
                for module, was in modules.items()
            )
        )

    def digest(self, path: str) -> str | None:
        """The digest of a file, given by its path in the book's folder."""
        return self._once(recorder.file_digest, path)

    def _listing(self, path: str) -> str | None:
        return self._once(recorder.listing_digest, path)

    def _once(self, look: Callable, path: str, *more: str) -> object:
        key = (look, path, *more)
        if key not in self._known:
            self._known[key] = look(os.path.join(self.root, path), *more)
        return self._known[key]
