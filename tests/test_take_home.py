"""The package taken home: the wheel that the site offers, and notebooks that need no checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import nbformat
import pytest
from scorebook.notebooks import wheel
from scorebook.notebooks.buttons import STUDENT_SUFFIX
from test_browser import HTML, needs_book
from tiers import nightly_but

from scorelab._support.extras import EXTRAS

# Of every chapter the student's notebook and the one with solutions.
NOTEBOOKS = [
    file.relative_to(HTML).as_posix()
    for student in sorted(HTML.rglob(f"book/**/*{STUDENT_SUFFIX}.ipynb"))
    for file in (student, student.with_name(student.name.replace(STUDENT_SUFFIX, "")))
]
DAY = ["book/conventions.ipynb", f"book/conventions{STUDENT_SUFFIX}.ipynb"]
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=1800, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[1])
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """The Python of an empty environment.

    It borrows from this one what is large, Jupyter's kernel among it, but for the package.
    """
    folder = tmp_path_factory.mktemp("home")
    borrowed = folder / "borrowed"
    borrowed.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "scorelab" not in entry.name and entry.suffix != ".pth":
            (borrowed / entry.name).symlink_to(entry)
    venv.create(folder / "env", with_pip=True)
    (site,) = (folder / "env/lib").glob("python*/site-packages")
    (site / "borrowed.pth").write_text(f"{borrowed}\n", encoding="utf8")
    return folder / "env/bin/python"


def environment(home: Path) -> dict[str, str]:
    """No path to the checkout, no index of packages, no settings of the user."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    return kept | {"HOME": str(home), "PIP_NO_INDEX": "1", "OMP_NUM_THREADS": "1"}


@needs_book
@pytest.mark.parametrize("name", nightly_but(DAY, NOTEBOOKS))
def test_a_notebook_runs_in_an_empty_environment_with_the_wheel_beside(name, python, tmp_path):
    offered = HTML / wheel.ADDRESS
    (tmp_path / offered.name).write_bytes(offered.read_bytes())
    notebook = nbformat.read(HTML / name, as_version=4)
    assert f'"./{offered.name}[notebooks]"' in notebook.cells[1].source
    where = nbformat.v4.new_code_cell("import scorelab; print(scorelab.__file__)")
    notebook.cells.append(where)
    file = tmp_path / "chapter.ipynb"
    nbformat.write(notebook, file)
    done = subprocess.run(
        [python, "-c", EXECUTE, file],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (output,) = nbformat.read(file, as_version=4).cells[-1].outputs
    assert Path(output.text.strip()).is_relative_to(python.parent.parent)


@needs_book
def test_the_site_offers_the_wheel_of_these_sources_to_the_byte():
    offered = HTML / wheel.ADDRESS
    assert offered.read_bytes() == wheel.build()


@needs_book
def test_the_wheel_holds_the_package_and_says_what_it_needs():
    with ZipFile(HTML / wheel.ADDRESS) as archive:
        names = set(archive.namelist())
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        said = Parser().parsestr(archive.read(metadata).decode())
    source = {
        file.relative_to(wheel.PACKAGE.parent).as_posix()
        for file in wheel.PACKAGE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert source == {name for name in names if name.startswith("scorelab/")}
    assert "scorelab/py.typed" in names
    assert said["Name"] == "scorelab"
    assert said["Version"] == wheel.scorelab.__version__
    needed = [line for line in said.get_all("Requires-Dist") if "extra ==" not in line]
    assert len(needed) == 6
    assert {*EXTRAS, "notebooks", "all"} == {*said.get_all("Provides-Extra")}
    assert said["License-Expression"] == "MIT"


@pytest.mark.parametrize(
    ("module", "code", "extra"),
    [
        ("matplotlib", "sl.picture", "pictures"),
        ("sympy", "sl.Derivation", "derivations"),
        ("sympy", "sl.derivations.get('tweedie')", "derivations"),
        ("matplotlib", "sl.lettering('a')", "pictures"),
        ("ot", "sl.sliced_wasserstein(torch.zeros(2, 2), torch.zeros(2, 2))", "metrics"),
    ],
)
def test_what_an_extra_brings_is_named_where_it_is_missing(module, code, extra):
    script = f"""
import sys, torch
import scorelab as sl
sl.book_mixture()
sys.modules[{module!r}] = None
try:
    {code}
except ModuleNotFoundError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert f"{module}: pip install 'scorelab[{extra}]'" in done.stdout


def test_another_missing_module_is_not_taken_for_an_extra():
    script = "import sys; sys.modules['tqdm'] = None; import scorelab as sl; sl.heun"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "ModuleNotFoundError" in done.stderr
    assert "pip install" not in done.stderr


def run(script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_extras_are_those_of_the_project():
    with (wheel.PACKAGE.parent / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    called = {"imageio_ffmpeg": "imageio-ffmpeg", "PIL": "pillow", "ot": "POT"}
    for extra, packages in EXTRAS.items():
        listed = json.dumps(extras[extra])
        assert [p for p in packages if called.get(p, p) not in listed] == []
