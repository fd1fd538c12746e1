"""The package taken home: the wheel that the site offers, and its extras.

That notebooks run with it, where there is no checkout, is in `test_chapters.py` and
`test_student_notebooks.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
from browsing import Visit
from scorebook.notebooks import wheel
from test_browser import HTML, PHONE, needs_book, url

from scorelab._support.extras import EXTRAS


@needs_book
@pytest.mark.parametrize(
    ("page", "files"),
    [
        ("book/langevin/mixture", ["mixture-student.ipynb", "mixture.ipynb", wheel.FILE]),
        (
            "book/lab/laboratorio",
            [
                "lab-plantilla.ipynb",
                wheel.FILE,
                "lab-solucion.ipynb",
                "train-images-idx3-ubyte.gz",
                "train-labels-idx1-ubyte.gz",
            ],
        ),
    ],
)
def test_on_a_phone_too_the_lines_offer_what_is_needed_to_run_it(browser, page, files):
    with Visit(browser, url(f"{page}.html"), viewport=PHONE) as visit:
        links = visit.tab.locator("h1 ~ .run a:visible")
        assert [Path(a.get_attribute("href")).name for a in links.all()] == files
        for a in links.all():
            assert (HTML / page).parent.joinpath(a.get_attribute("href")).is_file()


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


def test_what_an_extra_brings_is_named_where_it_is_missing():
    script = """
import sys, torch
import scorelab as sl
sl.book_mixture()
for module in ("matplotlib", "sympy", "ot"):
    sys.modules[module] = None
for use in (
    lambda: sl.picture,
    lambda: sl.Derivation,
    lambda: sl.derivations.get("tweedie"),
    lambda: sl.lettering("a"),
    lambda: sl.sliced_wasserstein(torch.zeros(2, 2), torch.zeros(2, 2)),
):
    try:
        use()
    except ModuleNotFoundError as error:
        print(error)
"""
    assert run(script).stdout.splitlines() == [
        "scorelab.picture needs matplotlib: pip install 'scorelab[pictures]'",
        "scorelab.Derivation needs sympy: pip install 'scorelab[derivations]'",
        "a derivation needs sympy: pip install 'scorelab[derivations]'",
        "letters need matplotlib: pip install 'scorelab[pictures]'",
        "this distance needs ot: pip install 'scorelab[metrics]'",
    ]


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
    called = {
        "imageio_ffmpeg": "imageio-ffmpeg",
        "markdown_it": "markdown-it-py",
        "mdit_py_plugins": "mdit-py-plugins",
        "PIL": "pillow",
        "ot": "POT",
    }
    for extra, packages in EXTRAS.items():
        listed = json.dumps(extras[extra])
        assert [p for p in packages if called.get(p, p) not in listed] == []
