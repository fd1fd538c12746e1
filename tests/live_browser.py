"""The live figures' scripts in a browser, alone, and if asked for with one of them broken."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page as Tab

import scorelab.figures.live

FOLDER = Path(__file__).resolve().parent.parent / "book/theme/static/live"
NUMBERS = ("random", "mixture", "samplers", "run")


def source(name: str, old: str = "", new: str = "") -> str:
    """A script's text, with `old`, which must occur exactly once, replaced.

    Raises:
        LookupError: if it does not.
    """
    text = (FOLDER / f"{name}.js").read_text(encoding="utf-8")
    if old and text.count(old) != 1:
        raise LookupError(f"{name}.js holds {text.count(old)} times, not once: {old!r}")
    return text.replace(old, new) if old else text


def load_numbers(tab: Tab, broken: tuple[str, str, str] | None = None) -> None:
    """An empty page with the scripts that compute; `broken` is (script, old, new)."""
    tab.goto("about:blank")
    for name in NUMBERS:
        change = broken[1:] if broken and broken[0] == name else ()
        tab.add_script_tag(content=source(name, *change))
    tab.evaluate(f"ScoreLab.described = {json.dumps(scorelab.figures.live.described())}")
