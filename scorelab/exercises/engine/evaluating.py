"""The value of a formula at a point, in bounded time, whoever wrote it.

A formula is a tree: of sympy, or of Python's syntax if it was text. Nothing of it is run. Its nodes
are numbers, names, arithmetic and a list of functions, each computed here from the values of what
it is applied to; so no node can be more than its arguments, and sympy, which may think for hours
about one number, is not asked. What grows beyond all measure is infinite.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

import sympy as sp
from mpmath import mp
from sympy.core.function import Application

__all__ = ["Formula", "symbols_of", "value_of"]

Formula = sp.Basic | ast.expr

_DIGITS = 40
# Nodes that are evaluated at one point, and exponents: no answer of the book comes near.
_LARGEST, _STEPS, _EXPONENT = 3_000, 8_000, 10**15
_TOO_LARGE = 10**300
# These are of no harm however large their argument is.
_SLOW = {"log", "sqrt", "Abs", "re", "im", "conjugate", "sign", "Max", "Min"}
_LIMITS = {"exp": (0, mp.inf), "tanh": (-1, 1), "erf": (-1, 1), "atan": (-mp.pi / 2, mp.pi / 2)}
_FUNCTIONS: Mapping[str, Callable] = {
    **{name: getattr(mp, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "cot")},
    **{name: getattr(mp, name) for name in ("sec", "csc", "asin", "acos", "atan", "atan2")},
    **{name: getattr(mp, name) for name in ("sinh", "cosh", "tanh", "coth", "asinh", "acosh")},
    **{name: getattr(mp, name) for name in ("atanh", "erf", "erfc", "erfi", "gamma", "loggamma")},
    **{name: getattr(mp, name) for name in ("sign", "re", "im", "floor", "factorial", "binomial")},
    "conjugate": mp.conj,
    "Abs": abs,
    "Max": max,
    "Min": min,
    "ceiling": mp.ceil,
    "LambertW": mp.lambertw,
    "Heaviside": lambda x, half=0.5: half if x == 0 else mp.mpf(x > 0),
}
_TEXT = {"ln": "log", "abs": "Abs"} | {
    name: name
    for name in ("sqrt", "exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "erf", "erfc")
}
_CONSTANTS = {"pi": mp.pi, "π": mp.pi, "E": mp.e, "e": mp.e}
_OPERATORS: Mapping[type, Callable] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: _power(a, b),
    ast.USub: lambda a: -a,
    ast.UAdd: lambda a: a,
}


def symbols_of(formula: Formula) -> set[str]:
    """The names in a formula that stand for numbers, as they are written.

    Raises:
        ValueError: If it is no formula, or longer than any answer.
    """
    names, bound, seen = set[str](), set[str](), set[int]()
    waiting = [formula]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if len(seen) > _LARGEST:
            raise ValueError("it is longer than an answer can be")
        if isinstance(node, ast.AST):
            if isinstance(node, ast.Name) and node.id not in _CONSTANTS:
                names.add(node.id)
            waiting += _parts(node)
        else:
            if isinstance(node, sp.Symbol):
                names.add(node.name)
            elif isinstance(node, sp.Integral):
                bound |= {limit[0].name for limit in node.limits}
            waiting += node.args
    return names - bound


def value_of(formula: Formula, point: Mapping[str, float]) -> complex:
    """The value where symbols have the values of `point`, by their names; NaN at a pole.

    Raises:
        ValueError: If the formula holds what is not evaluated, or its value is beyond all measure.
        KeyError: For a symbol that `point` does not name.
    """
    with mp.workdps(_DIGITS):
        try:
            value = _Evaluation().at(formula, {n: mp.mpf(v) for n, v in point.items()})
        except (ZeroDivisionError, OverflowError, TypeError, ArithmeticError):
            return complex("nan")  # a pole, or no number at all
        except RecursionError:
            raise ValueError("it is nested more deeply than an answer can be") from None
        if mp.isinf(value) or abs(value) > _TOO_LARGE:
            raise ValueError("its value is too large")
        return complex(value)


class _Evaluation:
    """The values of a formula's nodes, each computed once a point, as long as the steps last."""

    def __init__(self) -> None:
        self.steps = _STEPS

    def at(self, formula: Formula, point: Mapping[str, mp.mpf]) -> mp.mpf:
        known: dict[int, mp.mpf] = {}

        def value(node: Formula) -> mp.mpf:
            if id(node) not in known:
                self.steps -= 1
                if self.steps < 0:
                    raise ValueError("it takes too long to evaluate")
                known[id(node)] = self._value(node, point, value)
            return known[id(node)]

        return value(formula)

    def _value(self, node: Formula, point: Mapping[str, mp.mpf], value: Callable) -> mp.mpf:
        match node:
            case ast.Constant():
                return mp.mpf(repr(node.value) if isinstance(node.value, float) else node.value)
            case ast.Name(id=name):
                return +_CONSTANTS[name] if name in _CONSTANTS else point[name]
            case ast.Call(func=ast.Name(id=name)):
                return _applied(_TEXT[name], [value(node.args[0])])
            case ast.AST():
                return _OPERATORS[type(node.op)](*map(value, _parts(node)))
            case sp.Symbol():
                return point[node.name]
            case sp.Rational():
                return mp.mpf(int(node.p)) / int(node.q)
            case sp.Float():
                return mp.make_mpf(node._mpf_)
            case sp.NumberSymbol():
                return mp.make_mpf(node._as_mpf_val(mp.prec))
            case sp.Add() | sp.Mul() | sp.Pow():
                first, *rest = map(value, node.args)
                for other in rest:
                    if isinstance(node, sp.Pow):
                        first = _power(first, other)
                    else:
                        first = first + other if isinstance(node, sp.Add) else first * other
                return first
            case sp.Integral():
                return self._integral(node, list(node.limits), point)
            case sp.Piecewise():
                for part, condition in node.args:
                    if _holds(condition, value):
                        return value(part)
                raise ZeroDivisionError
        if node is sp.I:
            return mp.mpc(0, 1)
        if node is sp.S.Infinity or node is sp.S.NegativeInfinity:
            return mp.inf if node is sp.oo else -mp.inf
        if node is sp.zoo or node is sp.nan:
            raise ZeroDivisionError
        name = type(node).__name__
        if not isinstance(node, Application) or name not in _FUNCTIONS:
            raise ValueError(f"it holds `{name}`, which is not evaluated here: write it out")
        return _applied(name, list(map(value, node.args)))

    def _integral(self, node: sp.Integral, limits: list, point: Mapping[str, mp.mpf]) -> mp.mpf:
        if not limits:
            return self.at(node.function, point)
        variable, *ends = limits[-1]
        if len(ends) != 2:
            raise ValueError("it holds an integral without its limits")

        def integrand(at: mp.mpf) -> mp.mpf:
            return self._integral(node, limits[:-1], {**point, variable.name: at})

        return mp.quad(integrand, [self.at(end, point) for end in ends], maxdegree=5)


def _parts(node: ast.expr) -> Iterator[ast.expr] | list[ast.expr]:
    """What an operator or a function of a text is applied to."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return []
        case ast.Name():
            return []
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return [operand]
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return [left, right]
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _TEXT:
            return [argument]
    raise ValueError("it is no formula")


def _applied(name: str, values: list) -> mp.mpf:
    """A function at some values; where one is very large, the function's limit if it has one."""
    first = values[0]
    if name in _SLOW or abs(first) < _EXPONENT:
        return _FUNCTIONS[name](*values)
    if name not in _LIMITS or mp.im(first):
        raise ArithmeticError
    return mp.mpf(_LIMITS[name][int(first > 0)])


def _power(base: mp.mpf, exponent: mp.mpf) -> mp.mpf:
    if not base or abs(exponent) * (1 + abs(mp.log(abs(base)))) < _EXPONENT:
        return mp.power(base, exponent)
    if mp.im(base) or mp.im(exponent) or base < 0:
        raise ArithmeticError
    return mp.inf if (base > 1) == (exponent > 0) else mp.mpf(0)


def _holds(condition: sp.Basic, value: Callable) -> bool:
    match condition:
        case sp.logic.boolalg.BooleanTrue() | sp.logic.boolalg.BooleanFalse():
            return condition is sp.true
        case sp.And():
            return all(_holds(part, value) for part in condition.args)
        case sp.Or():
            return any(_holds(part, value) for part in condition.args)
        case sp.core.relational.Relational():
            one, other = (mp.re(value(side)) for side in condition.args)
            return bool(
                {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}.get(
                    condition.rel_op, (one == other) == (condition.rel_op == "==")
                )
            )
    raise ValueError(f"it holds `{type(condition).__name__}`, which is not evaluated here")
