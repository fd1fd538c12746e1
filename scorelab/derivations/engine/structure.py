"""What must hold of a derivation as a whole before its steps are checked one by one."""

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

from scorelab.derivations.engine.checking import unfold
from scorelab.derivations.engine.points import CheckError, Draw, numbers
from scorelab.derivations.engine.stand_ins import special

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["check", "check_assumptions", "check_citations", "drawing"]


def check(derivation: "Derivation") -> Draw:
    """Refuse what is defined twice, by itself, or after it was used; what may be any function and
    is the same one everywhere, or a special one.

    Returns:
        What draws the functions that may be any, see `drawing`.

    Raises:
        CheckError: with the step.
    """
    heads: dict[Any, str] = {}
    used: dict[Any, str] = {}
    for step in derivation.steps:
        at = f"step {step.name!r}"
        if step.checked not in ("definition", "cited"):
            continue
        if not isinstance(step.equation, sp.Equality):
            raise CheckError(f"{at}: only an equation defines something")
        left, right = step.equation.args
        head = _head(left, step.checked, at)
        if head in heads:
            raise CheckError(f"{at}: {head} is defined in step {heads[head]!r} already")
        if head in used:
            raise CheckError(f"{at}: {head} is used in step {used[head]!r}, before it is defined")
        if right.has(head):
            raise CheckError(f"{at}: {head} is defined by itself")
        heads[head] = step.name
        for thing in right.free_symbols | {f.func for f in right.atoms(AppliedUndef)}:
            if thing not in left.args:
                used.setdefault(thing, step.name)
    return _checked_drawing(derivation)


def check_citations(derivation: "Derivation") -> None:
    """Refuse a citation of nothing, and a result that is only cited.

    Raises:
        CheckError: with what is missing.
    """
    if any(step.checked == "cited" for step in derivation.steps):
        if not derivation.sources:
            raise CheckError("what is cited has no source: the derivation has no `sources`")
        if derivation.steps[-1].checked == "cited":
            raise CheckError("the result is cited, not derived")


def _head(left: sp.Basic, mark: str, at: str) -> Any:
    """What a definition defines: a symbol, a function, or, of a theorem, a derivative."""
    if isinstance(left, sp.Symbol):
        return left
    if isinstance(left, AppliedUndef):
        plain = all(isinstance(u, sp.Symbol) for u in left.args)
        if plain and len(set(left.args)) == len(left.args):
            return left.func
    elif mark == "cited":
        return left
    raise CheckError(
        f"{at}: {left} cannot be defined, only a symbol or a function of different symbols"
    )


def check_assumptions(
    equation: sp.Equality, definitions: Sequence[sp.Equality], draw: Draw
) -> None:
    """Refuse a definition that contradicts what is assumed of its symbol.

    Raises:
        CheckError: if a symbol that is taken for positive is not.
    """
    left, right = equation.args
    for word, holds in _ASSUMPTIONS.items():
        if getattr(left, f"is_{word}") is not True or getattr(right, f"is_{word}") is True:
            continue
        if getattr(right, f"is_{word}") is False:
            raise CheckError(f"{left} is taken for {word}, and defined to be {right}")
        for value in numbers(unfold(right, definitions), draw):
            if not holds(value):
                raise CheckError(f"{left} is taken for {word}, and may be {sp.N(value, 8)}")


_ASSUMPTIONS = {
    "real": lambda value: abs(sp.im(value)) < sp.Float("1e-20"),
    "positive": lambda value: sp.re(value) > 0,
    "nonnegative": lambda value: sp.re(value) >= 0,
}


def drawing(derivation: "Derivation") -> Draw:
    """Return the function that draws what the undefined functions become at a point."""
    concrete = derivation.concrete
    if callable(concrete):
        return concrete
    arity = {
        f.func: len(f.args) for step in derivation.steps for f in step.equation.atoms(AppliedUndef)
    }
    present = {f: family for f, family in concrete.items() if f in arity}
    return lambda rng: {f: family(rng, arity[f]) for f, family in present.items()}


def _checked_drawing(derivation: "Derivation") -> Draw:
    """As `drawing`, but what would be the same at every point, or special, is refused."""
    if not callable(derivation.concrete):
        _refuse_fixed(derivation.concrete)
    draw = drawing(derivation)
    first, second = draw(random.Random(1)), draw(random.Random(2))
    _refuse_fixed({f: new for f, new in first.items() if _same(new, second[f])})
    for function, new in first.items():
        if isinstance(function, UndefinedFunction) and (reason := special(new)):
            raise CheckError(f"concrete: {function} may be any function, but {reason}")
    return draw


def _refuse_fixed(concrete: Mapping[Any, Any]) -> None:
    for thing, value in concrete.items():
        if isinstance(value, sp.Basic) or not callable(value):
            raise CheckError(
                f"concrete: {thing} may be anything, but at every point it would be {value}: "
                "give a family, which draws another one for each"
            )


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, sp.Lambda) and isinstance(second, sp.Lambda):
        variables = first.variables
        return len(variables) == len(second.variables) and first(*variables) == second(*variables)
    return first == second
