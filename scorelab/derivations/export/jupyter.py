"""A notebook that derives, checks every step again and shows it."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from scorelab.derivations.export.notations import Notation, notation_called
from scorelab.derivations.export.parts import Piece, prepared

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["notebook"]


def notebook(derivation: "Derivation", **look: Any) -> str:
    """Return a notebook in nbformat 4.5, which needs `scorelab` and not the book.

    The equations are there before it is run; running it derives them anew, checks every step, and
    stops if one does not hold. `look` is what `prepared` takes.
    """
    theorem = prepared(derivation, **look)
    said, steps = theorem.phrases, theorem.steps
    names = [step.name for step in steps]
    own, loads = "None", ""
    if (notation := look.get("notation")) is not None:
        read = notation if isinstance(notation, Notation) else notation_called(notation)
        own, loads = repr(read), "from scorelab.derivations.export import Notation\n"
    derive = (
        "from IPython.display import Latex\n\n"
        f"from scorelab import derivations\n{loads}\n"
        f'whole = derivations.get("{derivation.name}")  # raises if a step does not hold\n'
        f"notation = {own}\n"
        f"symbols = {dict(look.get('symbols') or {})!r}\n\n\n"
        "def show(step):\n"
        '    """The equation of a step, in these symbols."""\n'
        "    tex = whole.tex(step, notation=notation, symbols=symbols)\n"
        '    return Latex(f"$${tex}$$")'
    )
    again = f'for name in {names!r}:\n    print(f"{{name}}: {{whole[name].checked}}")'
    further = f'whole["{names[-1]}"].equation'
    opening = [
        f"# {theorem.title}",
        f"*{theorem.source}.* {said['notebook']['needs'].strip()}",
        f"**{said['theorem']}.** {theorem.statement}" if theorem.statement else "",
        _list(said["assumptions"], theorem.assumptions),
    ]
    cells = [
        _text("\n\n".join(block for block in opening if block)),
        _code(derive),
        _text(said["notebook"]["again"]),
        _code(again, "".join(f"{step.name}: {step.checked}\n" for step in steps)),
        _text(f"## {said['proof']}"),
        *(cell for step in steps for cell in _step(step)),
        _text(said["notebook"]["further"]),
        _code(further),
    ]
    if theorem.sources:
        cells.append(_text(_list(said["sources"], theorem.sources)))
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
        _text(f"**{piece.title}.** {piece.reason}" + f" *({piece.mark})*" * bool(piece.mark)),
        cell | {"outputs": [shown]},
    ]


def _list(title: str, items: tuple[str, ...]) -> str:
    return f"**{title}**\n\n" + "\n".join(f"- {item}" for item in items) if items else ""


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
