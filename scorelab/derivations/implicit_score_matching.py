r"""Implicit score matching: the Fisher divergence without the unknown score.

Hyvärinen (2005), theorem 1, on an interval $(-A, A)$ so that the boundary term stays visible:
half the Fisher divergence between the data's law $p$ and a model score $s$ equals
$\mathbb{E}_p[s^2/2 + s']$ up to a constant and the boundary term $p s$. In $d$ dimensions $s'$
becomes the trace of the Jacobian, which is what makes the objective dear.
"""

import itertools

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, log, oo

from scorelab.derivations.derivation import Derivation, Step, definition, equation
from scorelab.derivations.gaussian import gaussian

x = sp.Symbol("x", real=True)
A = sp.Symbol("A", positive=True)
a, b, c, e = sp.symbols("J_11 J_12 J_21 J_22", real=True)
p, s = Function("p"), Function("s")
explicit, implicit, B = sp.symbols("J_ESM J_ISM B", real=True)


def derive() -> Derivation:
    """Derive the identity for any p and s, then when its boundary term goes, and its cost."""

    def over(of: sp.Expr) -> Integral:
        return Integral(of, (x, -A, A))

    data_score = Derivative(log(p(x)), x)
    squared = p(x) * (s(x) - data_score) ** 2 / 2
    expanded = sp.expand(squared.doit())

    # The product rule, read backwards, moves the derivative from p to s.
    product = Derivative(p(x) * s(x), x)
    mixed = s(x) * Derivative(p(x), x)
    moved = product - (product.doit() - mixed)
    by_parts = expanded.subs(mixed, moved)
    boundary = sp.integrate(product, (x, -A, A))
    wanted = p(x) * (s(x) ** 2 / 2 + Derivative(s(x), x))
    constant = sp.expand(by_parts - wanted + product)

    # Two examples of the boundary: it vanishes for light tails, and not for a cut-off law.
    light = boundary.replace(p, sp.Lambda(x, gaussian(x, 0, 1))).replace(s, sp.Lambda(x, -x))
    cut_off = boundary.replace(p, sp.Lambda(x, 1 / (2 * A))).replace(s, sp.Lambda(x, -x))

    # A random sign vector z has E[zᵀJz] = tr J: one product instead of d of them.
    jacobian = sp.Matrix([[a, b], [c, e]])
    signs = [sp.Matrix(z) for z in itertools.product((-1, 1), repeat=2)]
    forms = [sp.expand((z.T * jacobian * z)[0]) for z in signs]
    mean = sum(forms) / len(forms)
    variance = sp.factor(sp.expand(sum((form - mean) ** 2 for form in forms)) / len(forms))
    return Derivation(
        "implicit-score-matching",
        "Score matching without the data's score",
        [
            definition(
                "explicit",
                explicit,
                over(squared),
                "Half the Fisher divergence, on an interval. The score of the data is not known.",
            ),
            definition(
                "implicit",
                implicit,
                over(wanted),
                "What can be computed from the model and samples of $p$.",
            ),
            Step(
                "expanded",
                equation(explicit, over(expanded)),
                "The square is expanded. Only the middle term mixes model and data.",
            ),
            Step(
                "product-rule",
                equation(product, product.doit()),
                "The product rule …",
            ),
            Step(
                "by-parts",
                equation(explicit, over(by_parts)),
                "… takes the derivative from $p$, which is unknown, to $s$, which is ours.",
            ),
            definition("total", B, over(product), "A total derivative is left over; call it $B$."),
            Step(
                "boundary",
                equation(B, boundary),
                "It integrates to what $p s$ is at the ends: the boundary term.",
            ),
            Step(
                "light-tails",
                equation(Limit(light, A, oo), sp.limit(light, A, oo)),
                "It vanishes as $A \\to \\infty$ where the tails are light: here a standard "
                "Gaussian with $s = -x$.",
            ),
            Step(
                "cut-off",
                equation(B.subs(B, over(Derivative(-x / (2 * A), x))), sp.simplify(cut_off)),
                "It does not vanish for a law that is cut off, here the uniform one: without it "
                "the objective would be wrong by this much.",
            ),
            Step(
                "trace-mean",
                equation(sp.Add(*(f / 4 for f in forms), evaluate=False), jacobian.trace()),
                "In $d$ dimensions $s'$ is the trace of the Jacobian: $d$ backward passes. Four "
                "sign vectors $z$ in the plane show a cheaper way: the mean of $z^\\top J z$ is "
                "the trace, from one pass …",
            ),
            Step(
                "trace-variance",
                equation(sp.Add(*((f - a - e) ** 2 / 4 for f in forms), evaluate=False), variance),
                "… at the price of this variance, which the off-diagonal entries pay.",
            ),
            Step(
                "identity",
                equation(explicit, implicit + over(constant) - B),
                "Altogether: what can be computed, a constant that no model changes, and the "
                "boundary term.",
            ),
        ],
        notation={explicit: r"J_{\mathrm{explicit}}", implicit: r"J_{\mathrm{implicit}}"},
        concrete={p: sp.Lambda(x, 1 / (1 + x**2)), s: sp.Lambda(x, x + x**2)},
    )
