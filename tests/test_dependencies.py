"""What a chapter has read when it ran, and which edits make its outputs stale."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import nbformat
import pytest
from scorebook.chapters.chapter import Library
from scorebook.chapters.dependencies import RECORDER, Dependencies, Sources, recorder

FILES = {
    "scorelab/__init__.py": """
        def __getattr__(name):
            from importlib import import_module
            return getattr(import_module(f"scorelab.{name.lower()}"), name)
        """,
    "scorelab/mixture.py": "from scorelab.checks import positive\nclass Mixture: ...",
    "scorelab/checks.py": "def positive(x): return x",
    "scorelab/solvers.py": "def euler(): return 1",
    "scorelab/data.py": """
        from importlib.resources import files
        def load(): return (files("scorelab") / "digits.bin").read_bytes()
        """,
    "scorelab/digits.bin": "0123",
    "scorelab/__main__.py": "from scorelab import solvers",
    "book/part/helper.py": "half = 0.5",
    "book/part/numbers.txt": "1 2 3",
    "book/part/tables/first.csv": "1,2",
}


@pytest.fixture
def book(tmp_path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).strip() + "\n")
    return tmp_path


@pytest.fixture
def run(book, tmp_path_factory) -> Callable[[str], Dependencies]:
    """Run code in the folder `book/part`, as a kernel would, and return what it read."""

    def run(code: str) -> Dependencies:
        record = tmp_path_factory.mktemp("record")
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(RECORDER), str(book)]),
            recorder.ROOT: str(book),
            recorder.RECORD: str(record),
        }
        command = [sys.executable, "-c", dedent(code)]
        subprocess.run(command, cwd=book / "book/part", env=environment, check=True)
        return Dependencies.recorded(record)

    return run


READ = [
    ("import json", set()),
    ("from scorelab import Mixture", {"scorelab/mixture.py", "scorelab/checks.py"}),
    ("import scorelab.solvers", {"scorelab/solvers.py"}),
    (
        "from importlib import import_module; import_module('scorelab.checks')",
        {"scorelab/checks.py"},
    ),
    ("from scorelab.data import load\nload()", {"scorelab/data.py", "scorelab/digits.bin"}),
    ("import helper", {"book/part/helper.py"}),
    ("open('numbers.txt').read()", {"book/part/numbers.txt"}),
    ("import os; os.chdir('tables'); open('first.csv')", {"book/part/tables/first.csv"}),
    ("import numpy; numpy.loadtxt('numbers.txt')", {"book/part/numbers.txt"}),
    ("import os; os.close(os.open('numbers.txt', os.O_RDONLY))", {"book/part/numbers.txt"}),
    ("try: open('absent.txt')\nexcept OSError: pass", {"book/part/absent.txt"}),
    ("open('made.txt', 'w').close(); open('made.txt').read()", set()),
    ("import os; open('a', 'w').close(); os.replace('a', 'b'); open('b').read()", set()),
    (
        "import subprocess, sys; subprocess.run([sys.executable, '-m', 'scorelab'], check=True)",
        {"scorelab/__main__.py", "scorelab/solvers.py"},
    ),
    (
        "import multiprocessing as m, shutil; m.set_start_method('fork')\n"
        "p = m.Process(target=open, args=('numbers.txt',)); p.start(); p.join()",
        {"book/part/numbers.txt"},
    ),
]


@pytest.mark.parametrize(("code", "files"), READ)
def test_what_is_read_is_recorded(run, code, files):
    found = run(code)
    assert set(found.read) - {"scorelab/__init__.py"} == files
    # The second time Python reads what it has compiled, not the source.
    assert run(code).read == found.read


STALE = [
    ("import scorelab.mixture", "scorelab/checks.py", True),
    ("import scorelab.mixture", "scorelab/solvers.py", False),
    ("import scorelab.mixture", "scorelab/new.py", False),
    ("import scorelab.mixture", "book/part/scorelab/mixture.py", True),  # found before the other
    ("import json, csv", "book/part/csv.py", True),
    ("import helper", "book/part/helper.py", True),
    ("open('numbers.txt')", "book/part/numbers.txt", True),
    ("try: open('absent.txt')\nexcept OSError: pass", "book/part/absent.txt", True),
    ("try: import absent\nexcept ImportError: pass", "book/part/absent/__init__.py", True),
    ("import os; os.listdir('tables')", "book/part/tables/second.csv", True),
    ("import os; os.listdir('tables')", "book/part/tables/first.csv", False),
    ("from pathlib import Path; list(Path('.').rglob('*.csv'))", "book/part/tables/2.csv", True),
    (
        "import pkgutil, scorelab; list(pkgutil.iter_modules(scorelab.__path__))",
        "scorelab/a.py",
        True,
    ),
    (
        "from importlib.util import find_spec; find_spec('scorelab.later')",
        "scorelab/later.py",
        True,
    ),
    ("open('numbers.txt')", "book/part/other.txt", False),
]


@pytest.mark.parametrize(("code", "edited", "stale"), STALE)
def test_an_edit_makes_stale_what_read_it(run, book, code, edited, stale):
    found = run(code)
    assert Sources(book).are_as(found)
    (book / edited).parent.mkdir(parents=True, exist_ok=True)
    with (book / edited).open("a") as file:
        file.write("# edited\n")
    assert Sources(book).are_as(found) is not stale


def test_a_file_that_goes_makes_stale_what_read_it(run, book):
    found = run("import helper; open('numbers.txt')")
    (book / "book/part/numbers.txt").unlink()
    assert not Sources(book).are_as(found)


def test_an_edit_while_a_chapter_runs_leaves_the_record_of_what_ran(run, book):
    found = run("import helper; open('helper.py', 'a').write('# later')")
    assert found.read == {}  # what a chapter writes is its product …
    found = run(
        "import helper, subprocess; subprocess.run(['sh', '-c', 'echo half=1 > helper.py'])\n"
        "import importlib; importlib.reload(helper)"
    )
    assert not Sources(book).are_as(found)  # … but what somebody else writes is an edit


def test_the_environment_and_what_was_built_are_no_sources(run, book):
    for folder in (".venv/lib", "_build/html"):
        (book / folder).mkdir(parents=True)
        page = book / folder / "page.txt"
        page.write_text("1")
        assert run(f"open({str(page)!r})").read == {}


def test_what_is_in_the_key(tmp_path, monkeypatch):
    """The cells, their tags, and the versions of what `pyproject.toml` names."""

    def key(source="x = 1", **metadata):
        cell = nbformat.v4.new_code_cell(source, metadata=metadata)
        notebook = nbformat.v4.new_notebook(cells=[cell])
        return Library(tmp_path).chapter("page", tmp_path / "page.md", notebook).key

    before = key()
    assert key() == before
    assert key("x = 2") != before
    assert key(tags=["raises-exception"]) != before
    assert key(mystnb={"figure": {"caption": "Another"}}) == before

    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["torch>=2", "numpy"]\n')
    with_versions = key()
    assert with_versions != before
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.0")
    assert key() != with_versions
