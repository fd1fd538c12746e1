r"""The printer of formulas: sympy's, with the field's notation."""

import re
from collections.abc import Mapping
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.printing.latex import LatexPrinter

from scorelab.derivations.printing.macros import MACROS, expand

__all__ = ["Printer", "is_negative"]

_OPERATORS = (sp.Sum, sp.Integral, sp.Limit, sp.Derivative)


class Printer(LatexPrinter):
    """sympy's printer with the field's notation."""

    def __init__(self, notation: Mapping[Any, str]) -> None:
        super().__init__({"ln_notation": False, "mul_symbol": None, "mat_delim": "("})
        self.notation = {key: expand(template) for key, template in notation.items()}

    def sign(self, relation: sp.Basic) -> str:
        """Return the sign between the two sides."""
        return {"==": "=", "<": "<", ">": ">", "<=": r"\le", ">=": r"\ge", "!=": r"\ne"}[
            relation.rel_op
        ]

    def _fill(self, template: str, args: tuple[sp.Basic, ...]) -> str:
        return re.sub(r"#(\d)", lambda m: self._inline(args[int(m[1]) - 1]), template)

    def _inline(self, expr: sp.Expr) -> str:
        """Print an argument, an index or an exponent: t/h rather than a tall fraction."""
        top, bottom = sp.fraction(expr)
        factors = [f.as_base_exp() for f in (*sp.Mul.make_args(top), bottom)]
        small = all((b.is_Symbol or b.is_Integer) and e.is_Integer for b, e in factors)
        small &= len(factors) == 2 or all(e == 1 for _, e in factors)
        if expr.is_Rational and not expr.is_Integer:
            return f"{expr.p} / {expr.q}"
        if not small or bottom == 1 or expr.is_number:
            return self._print(expr)
        return f"{self._print(top)} / {self._print(bottom)}"

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return self.notation.get(expr) or super()._print_Symbol(expr, style)

    def _print_Function(self, expr: sp.Function, exp: str | None = None) -> str:
        if not isinstance(expr, AppliedUndef):
            return super()._print_Function(expr, exp)
        template = self.notation.get(expr.func)
        if template is None:
            name = self._hprint_Function(expr.func.__name__)
            inside = ", ".join(f"#{i + 1}" for i in range(len(expr.args)))
            tall = any(r"\frac" in self._inline(arg) for arg in expr.args)
            template = name + (rf"\left({inside}\right)" if tall else f"({inside})")
        body = self._fill(template, expr.args)
        return body if exp is None else _raise(body, exp)

    def _print_log(self, expr: sp.Expr, exp: str | None = None) -> str:
        (arg,) = expr.args
        inner = self._print(arg)
        simple = isinstance(arg, AppliedUndef | sp.Symbol | sp.Integer | sp.Indexed)
        if arg.is_Mul and inner.startswith(r"\frac") and inner.count(r"\frac") == 1:
            simple = sp.fraction(arg)[0].is_Atom and sp.fraction(arg)[1].is_Atom
        body = rf"\log {inner}" if simple else rf"\log\left({inner}\right)"
        return body if exp is None else _raise(rf"\left({body}\right)", exp)

    def _print_ExpBase(self, expr: sp.Expr, exp: str | None = None) -> str:
        arg = expr.args[0] if exp is None else expr.args[0] * sp.sympify(exp)
        inner = self._print(arg)
        top, bottom = sp.fraction(arg)
        if bottom.is_Integer and bottom != 1 and not top.is_Add:
            return f"e^{{{self._print(top)} / {bottom}}}"
        return rf"\exp\left({inner}\right)" if r"\frac" in inner else f"e^{{{inner}}}"

    def _print_Add(self, expr: sp.Add, order: Any = None) -> str:
        # A sum that begins with a minus sign reads badly: the first positive term goes first.
        terms = list(self._as_ordered_terms(expr, order=order))
        # An update reads as in the text: from the point x, by the drift, with the noise z last.
        terms.sort(key=lambda t: (is_negative(t), _is_noise(t), t.has(*_OPERATORS), str(t) != "x"))
        shown = self._print(terms[0])
        for term in terms[1:]:
            negative = is_negative(term)
            body = self._print(-term if negative else term)
            shown += f" - {body}" if negative else f" + {body}"
        return shown

    def _print_Mul(self, expr: sp.Mul) -> str:
        sign, top, bottom, behind = _arrange(expr)
        front: list[sp.Expr] = []
        plain = all(f.is_Number for f in bottom)
        if bottom and not plain and any(f.is_Add for f in top):
            # r (μ − x)/v rather than one long fraction.
            front = [f for f in top if isinstance(f, AppliedUndef)]
        if bottom and (len(top) > 1 or plain):
            # (ε/2) ∂p/∂x, and not the derivative above the bar.
            behind = [f for f in top if isinstance(f, _OPERATORS)] + behind
        top = [f for f in top if f not in front and f not in behind]
        if bottom and plain and any(map(_is_long, top)):
            # ½ x p(x), and not a long fraction over 2.
            behind = [f for f in top if not f.is_Integer] + behind
            top = [f for f in top if f.is_Integer]
        main = self._product(top, alone=bool(bottom) or not (front or behind))
        if bottom:
            main = rf"\frac{{{main or 1}}}{{{self._product(bottom, alone=True)}}}"
        parts = [self._product(front, alone=False), main, self._product(behind, alone=False)]
        return sign + (" ".join(part for part in parts if part) or "1")

    def _print_Pow(self, expr: sp.Pow) -> str:
        if expr.exp.is_Rational and expr.exp < 0:
            return self._print_Mul(expr)
        tall, low = self._print(expr.exp), self._inline(expr.exp)
        return super()._print_Pow(expr).replace(f"^{{{tall}}}", f"^{{{low}}}")

    def _product(self, factors: list[sp.Expr], *, alone: bool) -> str:
        """Print factors side by side, sums in brackets unless one stands alone."""
        if len(factors) == 1 and alone:
            return self._print(factors[0])
        shown = []
        for i, factor in enumerate(factors):
            body = self._print(factor)
            opens = isinstance(factor, _OPERATORS)
            bracket = (
                factor.is_Add
                or (opens and i + 1 < len(factors))
                or (i > 0 and body.startswith("-"))
            )
            shown.append(rf"\left({body}\right)" if bracket else body)
        return r" \cdot ".join(shown) if all(f.is_Number for f in factors) else " ".join(shown)

    def _print_Integral(self, expr: sp.Integral) -> str:
        signs = ""
        for limit in reversed(expr.limits):
            signs += r"\int"
            if len(limit) == 3:
                signs += f"_{{{self._print(limit[1])}}}^{{{self._print(limit[2])}}}"
        body = self._print(expr.function)
        if expr.function.is_Add:
            body = rf"\left({body}\right)"
        return f"{signs} {body}" + "".join(
            rf" \,{MACROS['dd']}{self._print(limit[0])}" for limit in expr.limits
        )

    def _print_Limit(self, expr: sp.Limit) -> str:
        body, variable, point, direction = expr.args
        side = "" if point.is_infinite or str(direction) == "+-" else f"^{direction}"
        shown = self._print(body)
        if body.is_Add or shown.startswith("-"):
            shown = rf"\left({shown}\right)"
        return rf"\lim_{{{self._print(variable)} \to {self._print(point)}{side}}} {shown}"

    def _print_Derivative(self, expr: sp.Derivative) -> str:
        if expr.expr.is_Mul and (
            sp.fraction(expr.expr)[1].is_number or expr.expr.has(sp.Derivative)
        ):
            # ∂(p s), not (∂p) s.
            expr = sp.Derivative(_Bracket(expr.expr), *expr.args[1:], evaluate=False)
        # One kind of d: which variables a function has is plain from its arguments.
        return (
            super()
            ._print_Derivative(expr)
            .replace(r"\frac{d", r"\frac{\partial")
            .replace("{d ", r"{\partial ")
        )

    def _print_Subs(self, expr: sp.Subs) -> str:
        at = ", ".join(
            f"{self._print(v)} = {self._print(a)}" for v, a in zip(*expr.args[1:], strict=True)
        )
        return rf"\left. {self._print(expr.expr)} \right|_{{{at}}}"

    def _print_ImmutableDenseMatrix(self, expr: sp.Matrix) -> str:
        return self._vector(list(expr)) if expr.cols == 1 else super()._print_MatrixBase(expr)

    def _vector(self, entries: list[sp.Expr]) -> str:
        """Print a column: as a gradient, a sum of columns or a named vector where it is one."""
        first = entries[0]
        if all(isinstance(e, sp.Derivative) and e.expr == first.expr for e in entries):
            name = self.notation.get(tuple(e.variables[0] for e in entries))
            if name:
                return f"{MACROS['grad']}_{{{name}}} {self._factor(first.expr)}"
        if all(isinstance(e, sp.Sum) and e.limits == first.limits for e in entries):
            ((k, low, high),) = first.limits
            return (
                rf"\sum_{{{self._print(k)}={self._print(low)}}}^{{{self._print(high)}}} "
                + self._vector([e.function for e in entries])
            )
        for names, template in self.notation.items():
            if isinstance(names, tuple) and len(names) == len(entries):
                factor = _common_factor(entries, names)
                if factor is not None:
                    vector = self._fill(template, factor[1])
                    return vector if factor[0] == 1 else f"{self._factor(factor[0])}\\, {vector}"
        return super()._print_MatrixBase(sp.Matrix(entries))

    def _factor(self, expr: sp.Expr) -> str:
        shown = self._print(expr)
        return rf"\left({shown}\right)" if expr.is_Add else shown


def _common_factor(
    entries: list[sp.Expr], names: tuple[Any, ...]
) -> tuple[sp.Expr, tuple[sp.Basic, ...]] | None:
    """Return (c, arguments) if the entries are c·f₁(arguments), c·f₂(arguments) …"""
    factors, arguments = set(), set()
    for entry, name in zip(entries, names, strict=True):
        if not isinstance(name, UndefinedFunction):
            return None
        found = [e for e in sp.Mul.make_args(entry) if getattr(e, "func", None) == name]
        if len(found) != 1:
            return None
        factors.add(entry / found[0])
        arguments.add(found[0].args)
    return (factors.pop(), arguments.pop()) if len(factors) == len(arguments) == 1 else None


def _arrange(expr: sp.Expr) -> tuple[str, list[sp.Expr], list[sp.Expr], list[sp.Expr]]:
    """Return the sign, the factors above and below the bar, and those behind the fraction.

    sympy's √2/(2√π√v) becomes 1/√(2πv): one root instead of many.
    """
    number, above, below = sp.S.One, sp.S.One, sp.S.One  # the last two stand under roots
    top, bottom, behind = [], [], []
    for factor in sorted(sp.Mul.make_args(expr), key=_rank):
        base, power = factor.as_base_exp()
        if factor.is_Rational:
            number *= factor
        elif isinstance(factor, sp.exp):
            (behind if _has_fraction(factor.args[0]) else top).append(factor)
        elif power == sp.S.Half:
            above *= base
        elif power == -sp.S.Half:
            below *= base
        elif power.is_Rational and power < 0:
            bottom.append(base**-power)
        else:
            top.append(factor)
    under = [*sp.Mul.make_args(above), *sp.Mul.make_args(below)]
    if any(f.is_Integer and f != 1 for f in under) and number.q != 1:
        above, below = sp.fraction(above / below / number.q**2)
        number = sp.Integer(number.p)
    sign = "- " if number < 0 else ""
    number = abs(number)
    if above != 1:
        top.insert(0, _Root(above))
    if below != 1:
        bottom.append(_Root(below))
    if number.q != 1:
        bottom.insert(0, sp.Integer(number.q))
    if number.p != 1 or not (top or bottom or behind):
        top.insert(0, sp.Integer(number.p))
    return sign, top, bottom, behind


class _Root(sp.Function):
    """√ of its argument, which stays whole."""

    def _latex(self, printer: LatexPrinter) -> str:
        return rf"\sqrt{{{printer._print(self.args[0])}}}"


class _Bracket(sp.Function):
    """Its argument in brackets."""

    def _latex(self, printer: LatexPrinter) -> str:
        return rf"\left({printer._print(self.args[0])}\right)"


def _rank(factor: sp.Expr) -> tuple[int, str]:
    base = factor if isinstance(factor, sp.exp) else factor.as_base_exp()[0]
    ranks = (
        (sp.Number, 0),
        (sp.NumberSymbol, 1),
        (sp.Symbol | sp.Indexed, 2),
        (AppliedUndef, 4),
        (sp.Add, 5),
        (sp.log, 6),
        (sp.Function, 3),
        (sp.Derivative, 6),
        (sp.Sum | sp.Integral | sp.Limit, 7),
    )
    rank = next((n for kind, n in ranks if isinstance(base, kind)), 3)
    return rank, str(factor)


def _has_fraction(expr: sp.Expr) -> bool:
    return any(
        (isinstance(e, sp.Pow) and e.exp.is_negative) or (isinstance(e, sp.Rational) and e.q > 1)
        for e in sp.preorder_traversal(expr)
    )


def _is_long(factor: sp.Expr) -> bool:
    """Tell whether a factor makes a fraction long: a function or a sum, or a power of one."""
    base = factor if isinstance(factor, sp.exp) else factor.as_base_exp()[0]
    return base.is_Add or isinstance(base, AppliedUndef)


def _is_noise(term: sp.Basic) -> bool:
    return any(symbol.name == "z" for symbol in term.free_symbols if isinstance(symbol, sp.Symbol))


def is_negative(term: sp.Basic) -> bool:
    """Tell whether a term of a sum is printed behind a minus sign."""
    return (
        term.could_extract_minus_sign() and not term.is_Add
        if term.is_Mul or (term.is_Number)
        else False
    )


def _raise(body: str, exp: str) -> str:
    return rf"\left({body}\right)^{{{exp}}}" if "^" in body else f"{body}^{{{exp}}}"
