r"""What every format is made of: the TeX of an equation, the reason as text, what was checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scorelab import __version__
from scorelab.derivations import printing
from scorelab.derivations.export.symbols import in_text, renamer
from scorelab.derivations.printing.macros import expand, fold

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["Piece", "latex_text", "pieces", "source"]


@dataclass(frozen=True)
class Piece:
    """A step, ready to be set.

    Attributes:
        name: The step's name.
        label: The label of its equation, as in the book.
        reason: The reason; Markdown with mathematics between dollar signs.
        tex: The equation in plain TeX.
        mark: `definition`, `checked: symbolic` or `checked: numeric`.
    """

    name: str
    label: str
    reason: str
    tex: str
    mark: str


def pieces(derivation: "Derivation", symbols: Mapping[str, str] | None = None) -> list[Piece]:
    r"""Return the steps with the symbols of one's choice.

    Args:
        derivation: The derivation.
        symbols: New TeX by a symbol's name, for example `{"sigma": r"\sigma_t"}`.

    Raises:
        ValueError: If `symbols` names none of the derivation's, or makes two things one.
    """
    plain = [
        (step, expand(step.reason), printing.latex_equation(step.equation, derivation.notation))
        for step in derivation.steps
    ]
    everything = " ".join(f"{' '.join(_inline(reason))} {tex}" for _, reason, tex in plain)
    rename = renamer(derivation, symbols or {}, everything)
    return [
        Piece(
            step.name,
            derivation.label(step.name),
            in_text(rename, reason),
            # Again, as other names may need other lines.
            printing.latex_equation(step.equation, derivation.notation, rename) if symbols else tex,
            printing.mark(step),
        )
        for step, reason, tex in plain
    ]


def source(derivation: "Derivation") -> str:
    """Return one line that says what this is and where it comes from, to be cited by."""
    return f"{derivation.title} ({derivation.name}), from The Score Lab {__version__}"


def latex_text(text: str) -> str:
    """Return Markdown text as LaTeX."""
    parts = []
    for part in re.split(r"(\$[^$]+\$|`[^`]+`)", text):
        if part.startswith("$"):
            parts.append(fold(part))
        elif part.startswith("`"):
            parts.append(rf"\texttt{{{_escaped(part[1:-1])}}}")
        else:
            parts.append(re.sub(r"\*([^*]+)\*", r"\\emph{\1}", _escaped(part)))
    return "".join(parts)


def _inline(text: str) -> list[str]:
    return re.findall(r"\$([^$]+)\$", text)


def _escaped(text: str) -> str:
    text = text.replace("\\", r"\textbackslash ")
    text = re.sub(r"([&%#_{}])", r"\\\1", text)
    return text.replace("~", r"\textasciitilde{}").replace("^", r"\textasciicircum{}")
