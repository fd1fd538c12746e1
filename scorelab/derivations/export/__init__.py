r"""Derivations that leave the book: LaTeX, slides, Markdown, a notebook, a script.

Every format holds the reasons and the equations of the checked derivation, in the symbols of one's
choice; the notebook and the script check them again.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "talk": ["beamer"],
        "formats": ["FORMATS", "MACROS_FILE", "Format", "format_called"],
        "jupyter": ["notebook"],
        "myst": ["markdown", "steps"],
        "notations": ["NOTATIONS", "Notation", "notation_called", "silent"],
        "parts": ["Piece", "Theorem", "pieces", "prepared"],
        "slides": ["reveal"],
        "symbols": ["has", "names", "parse"],
        "sympy_script": ["script"],
        "tex": ["latex", "macros"],
    },
)
