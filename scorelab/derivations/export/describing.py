"""What a derivation is, for who is about to take it: its statement, steps, roles and symbols."""

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from scorelab.derivations.export.notations import NOTATIONS, notation_called, silent
from scorelab.derivations.export.parts import prepared
from scorelab.derivations.export.symbols import names, printed_name

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["described"]


def described(
    derivation: "Derivation",
    notation: str | Path | None = None,
    symbols: Mapping[str, str] | None = None,
) -> str:
    """Return a page of plain text: the theorem, its steps, what a notation can rename.

    Raises:
        ValueError: As `prepared` does.
    """
    return "\n".join(_lines(derivation, notation, symbols or {})) + "\n"


def _lines(
    derivation: "Derivation", notation: str | Path | None, symbols: Mapping[str, str]
) -> Iterator[str]:
    theorem = prepared(derivation, notation=notation, symbols=symbols)
    said = theorem.phrases
    yield theorem.source
    yield f"\n{said['theorem']}\n\n{textwrap.indent(theorem.statement, '  ')}"
    for title, items in (
        (said["assumptions"], theorem.assumptions),
        (said["sources"], theorem.sources),
    ):
        yield f"\n{title}\n"
        for item in items:
            yield textwrap.fill(item, 96, initial_indent="  - ", subsequent_indent="    ")
    yield f"\n{said['steps']}\n"
    longest = max(len(piece.name) for piece in theorem.steps)
    for piece in theorem.steps:
        yield f"  {piece.name:{longest}}  {piece.title} ({piece.mark})"
    yield f"\n{said['roles']}\n"
    roles = {role: printed_name(derivation, thing) for thing, role in derivation.roles.items()}
    for role, tex in roles.items():
        yield f"  {role:12}  {tex}"
    yield f"  random, brownian, reversed, gradient, expectation, normal: {said['words']}"
    yield f"\n{said['symbols']}\n"
    yield textwrap.fill(
        ", ".join(sorted(names(derivation))), 96, initial_indent="  ", subsequent_indent="  "
    )
    if notation is not None and (unused := silent(derivation, notation_called(notation))):
        yield f"\n{said['silent']}: {', '.join(unused)}"
    yield f"\n--notation: {', '.join(NOTATIONS)}"
