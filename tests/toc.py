"""The pages of the book, from its table of contents."""

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


def pages() -> list[str]:
    """The pages in the order of the book, the first one first."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    return [contents["root"], *(c["file"] for part in contents["parts"] for c in part["chapters"])]
