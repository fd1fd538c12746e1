"""Some steps of a derivation, with the definitions that they need."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.core.function import AppliedUndef

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation, Step

__all__ = ["chosen", "defines", "needed"]


def chosen(derivation: "Derivation", wanted: Sequence[str]) -> list[str]:
    """Return the names of steps, in the order that was asked for.

    Args:
        derivation: The derivation.
        wanted: Names of steps, or `first:last` for all from one to another; an end may be left out.

    Raises:
        KeyError: For a step that there is not, with the names that there are.
        ValueError: If nothing is chosen, a step is chosen twice, or one comes after its end.
    """
    names = [step.name for step in derivation.steps]
    found: list[str] = []
    for part in wanted:
        first, colon, last = part.partition(":")
        for end in (first, last):
            if end and end not in names:
                listed = ", ".join(names)
                raise KeyError(f"{derivation.name} has no step {end!r}, it has {listed}")
        if not colon:
            found += [first] if first else []
            continue
        start = names.index(first) if first else 0
        stop = names.index(last) + 1 if last else len(names)
        if start >= stop:
            raise ValueError(f"{part}: the first step comes after the last")
        found += names[start:stop]
    if not found:
        raise ValueError(f"no step is chosen; {derivation.name} has {', '.join(names)}")
    for twice in {name for name in found if found.count(name) > 1}:
        raise ValueError(f"the step {twice!r} is chosen twice")
    return found


def needed(derivation: "Derivation", names: Iterable[str]) -> list[str]:
    """Return the steps of these names, each after the definitions that it needs.

    A definition that was not asked for is brought along, before the first step that uses what it
    defines, and so are the definitions that it needs itself.
    """
    asked = list(names)
    where = {thing: step.name for step in derivation.steps for thing in defines(step)}
    placed: list[str] = []

    def place(name: str, above: tuple[str, ...] = ()) -> None:
        if name in placed or name in above:
            return
        step = derivation[name]
        for thing in _used(step):
            if (definition := where.get(thing)) and definition != name:
                place(definition, (*above, name))
        placed.append(name)

    for name in asked:
        place(name)
    return placed


def defines(step: "Step") -> list[Any]:
    """Return what a step defines: a symbol or a function; nothing if it defines none."""
    if step.checked not in ("definition", "cited"):
        return []
    left = step.equation.args[0]
    if isinstance(left, sp.Symbol):
        return [left]
    return [left.func] if isinstance(left, AppliedUndef) else []


def _used(step: "Step") -> list[Any]:
    """Symbols and functions in reading order, but for those that it defines or that are bound."""
    found: dict[Any, None] = {}
    for part in sp.preorder_traversal(step.equation):
        if isinstance(part, AppliedUndef):
            found[part.func] = None
        elif isinstance(part, sp.Symbol) and part in step.equation.free_symbols:
            found[part] = None
    own = defines(step)
    return [thing for thing in found if thing not in own]
