"""The rooms of the package: old names lead to them, and each builds on those above it alone."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import scorelab
from scorelab._support.moved import MOVED

FOLDER = Path(scorelab.__file__).parent
ORDER = [
    *("_support", "estimate", "conventions", "mixture", "examples", "sde", "noise", "implicit"),
    *("likelihood", "solvers", "langevin", "matching", "networks", "metrics", "figures"),
    *("training", "derivations", "exercises", "lab", "lectures", "__main__"),
]


@pytest.mark.parametrize("old", MOVED)
def test_an_old_name_is_the_module_that_has_moved(old):
    before = import_module(f"scorelab.{old}")
    now = import_module(f"scorelab.{MOVED[old]}")
    assert before is now
    assert now.__spec__.name == now.__name__ == f"scorelab.{MOVED[old]}"


def test_an_old_name_can_come_first():
    """In a fresh process: a class is the same by both names, and can be taken from the package."""
    code = """
    from scorelab import plotting, data
    from scorelab.decks.page import Slide
    from scorelab.derivations.derivation import Derivation
    from scorelab.training.mnist.data import load_mnist
    import scorelab.derivations.engine.derivation, scorelab.derivations.export.decks.html
    assert data.load_mnist is load_mnist
    assert scorelab.derivations.engine.derivation.Derivation is Derivation
    assert scorelab.derivations.export.decks.html.Slide is Slide
    assert Slide.__module__ == "scorelab.derivations.export.decks.html"
    import scorelab.derivations.export.latex
    from scorelab.derivations.export import latex
    assert latex(scorelab.derivations.unchecked("ou-moments")).startswith("%")
    """
    code = "\n".join(line.strip() for line in code.splitlines())
    subprocess.run([sys.executable, "-c", code], check=True, cwd=FOLDER.parent)


def test_a_name_that_never_was_is_not_found():
    with pytest.raises(ModuleNotFoundError, match=r"scorelab\.nowhere"):
        import_module("scorelab.nowhere")


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda p: p.stem)
def test_a_module_imports_only_what_stands_above_it(path):
    """When it is loaded; what a function imports when it is called is its own affair."""
    name = path.relative_to(FOLDER).with_suffix("").parts[0]
    if name == "__init__":
        return
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module == "scorelab":
            rooms = [a.name for a in node.names if not a.name.startswith("__")]
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("scorelab."):
            rooms = [node.module.split(".")[1]]
        else:
            continue
        for room in rooms:
            assert ORDER.index(room) <= ORDER.index(name), f"{path} imports {room}"


MODULES = sorted(m.name for m in walk_packages(scorelab.__path__, "scorelab."))


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_no_module_has_the_name_of_a_public_function(name):
    """Or the name would stand for the one or the other, whichever was imported last."""
    package, _, stem = name.rpartition(".")
    for owner in map(import_module, (name, package)):
        public = stem in getattr(owner, "__all__", ())
        assert not public or getattr(owner, stem) is import_module(name)
