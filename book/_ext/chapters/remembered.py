"""What the package says of itself, kept from build to build.

To import torch takes two seconds, and what most builds want of it is the same few words as last
time. So a value is kept beside the site, under the digest of the whole package, of the libraries'
versions and of the function that finds it; an edit of any of these asks again.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable
from pathlib import Path

from sphinx.application import Sphinx

from scorelab.files import write_whole

from .chapter import Library


def library_of(app: Sphinx) -> Library:
    """The state of the code at this build."""
    if not hasattr(app, "scorelab_library"):
        app.scorelab_library = Library(Path(app.srcdir).resolve())
    return app.scorelab_library


def remembered(app: Sphinx, name: str, find: Callable[[], object]) -> object:
    """What `find` returns, made of what JSON has, asked for only if something may have changed.

    Args:
        app: The application.
        name: Of the file that keeps it.
        find: Needs nothing but the package; imports what is slow to import itself.

    What is found while somebody edits the package is not kept: nobody knows which state it is of.
    """
    library = library_of(app)
    state = [library.code_digest, library.versions, inspect.getsource(find)]
    key = _digest(json.dumps(state, sort_keys=True).encode())
    path = Path(app.outdir).parent / ".remembered" / f"{name}.json"
    try:
        kept, digest, body = path.read_bytes().split(b"\n", 2)
        if (kept, digest) == (key, _digest(body)):
            return json.loads(body)
    except (OSError, ValueError):
        pass  # none yet, or a damaged one
    body = json.dumps(find()).encode()
    if Library(library.root).code_digest == library.code_digest:
        write_whole(path, b"\n".join([key, _digest(body), body]))
    return json.loads(body)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
