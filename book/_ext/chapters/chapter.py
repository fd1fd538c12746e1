"""A chapter as something to execute, and the key of its outputs.

The key is a digest of everything that decides the outputs: the chapter's own code cells, the
modules and data files that they reach, the files that they name, the versions of the libraries and
of Python. Prose, captions and other metadata of cells are not in it, nor are cells that the chapter
borrows (`borrowed`): their outputs are those of the chapter that executes them.
"""

from __future__ import annotations

import ast
import hashlib
import json
import platform
import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from itertools import count
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from nbformat import NotebookNode
from reading import ENGLISH

from .borrowed import BrokenCell, borrow, code_cells, is_borrowed, own_cells
from .dependencies import Package
from .syntax import short_strings


@dataclass(frozen=True, eq=False)
class Chapter:
    """A notebook that is not executed yet.

    Attributes:
        name: Its document name, such as `book/langevin/mixture`.
        path: Its source file; it executes in that file's folder.
        notebook: Its cells.
        key: The digest of all that the outputs of its own cells depend on.
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

    @property
    def shown(self) -> str:
        """The digest of all that the outputs on its page depend on."""
        return digest_of([self.key, [(c and (c.name, c.key), i) for c, i in self.origins]])


class Library:
    """The state of the code at one build: what the keys of the chapters are computed from.

    Args:
        root: The folder that holds `scorelab/` and `pyproject.toml`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.package = Package(root / "scorelab")
        self._digests: dict[Path, str] = {}
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
                    "files": self._files_behind([c.source for c in cells], path.parent),
                    "initial": self.package.initial_code(),
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
        return digest_of(self._labelled(self.package.everything()))

    def _files_behind(self, sources: list[str], folder: Path) -> dict[str, str]:
        """The digests of the files that cells with these sources depend on."""
        manager = TransformerManager()
        try:
            trees = [ast.parse(manager.transform_cell(source)) for source in sources]
        except SyntaxError:
            # The cell will say so when it executes; until it is mended, any edit matters.
            return self._labelled(self.package.everything())
        module = ast.Module([node for tree in trees for node in tree.body], type_ignores=[])
        named = {base / text for text in short_strings(module) for base in (folder, self.root)}
        data = {path.resolve() for path in named if _is_file(path)}
        return self._labelled(self.package.files_behind(module) | data)

    def _labelled(self, paths: set[Path]) -> dict[str, str]:
        return {
            str(path.relative_to(self.root) if path.is_relative_to(self.root) else path): (
                self._file_digest(path)
            )
            for path in sorted(paths)
            if "__pycache__" not in path.parts
        }

    def _file_digest(self, path: Path) -> str:
        if path not in self._digests:
            self._digests[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._digests[path]


def digest_of(value: object) -> str:
    """The digest of a value made of what JSON has."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a string too long, or not meant, to be a file's name
        return False


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
