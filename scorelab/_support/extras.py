"""Packages that only a part of the library needs, and what installs them."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["EXTRAS", "needed"]

# As in pyproject.toml.
EXTRAS = {
    "pictures": ("imageio_ffmpeg", "matplotlib", "PIL"),
    "derivations": ("sympy",),
    "metrics": ("ot",),
    "decks": (
        "markdown_it",
        "mdit_py_plugins",
        "quickjs",
        "sphinx-mathjax-offline",
        "sphinx-revealjs",
        "yaml",
    ),
    "devices": ("accelerate",),
}


@contextmanager
def needed(what: str) -> Iterator[None]:
    """Say of a package that is missing inside the block how to install it.

    Args:
        what: The subject of the message, with its verb: `slides in HTML need`.

    Raises:
        ModuleNotFoundError: In place of Python's own, if an extra brings what is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        for extra, packages in EXTRAS.items():
            if missing in packages:
                raise ModuleNotFoundError(
                    f"{what} {missing}: pip install 'scorelab[{extra}]'", name=error.name
                ) from None
        raise
