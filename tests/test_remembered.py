"""What the package says of itself is asked for once, and again when something may have changed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from scorebook.chapters.remembered import remembered


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "scorelab").mkdir()
    (tmp_path / "scorelab/one.py").write_text("ONE = 1\n")
    return tmp_path


def build(root: Path) -> SimpleNamespace:
    """What a new build of the book in `root` knows."""
    return SimpleNamespace(srcdir=root, outdir=root / "_build/html")


ASKED = []


def answer() -> dict:
    """Stands for what imports torch."""
    ASKED.append(1)
    return {"a": [1, "σ"]}


def other_answer() -> dict:
    """Of another function under the same name."""
    return {"b": None}


def times_asked(root: Path) -> int:
    """How often one more build asks."""
    before = len(ASKED)
    assert remembered(build(root), "it", answer) == {"a": [1, "σ"]}
    return len(ASKED) - before


def test_once_for_all_builds(root):
    assert [times_asked(root) for _ in range(3)] == [1, 0, 0]


def test_again_after_an_edit_of_the_package(root):
    times_asked(root)
    (root / "scorelab/one.py").write_text("ONE = 2\n")
    assert [times_asked(root), times_asked(root)] == [1, 0]


def test_again_when_a_library_is_new(root, monkeypatch):
    times_asked(root)
    monkeypatch.setattr("scorebook.chapters.chapter.Library.versions", {"Python": "4.0"})
    assert times_asked(root) == 1


def test_again_when_the_question_is_another(root):
    times_asked(root)
    assert remembered(build(root), "it", other_answer) == {"b": None}


@pytest.mark.parametrize("damage", [b"", b"x", b"\n\n", None])
def test_a_damaged_answer_is_not_believed(root, damage):
    times_asked(root)
    [path] = (root / "_build/.remembered").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"[1", b"[2") if damage is None else damage)
    assert times_asked(root) == 1
    assert path.read_bytes() == whole


def test_what_is_found_during_an_edit_is_not_kept(root):
    def edited() -> int:
        (root / "scorelab/one.py").write_text("ONE = 2\n")
        return 2

    assert remembered(build(root), "it", edited) == 2
    assert not (root / "_build/.remembered").exists()
