"""A chapter as something to execute, and the key of its outputs.

The key is a digest of everything that decides the outputs: the chapter's own code cells, the
modules and data files that they reach, the files that they name, the versions of the libraries and
of Python. Prose, captions and other metadata of cells are not in it.
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
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from nbformat import NotebookNode

from .dependencies import Package
from .syntax import short_strings


@dataclass(frozen=True, eq=False)
class Chapter:
    """A notebook that is not executed yet.

    Attributes:
        name: Its document name, such as `book/langevin/mixture`.
        path: Its source file; it executes in that file's folder.
        notebook: Its cells.
        key: The digest of all that its outputs depend on.
    """

    name: str
    path: Path
    notebook: NotebookNode
    key: str


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

    def read_chapter(self, name: str, path: Path) -> Chapter | None:
        """The chapter in the file `path`, or None if that is a page without code."""
        text = path.read_text("utf8") if path.is_file() else ""
        if not is_myst_markdown_notebook(text):
            return None
        if (name, text) not in self._chapters:  # asked for three times in a build
            notebook = read_myst_markdown_notebook(text, path=path)
            self._chapters[name, text] = self.chapter(name, path, notebook)
        return self._chapters[name, text]

    def chapter(self, name: str, path: Path, notebook: NotebookNode) -> Chapter:
        """The chapter whose cells are those of `notebook`."""
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
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
        )

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
