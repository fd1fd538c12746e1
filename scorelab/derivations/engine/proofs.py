r"""Proofs that the command need not repeat: each is remembered in the user's cache folder.

What is remembered says how each step was checked, under a digest of the equations as they have just
been derived, of the sources of all derivations and of what checks them, and of the versions of
sympy and of Python. So after an edit of any of these the steps are checked anew, as they are if the
file is damaged. Whoever must be sure asks `derivations.get`, as the build and the tests do: it
never looks here.
"""

import json
import os
import platform
import sys
from contextlib import suppress
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path

import sympy as sp

from scorelab import derivations
from scorelab._support.files import write_whole
from scorelab.derivations.engine.derivation import Derivation

__all__ = ["cache_folder", "recall"]


@cache
def recall(name: str) -> Derivation:
    """Derive `name` and return it checked, by the proof that is remembered if there is one.

    Raises:
        KeyError: If there is no such derivation; the message lists names that are near.
        DerivationError: If a step does not hold.
    """
    derivation = derivations.unchecked(name)
    sources = _sources()
    equations = [sp.srepr(step.equation) for step in derivation.steps]
    proved = _digest([equations, sources, sp.__version__, platform.python_version()])
    marks = _remembered(name, proved)
    if marks is not None:
        pairs = zip(derivation.steps, marks, strict=True)
        derivation.steps = tuple(replace(step, checked=mark) for step, mark in pairs)
        return derivation
    derivation.check()
    # If somebody edits the sources meanwhile, nobody knows which of them were proved.
    if _sources() == sources:
        _remember(name, proved, [step.checked for step in derivation.steps])
    return derivation


def cache_folder() -> Path:
    """Return `SCORELAB_CACHE`, or the user's folder for what can be found again.

    Raises:
        RuntimeError: If the user has no home.
    """
    if chosen := os.environ.get("SCORELAB_CACHE"):
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/scorelab"
    variable, usual = (
        ("LOCALAPPDATA", "AppData/Local") if os.name == "nt" else ("XDG_CACHE_HOME", ".cache")
    )
    given = Path(os.environ.get(variable) or "")
    # A relative folder would be another one in every directory.
    return (given if given.is_absolute() else Path.home() / usual) / "scorelab"


def _sources() -> list[str]:
    """What a proof rests on: all derivations, since one may build on another, and the checks."""
    engine = Path(__file__).parent
    paths = sorted([*engine.glob("*.py"), *(engine.parent / "catalogue").glob("*.py")])
    return [f"{path.name}\n{path.read_text('utf-8')}" for path in paths]


def _remembered(name: str, proved: str) -> list[str] | None:
    """How the steps were checked, or None if nothing sound is known of what is `proved` now."""
    try:
        kept = json.loads(_file(name).read_bytes())
        marks = kept["checked"]
    except (OSError, RuntimeError, ValueError, LookupError, TypeError):
        return None
    return marks if kept == _record(proved, marks) else None


def _remember(name: str, proved: str, marks: list[str]) -> None:
    # Without a folder that can be written the next command proves it again.
    with suppress(OSError, RuntimeError):
        write_whole(_file(name), json.dumps(_record(proved, marks)).encode())


def _record(proved: str, marks: list[str]) -> dict:
    """The marks are under the digest as well: changed by hand or by a bad disk they are void."""
    return {"checked": marks, "digest": _digest([proved, marks])}


def _file(name: str) -> Path:
    return cache_folder() / "proofs" / f"{name}.json"


def _digest(content: list) -> str:
    return sha256(json.dumps(content).encode()).hexdigest()
