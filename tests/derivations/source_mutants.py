"""Slips in the source of a derivation, in its helpers and definitions as well as in its steps.

    PYTHONPATH=. python tests/derivations/source_mutants.py tweedie

lists those that `check` believes. A slip changes one sign, factor, power, root or start; one that
leaves every equation as it was (a sum written in another order) is none.
"""

import ast
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from types import ModuleType
from unittest import mock

import sympy as sp
from sympy.core.function import AppliedUndef

from scorelab import derivations
from scorelab.derivations.engine import checking, stand_ins, structure

# What is said of a theorem, or how it is printed, is not mathematics.
_WORDS = {"notation", "statement", "assumptions", "sources", "concrete"}
# The steps as they stand take seconds. What is brooded over for longer is not believed.
_SECONDS = 60
_BROODING = 20
_PATIENCE = 2  # with a step, before the others were asked


def slips(name: str) -> dict[str, tuple[int, ast.AST]]:
    """Return which node becomes what, by what was spoilt: kind, line, old → new."""
    found: dict[str, tuple[int, ast.AST]] = {}
    for number, node in enumerate(_places(_source(name))):
        for kind, new in _spoilt(node):
            title = f"{kind}, line {node.lineno}: {ast.unparse(node)} → {ast.unparse(new)}"
            while title in found:  # the same words twice on a line
                title += " again"
            found[title] = number, deepcopy(new)
    return found


def believed(name: str, titles: list[str] | None = None) -> Iterator[str]:
    """Yield those of the slips that `check` takes for a proof."""
    derivation = derivations.unchecked(name)
    right = equations(derivation)
    spoilt = slips(name)
    proofs = _Proofs(derivation)
    for title in titles or spoilt:
        number, new = spoilt[title]
        tree = _source(name)
        _replace(tree, list(_places(tree))[number], new)
        if _is_believed(name, ast.fix_missing_locations(tree), right, proofs):
            yield title


class _Proofs:
    """Does what `Derivation.check` does, but proves what a slip left as it was only once.

    Whether all steps hold is all that is asked for, so those that are soon decided come first.
    """

    def __init__(self, right) -> None:
        self.held: set[tuple] = set()
        self.seconds: list[float] = []
        self.special: dict[str, str] = {}
        self.check(right)

    def check(self, derivation) -> None:
        claims: list[tuple] = []
        drawn = _drawn(structure.drawing(derivation))

        def collect(relation, definitions, concrete, known=(), mark="") -> str:
            claims.append((relation, [*definitions], concrete, [*known], mark))
            return mark or "symbolic"

        def assumed(meaning, definitions, draw) -> None:
            key = (*_rests_on(meaning, definitions, []), drawn)
            self._once(key, check_assumptions, meaning, definitions, draw)

        def special(function) -> str:
            if str(function) not in self.special:
                self.special[str(function)] = stand_ins.special(function)
            return self.special[str(function)]

        check_assumptions = structure.check_assumptions
        with (
            mock.patch.object(checking, "check", collect),
            mock.patch.object(structure, "check_assumptions", assumed),
            mock.patch.object(structure, "special", special),
            _at_most(_SECONDS),
        ):
            derivation.check()
        expected = self.seconds if len(self.seconds) == len(claims) else [0.0] * len(claims)
        spent = dict.fromkeys(range(len(claims)), 0.0)
        slow = []
        for place in sorted(spent, key=expected.__getitem__):
            relation, definitions, _, known, mark = claims[place]
            key = (*_rests_on(relation, definitions, known), drawn, mark)
            start = process_time()
            try:
                with _at_most(_PATIENCE + 3 * expected[place] if self.seconds else _SECONDS):
                    self._once(key, checking.check, *claims[place])
            except TimeoutError:
                slow.append((key, claims[place]))
            spent[place] = process_time() - start
        for key, claim in slow:  # and no other step is wrong
            with _at_most(_BROODING):
                self._once(key, checking.check, *claim)
        self.seconds = self.seconds or list(spent.values())

    def _once(self, key: tuple, ask: Callable, *about) -> None:
        if key not in self.held:
            ask(*about)
            self.held.add(key)


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise TimeoutError if it takes the processor longer."""
    signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1)  # again, should it be caught
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _give_up(*_) -> None:
    raise TimeoutError("not proved in this time of the processor")


def _rests_on(relation: sp.Basic, definitions: list, known: list) -> list[str]:
    """Return the relation, the equation that is known of its left side, and what they unfold."""
    left = getattr(relation, "lhs", None)
    found = [relation, *(earlier for earlier in known if earlier.lhs == left)]
    for meaning in reversed(definitions):
        head = meaning.lhs.func if isinstance(meaning.lhs, AppliedUndef) else meaning.lhs
        # A derivative that is cited may appear only when all is written out.
        if isinstance(head, sp.Derivative) or any(part.has(head) for part in found):
            found.append(meaning)
    return [sp.srepr(part) for part in found]


def _drawn(concrete: Callable) -> str:
    return str(sorted(map(str, concrete(random.Random(0)).items())))


def _source(name: str) -> ast.Module:
    path = Path(find_spec(derivations._module(name)).origin)
    return ast.parse(path.read_text("utf-8"))


def equations(derivation) -> list[str]:
    """Return the equations of a derivation, and what is defined, to be compared."""
    return [f"{step.name}: {sp.srepr(step.equation)}" for step in derivation.steps]


def _is_believed(name: str, tree: ast.Module, right: list[str], proofs: _Proofs) -> bool:
    module = ModuleType(f"spoilt_{name}")
    try:
        with _at_most(_SECONDS):
            exec(compile(tree, f"<{name}, spoilt>", "exec"), module.__dict__)
            derivation = module.derive()
        if equations(derivation) == right:
            return False  # another way to write the same
        proofs.check(derivation)
    except Exception:
        return False
    return True


def _places(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of arithmetic, in the order of the source."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.keyword) and child.arg in _WORDS:
            continue
        if isinstance(child, ast.JoinedStr | ast.arguments):
            continue
        if isinstance(child, ast.BinOp | ast.UnaryOp | ast.Call | ast.Dict):
            yield child
        yield from _places(child)


def _spoilt(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield what a slip could make of a node."""
    match node:
        case ast.BinOp(left, ast.Add(), right):
            yield "sign", ast.BinOp(left, ast.Sub(), right)
            yield "term", left
        case ast.BinOp(left, ast.Sub(), right):
            yield "sign", ast.BinOp(left, ast.Add(), right)
        case ast.BinOp(left, ast.Div(), right):
            yield "factor", ast.BinOp(left, ast.Mult(), right)
            yield "factor", left
        case ast.BinOp(left, ast.Pow(), _):
            yield "power", left
        case ast.BinOp(_, ast.Mult(), _):
            yield "factor", ast.BinOp(ast.Constant(2), ast.Mult(), node)
        case ast.UnaryOp(ast.USub(), operand):
            yield "sign", operand
        case ast.Call(ast.Attribute(_, "sqrt") | ast.Name("sqrt"), [argument]):
            yield "root", argument
        case ast.Call(ast.Name("gaussian"), [x, mean, variance]):
            double = ast.BinOp(ast.Constant(2), ast.Mult(), variance)
            yield "factor", ast.Call(ast.Name("gaussian", ast.Load()), [x, mean, double], [])
        case ast.Dict([_], [value]) if not isinstance(value, ast.Constant | ast.JoinedStr):
            double = ast.BinOp(ast.Constant(2), ast.Mult(), value)
            yield "start", ast.Dict(node.keys, [double])


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
                return
            if isinstance(value, list):
                for place, item in enumerate(value):
                    if item is old:
                        value[place] = new
                        return


if __name__ == "__main__":
    for chosen in sys.argv[1:] or derivations.available():
        count = len(slips(chosen))
        survivors = list(believed(chosen))
        print(f"{chosen}: {len(survivors)} of {count} slips believed", flush=True)
        for survivor in survivors:
            print("  ", survivor, flush=True)
