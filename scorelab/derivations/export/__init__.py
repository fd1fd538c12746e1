r"""Derivations that leave the book: LaTeX, slides, Markdown, a notebook, a script.

Every format holds the reasons and the equations of the checked derivation, in the symbols of one's
choice; the notebook and the script check them again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from scorelab.derivations.export.latex import MACROS_FILE, beamer, latex, macros
from scorelab.derivations.export.markdown import markdown
from scorelab.derivations.export.notebook import notebook
from scorelab.derivations.export.pieces import Piece, pieces
from scorelab.derivations.export.reveal import reveal
from scorelab.derivations.export.script import script
from scorelab.derivations.export.symbols import has, names, parse

__all__ = [
    "FORMATS",
    "MACROS_FILE",
    "Format",
    "Piece",
    "beamer",
    "format_called",
    "has",
    "latex",
    "macros",
    "markdown",
    "names",
    "notebook",
    "parse",
    "pieces",
    "reveal",
    "script",
]


@dataclass(frozen=True)
class Format:
    """A form in which a derivation leaves the book.

    Attributes:
        extension: How its files end.
        render: Takes a derivation and, by name, `symbols`, and `overlays` and `per_frame` if it
            makes slides; returns the file's text.
        says: What it is, in a few words.
        options: Those of `overlays` and `per_frame` that it takes.
    """

    extension: str
    render: Callable[..., str]
    says: str
    options: tuple[str, ...] = ()


FORMATS: Mapping[str, Format] = {
    "latex": Format(".tex", latex, "LaTeX, to be compiled alone or \\input"),
    "beamer": Format(".tex", beamer, "slides in LaTeX, likewise", ("overlays", "per_frame")),
    "reveal": Format(".html", reveal, "slides in HTML, one file", ("overlays", "per_frame")),
    "markdown": Format(".md", markdown, "MyST Markdown"),
    "notebook": Format(".ipynb", notebook, "a notebook that checks every step again"),
    "sympy": Format(".py", script, "a script that needs sympy alone and checks every step again"),
}


def format_called(name: str) -> Format:
    """Return the format of this name.

    Raises:
        ValueError: If there is none; the message lists names that are near.
    """
    if name not in FORMATS:
        near = get_close_matches(name, FORMATS, n=3, cutoff=0.5) or FORMATS
        raise ValueError(f"no format is called {name!r}; did you mean {', '.join(near)}?")
    return FORMATS[name]
