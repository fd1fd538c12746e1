r"""Implicit score matching: the Fisher divergence without the unknown score.

Hyvärinen (2005), theorem 1, on an interval $(-A, A)$ so that the boundary term stays visible:
half the Fisher divergence between the data's law $p$ and a model score $s$ equals
$\mathbb{E}_p[s^2/2 + s']$ up to a constant and the boundary term $p s$. In $d$ dimensions $s'$
becomes the trace of the Jacobian, which is what makes the objective dear.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, log

from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem
from scorelab.derivations.engine.stand_ins import density, field

x = sp.Symbol("x", real=True)
A = sp.Symbol("A", positive=True)
a, b, c, e = sp.symbols("J_11 J_12 J_21 J_22", real=True)
z1, z2 = sp.symbols("z_1 z_2", real=True)
p, s, Q = Function("p"), Function("s"), Function("Q")
explicit, implicit, B = sp.symbols("J_ESM J_ISM B", real=True)


def derive() -> Derivation:
    """Derive the identity for any p and s, an example of its boundary term, and its cost."""

    def over(of: sp.Expr) -> Integral:
        return Integral(of, (x, -A, A))

    data_score = Derivative(log(p(x)), x)
    squared = p(x) * (s(x) - data_score) ** 2
    expanded = sp.expand((squared / 2).doit())
    wanted = p(x) * (s(x) ** 2 / 2 + Derivative(s(x), x))

    # The product rule, read backwards, moves the derivative from p to s.
    product = Derivative(p(x) * s(x), x)
    mixed = s(x) * Derivative(p(x), x)
    by_parts = expanded.subs(mixed, -p(x) * Derivative(s(x), x))

    # The boundary term does not vanish for a law that is cut off: the uniform one, with s = −x.
    def cut_off(of: sp.Expr) -> sp.Expr:
        flat = of.replace(p, sp.Lambda(x, 1 / (2 * A))).replace(s, sp.Lambda(x, -x))
        return sp.cancel(flat.doit())

    # A random sign vector z has E[zᵀJz] = tr J: one product instead of d of them.
    form = a * z1**2 + b * z1 * z2 + c * z2 * z1 + e * z2**2

    def mean(power: int) -> sp.Expr:
        four = Q(1, 1) ** power + Q(1, -1) ** power + Q(-1, 1) ** power + Q(-1, -1) ** power
        return sp.Mul(sp.Rational(1, 4), four, evaluate=False)  # one fraction, not four

    return theorem(
        "implicit-score-matching",
        [
            definition("explicit", explicit, over(squared) / 2),
            definition("implicit", implicit, over(wanted)),
            Step("expanded", equation(explicit, over(expanded))),
            Step("product-rule", equation(product, p(x) * Derivative(s(x), x) + mixed)),
            definition("total", B, over(product)),
            Step("boundary", equation(B, p(A) * s(A) - p(-A) * s(-A))),
            Step("by-parts", equation(explicit, over(by_parts) - B)),
            Step("cut-off", equation(over(cut_off(wanted)) - over(cut_off(squared / 2)), -1)),
            definition("signs", Q(z1, z2), form),
            Step("trace-mean", equation(mean(1), a + e)),
            Step("trace-variance", equation(mean(2) - (a + e) ** 2, (b + c) ** 2)),
            Step("identity", equation(explicit, implicit + over(p(x) * data_score**2) / 2 - B)),
        ],
        notation={
            explicit: r"J_{\mathrm{explicit}}",
            implicit: r"J_{\mathrm{implicit}}",
        },
        concrete={p: density, s: field},
        results=("trace-mean", "trace-variance", "identity"),
        roles={x: "value", p: "density", s: "score"},
    )
