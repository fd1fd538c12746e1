r"""A script that needs sympy alone: it rebuilds the equations and checks each claimed step.

The equations are written as code to be read. The checks are those of the book, word for word: the
source of `checking`, `points` and `densities` goes into the script.
"""

import ast
import builtins
import inspect
import keyword
import random
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from types import ModuleType
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.printing.str import StrPrinter

from scorelab.derivations.engine import checking, densities, points, structure
from scorelab.derivations.export.parts import prepared

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation, Step

__all__ = ["script"]

_DRAWS = 10  # of what is random: as many as `points` evaluates


def script(
    derivation: "Derivation",
    *,
    language: str | None = None,
    notation: Any = None,
    symbols: Any = None,
    marks: bool = True,
) -> str:
    """Return the script, whose comments are in the language.

    Raises:
        ValueError: If there are `symbols` or a `notation`: names in code are Python's, not TeX.
    """
    if symbols or notation:
        raise ValueError("symbols: names in a sympy script are Python names, not TeX")
    theorem = prepared(derivation, language=language)
    said = theorem.phrases
    concrete = _concrete(derivation)
    printer = _Code([*(step.equation for step in derivation.steps), *_values(concrete)])
    steps = "\n".join(
        f"# {_wrapped(f'{piece.title}: {piece.reason}')}\n{_call(step, printer)}"
        for step, piece in zip(derivation.steps, theorem.steps, strict=True)
    )
    replacements = ", ".join(
        "{" + ", ".join(f"{printer.of(k)}: {printer.of(v)}" for k, v in drawn.items()) + "}"
        for drawn in concrete
    )
    code = (
        f"{printer.declarations()}\n\n{steps}\n\n"
        "# What stands for functions that may be any, where a step is evaluated at points.\n"
        f"CONCRETE = [{replacements}]\n"
    )
    imports, checks = _checks()
    names = set(re.findall(r"[A-Za-z_]\w*", re.sub(r'"[^"]*"|#.*', "", code)))
    used = textwrap.fill(", ".join(sorted((names & _FROM_SYMPY) - printer.taken)), 90)
    told = [theorem.statement] + [
        f"{title}:\n" + "\n".join(f"- {_wrapped(item, '  ')}" for item in items)
        for title, items in (
            (said["assumptions"], theorem.assumptions),
            (said["sources"], theorem.sources),
        )
        if items
    ]
    return (
        f'r"""{theorem.source}.\n\n' + "".join(f"{part}\n\n" for part in told if part) + ""
        "The equations, rebuilt with sympy alone. Running the script checks every claim, as the\n"
        "book does: by algebra, or where sympy cannot, to twenty digits at random points.\n"
        '"""\n\n'
        f"{imports}\nfrom sympy import (\n{textwrap.indent(used, '    ')},\n)\n"
        f"{_STEPS}\n{code}\n\n# How a step is checked\n\n\n{checks}\n{_MAIN}"
    )


def _call(step: "Step", printer: "_Code") -> str:
    """Write the call that rebuilds a step."""
    function = "define" if step.checked == "definition" else "claim"
    left, right = map(printer.doprint, step.equation.args)
    arguments = [f'"{step.name}"', left, right]
    if not isinstance(step.equation, sp.Equality):
        arguments.append(type(step.equation).__name__)
    if step.checked in ("cited", "observed"):
        arguments.append(f'mark="{step.checked}"')
    line = f"{function}({', '.join(arguments)})"
    if len(line) <= 100:
        return line
    return f"{function}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"


_STEPS = '''
STEPS = []
MARKS = {}  # of steps that are cited or observed


def define(name, left, right):
    """Let `left` stand for `right`."""
    STEPS.append((name, True, sp.Equality(left, right, evaluate=False)))


def claim(name, left, right, relation=sp.Equality, mark=""):
    """Claim that `left` and `right` are equal, or in this relation."""
    MARKS[name] = mark
    STEPS.append((name, False, relation(left, right, evaluate=False)))

'''

_MAIN = '''

def main():
    """Check every step; stop at one that does not hold."""
    definitions, known = [], []
    for name, defines, equation in STEPS:
        how = "definition"
        if not defines:
            try:
                how = check(
                    equation, definitions, lambda rng: rng.choice(CONCRETE), known, MARKS[name]
                )
            except CheckError as error:
                raise SystemExit(f"{name}: {error}") from error
        if how in ("definition", "cited"):
            definitions.append(equation)
        elif how != "observed":
            known.append(equation)
        print(f"{name}: {how}")


if __name__ == "__main__":
    main()
'''


class _Code(StrPrinter):
    """Writes expressions as Python; names that Python or sympy has already get a `_`."""

    printmethod = None  # sympy's indexed things would print themselves, by the wrong name

    def __init__(self, expressions: Iterable[sp.Basic]) -> None:
        super().__init__({"order": "none"})
        self._names: dict[Any, str] = {}
        self.taken: set[str] = set()
        things = [thing for expression in expressions for thing in _named(expression)]
        for kind in (sp.Symbol, sp.IndexedBase, UndefinedFunction):
            for thing in things:
                if isinstance(thing, kind):
                    self._name(thing)

    def of(self, thing: Any) -> str:
        """Write a function, a symbol or an expression."""
        return self._names[thing] if thing in self._names else self.doprint(thing)

    def declarations(self) -> str:
        """Write the symbols, with their assumptions, and the functions."""
        lines = []
        for thing, name in self._names.items():
            kind = "Function" if isinstance(thing, UndefinedFunction) else type(thing).__name__
            label = str(thing) if kind != "Function" else thing.__name__
            assumed = dict(thing._assumptions_orig) if hasattr(thing, "_assumptions_orig") else {}
            if kind == "IndexedBase":
                assumed = _explicit(thing)
            options = "".join(f", {key}={value}" for key, value in sorted(assumed.items()))
            lines.append(f'{name} = {kind}("{label}"{options})')
        return "\n".join(lines)

    def _name(self, thing: Any) -> None:
        if thing in self._names:
            return
        wanted = thing.__name__ if isinstance(thing, UndefinedFunction) else str(thing)
        wanted = re.sub(r"\W", "_", wanted)
        for number in count():
            name = wanted + "_" * number
            if name not in self.taken and name not in _RESERVED:
                break
        self._names[thing] = name
        self.taken.add(name)

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return self._names[expr]

    _print_Dummy = _print_Symbol

    def _print_Rational(self, expr: sp.Rational) -> str:
        return f"Rational({expr.p}, {expr.q})"

    def _print_IndexedBase(self, expr: sp.IndexedBase) -> str:
        return self._names[expr]

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        return f"{self._print(expr.base)}[{self.stringify(expr.indices, ', ')}]"

    def _print_Limit(self, expr: sp.Limit) -> str:
        body, variable, point, direction = expr.args
        return f'Limit({self.stringify((body, variable, point), ", ")}, dir="{direction}")'

    def _print_Function(self, expr: sp.Function) -> str:
        name = self._names.get(expr.func, expr.func.__name__)
        return f"{name}({self.stringify(expr.args, ', ')})"

    def _print_ImmutableDenseMatrix(self, expr: sp.Matrix) -> str:
        rows = ", ".join(f"[{self.stringify(row, ', ')}]" for row in expr.tolist())
        return f"ImmutableMatrix([{rows}])"


def _explicit(base: sp.IndexedBase) -> dict[str, bool]:
    """Return the fewest assumptions from which sympy infers all of `base`'s."""
    facts = base.assumptions0
    for keys in (("positive",), ("real",), ("integer",), ()):
        given = {key: True for key in keys if facts.get(key)}
        if len(given) == len(keys) and sp.IndexedBase(str(base), **given) == base:
            return given
    return {key: value for key, value in facts.items() if value is not None}


def _named(expression: sp.Basic) -> Iterator[Any]:
    """Yield the symbols, indexed bases and functions, in reading order."""
    if isinstance(expression, sp.Symbol | sp.IndexedBase | UndefinedFunction):
        yield expression
        return
    if isinstance(expression, AppliedUndef):
        yield expression.func
    # The direction of a limit is a symbol only to sympy.
    for argument in expression.args[:3] if isinstance(expression, sp.Limit) else expression.args:
        yield from _named(argument)


def _concrete(derivation: "Derivation") -> list[Mapping[Any, Any]]:
    """Return as many replacements as there are points."""
    draw, rng = structure.drawing(derivation), random.Random(0)
    return [draw(rng) for _ in range(_DRAWS)] if derivation.concrete else [{}]


def _values(concrete: Iterable[Mapping[Any, Any]]) -> list[Any]:
    values = [sp.sympify(value) for drawn in concrete for value in drawn.values()]
    return values + [key for drawn in concrete for key in drawn]


def _checks() -> tuple[str, str]:
    """Return the imports and the code of the modules that check."""
    imports, bodies = set(), []
    for module in (densities, points, checking):
        found, body = _split(module)
        imports |= found
        bodies.append(body)
    return "\n".join(sorted(imports, key=_import_order)), "\n\n".join(bodies)


def _split(module: ModuleType) -> tuple[set[str], str]:
    """Return a module's imports, those of this package left out, and the rest of its code."""
    text = inspect.getsource(module)
    lines = text.splitlines()
    imports: set[str] = set()
    for node in ast.parse(text).body:
        segment = ast.get_source_segment(text, node)
        is_import = isinstance(node, ast.Import | ast.ImportFrom)
        if is_import and "scorelab" not in segment:
            imports.add(segment)
        if is_import or segment.startswith(('"""', 'r"""', "__all__")):
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    return imports, "\n".join(lines).strip()


def _import_order(line: str) -> tuple[bool, bool, str]:
    return "sympy" in line, line.startswith("from"), line


def _wrapped(text: str, start: str = "# ") -> str:
    return f"\n{start}".join(textwrap.wrap(text, 90))


_FROM_SYMPY = {name for name in dir(sp) if not name.startswith("_")}
# What the script's code is written with; a symbol of that name gets another.
_RESERVED = {
    *keyword.kwlist,
    *dir(builtins),
    *("E", "I", "exp", "log", "oo", "pi", "sp", "sqrt", "Any", "Callable", "Mapping", "Sequence"),
    *("STEPS", "MARKS", "CONCRETE", "CheckError", "Draw", "cache", "check", "claim", "compare"),
    *("define", "derivatives", "gaussian", "integrate_line", "lines", "main", "numbers"),
    *("mp", "random", "unfold"),
}
