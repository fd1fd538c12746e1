"""`import scorelab as sl` gives every public name, and loads nothing before it is used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import scorelab as sl

HEAVY = ("torch", "numpy", "scipy", "sympy", "matplotlib", "ot")
STUB = ast.parse(Path(sl.__file__).with_name("__init__.pyi").read_text(encoding="utf8"))
IMPORTS = [
    (node.module, alias.name, alias.asname)
    for node in STUB.body
    if isinstance(node, ast.ImportFrom)
    for alias in node.names
]


def test_importing_it_loads_no_library_and_takes_no_time():
    code = (
        "import sys, time; start = time.perf_counter(); import scorelab; names = dir(scorelab);"
        "took = time.perf_counter() - start; print(took);"
        f"print(*[name for name in {HEAVY} if name in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    took, loaded = printed.split("\n", 1)
    assert loaded.split() == []
    assert float(took) < 0.5


def test_a_name_loads_what_it_needs_and_no_more():
    code = (
        "import sys, scorelab as sl; sl.GaussianMixture;"
        "print(*sorted(m for m in sys.modules if m.startswith('scorelab.')), sep='\\n')"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    rooms = {name.split(".")[1] for name in loaded}
    assert rooms == {"_support", "mixture"}


@pytest.mark.parametrize(("module", "name", "shown"), IMPORTS)
def test_each_name_is_what_its_module_calls_so(module, name, shown):
    assert shown == name  # a stub exports what it imports under its own name
    assert name in dir(sl)
    home = import_module(f"scorelab.{module or name}")
    assert getattr(sl, name) is (getattr(home, name) if module else home)


def test_what_the_mathematics_makes_public_is_there():
    rooms = "estimate examples implicit langevin likelihood metrics mixture noise sde solvers"
    public = {n for room in rooms.split() for n in import_module(f"scorelab.{room}").__all__}
    assert public <= set(dir(sl))


def test_it_has_a_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+", sl.__version__)


def test_what_there_is_not_is_an_attribute_error():
    with pytest.raises(AttributeError, match="langevin_dynamic"):
        _ = sl.langevin_dynamic


def test_the_code_of_the_readme_runs():
    readme = Path(sl.__file__).parent.with_name("README.md").read_text(encoding="utf8")
    blocks = re.findall(r"^```python\n(.*?)^```", readme, re.M | re.S)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
