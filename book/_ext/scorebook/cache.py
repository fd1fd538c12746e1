"""What is kept from build to build, each in a sealed file.

A file is written beside its place and moved there in one step, and opens with the digest of what
follows. So a build that is interrupted, two builds at once, or a damaged disk can lose an entry but
never yield a wrong one: what does not match its digest counts as absent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from scorelab._support.files import write_whole


def kept(folder: Path, recipe: object, make: Callable[[], bytes]) -> bytes:
    """What `make` gives, made once for each recipe.

    Args:
        folder: Where it is kept.
        recipe: All that it depends on, made of what JSON has.
        make: Makes it.
    """
    path = folder / digest_of(recipe)[:32]
    body = unsealed(path)
    if body is None:
        body = make()
        seal(path, body)
    return body


def seal(path: Path, body: bytes) -> None:
    """Write a file that `unsealed` believes."""
    write_whole(path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def unsealed(path: Path) -> bytes | None:
    """What was sealed, or None if there is nothing that is sound."""
    try:
        digest, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return body if hashlib.sha256(body).hexdigest().encode() == digest else None


def digest_of(value: object) -> str:
    """The digest of a value made of what JSON has."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
