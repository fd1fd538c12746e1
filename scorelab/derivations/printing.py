r"""How a derivation is printed: the field's notation, short lines, three formats.

Plain LaTeX that KaTeX and MathJax both know; a line that would be too wide for a page is split.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.printing.latex import LatexPrinter

if TYPE_CHECKING:
    from scorelab.derivations.derivation import Derivation, Step

__all__ = ["beamer", "latex_document", "latex_equation", "markdown", "width"]

MAX_WIDTH = 60
_OPERATORS = (sp.Sum, sp.Integral, sp.Limit, sp.Derivative)


def markdown(derivation: "Derivation") -> str:
    """Return MyST Markdown: a `div` of class `derivation` with labelled equations."""
    blocks = [":::{div} derivation"]
    for step in derivation.steps:
        label = f"eq-{derivation.name}-{step.name}"
        kind = "defined" if step.checked == "definition" else "checked"
        blocks.append(f"{step.reason} [{_mark(step)}]{{.{kind}}}")
        blocks.append(f"$$\n{latex_equation(step.equation, derivation.notation)}\n$$ ({label})")
    return "\n\n".join([*blocks, ":::"]) + "\n"


def latex_document(derivation: "Derivation") -> str:
    """Return a LaTeX fragment, to be `\\input` below `amsmath` and `amssymb`."""
    lines = [rf"\subsection*{{{derivation.title}}}"]
    for step in derivation.steps:
        lines += [
            f"{step.reason} (\\emph{{{_mark(step)}}})",
            rf"\begin{{equation}}\label{{eq-{derivation.name}-{step.name}}}",
            latex_equation(step.equation, derivation.notation),
            r"\end{equation}",
        ]
    return "\n".join(lines) + "\n"


def beamer(derivation: "Derivation") -> str:
    """Return one Beamer frame a step."""
    frames = []
    for number, step in enumerate(derivation.steps, 1):
        frames.append(
            "\n".join(
                [
                    rf"\begin{{frame}}{{{derivation.title}}}",
                    rf"\framesubtitle{{{step.name} ({number}/{len(derivation.steps)})}}",
                    step.reason,
                    r"\[",
                    latex_equation(step.equation, derivation.notation),
                    r"\]",
                    rf"\hfill{{\scriptsize {_mark(step)}}}",
                    r"\end{frame}",
                ]
            )
        )
    return "\n\n".join(frames) + "\n"


def latex_equation(relation: sp.Basic, notation: Mapping[Any, str]) -> str:
    """Return the LaTeX of a relation, split into `aligned` lines where it is too wide."""
    printer = _Printer(notation)
    left, right = (printer.doprint(side) for side in relation.args)
    sign = printer.sign(relation)
    if width(f"{left} {sign} {right}") <= MAX_WIDTH:
        return f"{left} {sign} {right}"
    rows = _rows(printer, relation.args[1])
    if width(left) + width(rows[0]) + 3 <= MAX_WIDTH:
        lines = [f"{left} &{sign} {rows[0]}"]
    else:
        lines = [
            f"&{row}" if i == 0 else rf"&\quad {row}"
            for i, row in enumerate(_rows(printer, relation.args[0]))
        ]
        lines.append(rf"&{sign} {rows[0]}")
    lines += [rf"&\quad {row}" for row in rows[1:]]
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def width(latex: str) -> float:
    """Estimate how wide LaTeX is when typeset, in characters."""
    widest = 0.0
    for line in latex.split(r"\\"):
        widest = max(widest, _measure(_TOKEN.findall(line))[0])
    return widest


class _Printer(LatexPrinter):
    """sympy's printer with the field's notation."""

    def __init__(self, notation: Mapping[Any, str]) -> None:
        super().__init__({"ln_notation": False, "mul_symbol": None, "mat_delim": "("})
        self.notation = notation

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
        terms.sort(key=lambda t: (_is_negative(t), _is_noise(t), t.has(*_OPERATORS), str(t) != "x"))
        shown = self._print(terms[0])
        for term in terms[1:]:
            negative = _is_negative(term)
            body = self._print(-term if negative else term)
            shown += f" - {body}" if negative else f" + {body}"
        return shown

    def _print_Mul(self, expr: sp.Mul) -> str:
        sign, top, bottom, behind = _arrange(expr)
        front: list[sp.Expr] = []
        if bottom and any(f.is_Add for f in top):
            # r (μ − x)/v rather than one long fraction.
            front = [f for f in top if isinstance(f, AppliedUndef)]
        if bottom and (len(top) > 1 or all(f.is_Number for f in bottom)):
            # (ε/2) ∂p/∂x, and not the derivative above the bar.
            behind = [f for f in top if isinstance(f, _OPERATORS)] + behind
        top = [f for f in top if f not in front and f not in behind]
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
            rf" \,\mathrm{{d}}{self._print(limit[0])}" for limit in expr.limits
        )

    def _print_Limit(self, expr: sp.Limit) -> str:
        body, variable, point, direction = expr.args
        side = "" if point.is_infinite or str(direction) == "+-" else f"^{direction}"
        shown = self._print(body)
        if body.is_Add or shown.startswith("-"):
            shown = rf"\left({shown}\right)"
        return rf"\lim_{{{self._print(variable)} \to {self._print(point)}{side}}} {shown}"

    def _print_Derivative(self, expr: sp.Derivative) -> str:
        if expr.expr.is_Mul and sp.fraction(expr.expr)[1] == 1:
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
                return rf"\nabla_{{{name}}} {self._factor(first.expr)}"
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


def _rows(printer: _Printer, side: sp.Expr) -> list[str]:
    """Return the terms of a sum, as many a row as fit."""
    if not side.is_Add:
        return [printer.doprint(side)]
    terms = sorted(printer._as_ordered_terms(side), key=_is_negative)
    rows = [printer.doprint(terms[0])]
    for term in terms[1:]:
        negative = _is_negative(term)
        body = ("- " if negative else "+ ") + printer.doprint(-term if negative else term)
        if width(f"{rows[-1]} {body}") + 6 <= MAX_WIDTH:
            rows[-1] += " " + body
        else:
            rows.append(body)
    return rows


def _is_noise(term: sp.Basic) -> bool:
    return any(symbol.name == "z" for symbol in term.free_symbols if isinstance(symbol, sp.Symbol))


def _is_negative(term: sp.Basic) -> bool:
    return (
        term.could_extract_minus_sign() and not term.is_Add
        if term.is_Mul or (term.is_Number)
        else False
    )


def _raise(body: str, exp: str) -> str:
    return rf"\left({body}\right)^{{{exp}}}" if "^" in body else f"{body}^{{{exp}}}"


def _mark(step: "Step") -> str:
    words = {"definition": "definition", "": "not checked"}
    return words.get(step.checked, f"checked: {step.checked}")


_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_]|[^\s\\{}^_]")
_WIDE = {
    r"\log": 3.0,
    r"\exp": 3.0,
    r"\lim": 3.0,
    r"\quad": 2.0,
    r"\sum": 2.0,
    r"\int": 1.5,
    r"\infty": 2.0,
    r"\to": 2.0,
    r"\operatorname": 0.0,
    r"\mathrm": 0.0,
    r"\mathcal": 0.0,
    r"\mathbb": 0.0,
    r"\left": 0.0,
    r"\right": 0.0,
    r"\limits": 0.0,
    r"\,": 0.3,
    r"\;": 0.4,
    r"\!": -0.2,
    r"\begin": 0.0,
    r"\end": 0.0,
    r"\nabla": 1.2,
    r"\le": 3.0,
    r"\ge": 3.0,
}


def _measure(tokens: list[str], start: int = 0) -> tuple[float, int]:
    """Return the width of a group and where it ends."""
    total, i = 0.0, start
    while i < len(tokens) and tokens[i] != "}":
        token = tokens[i]
        i += 1
        if token == r"\frac":
            top, i = _argument(tokens, i)
            bottom, i = _argument(tokens, i)
            total += max(top, bottom) + 0.5
        elif token in "^_":
            inner, i = _argument(tokens, i)
            total += 0.7 * inner
        elif token == "{":
            inner, i = _measure(tokens, i)
            total += inner
            i += 1
        elif token in "+-=<>":
            total += 3.0
        else:
            total += _WIDE.get(token, 1.0)
    return total, i


def _argument(tokens: list[str], i: int) -> tuple[float, int]:
    if i < len(tokens) and tokens[i] == "{":
        inner, i = _measure(tokens, i + 1)
        return inner, i + 1
    return 1.0, i + 1
