r"""Implicit score matching: the Fisher divergence without the unknown score.

Hyvärinen (2005), theorem 1, on an interval $(-A, A)$ so that the boundary term stays visible:
half the Fisher divergence between the data's law $p$ and a model score $s$ equals
$\mathbb{E}_p[s^2/2 + s']$ up to a constant and the boundary term $p s$. In $d$ dimensions $s'$
becomes the trace of the Jacobian, which is what makes the objective dear.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, log, oo

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation
from scorelab.derivations.engine.stand_ins import density, field

x = sp.Symbol("x", real=True)
A = sp.Symbol("A", positive=True)
a, b, c, e = sp.symbols("J_11 J_12 J_21 J_22", real=True)
i, j = sp.symbols("i j", integer=True, nonnegative=True)
p, s, z = Function("p"), Function("s"), Function("z")
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
    signs = sp.Matrix([z(i), z(j)])
    form = sp.expand((signs.T * sp.Matrix([[a, b], [c, e]]) * signs)[0])

    def mean(of: sp.Expr) -> sp.Sum:
        return sp.Sum(of / 4, (i, 0, 1), (j, 0, 1))

    explicit_form = form.replace(z, sp.Lambda(i, 2 * i - 1))
    trace = sp.expand(mean(explicit_form).doit())
    variance = sp.factor(mean((explicit_form - trace) ** 2).doit())
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
            definition("total", B, over(product), "… leaves a total derivative over; call it $B$."),
            Step(
                "boundary",
                equation(B, boundary),
                "It integrates to what $p s$ is at the ends: the boundary term.",
            ),
            Step(
                "by-parts",
                equation(explicit, over(sp.expand(by_parts + product)) - B),
                "So the derivative moves from $p$, which is unknown, to $s$, which is ours.",
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
            definition("signs", z(i), 2 * i - 1, "The two random signs: $z_0 = -1$ and $z_1 = 1$."),
            Step(
                "trace-mean",
                equation(mean(form), trace),
                "In $d$ dimensions $s'$ is the trace of the Jacobian $J$: $d$ backward passes. In "
                "the plane, over the four sign vectors $z$, the mean of $z^\\top J z$ is the "
                "trace: one pass gives an unbiased estimate …",
            ),
            Step(
                "trace-variance",
                equation(mean((form - trace) ** 2), variance),
                "… at the price of this variance, which the off-diagonal entries pay.",
            ),
            Step(
                "identity",
                equation(explicit, implicit + over(constant) - B),
                "Altogether: what can be computed, a constant that no model changes, and the "
                "boundary term.",
            ),
        ],
        notation={
            explicit: r"J_{\mathrm{explicit}}",
            implicit: r"J_{\mathrm{implicit}}",
            z: "z_{#1}",
        },
        concrete={p: density, s: field},
    )
