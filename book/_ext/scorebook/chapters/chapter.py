"""A chapter as something to execute, and the key of what it says.

The key is a digest of what is known before it runs: the chapter's own code cells, the kernel, the
versions of the libraries and of Python. Prose, captions and other metadata of cells are not in it,
nor are cells that the chapter borrows (`borrowed`): their outputs are those of the chapter that
executes them. What the cells read when they ran is in the record of their execution
(`dependencies`).
"""

from __future__ import annotations

import platform
import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from itertools import count
from pathlib import Path

from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from nbformat import NotebookNode

from scorebook.cache import digest_of
from scorebook.chapters.borrowed import BrokenCell, borrow, code_cells, is_borrowed, own_cells
from scorebook.chapters.dependencies import Sources
from scorebook.contents import ENGLISH


@dataclass(frozen=True, eq=False)
class Chapter:
    """A notebook that is not executed yet.

    Attributes:
        name: Its document name, such as `book/langevin/mixture`.
        path: Its source file; it executes in that file's folder.
        notebook: Its cells.
        key: The digest of its own cells and of what they run with.
        origins: For each code cell, the chapter that executes it if that is another one, and the
            cell's place among the own cells of that chapter.
    """

    name: str
    path: Path
    notebook: NotebookNode
    key: str
    origins: list[tuple[Chapter | None, int]]

    @property
    def own_cells(self) -> list[NotebookNode]:
        """The code cells that it executes itself."""
        return own_cells(self.notebook)

    @property
    def executable(self) -> NotebookNode | None:
        """Its text and its own cells; None if it borrows all that it shows."""
        if self.sources and not self.own_cells:
            return None
        cells = [cell for cell in self.notebook.cells if not is_borrowed(cell)]
        return NotebookNode({**self.notebook, "cells": cells})

    @property
    def language(self) -> str:
        """The language of its text."""
        return self.notebook.metadata.get("language", ENGLISH)

    @property
    def sources(self) -> list[Chapter]:
        """The chapters that execute what it borrows."""
        return list(dict.fromkeys(source for source, _ in self.origins if source))


class Library:
    """The state of the book's sources at one build.

    Args:
        root: The folder that holds `scorelab/` and `pyproject.toml`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sources = Sources(root)
        self._chapters: dict[tuple[str, str], Chapter] = {}
        self._reading: list[str] = []

    def read_chapter(self, name: str, path: Path) -> Chapter | None:
        """The chapter in the file `path`, or None if that is a page without code."""
        text = path.read_text("utf8") if path.is_file() else ""
        if not is_myst_markdown_notebook(text):
            return None
        if (name, text) not in self._chapters:  # asked for three times in a build
            notebook = self.read_notebook(text, path=path)
            self._chapters[name, text] = self.chapter(name, path, notebook)
        return self._chapters[name, text]

    def read_notebook(self, text: str, *, path: Path | str, **options: object) -> NotebookNode:
        """The cells of a page, each with its source, wherever that stands.

        Args:
            text: The page.
            path: Its file.
            options: As of MyST-NB's function, in whose place this one stands.
        """
        name = Path(path).relative_to(self.root).with_suffix("").as_posix()
        if name in self._reading:
            circle = " → ".join([*self._reading[self._reading.index(name) :], name])
            raise BrokenCell(f"{name}: pages borrow cells in a circle: {circle}")
        self._reading.append(name)
        try:
            notebook = read_myst_markdown_notebook(
                text, path=path, **{**options, "add_source_map": True}
            )
            borrow(notebook, name, self._lender)
        finally:
            self._reading.pop()
        return notebook

    def _lender(self, name: str) -> NotebookNode | None:
        chapter = self.read_chapter(name, self.root / f"{name}.md")
        return chapter and chapter.notebook

    def chapter(self, name: str, path: Path, notebook: NotebookNode) -> Chapter:
        """The chapter whose cells are those of `notebook`."""
        cells = own_cells(notebook)
        return Chapter(
            name,
            path,
            notebook,
            digest_of(
                {
                    "kernel": notebook.metadata.get("kernelspec", {}).get("name"),
                    "cells": [(c.source, sorted(c.metadata.get("tags", []))) for c in cells],
                    "versions": self.versions,
                }
            ),
            self._origins(notebook),
        )

    def _origins(self, notebook: NotebookNode) -> list[tuple[Chapter | None, int]]:
        found: list[tuple[Chapter | None, int]] = []
        own = count()
        for cell in code_cells(notebook):
            if is_borrowed(cell):
                page, index = cell.metadata["origin"]
                found.append((self.read_chapter(page, self.root / f"{page}.md"), index))
            else:
                found.append((None, next(own)))
        return found

    @cached_property
    def versions(self) -> dict[str, str]:
        """Versions of Python and of the libraries that `pyproject.toml` says scorelab needs."""
        path = self.root / "pyproject.toml"
        project = tomllib.loads(path.read_text("utf8"))["project"] if path.is_file() else {}
        names = [re.split(r"[^\w.-]", need)[0] for need in project.get("dependencies", [])]
        return {"Python": platform.python_version()} | {
            name: _version(name) for name in sorted(names, key=str.lower)
        }

    @cached_property
    def code_digest(self) -> str:
        """One digest of all modules and data of the package."""
        files = (self.root / "scorelab").rglob("*")
        paths = [path for path in files if path.is_file() and "__pycache__" not in path.parts]
        names = sorted(path.relative_to(self.root).as_posix() for path in paths)
        return digest_of({name: self.sources.digest(name) for name in names})


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
