r"""Implicit score matching: the Fisher divergence without the unknown score.

Hyvärinen (2005), theorem 1, on an interval $(-A, A)$ so that the boundary term stays visible:
half the Fisher divergence between the data's law $p$ and a model score $s$ equals
$\mathbb{E}_p[s^2/2 + s']$ up to a constant and the boundary term $p s$. In $d$ dimensions $s'$
becomes the trace of the Jacobian, which is what makes the objective dear.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, log

from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation
from scorelab.derivations.engine.stand_ins import density, field

x = sp.Symbol("x", real=True)
A = sp.Symbol("A", positive=True)
a, b, c, e = sp.symbols("J_11 J_12 J_21 J_22", real=True)
i, j = sp.symbols("i j", integer=True, nonnegative=True)
p, s, z = Function("p"), Function("s"), Function("z")
explicit, implicit, B = sp.symbols("J_ESM J_ISM B", real=True)


def derive() -> Derivation:
    """Derive the identity for any p and s, an example of its boundary term, and its cost."""

    def over(of: sp.Expr) -> Integral:
        return Integral(of, (x, -A, A))

    data_score = Derivative(log(p(x)), x)
    squared = p(x) * (s(x) - data_score) ** 2 / 2
    expanded = sp.expand(squared.doit())
    wanted = p(x) * (s(x) ** 2 / 2 + Derivative(s(x), x))

    # The product rule, read backwards, moves the derivative from p to s.
    product = Derivative(p(x) * s(x), x)
    mixed = s(x) * Derivative(p(x), x)
    by_parts = expanded.subs(mixed, -p(x) * Derivative(s(x), x))

    # The boundary term does not vanish for a law that is cut off: the uniform one, with s = −x.
    def cut_off(of: sp.Expr) -> sp.Expr:
        return of.replace(p, sp.Lambda(x, 1 / (2 * A))).replace(s, sp.Lambda(x, -x)).doit()

    # A random sign vector z has E[zᵀJz] = tr J: one product instead of d of them.
    signs = sp.Matrix([z(i), z(j)])
    form = sp.expand((signs.T * sp.Matrix([[a, b], [c, e]]) * signs)[0])

    def mean(of: sp.Expr) -> sp.Sum:
        return sp.Sum(of / 4, (i, 0, 1), (j, 0, 1))

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
                equation(product, p(x) * Derivative(s(x), x) + mixed),
                "The product rule …",
            ),
            definition("total", B, over(product), "… leaves a total derivative over; call it $B$."),
            Step(
                "boundary",
                equation(B, p(A) * s(A) - p(-A) * s(-A)),
                "It integrates to what $p s$ is at the ends: the boundary term. Where $p$ falls "
                "off faster than $s$ grows, it vanishes as $A \\to \\infty$.",
            ),
            Step(
                "by-parts",
                equation(explicit, over(by_parts) - B),
                "So the derivative moves from $p$, which is unknown, to $s$, which is ours.",
            ),
            Step(
                "cut-off",
                equation(over(cut_off(wanted)) - over(cut_off(squared)), -1),
                "The boundary term counts for a law that is cut off: for the uniform one with "
                "$s = -x$ there is no constant (its score is zero), and the two objectives differ "
                "by $B = -1$.",
            ),
            definition("signs", z(i), 2 * i - 1, "The two random signs: $z_0 = -1$ and $z_1 = 1$."),
            Step(
                "trace-mean",
                equation(mean(form), a + e),
                "In $d$ dimensions $s'$ is the trace of the Jacobian $J$: $d$ backward passes. In "
                "the plane, over the four sign vectors $z$, the mean of $z^\\top J z$ is the "
                "trace: one pass gives an unbiased estimate …",
            ),
            Step(
                "trace-variance",
                equation(mean((form - a - e) ** 2), (b + c) ** 2),
                "… at the price of this variance, which the off-diagonal entries pay.",
            ),
            Step(
                "identity",
                equation(explicit, implicit + over(p(x) * data_score**2 / 2) - B),
                "Altogether: what can be computed, a constant that no model changes, and the "
                "boundary term.",
            ),
        ],
        statement=r"""
For a law $p$ on $\mathbb R^d$ and a model score $s$,
$$
\tfrac12\, \mathbb E_p \lVert s - \nabla \log p \rVert^2
= \mathbb E_p\bigl[\tfrac12 \lVert s \rVert^2 + \nabla \cdot s\bigr]
+ \tfrac12\, \mathbb E_p \lVert \nabla \log p \rVert^2 ,
$$
and $\nabla \cdot s(x) = \mathbb E[z^\top \nabla s(x)\, z]$ for a vector $z$ of independent random
signs, with variance $\sum_{i<j} (\partial_i s_j + \partial_j s_i)^2$.
""",
        assumptions=(
            "$p$ is positive and differentiable, and $s$ is differentiable.",
            "$\\mathbb E_p \\lVert s \\rVert^2$, $\\mathbb E_p \\lVert \\nabla \\log p \\rVert^2$ "
            "and $\\mathbb E_p |\\nabla \\cdot s|$ are finite.",
            "$p(x)\\, s(x) \\to 0$ as $\\lVert x \\rVert \\to \\infty$, so fast that its flux "
            "through large spheres vanishes: on the line this is $B \\to 0$.",
            "The steps are in one dimension, the signs in two; in $d$ dimensions the same is done "
            "for each coordinate, and for each pair of signs.",
        ),
        sources=(
            "Hyvärinen (2005), Estimation of non-normalized statistical models by score matching, "
            "Journal of Machine Learning Research 6, theorem 1",
            "Hutchinson (1990), A stochastic estimator of the trace of the influence matrix for "
            "Laplacian smoothing splines, Communications in Statistics 19",
        ),
        notation={
            explicit: r"J_{\mathrm{explicit}}",
            implicit: r"J_{\mathrm{implicit}}",
            z: "z_{#1}",
        },
        concrete={p: density, s: field},
    )
