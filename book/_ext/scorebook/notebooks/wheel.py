"""The package as a wheel, in the site's folder `dist`: what the notebooks install.

The same sources give the same file, to the byte.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from scorebook import state
from scorebook.cache import kept
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import SphinxError

import scorelab
from scorelab._support.files import write_whole

PACKAGE = Path(scorelab.__file__).parent
BESIDE = ("pyproject.toml", "README.md", "LICENSE")
FILE = f"scorelab-{scorelab.__version__}-py3-none-any.whl"
ADDRESS = f"dist/{FILE}"
# 1980 began then, and in a zip no file is older.
EPOCH = "315532800"


def offer_wheel(app: Sphinx, config: Config) -> None:
    state.of_build(app).wheel = ADDRESS


def write_wheel(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    digest = sha256()
    for file in _sources():
        digest.update(f"{file.relative_to(PACKAGE.parent)}\0".encode() + file.read_bytes())
    recipe = ["wheel", digest.hexdigest()]
    write_whole(Path(app.outdir, ADDRESS), kept(Path(app.outdir).parent / ".wheel", recipe, build))


def build() -> bytes:
    """The wheel, built from a copy: setuptools leaves traces where it works.

    Raises:
        SphinxError: With what setuptools says, if it cannot.
    """
    with TemporaryDirectory() as folder:
        for file in _sources():
            copy = Path(folder, file.relative_to(PACKAGE.parent))
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
            copy.chmod(0o644)  # whatever the umask is
        code = "from setuptools import build_meta; build_meta.build_wheel('.')"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH},
            capture_output=True,
            text=True,
            check=False,
        )
        built = Path(folder, FILE)
        if done.returncode or not built.is_file():
            raise SphinxError(f"the wheel cannot be built:\n{done.stderr}")
        return built.read_bytes()


def _sources() -> list[Path]:
    files = (file for file in PACKAGE.rglob("*") if file.is_file())
    mine = [file for file in files if "__pycache__" not in file.parts]
    return sorted([*mine, *(PACKAGE.parent / name for name in BESIDE)])
