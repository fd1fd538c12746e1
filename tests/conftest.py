"""Settings of the whole test suite: reproducible, and one thread, so that ratios of times mean
something on a busy machine."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
import torch
from browsing import CHROMIUM, FLAGS
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

torch.set_num_threads(1)
settings.register_profile("reproducible", derandomize=True, deadline=None, database=None)
settings.load_profile("reproducible")


def pytest_xdist_auto_num_workers(config):
    """One process more than there are cores: browsers, builds and kernels are often waited for."""
    usable = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))
    return len(usable(0)) + 1


@pytest.fixture(autouse=True)
def _own_seed():
    """No test depends on what ran before it."""
    torch.manual_seed(20240229)


@pytest.fixture(autouse=True, scope="session")
def _no_proof_from_before(tmp_path_factory):
    """What was proved on another day counts for the commands of the user, not for the tests.

    The processes of one run share what they prove: to look at a text nobody need prove it twice.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCORELAB_CACHE", str(shared / "cache"))
        yield


@pytest.fixture(scope="session")
def empty_environment(tmp_path_factory):
    from empty_environment import EmptyEnvironment

    return EmptyEnvironment(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM and not os.environ.get("CI"):
        pytest.skip("no Chromium (set CHROMIUM)")
    assert CHROMIUM, "CI needs Chromium"
    with sync_playwright() as playwright:
        with_flags = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield with_flags
        with_flags.close()


@pytest.fixture
def compiled(tmp_path):
    """A function that compiles files, the first of them, and returns the log."""
    if shutil.which("pdflatex") is None and not os.environ.get("CI"):
        pytest.skip("no pdflatex (Debian: texlive-latex-recommended texlive-pictures)")

    def compile_(files: dict[str, str]) -> str:
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        main = next(iter(files))
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape"]
        done = subprocess.run([*command, main], cwd=tmp_path, capture_output=True, check=False)
        log = (tmp_path / main).with_suffix(".log").read_text(encoding="utf-8", errors="replace")
        assert done.returncode == 0, log[-3000:]
        return log

    return compile_
