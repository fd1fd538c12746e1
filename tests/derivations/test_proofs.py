"""A proof that is remembered is believed for exactly what was proved."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sympy as sp

from scorelab import derivations
from scorelab.derivations import Derivation
from scorelab.derivations.engine import proofs

PACKAGE = Path(derivations.__file__).parents[1]
NAME = "ou-moments"  # the quickest


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The cache folder of the test's own user."""
    monkeypatch.setenv("SCORELAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def checks(folder, monkeypatch) -> list[str]:
    """The names of the derivations that were checked since the test began."""
    names, check = [], Derivation.check

    def counted(derivation: Derivation) -> Derivation:
        names.append(derivation.name)
        return check(derivation)

    monkeypatch.setattr(Derivation, "check", counted)
    return names


def recall() -> Derivation:
    """What a new process would get."""
    return proofs.recall.__wrapped__(NAME)


def test_what_was_proved_is_not_proved_again(checks):
    first, second = recall(), recall()
    assert checks == [NAME]
    assert second.to_markdown() == first.to_markdown() == derivations.get(NAME).to_markdown()
    assert [step.checked for step in second.steps] == [step.checked for step in first.steps]


def test_the_build_and_the_tests_never_look(checks):
    recall()
    derivations.get.__wrapped__(NAME)
    assert checks == [NAME, NAME]


@pytest.mark.parametrize("what", ["sympy", "Python", "an equation"])
def test_another_library_or_equation_is_proved_again(what, checks, monkeypatch):
    recall()
    if what == "sympy":
        monkeypatch.setattr(sp, "__version__", "1.0")
    elif what == "Python":
        monkeypatch.setattr("platform.python_version", lambda: "3.99.0")
    else:
        monkeypatch.setattr(derivations, "unchecked", lambda name: _without_last(name))
    recall()
    assert checks == [NAME, NAME]


def _without_last(name: str) -> Derivation:
    derivation = derivations.import_module(derivations._module(name)).derive()
    derivation.steps = derivation.steps[:-1]
    return derivation


@pytest.mark.parametrize("damage", ["cut", "not JSON", "no object", "another mark", "a folder"])
def test_a_damaged_proof_is_not_believed(damage, checks, folder):
    recall()
    path = folder / "proofs" / f"{NAME}.json"
    whole = path.read_bytes()
    if damage == "a folder":
        path.unlink()
        path.mkdir()
    elif damage == "another mark":
        kept = json.loads(whole)
        kept["checked"][-1] = "numeric"
        path.write_text(json.dumps(kept))
    else:
        path.write_bytes({"cut": whole[:-9], "not JSON": b"\xff", "no object": b"[]"}[damage])
    again = recall()
    assert checks == [NAME, NAME]
    assert again.steps[-1].checked == "symbolic"
    assert damage == "a folder" or path.read_bytes() == whole


@pytest.mark.parametrize("trouble", ["a file in the way", "no home"])
def test_without_a_folder_it_is_proved_each_time(trouble, checks, folder, monkeypatch):
    if trouble == "no home":
        monkeypatch.delenv("SCORELAB_CACHE")
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

        def homeless():
            raise RuntimeError("no home")

        monkeypatch.setattr(Path, "home", homeless)
    else:
        folder.write_text("")
    assert recall().steps[-1].checked == "symbolic"
    assert recall().steps[-1].checked == "symbolic"
    assert checks == [NAME, NAME]


@pytest.fixture
def copy(tmp_path) -> Path:
    """A copy of the package that a test may edit."""
    without = shutil.ignore_patterns("__pycache__", "mnist", "exercises", "*.npz")
    return Path(shutil.copytree(PACKAGE, tmp_path / "copy" / "scorelab", ignore=without))


def export(copy: Path, name: str = NAME) -> subprocess.CompletedProcess:
    """Run the command of the copy, in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(copy.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "scorelab", "derive", name, "--to", "markdown"]
    return subprocess.run(
        command, cwd=copy.parent, env=environment, capture_output=True, text=True, check=False
    )


def test_an_edit_of_the_sources_is_proved_anew(copy, folder):
    """With the proof of the right one at hand, a broken derivation does not pass."""
    right = export(copy)
    assert right.returncode == 0, right.stderr
    kept = folder / "proofs" / f"{NAME}.json"
    proof = kept.read_bytes()
    broken = copy / "derivations/catalogue/ou_moments.py"
    text = broken.read_text("utf-8")
    wrong = text.replace("equation(L1(x), -x / 2)", "equation(L1(x), x / 2)")
    assert wrong != text
    broken.write_text(wrong, "utf-8")
    answer = export(copy)
    assert answer.returncode != 0
    assert "ou-moments, step 'mean-rate'" in answer.stderr
    assert answer.stdout == ""
    assert kept.read_bytes() == proof


@pytest.mark.parametrize(
    "file",
    [
        "engine/checking.py",
        "engine/densities.py",
        "engine/derivation.py",
        "catalogue/ou_spectrum.py",
    ],
)
def test_a_proof_rests_on_every_source(file, copy, checks, monkeypatch):
    """An edit that changes no equation voids the proof as well: the checks are new ones."""
    monkeypatch.setattr(proofs, "__file__", str(copy / "derivations/engine/proofs.py"))
    recall()
    with (copy / "derivations" / file).open("a", encoding="utf-8") as source:
        source.write("\n# edited\n")
    recall()
    assert checks == [NAME, NAME]


def test_what_is_proved_during_an_edit_is_not_kept(copy, folder, monkeypatch):
    monkeypatch.setattr(proofs, "__file__", str(copy / "derivations/engine/proofs.py"))
    check = Derivation.check

    def edited(derivation: Derivation) -> Derivation:
        (copy / "derivations/engine/checking.py").write_text("")
        return check(derivation)

    monkeypatch.setattr(Derivation, "check", edited)
    recall()
    assert not folder.exists()


def test_the_folder_is_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv("SCORELAB_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert proofs.cache_folder() == tmp_path / "x" / "scorelab"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert proofs.cache_folder() == tmp_path / ".cache" / "scorelab"
    monkeypatch.setattr("sys.platform", "darwin")
    assert proofs.cache_folder() == tmp_path / "Library/Caches/scorelab"
