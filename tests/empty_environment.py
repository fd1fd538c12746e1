"""A place like a reader's: an empty environment, where only a downloaded wheel can be installed."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from pathlib import Path

import nbformat
from scorebook.notebooks import wheel

EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[1])
"""


class EmptyEnvironment:
    """An environment that borrows what is large, Jupyter's kernel among it, but not the package.

    Args:
        folder: Where it is made.
    """

    def __init__(self, folder: Path) -> None:
        borrowed = folder / "borrowed"
        borrowed.mkdir()
        for entry in Path(sysconfig.get_path("purelib")).iterdir():
            if "scorelab" not in entry.name and entry.suffix != ".pth":
                (borrowed / entry.name).symlink_to(entry)
        venv.create(folder / "env")  # pip is borrowed, too
        (site,) = (folder / "env/lib").glob("python*/site-packages")
        (site / "borrowed.pth").write_text(f"{borrowed}\n", encoding="utf8")
        self._root, self._python = folder / "env", folder / "env/bin/python"

    def execute(self, notebook: nbformat.NotebookNode, site: Path, folder: Path) -> None:
        """Execute a notebook of the site in a folder that holds nothing else but the wheel.

        Fails if a cell does, or if the package is not the one that the first cell has installed.
        """
        offered = site / wheel.ADDRESS
        (folder / offered.name).write_bytes(offered.read_bytes())
        assert f'"./{offered.name}[notebooks]"' in notebook.cells[1].source
        where = nbformat.v4.new_code_cell("import scorelab; print(scorelab.__file__)")
        file = folder / "chapter.ipynb"
        nbformat.write(nbformat.from_dict({**notebook, "cells": [*notebook.cells, where]}), file)
        kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        done = subprocess.run(
            [self._python, "-c", EXECUTE, file],
            cwd=folder,
            env=kept | {"HOME": str(folder), "PIP_NO_INDEX": "1", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        *cells, where = nbformat.read(file, as_version=4).cells
        assert Path(where.outputs[0].text.strip()).is_relative_to(self._root)
        notebook.cells = cells
