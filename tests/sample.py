"""A small book in a folder of its own, to build with the extensions of the real one."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import forkserver
from pathlib import Path
from textwrap import dedent
from unittest import mock
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("strict", "execution", "writing", "status")

CONFIG = """\
title: A sample
only_build_toc_files: true
execute: {{execute_notebooks: cache, timeout: 60, raise_on_error: true, stderr_output: error}}
parse: {{myst_enable_extensions: [amsmath, attrs_block, dollarmath, colon_fence, deflist, linkify]}}
bibtex_bibfiles: [references.bib]
sphinx:
  local_extensions: {{parts: .}}
  extra_extensions: [{others}sphinxcontrib.bibtex, sphinx_exercise]
  config:
    bibtex_reference_style: author_year
    nb_merge_streams: true
{more}
"""

HEADER = """\
---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, name: python3}
---
"""

CONNECT = """\
import sys

sys.path.insert(0, {folder!r})
import scorebook


def setup(app):
    known = {{part.__name__.rpartition(".")[2]: part for part in scorebook.PARTS}}
    return scorebook.connect(app, [known[name] for name in {parts!r}])
"""

# Each chapter says in a file that it has been executed: evidence that no report can fake.
RECORD = 'import os; print(NAME, file=open(os.environ["EXECUTED"], "a"))'


# To import what a build imports takes far longer than to build a small book. Each process of the
# tests has it imported once, in a server that the builds are forked from.
IMPORTED = [
    "jupyter_book.cli.main",
    "jupyter_book.sphinx",
    "scorebook",
    "sphinx_book_theme",
]


@cache
def _server() -> multiprocessing.context.ForkServerContext:
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(IMPORTED)
    with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):
        forkserver.ensure_running()
    return server


def _jupyter_book(folder: Path, options: tuple[str, ...], environment: dict, log: Path) -> None:
    """Do what the command does."""
    from jupyter_book.cli.main import main

    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ |= environment
    sys.dont_write_bytecode = True
    sys.argv = ["jupyter-book", "build", ".", "-W", "-n", "--keep-going", *options]
    main()


class Build:
    """A build that has been started.

    Attributes:
        process: It, with its `pid` and in the end its `exitcode`.
    """

    def __init__(self, folder: Path, options: tuple[str, ...]):
        self.log = folder.with_name(f"{folder.name}-{uuid4()}.log")
        # Bytecode is told from an edit of the same second by its size alone.
        own = {"EXECUTED": str(folder / "executed.txt"), "PYTHONDONTWRITEBYTECODE": "1"}
        about = folder, options, os.environ | own | {"NO_COLOR": "1"}, self.log
        self.process = _server().Process(target=_jupyter_book, args=about)
        self.process.start()

    def result(self, timeout: float = 180) -> tuple[int, str]:
        """Wait for its end; return the exit code and what was printed."""
        try:
            self.process.join(timeout)
        finally:
            self.process.kill()  # does nothing to one that has ended
            self.process.join()
        output = self.log.read_text("utf8")
        self.log.unlink()
        return self.process.exitcode, output


@dataclass
class Book:
    """A sample book.

    Attributes:
        root: Its folder.
    """

    root: Path

    def write(self, path: str, text: str) -> Path:
        """Write a file of the book."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf8")
        return file

    def chapter(self, name: str, *cells: str, text: str = "") -> None:
        """Write a chapter with these code cells; each execution of it is recorded."""
        cells = (RECORD.replace("NAME", repr(name)), *(dedent(cell).strip() for cell in cells))
        blocks = "\n\n".join(f"```{{code-cell}} python\n{cell}\n```" for cell in cells)
        page = f"{HEADER}\n# Chapter {name}\n\n{dedent(text)}\n\n{blocks}\n"
        self.write(f"{name}.md", page)

    def configure(
        self, *chapters: str, more: str = "", parts=PARTS, others: tuple[str, ...] = ()
    ) -> None:
        """Write the settings and the contents: an index and `chapters`.

        `parts` names those of the book's extension, `others` extensions of other people.
        """
        self.write("parts.py", CONNECT.format(folder=str(ROOT / "book/_ext"), parts=parts))
        listed = "".join(f"{name}, " for name in others)
        self.write("_config.yml", CONFIG.format(others=listed, more=more))
        files = "".join(f"\n  - file: {name}" for name in chapters)
        self.write("_toc.yml", f"format: jb-book\nroot: index\nchapters:{files}\n")
        if not (self.root / "index.md").exists():
            self.write("index.md", "# Index\n\nThe first page.\n")
        if not (self.root / "references.bib").exists():
            self.write("references.bib", "")

    def start(self, *options: str) -> Build:
        """Start a strict build."""
        return Build(self.root, options)

    def build(self, *options: str) -> tuple[int, str]:
        """Build strictly; return the exit code and what was printed."""
        return self.start(*options).result()

    @contextmanager
    def put_back(self) -> Iterator[Book]:
        """After the block the book, with all that was built of it, is as it was before."""
        kept = Path(shutil.copytree(self.root, self.root.with_name(f"{self.root.name}-kept")))
        try:
            yield self
        finally:
            shutil.rmtree(self.root)
            kept.rename(self.root)

    def executed(self) -> list[str]:
        """The chapters executed since the last call, sorted."""
        record = self.root / "executed.txt"
        names = sorted(record.read_text().split()) if record.exists() else []
        record.unlink(missing_ok=True)
        return names

    def page(self, name: str) -> str:
        """The HTML of a page."""
        return (self.root / f"_build/html/{name}.html").read_text(encoding="utf8")
