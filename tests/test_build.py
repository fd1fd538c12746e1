"""The build cannot lie: what changed is executed, what is broken stays broken."""

from __future__ import annotations

import json
import os
import pickle
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from sample import PARTS, Book
from scorebook.cache import seal
from scorebook.chapters import execution

ONE = "import scorelab\nprint(scorelab.__file__, scorelab.depth())"
TWO = "import scorelab as sl\nprint(sl.steps(), open('numbers.txt').read())"
THREE = "print('level-3')"

# Kills the build, when asked to, once the pages are read and kept, before any is written.
KILLER = """\
    import os, pathlib, signal

    def kill(app, *_):
        if pathlib.Path(app.srcdir, "kill").exists():
            os.kill(os.getpid(), signal.SIGKILL)

    def setup(app):
        app.connect("doctree-resolved", kill)
    """


def written(root: Path) -> Book:
    """Three chapters: `one` uses the module `mixture`, `two` uses `solvers` and a file."""
    book = Book(root)
    lazy = """
        def __getattr__(name):
            from importlib import import_module
            home = {"depth": "mixture", "steps": "solvers"}[name]
            return getattr(import_module(f"scorelab.{home}"), name)
        """
    book.write("scorelab/__init__.py", lazy)
    book.write("scorelab/constants.py", "DEPTH = 'level-17'\n")
    book.write(
        "scorelab/mixture.py", "from .constants import DEPTH\n\ndef depth():\n    return DEPTH\n"
    )
    book.write("scorelab/solvers.py", "def steps():\n    return 'steps-5'\n")
    book.write("numbers.txt", "number-1")
    book.write("killer.py", KILLER)
    for name, cell in (("one", ONE), ("two", TWO), ("three", THREE)):
        book.chapter(name, cell)
    book.configure("one", "two", "three")
    settings = (root / "_config.yml").read_text()
    book.write("_config.yml", settings.replace("{parts: .}", "{parts: ., killer: .}"))
    return book


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Book:
    """The book, built for the first time."""
    book = written(tmp_path_factory.mktemp("book") / "book")
    check(book.build())
    assert book.executed() == ["one", "three", "two"]
    return book


@pytest.fixture
def book(first) -> Iterator[Book]:
    """The book as its first build left it, whatever another test has done to it."""
    with first.put_back() as book:
        yield book


def check(result: tuple[int, str]) -> str:
    """The output of a build that must pass."""
    code, output = result
    assert code == 0, output
    return output


def test_an_edit_reexecutes_exactly_its_dependants_and_changes_the_page(book):
    assert "level-17" in book.page("one")
    book.write("scorelab/constants.py", "DEPTH = 'level-18'\n")
    check(book.build())
    assert book.executed() == ["one"]
    assert "level-18" in book.page("one")
    assert "level-17" not in book.page("one")

    # Prose changes the page and executes nothing, what a cell does or reads executes its chapter.
    book.chapter("one", ONE, text="Quite another sentence.")
    book.chapter("three", f"{THREE}\nprint('again')")
    book.write("numbers.txt", "number-2")
    check(book.build())
    assert book.executed() == ["three", "two"]
    assert "Quite another sentence." in book.page("one")
    assert "level-18" in book.page("one")
    assert "number-2" in book.page("two")

    # Back to an earlier state: its outputs are still there, and the page shows them.
    book.write("scorelab/constants.py", "DEPTH = 'level-17'\n")
    check(book.build())
    assert book.executed() == []
    assert "level-17" in book.page("one")


@pytest.mark.alone
def test_a_build_with_nothing_changed_takes_seconds(book):
    start = time.perf_counter()
    check(book.build())
    # The start of jupyter-book itself takes 2 to 3 s of it.
    assert time.perf_counter() - start < 10
    assert book.executed() == []


def test_a_broken_cell_fails_every_build_until_it_is_mended(book):
    book.chapter("one", "print(1)")
    book.chapter("two", "print(1 / 0)")
    for _ in range(2):
        code, output = book.build()
        assert code != 0
        assert "ZeroDivisionError" in output
        assert "two" in output
    # The chapter that did not fail was kept.
    assert book.executed() == ["one", "two", "two"]
    book.chapter("two", "print(1 / 1)")
    check(book.build())
    assert book.executed() == ["two"]


@pytest.mark.nightly
def test_a_chapter_broken_by_an_edit_of_the_package_fails_every_build(book):
    book.write("scorelab/mixture.py", "def depth():\n    raise ArithmeticError('no depth')\n")
    for _ in range(2):
        code, output = book.build()
        assert code != 0
        assert "no depth" in output


FAULTS = {
    "nowhere": "See [](nowhere.md).",
    "eq-nowhere": "See {eq}`eq-nowhere`.",
    "level": "# A\n\n#### D\n",
}


@pytest.mark.nightly
@pytest.mark.parametrize("faults", [[*FAULTS], *([f] for f in FAULTS)])
def test_a_warning_fails_every_build_until_it_is_gone(book, faults):
    text = "\n\n".join(FAULTS[message] for message in faults)
    book.write("index.md", f"# Index\n\n{text}\n")
    for _ in range(2):
        code, output = book.build()
        assert code != 0
        warnings = [line for line in output.splitlines() if "WARNING" in line]
        assert all(any(message in line for line in warnings) for message in faults)
    assert book.executed() == []
    book.write("index.md", "# Index\n\nAll well.\n")
    check(book.build())


@pytest.mark.nightly
def test_what_a_cell_writes_to_stderr_fails_every_build(book):
    book.chapter("two", "import sys\nprint('trouble ahead', file=sys.stderr)")
    for _ in range(2):
        code, output = book.build()
        assert code != 0
        assert "stderr" in output


@pytest.mark.nightly
def test_a_page_read_but_not_written_when_the_build_was_killed_is_written(book):
    book.write("scorelab/constants.py", "DEPTH = 'level-19'\n")
    kill = book.write("kill", "")
    code, _ = book.build()
    assert code == -signal.SIGKILL
    assert "level-17" in book.page("one")
    kill.unlink()
    check(book.build())
    assert "level-19" in book.page("one")


def test_a_damaged_entry_is_executed_again(book):
    """One is cut short, one has another number in it, one is empty."""
    damage = {
        "one": lambda content: content[: len(content) // 2],
        "two": lambda content: content.replace(b"steps-5", b"steps-7"),
        "three": lambda content: b"",
    }
    for name, damaged in damage.items():
        (entry,) = (book.root / "_build/.jupyter_cache" / name).glob("*.json")
        was = entry.read_bytes()
        entry.write_bytes(damaged(was))
        assert entry.read_bytes() != was
    check(book.build("--all"))
    assert book.executed() == ["one", "three", "two"]
    assert "level-17" in book.page("one")
    assert "steps-5" in book.page("two")
    assert "steps-7" not in book.page("two")
    assert "level-3" in book.page("three")


@pytest.mark.nightly
def test_an_interrupted_build_resumes_and_leaves_no_kernel(book):
    book.chapter(
        "two",
        """
        import os, pathlib, time
        if not pathlib.Path("go-on").exists():
            pathlib.Path("kernel.pid").write_text(str(os.getpid()))
            time.sleep(120)
        """,
    )
    book.chapter("one", "print(1)")
    kept = book.root / "_build/.jupyter_cache/one"
    before = set(kept.glob("*.json"))
    build = book.start()
    waits_until(lambda: (book.root / "kernel.pid").exists())
    waits_until(lambda: set(kept.glob("*.json")) - before)
    os.kill(build.process.pid, signal.SIGINT)
    code, _ = build.result(timeout=30)
    assert code > 0
    kernel = int((book.root / "kernel.pid").read_text())
    waits_until(lambda: not is_running(kernel))
    assert book.executed() == ["one", "two"]
    book.write("go-on", "")
    check(book.build())
    assert book.executed() == ["two"]


@pytest.mark.nightly
def test_two_builds_at_once_leave_a_sound_cache(tmp_path):
    book = written(tmp_path)
    first = book.start("--path-output", "first")
    second = book.start("--path-output", "second")
    for build in (first, second):
        check(build.result())
    book.executed()
    check(book.build())
    assert book.executed() == []
    assert "level-17" in book.page("one")


def test_chapters_execute_side_by_side_with_one_thread_each(book):
    # Each waits until the other has started: one after the other, they would never end.
    wait = """
        import os, pathlib, time
        pathlib.Path("{here}.started").touch()
        limit = time.monotonic() + 30
        while not pathlib.Path("{there}.started").exists():
            assert time.monotonic() < limit, "the other chapter does not start"
            time.sleep(0.05)
        print("threads", os.environ["OMP_NUM_THREADS"])
        """
    book.chapter("one", wait.format(here="one", there="two"))
    book.chapter("two", wait.format(here="two", there="one"))
    output = check(book.build())
    assert "threads 1" in book.page("one")
    for name in ("one", "two"):
        assert any(line.split()[:1] == [name] and line.endswith(" s") for line in lines(output))


def test_the_longest_chapter_begins_first(tmp_path, monkeypatch):
    executor = execution.Executor(SimpleNamespace(root=tmp_path, sources=None), tmp_path, 60)
    for name, seconds in {"quick": 1.0, "long": 9.0}.items():
        seal(tmp_path / name / "of-an-earlier-text.json", json.dumps({"seconds": seconds}).encode())
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged/cut.json").write_text('{"seconds": 5')
    began: list[str] = []
    monkeypatch.setattr(execution, "execute", lambda them, **_: began.extend(c.name for c in them))
    names = ("damaged", "long", "never", "quick")
    executor.execute_missing(
        [SimpleNamespace(name=name, key="0" * 64, executable=True, sources=()) for name in names]
    )
    assert began == ["never", "damaged", "long", "quick"]


def test_the_code_that_runs_is_the_code_beside_the_book(book):
    assert str(book.root / "scorelab/__init__.py") in book.page("one")


@pytest.mark.nightly
def test_an_edit_while_a_chapter_runs_shows_what_ran_and_runs_it_again_next_time(book):
    book.write("scorelab/mixture.py", "def depth():\n    return 'level-1'\n")
    edit = "echo \"def depth(): return 'level-2'\" > scorelab/mixture.py"
    book.chapter("one", "import os\nfrom scorelab import depth", f"os.system({edit!r})\ndepth()")
    check(book.build())
    assert "level-1" in book.page("one")
    book.executed()
    check(book.build())
    assert book.executed() == ["one"]
    assert "level-2" in book.page("one")


def lines(output: str) -> list[str]:
    return [line.strip() for line in output.splitlines()]


def waits_until(condition, seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.1)


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.nightly
def test_a_page_is_kept_without_the_documents_that_its_parts_were_read_into(tmp_path):
    """Each entry of a reference is read into one of its own; all kept, they are thrice the page."""
    book = Book(tmp_path)
    book.write("scorelab/__init__.py", "")
    (book.root / "one.md").write_text(
        "# Reference\n\n```{eval-rst}\n.. automodule:: scorelab._support.files\n"
        "   :members:\n```\n",
        "utf8",
    )
    book.configure("one", parts=(*PARTS, "docstrings"), others=("sphinx.ext.autodoc",))
    book.build()  # which warns that types of other libraries have no page
    page = pickle.loads((book.root / "_build/.doctrees/one.doctree").read_bytes())
    assert "Put content into a file" in page.astext()
    assert all(node.document is page for node in page.findall())
