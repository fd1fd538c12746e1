"""The Makefile says what it can do, and does no work twice."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.utils import canonicalize_name
from packaging.version import Version
from sample import ROOT

COMMANDS = {
    *("help", "book", "pdf", "chapter", "test", "quick", "nightly"),
    *("audit", "bench", "check", "format", "constraints", "index", "clean"),
}


def make(folder, *arguments: str) -> str:
    """What `make` prints."""
    environment = {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL", "CI"}}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture
def checkout(tmp_path):
    """The files that the Makefile looks at, and a Python that only records how it is called."""
    for name in ("Makefile", "requirements.txt", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests/requirements.txt", tmp_path / "tests/requirements.txt")
    record = '#!/bin/sh\necho "$(basename "$0") $*" >> calls.txt\n'
    python = tmp_path / "python"
    copies = """
    mkdir -p .venv/bin
    for name in python jupyter-book ruff check-jsonschema; do
        cp -f "$0" .venv/bin/$name 2>/dev/null
    done
    exit 0
    """
    python.write_text(record + copies)
    python.chmod(0o755)
    return tmp_path


def calls(folder) -> list[str]:
    record = folder / "calls.txt"
    lines = record.read_text().splitlines() if record.exists() else []
    record.unlink(missing_ok=True)
    return lines


def test_help_lists_every_command(checkout):
    assert set(re.findall(r"(?m)^make (\w+) ", make(checkout))) == COMMANDS


def test_the_environment_is_made_once_and_follows_the_requirements(checkout):
    python = f"PYTHON={checkout / 'python'}"
    make(checkout, "book", python)
    first = calls(checkout)
    assert first[0] == "python -m venv .venv"
    assert [c for c in first if "install -c constraints.txt -r requirements.txt" in c]
    assert not [c for c in first if "tests/requirements.txt" in c]
    assert first[-1] == "jupyter-book build . -W -n --keep-going"

    make(checkout, "book", python)
    assert calls(checkout) == ["jupyter-book build . -W -n --keep-going"]

    make(checkout, "test", python)
    installs = [c for c in calls(checkout) if "install" in c]
    assert len(installs) == 1
    assert "tests/requirements.txt" in installs[0]

    make(checkout, "check", python)
    schema = "--builtin-schema vendor.github-workflows .github/workflows/book.yml"
    assert calls(checkout) == [
        "ruff format --check .",
        "ruff check .",
        f"check-jsonschema {schema}",
        "check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff",
    ]

    newer = (checkout / ".venv/tests.stamp").stat().st_mtime + 10
    os.utime(checkout / "requirements.txt", (newer, newer))
    make(checkout, "book", python)
    assert [c for c in calls(checkout) if "-r requirements.txt" in c]


def test_a_chapter_must_exist(checkout):
    with pytest.raises(subprocess.CalledProcessError) as error:
        make(checkout, "chapter", "C=no/such", f"PYTHON={checkout / 'python'}")
    assert "usage: make chapter C=" in error.value.stderr


def test_the_workflow_calls_what_a_developer_calls():
    workflow = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text())
    steps = workflow["jobs"]["build"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert [command for command in commands if command.startswith(".ci/run ")]
    assert os.access(ROOT / ".ci/run", os.X_OK)
    # The weekly build starts from nothing.
    (cache,) = (step for step in steps if "cache" in step.get("uses", ""))
    assert cache["if"] == "github.event_name != 'schedule'"


def test_every_requirement_is_pinned_and_no_registry_is_named():
    for name in ("requirements.txt", "tests/requirements.txt"):
        lines = (ROOT / name).read_text().splitlines()
        wanted = [line for line in lines if line and not line.startswith("#")]
        assert all(line == "-e ." or re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in wanted)


def pins(name: str) -> dict[str, Version]:
    """The versions in a list of requirements, by the names in their usual spelling."""
    lines = re.findall(r"(?m)^([\w.-]+)==(\S+)", (ROOT / name).read_text("utf-8"))
    return {canonicalize_name(package): Version(version) for package, version in lines}


def test_the_constraints_hold_every_requirement_and_nothing_of_this_machine():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    packages = [line for line in lines if not line.startswith("#")]
    assert packages == sorted(packages)
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+", line) for line in packages)
    wanted = pins("requirements.txt") | pins("tests/requirements.txt")
    assert wanted.items() <= pins("constraints.txt").items()


def test_the_constraints_are_what_pip_resolved():
    url = {"url": "https://registry.example/x.whl"}

    def resolved(name: str, version: str, source: dict = url) -> dict:
        return {"metadata": {"name": name, "version": version}, "download_info": source}

    report = {
        "install": [
            resolved("torch", "2.13.0+cpu"),
            resolved("Jinja2", "3.1.6"),
            resolved("ruamel.yaml", "0.18"),
            resolved("scorelab", "0.1.0", {"url": "file:///here", "dir_info": {}}),
        ]
    }
    written = runpy.run_path(ROOT / ".ci/constraints.py")["constraints"](report)
    assert [line for line in written.splitlines() if not line.startswith("#")] == [
        "jinja2==3.1.6",
        "ruamel-yaml==0.18",
        "torch==2.13.0",
    ]


def test_the_workflow_follows_its_schema():
    command = shutil.which("check-jsonschema", path=Path(sys.executable).parent)
    if command is None:
        assert not os.environ.get("CI"), "CI needs check-jsonschema"
        pytest.skip("no check-jsonschema (tests/requirements.txt)")
    workflow = ROOT / ".github/workflows/book.yml"
    words = [command, "--builtin-schema", "vendor.github-workflows", workflow]
    subprocess.run(words, check=True, capture_output=True)


def test_every_python_that_is_promised_is_tested_and_the_weekly_run_is_the_long_one():
    workflow = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text())
    build = workflow["jobs"]["build"]
    assert build["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    (tests,) = (step["run"] for step in build["steps"] if ".ci/run" in step.get("run", ""))
    assert "'schedule' && 'nightly' || 'test'" in tests
    newest = workflow["jobs"]["newest"]
    assert "make book CONSTRAINTS=" in [step.get("run") for step in newest["steps"]]
