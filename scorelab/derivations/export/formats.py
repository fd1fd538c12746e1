r"""The forms in which a derivation leaves the book: a table that can be read without sympy."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["FORMATS", "MACROS_FILE", "Format", "format_called"]

MACROS_FILE = "scorelab-macros.tex"


@dataclass(frozen=True)
class Format:
    """A form in which a derivation leaves the book.

    Attributes:
        extension: How its files end.
        writer: The function of `scorelab.derivations.export` that writes it.
        says: What it is, in a few words.
        options: Those of `overlays`, `per_frame` and `bare` that it takes.
    """

    extension: str
    writer: str
    says: str
    options: tuple[str, ...] = ()

    def render(self, derivation: "Derivation", **options: Any) -> str:
        """Return the file's text.

        Args:
            derivation: What is written.
            options: `language`, `notation`, `symbols` and `marks`, and those of `self.options`.
        """
        from scorelab.derivations import export

        return getattr(export, self.writer)(derivation, **options)


FORMATS: Mapping[str, Format] = {
    "latex": Format(".tex", "latex", "LaTeX, to be compiled alone or \\input", ("bare",)),
    "beamer": Format(
        ".tex", "beamer", "slides in LaTeX, likewise", ("overlays", "per_frame", "bare")
    ),
    "reveal": Format(".html", "reveal", "slides in HTML, one file", ("overlays", "per_frame")),
    "markdown": Format(".md", "markdown", "MyST Markdown"),
    "notebook": Format(".ipynb", "notebook", "a notebook that checks every step again"),
    "sympy": Format(".py", "script", "a script that needs sympy alone and checks every step again"),
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
