"""What a deck is made of: reveal.js from a pinned wheel, a style and a script from here."""

import re
from importlib.metadata import distribution
from pathlib import Path

__all__ = ["CARRIER", "DECK_SCRIPT", "DECK_STYLE", "inlined", "revealjs"]

CARRIER = "sphinx-revealjs"  # wanted for the files that its wheel holds
DECK_STYLE = Path(__file__).with_name("deck.css")
"""The style of all decks.

:meta hide-value:
"""
DECK_SCRIPT = Path(__file__).with_name("deck.js")
"""What starts reveal.js, and the switch between light and dark.

:meta hide-value:
"""


def revealjs(file: str) -> Path:
    """Return the path of one of reveal.js's own files, for example `dist/reveal.js`.

    Raises:
        PackageNotFoundError: If the wheel that carries reveal.js is not installed.
    """
    return Path(str(distribution(CARRIER).locate_file(f"sphinx_revealjs/_static/revealjs/{file}")))


def inlined(path: Path) -> str:
    """Return the element that holds a script or a style sheet in the page itself."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".css":
        return f"<style>\n{text}</style>"
    # In a script's strings and comments the tag that ends it is written so that it does not.
    text = re.sub("</(script)", r"<\\/\1", text, flags=re.IGNORECASE)
    return f"<script>\n{text}</script>"
