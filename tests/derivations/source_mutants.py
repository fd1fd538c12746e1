"""Slips in the source of a derivation, in its helpers and definitions as well as in its steps.

    PYTHONPATH=. python tests/derivations/source_mutants.py tweedie

lists those that `check` believes. A slip changes one sign, factor, power, root or start; one that
leaves every equation as it was (a sum written in another order) is none.
"""

import ast
import signal
import sys
from collections.abc import Iterator
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import sympy as sp

from scorelab import derivations

# What is said of a theorem, or how it is printed, is not mathematics.
_WORDS = {"notation", "statement", "assumptions", "sources", "concrete"}
_SECONDS = 60


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
    right = equations(derivations.unchecked(name))
    spoilt = slips(name)
    for title in titles or spoilt:
        number, new = spoilt[title]
        tree = _source(name)
        _replace(tree, list(_places(tree))[number], new)
        if _is_believed(name, ast.fix_missing_locations(tree), right):
            yield title


def _source(name: str) -> ast.Module:
    path = Path(find_spec(derivations._module(name)).origin)
    return ast.parse(path.read_text("utf-8"))


def equations(derivation) -> list[str]:
    """Return the equations of a derivation, and what is defined, to be compared."""
    return [f"{step.name}: {sp.srepr(step.equation)}" for step in derivation.steps]


def _is_believed(name: str, tree: ast.Module, right: list[str]) -> bool:
    module = ModuleType(f"spoilt_{name}")
    signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        exec(compile(tree, f"<{name}, spoilt>", "exec"), module.__dict__)
        derivation = module.derive()
        if equations(derivation) == right:
            return False  # another way to write the same
        derivation.check()
    except Exception:
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return True


def _give_up(*_) -> None:
    raise TimeoutError("not proved within a minute of the processor")


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
