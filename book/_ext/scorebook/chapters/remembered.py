"""What the package says of itself, kept from build to build.

To import torch takes two seconds, and what most builds want of it is the same few words as last
time. So a value is kept beside the site, under the digest of the whole package, of the libraries'
versions and of the function that finds it; an edit of any of these asks again.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path

from sphinx.application import Sphinx

from scorebook import state
from scorebook.cache import digest_of, seal, unsealed
from scorebook.chapters.chapter import Library


def library_of(app: Sphinx) -> Library:
    """The state of the code at this build."""
    build = state.of_build(app)
    if build.library is None:
        build.library = Library(Path(app.srcdir).resolve())
    return build.library


def remembered(app: Sphinx, name: str, find: Callable[[], object]) -> object:
    """What `find` returns, made of what JSON has, asked for only if something may have changed.

    Args:
        app: The application.
        name: Of the file that keeps it.
        find: Needs nothing but the package; imports what is slow to import itself.

    What is found while somebody edits the package is not kept: nobody knows which state it is of.
    """
    library = library_of(app)
    key = digest_of([library.code_digest, library.versions, inspect.getsource(find)])
    path = Path(app.outdir).parent / ".remembered" / f"{name}.json"
    kept = json.loads(unsealed(path) or "{}")
    if kept.get("key") == key:
        return kept["value"]
    body = json.dumps({"key": key, "value": find()})
    if Library(library.root).code_digest == library.code_digest:
        seal(path, body.encode())
    return json.loads(body)["value"]
