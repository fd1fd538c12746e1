"""Which files a chapter depends on, read from its cells."""

from __future__ import annotations

import ast
from textwrap import dedent

import nbformat
import pytest
from chapters.chapter import Library
from chapters.dependencies import Package

FILES = {
    "__init__.py": """
        from . import plotting
        from .data import load
        from .derivations import Derivation
        from .mixture import GaussianMixture as Mixture
        from .solvers import euler
        __all__ = ["Mixture"]
        """,
    "checks.py": "def positive(x): return x",
    "mixture.py": "from scorelab.checks import positive\nclass GaussianMixture: ...",
    "solvers.py": """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from .mixture import GaussianMixture
        def euler():
            from .checks import positive
        """,
    "plotting.py": """
        from .mixture import GaussianMixture
        METADATA = {"scorelab": 1}
        """,
    "data.py": 'from importlib.resources import files\nPATH = files("scorelab") / "digits.npz"',
    "digits.npz": "binary",
    "derivations/__init__.py": "from .derivation import Derivation\ndef get(name): ...",
    "derivations/derivation.py": """
        from . import printing
        class Derivation:
            def to_deck(self): return resolve_name("scorelab.decks:deck")(self)
        """,
    "derivations/printing.py": "",
    "derivations/mixture_score.py": "from .derivation import Derivation",
    "derivations/ula_bias.py": "from .derivation import Derivation\nfrom .extra import half",
    "derivations/extra.py": "half = 1",
    "exercises/__init__.py": "from .registry import about, available, check",
    "exercises/registry.py": 'TABLE = {"mixture": ("ex-one",), "solvers": ("ex-two", "ex-three")}',
    "exercises/mixture.py": 'from scorelab.mixture import GaussianMixture\nEX = {"ex-one": 1}',
    "exercises/solvers.py": 'EX = {"ex-two": 2, "ex-three": 3}',
    "decks/__init__.py": "from scorelab.decks.page import page\ndef deck(derivation): ...",
    "decks/page.py": '"""The pages: `python -m scorelab decks`."""\nSTYLE = "deck.css"',
    "decks/deck.css": "",
}
MIXTURE = {"checks.py", "mixture.py"}
MECHANISM = {
    "derivations/__init__.py",
    "derivations/derivation.py",
    "derivations/printing.py",
}
REGISTRY = {"exercises/__init__.py", "exercises/registry.py"}
DECKS = {name for name in FILES if name.startswith("decks/")}
DERIVATIONS = {name for name in FILES if name.startswith("derivations/")}
ALL = set(FILES)


@pytest.fixture
def package(tmp_path) -> Package:
    for name, text in FILES.items():
        path = tmp_path / "scorelab" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).strip() + "\n")
    return Package(tmp_path / "scorelab")


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("import torch", set()),
        ("from scorelab import Mixture", MIXTURE),
        ("import scorelab\nscorelab.Mixture()", MIXTURE),
        ("import scorelab as sl\nsl.Mixture().score(sl.euler())", {*MIXTURE, "solvers.py"}),
        ("from scorelab.mixture import GaussianMixture", MIXTURE),
        ("from scorelab import euler", {"solvers.py", "checks.py"}),
        ("import scorelab.plotting as p\np.show()", {*MIXTURE, "plotting.py"}),
        ("import scorelab.plotting\nscorelab.plotting.show()", {*MIXTURE, "plotting.py"}),
        ("from scorelab import plotting as p", {*MIXTURE, "plotting.py"}),
        ("from scorelab import load", {"data.py", "digits.npz"}),
        ("def f():\n    from scorelab import euler", {"solvers.py", "checks.py"}),
        ("from scorelab import Derivation", MECHANISM),
        ("from scorelab import Derivation\nDerivation().to_deck()", MECHANISM | DECKS),
        (
            "from scorelab import derivations\nderivations.get('mixture-score')",
            {*MECHANISM, "derivations/mixture_score.py"},
        ),
        (
            "from scorelab import derivations as d\nd.get('mixture-score')\nd.get('ula-bias')",
            DERIVATIONS,
        ),
        (
            "from scorelab.derivations import get\nget('ula-bias').check()",
            {*MECHANISM, "derivations/ula_bias.py", "derivations/extra.py"},
        ),
        ("from scorelab import derivations\nderivations.get(name)", DERIVATIONS),
        ("from scorelab import derivations\nderivations.available()", DERIVATIONS),
        ("from scorelab import derivations\nf = derivations.get", DERIVATIONS),
        ("from scorelab import derivations as d\nprint(d)", DERIVATIONS),
        (
            "from scorelab import exercises\nexercises.check('ex-two', 1)",
            {*REGISTRY, "exercises/solvers.py"},
        ),
        (
            "from scorelab import exercises as e\ne.about('ex-one')\ne.available()",
            {*REGISTRY, *MIXTURE, "exercises/mixture.py"},
        ),
        (
            "from scorelab.exercises import check\nassert check('ex-three', x)",
            {*REGISTRY, "exercises/solvers.py"},
        ),
        (
            "from scorelab import exercises\nfor name in names: exercises.check(name, 1)",
            {*MIXTURE, *(name for name in FILES if name.startswith("exercises/"))},
        ),
        (
            "from scorelab.derivations import mixture_score",
            {*MECHANISM, "derivations/mixture_score.py"} - {"derivations/__init__.py"},
        ),
        (
            "import importlib\nimportlib.import_module('scorelab.solvers')",
            {"solvers.py", "checks.py"},
        ),
        ("import scorelab\nprint(scorelab)", ALL),
        ("from scorelab import *", ALL),
        ("from scorelab import Unknown", ALL),
        ("import subprocess\nsubprocess.run(['python', '-m', 'scorelab'])", ALL),
        ("get_ipython().system('python -m scorelab list')", ALL),
        ("print('scorelab')", set()),
    ],
)
def test_the_files_behind_a_cell(package, code, files):
    found = package.files_behind(ast.parse(code))
    assert {str(path.relative_to(package.folder)) for path in found} - {"__init__.py"} == (
        files - {"__init__.py"}
    )


def test_data_that_no_module_names_belongs_to_all(package):
    (package.folder / "stray.bin").write_bytes(b"?")
    found = Package(package.folder).files_behind(ast.parse("from scorelab import euler"))
    assert package.folder / "stray.bin" in found
    assert package.folder / "digits.npz" not in found


@pytest.fixture
def key(package, tmp_path):
    """The key of a chapter that uses the mixture, as the files stand."""

    def compute(source="from scorelab import Mixture", **metadata):
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source, metadata=metadata)]
        )
        return Library(tmp_path).chapter("page", tmp_path / "page.md", notebook).key

    return compute


def test_what_is_in_the_key(key, tmp_path):
    before = key()
    assert key() == before
    assert key("from scorelab import Mixture\nMixture()") != before
    assert key(tags=["raises-exception"]) != before
    assert key(mystnb={"figure": {"caption": "Another"}}) == before

    package = tmp_path / "scorelab"
    (package / "solvers.py").write_text("def euler(): return 2\n")
    assert key() == before
    (package / "checks.py").write_text("def positive(x): return -x\n")
    after = key()
    assert after != before

    init = package / "__init__.py"
    exports = init.read_text()
    init.write_text(exports + "\nfrom .checks import positive\n")
    assert key() == after
    init.write_text(exports + "\nimport torch\ntorch.set_default_dtype(torch.float64)\n")
    assert key() != after


def test_the_version_of_a_library_is_in_the_key(key, tmp_path, monkeypatch):
    before = key()
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["torch>=2", "numpy"]\n')
    with_versions = key()
    assert with_versions != before
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.0")
    assert key() != with_versions


def test_a_cell_that_does_not_parse_depends_on_everything(key, tmp_path):
    before = key("from scorelab import (")
    (tmp_path / "scorelab/solvers.py").write_text("def euler(): return 3\n")
    assert key("from scorelab import (") != before
