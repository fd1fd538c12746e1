"""A build that fails keeps failing until its cause is gone.

Sphinx keeps the pages it has read. A second build does not read them again, so it does not warn
again and `-W` passes; the same holds for pages read but not yet written when a build was killed.
Therefore a mark stands in the build folder from the first page read to a clean end, and a build
that finds the mark reads every page anew (executions are kept elsewhere, so this takes seconds).
Pages are also read anew when the code that makes them, `book/_ext`, or a package of the
environment changed.
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path

from sphinx.application import ENV_PICKLE_FILENAME, Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

MACHINERY = Path(__file__).resolve().parent.parent


def _mark(app: Sphinx) -> Path:
    return Path(app.doctreedir) / "unfinished"


def forget_unfinished(app: Sphinx, config: Config) -> None:
    if _mark(app).exists():
        (Path(app.doctreedir) / ENV_PICKLE_FILENAME).unlink(missing_ok=True)
    config.scorelab_machinery = _machinery()


def mark_begun(app: Sphinx, env: BuildEnvironment, *_: object) -> list[str]:
    _mark(app).parent.mkdir(parents=True, exist_ok=True)
    _mark(app).touch()
    return []


def mark_ended(app: Sphinx, error: Exception | None) -> None:
    if error is None and not app._warncount:
        _mark(app).unlink(missing_ok=True)


def _machinery() -> str:
    """A digest of the code and of the tools that turn chapters into pages."""
    digest = hashlib.sha256()
    for path in sorted(MACHINERY.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(MACHINERY)).encode() + path.read_bytes())
    for tool in sorted(f"{d.name} {d.version}" for d in metadata.distributions()):
        digest.update(tool.encode())
    return digest.hexdigest()


def register(app: Sphinx) -> None:
    """Have all pages read anew when what makes them changes."""
    app.add_config_value("scorelab_machinery", "", "env", str)
