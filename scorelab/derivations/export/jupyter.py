"""A notebook that derives, checks every step again and shows it."""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scorelab.derivations.export.parts import Piece, pieces, source

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["notebook"]


def notebook(derivation: "Derivation", *, symbols: Mapping[str, str] | None = None) -> str:
    """Return a notebook in nbformat 4.5, which needs `scorelab` and not the book.

    The equations are there before it is run; running it derives them anew, checks every step, and
    stops if one does not hold.
    """
    steps = pieces(derivation, symbols)
    first, last = steps[0].name, steps[-1].name
    derive = (
        "from IPython.display import Latex\n\n"
        "from scorelab import derivations\n\n"
        f'derivation = derivations.get("{derivation.name}")["{first}":"{last}"]\n'
        f"symbols = {dict(symbols or {})!r}\n\n\n"
        "def show(step):\n"
        '    """The equation of a step, in these symbols."""\n'
        '    return Latex(f"$${derivation.tex(step, symbols=symbols)}$$")'
    )
    again = (
        f'whole = derivations.get("{derivation.name}").check()  # raises if a step does not hold\n'
        "for step in derivation.steps:\n"
        '    print(f"{step.name}: {whole[step.name].checked}")'
    )
    further = f'derivation["{last}"].equation'
    cells = [
        _text(
            f"# {derivation.title}\n\n"
            f"*{source(derivation)}.* It needs the package `scorelab`, and nothing else of the "
            "book. A step is a definition, or it is checked: by algebra (*symbolic*), or to "
            "twenty digits at random points (*numeric*)."
        ),
        _code(derive),
        _text("Every step once more:"),
        _code(again, "".join(f"{step.name}: {step.mark.split()[-1]}\n" for step in steps)),
        *(cell for step in steps for cell in _step(step)),
        _text("The last equation as a sympy object, to be taken further:"),
        _code(further),
    ]
    for number, cell in enumerate(cells):
        text = f"{number} {cell['source']}"
        cell["id"] = hashlib.sha256(text.encode()).hexdigest()[:8]
    document = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _step(piece: Piece) -> list[dict[str, Any]]:
    shown = {
        "output_type": "execute_result",
        "execution_count": None,
        "metadata": {},
        "data": {
            "text/latex": f"$${piece.tex}$$",
            "text/plain": "<IPython.core.display.Latex object>",
        },
    }
    cell = _code(f'show("{piece.name}")')
    return [
        _text(f"**{piece.name}** — {piece.reason} *({piece.mark})*"),
        cell | {"outputs": [shown]},
    ]


def _text(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str, printed: str = "") -> dict[str, Any]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else []
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": outputs,
        "source": text,
    }
