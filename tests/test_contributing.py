"""What CONTRIBUTING.md shows is built as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sample import PARTS, Book

ROOT = Path(__file__).resolve().parent.parent


TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf8")


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md"])
def test_every_path_that_is_named_is_there(file):
    words = re.findall(r"`([\w.]+/[\w./-]*)`", (ROOT / file).read_text("utf8"))
    named = [word for word in words if word.split("/")[0] in ("book", "scorelab", "tests", ".ci")]
    # In capitals is what stands for a name; pages are there when they are built.
    named = [word for word in named if not re.search(r"[A-Z]{4}|\.html$", word)]
    assert named
    assert [word for word in named if not (ROOT / word).exists()] == []


def example(name: str) -> dict[str, object]:
    """What the Python example `name` defines."""
    (code,) = re.findall(rf"<!-- python: {name} -->\n```python\n(.*?)```", TEXT, re.S)
    defined: dict[str, object] = {}
    exec(compile(code, name, "exec"), defined)
    return defined


def test_the_derivation_is_checked_and_has_its_words(tmp_path, monkeypatch):
    ((name, text),) = re.findall(r"<!-- words: (\S+) -->\n```toml\n(.*?)```", TEXT, re.S)
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / f"{name}.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr("scorelab.derivations.engine.words._TEXT", tmp_path)
    derivation = example("derivation")["derive"]().check()
    assert derivation.name == name
    assert all(step.title and step.reason for step in derivation.steps)
    assert [step.checked for step in derivation.steps] == ["definition", "symbolic", "symbolic"]


def test_the_exercise_is_judged():
    (exercise,) = example("exercise")["EXERCISES"].values()
    assert exercise.judge("ex-ascent", exercise.variant("ex-ascent").right())
    slip = exercise.judge("ex-ascent", 0.25)
    assert not slip
    assert "uphill" in str(slip)
    variant = exercise.variant("ex-ascent", 7)
    assert variant.numbers["variance"] != 4
    assert variant.judge("ex-ascent", -1 / variant.numbers["variance"])


def test_the_live_run_starts_with_its_own_settings():
    preset = example("preset")["FEW_STEPS"]
    assert preset["n_steps"] == 20
    assert preset["sampler"] == "langevin"


@pytest.mark.nightly
def test_the_examples_are_a_book(tmp_path):
    files = re.findall(r"<!-- file: (\S+) -->\n````markdown\n(.*?)````", TEXT, re.S)
    assert [name for name, _ in files] == ["waves.md", "pendulum.md", "olas.md"]
    book = Book(tmp_path)
    book.write("scorelab/__init__.py", "")
    for name, page in files:
        book.write(name, page)
    parts = (*PARTS, "layout", "assets", "mathematics", "translations", "slides")
    book.configure("waves", "pendulum", "olas", parts=parts, more="    html_theme: scorebook")
    code, output = book.build()
    assert code == 0, output
    assert "Olas" in book.page("olas")
    for page in ("waves", "olas"):
        shown = BeautifulSoup(book.page(page), "html.parser").select_one(".cell_output")
        assert "6\n" in shown.text
    deck = BeautifulSoup(book.page("pendulum-slides"), "html.parser").text
    assert "La pregunta" in deck
    assert "tira hacia el centro" in deck

    olas = dict(files)["olas.md"]
    book.write("olas.md", olas.replace("$a = 2$", "$a = 3$"))
    code, output = book.build()
    assert code != 0
    assert "olas.md:9: WARNING: not as in waves.md:8" in output
