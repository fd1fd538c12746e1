r"""Derivations that leave the book: LaTeX, slides, Markdown, a notebook, a script.

Every format holds the reasons and the equations of the checked derivation, in the symbols of one's
choice; the notebook and the script check them again.
"""

from scorelab.derivations.export.latex import beamer, latex, macros
from scorelab.derivations.export.markdown import markdown
from scorelab.derivations.export.notebook import notebook
from scorelab.derivations.export.pieces import Piece, pieces
from scorelab.derivations.export.reveal import reveal
from scorelab.derivations.export.script import script
from scorelab.derivations.export.symbols import has, names, parse
from scorelab.derivations.formats import FORMATS, MACROS_FILE, Format, format_called

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
