"""`import scorelab as sl` gives every public name, and loads nothing before it is used."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import yaml

import scorelab as sl

ROOT = Path(sl.__file__).resolve().parents[1]
TOLD = ("CHANGELOG.md", "CITATION.cff", ".zenodo.json", "README.md")
# Of the metadata that Zenodo documents for its deposits, those of any use here.
DEPOSIT = {
    *("title", "upload_type", "description", "creators", "version", "publication_date", "notes"),
    *("access_right", "license", "language", "keywords", "related_identifiers", "contributors"),
}
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


def test_all_say_the_same_version_and_day():
    """Only what is under a heading with a day is released."""
    texts = {name: (ROOT / name).read_text(encoding="utf8") for name in TOLD}
    headings = re.findall(r"^## (.*)", texts["CHANGELOG.md"], re.M)
    released = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", h) for h in headings]
    assert all(released[1:])
    assert headings[0] == "[Unreleased]" or released[0]
    version, day = next(filter(None, released)).groups()
    cited, deposit = yaml.safe_load(texts["CITATION.cff"]), json.loads(texts[".zenodo.json"])
    assert sl.__version__ == version == cited["version"] == deposit["version"]
    assert day == str(cited["date-released"]) == deposit["publication_date"]
    assert f"scorelab-{version}-py3-none-any.whl" in texts["README.md"]


def test_citation_and_deposit_say_the_same_and_can_be_read():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf8"))
    deposit = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf8"))
    check = Path(sys.executable).with_name("check-jsonschema")
    schema = "vendor.citation-file-format"
    subprocess.run([check, "--builtin-schema", schema, ROOT / "CITATION.cff"], check=True)
    assert deposit.keys() <= DEPOSIT
    assert deposit["creators"] == [{"name": author["name"]} for author in cited["authors"]]
    assert deposit["title"] == cited["title"]
    assert deposit["keywords"] == cited["keywords"]
    assert deposit["license"] in cited["license"]
    assert " ".join(cited["abstract"].split()) in deposit["description"]
    [author] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["authors"]
    assert [author] == deposit["creators"]


def test_what_there_is_not_is_an_attribute_error():
    with pytest.raises(AttributeError, match="langevin_dynamic"):
        _ = sl.langevin_dynamic


def test_the_code_of_the_readme_runs():
    readme = Path(sl.__file__).parent.with_name("README.md").read_text(encoding="utf8")
    blocks = re.findall(r"^```python\n(.*?)^```", readme, re.M | re.S)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
