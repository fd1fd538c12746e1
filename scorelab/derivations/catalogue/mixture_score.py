r"""The score of a Gaussian mixture, with any number of components.

From the density $p(x) = \sum_k w_k \mathcal N(x; \mu_k, \sigma_k^2)$ and the definition of the
score as $\nabla_x \log p$, first in one dimension, then in two with full covariances. sympy
differentiates under the sum; the responsibilities $r_k(x)$ are what is left of each term when it
is divided by $p$. The result is a standard one; see Bishop (2006), section 2.3.9, for
responsibilities.
"""

import sympy as sp
from sympy import (
    Derivative,
    Function,
    IndexedBase,
    Integral,
    Matrix,
    Sum,
    exp,
    integrate,
    log,
    oo,
    sqrt,
)

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

K = sp.Symbol("K", integer=True, positive=True)
k = sp.Symbol("k", integer=True, positive=True)
w = IndexedBase("w", positive=True)


def derive() -> Derivation:
    """Derive the score in one dimension, then in two."""
    return Derivation(
        "mixture-score",
        "The score of a Gaussian mixture",
        [*_one_dimension(), *_two_dimensions()],
        notation={
            N1: r"\mathcal{N}(#1; #2, #3)",
            p1: "p(#1)",
            r1: "r_{#2}(#1)",
            (x1, x2): "x",
            N2: r"\mathcal{N}(x; \mu_{#3}, \Sigma_{#3})",
            p2: "p(x)",
            r2: "r_{#3}(x)",
            Q: r"Q_{#3}(x)",
            (u1, u2): r"\Sigma_{#3}^{-1} (\mu_{#3} - x)",
            u1: r"\left[\Sigma_{#3}^{-1} (\mu_{#3} - x)\right]_1",
            u2: r"\left[\Sigma_{#3}^{-1} (\mu_{#3} - x)\right]_2",
        },
    )


# --- one dimension: component k has mean mu[k] and variance v[k] ------------------------------

x = sp.Symbol("x", real=True)
m, s = sp.Symbol("mu", real=True), sp.Symbol("v", positive=True)
mu, v = IndexedBase("mu", real=True), IndexedBase("v", positive=True)
p1, r1, N1 = Function("p"), Function("r"), Function("N")


def _one_dimension() -> list[Step]:
    bell = gaussian(x, m, s)
    density = Sum(w[k] * N1(x, mu[k], v[k]), (k, 1, K))

    # The Gaussian reproduces itself: its derivative is itself times a linear function.
    slope = sp.simplify(bell.diff(x) / bell)
    gaussian_slope = Derivative(N1(x, m, s), x)

    # sympy moves the derivative below the sum, where the rule above applies to each term.
    under_the_sum = density.diff(x)
    pulls = under_the_sum.replace(
        lambda e: isinstance(e, Derivative),
        lambda e: e.expr * slope.subs({m: e.expr.args[1], s: e.expr.args[2]}),
    )

    # The chain rule of the logarithm, then the quotient p'/p with the slope put in.
    by_chain_rule = log(p1(x)).diff(x)
    quotient = by_chain_rule.subs(Derivative(p1(x), x), pulls)

    # Each term of the quotient is a share of the density times a linear function.
    share = w[k] * N1(x, mu[k], v[k]) / p1(x)
    term = pulls.function / p1(x)
    score = Sum(r1(x, k) * sp.simplify(term / share), (k, 1, K))
    return [
        definition(
            "gaussian", N1(x, m, s), bell, "The Gaussian density of mean $\\mu$, variance $v$."
        ),
        Step(
            "mass",
            equation(Integral(N1(x, m, s), (x, -oo, oo)), integrate(bell, (x, -oo, oo))),
            "Its integral is one: that is what the factor in front is for.",
        ),
        definition("density", p1(x), density, "The mixture, with weights that sum to one."),
        Step(
            "gaussian-slope",
            equation(gaussian_slope, N1(x, m, s) * slope),
            "Differentiating a Gaussian gives the Gaussian back, times a pull towards its mean.",
        ),
        Step(
            "under-the-sum",
            equation(Derivative(p1(x), x), under_the_sum),
            "The sum is finite, so the derivative goes below it; the weights are constants.",
        ),
        Step(
            "slope",
            equation(Derivative(p1(x), x), pulls),
            "The slope of each Gaussian is put in.",
        ),
        Step(
            "log-derivative",
            equation(Derivative(log(p1(x)), x), by_chain_rule),
            "The score is the derivative of $\\log p$: by the chain rule, slope over density.",
        ),
        Step(
            "quotient",
            equation(Derivative(log(p1(x)), x), quotient),
            "The slope of the density is put in. A constant in front of $p$ would cancel here.",
        ),
        definition(
            "responsibility",
            r1(x, k),
            share,
            "Divided by $p$, each term keeps a share of the density: the responsibility of "
            "component $k$ for the point $x$.",
        ),
        Step(
            "shares",
            equation(Sum(r1(x, k), (k, 1, K)), 1),
            "The shares add up to one, so they are weights.",
        ),
        Step(
            "score",
            equation(Derivative(log(p1(x)), x), score),
            "The score is the mean of the components' scores, weighted by responsibility.",
        ),
    ]


# --- two dimensions: component k has the covariance [[a[k], b[k]], [b[k], c[k]]] ---------------

x1, x2 = sp.symbols("x_1 x_2", real=True)
y = Matrix([x1, x2])
mean = IndexedBase("mu", real=True)
a, c = IndexedBase("a", positive=True), IndexedBase("c", positive=True)
b = IndexedBase("b", real=True)
p2, r2, N2, Q = Function("p_2"), Function("r_2"), Function("N_2"), Function("Q")
u1, u2 = Function("u_1"), Function("u_2")


def _two_dimensions() -> list[Step]:
    mu_k = Matrix([mean[1, k], mean[2, k]])
    sigma_k = Matrix([[a[k], b[k]], [b[k], c[k]]])
    here, at = (x1, x2), (x1, x2, k)

    d1, d2 = sp.symbols("d_1 d_2", real=True)  # x minus the mean
    form = Matrix([d1, d2]).dot(sigma_k.inv() * Matrix([d1, d2]))
    form = sp.expand(form).subs({d1: x1 - mean[1, k], d2: x2 - mean[2, k]})
    bell = exp(-Q(*at) / 2) / (2 * sp.pi * sqrt(sigma_k.det()))
    density = Sum(w[k] * N2(*at), (k, 1, K))

    # The slope of the quadratic form is this many times the pull, whichever coordinate one takes.
    pull = (sigma_k.inv() * (mu_k - y)).applyfunc(sp.together)
    multiple = sp.cancel(form.diff(x1) / pull[0])
    form_slope = multiple * Matrix([u1(*at), u2(*at)])

    slope = form_slope * bell.diff(Q(*at)) / bell
    under_the_sum = Matrix([density.diff(xi) for xi in here])
    pulls = under_the_sum.replace(
        lambda e: isinstance(e, Derivative),
        lambda e: e.expr * slope[here.index(e.variables[0])],
    )
    share = w[k] * N2(*at) / p2(*here)
    score = pulls.applyfunc(
        lambda e: Sum(sp.simplify(e.function / p2(*here) / share) * r2(*at), (k, 1, K))
    )
    return [
        definition(
            "form",
            Q(*at),
            form,
            "In the plane, the squared distance to $\\mu_k$ in the metric of $\\Sigma_k^{-1}$, "
            "with $\\Sigma_k = \\begin{pmatrix} a_k & b_k \\\\ b_k & c_k \\end{pmatrix}$, is "
            "$Q_k(x) = (x - \\mu_k)^\\top \\Sigma_k^{-1} (x - \\mu_k)$.",
        ),
        definition(
            "gaussian-2d",
            N2(*at),
            bell,
            "The Gaussian density in the plane: every $\\mu$ and $\\Sigma$ carries the index of "
            "its component.",
        ),
        definition("density-2d", p2(*here), density, "The mixture in the plane."),
        definition("pull-1", u1(*at), pull[0], "The pull of component $k$: its first coordinate …"),
        definition("pull-2", u2(*at), pull[1], "… and its second."),
        Step(
            "form-slope",
            equation(_gradient_of(Q(*at)), form_slope),
            "A quadratic form with a symmetric matrix has twice that matrix in its slope.",
        ),
        Step(
            "gaussian-slope-2d",
            equation(_gradient_of(N2(*at)), N2(*at) * slope),
            "So the gradient of a Gaussian is again the Gaussian times its pull.",
        ),
        Step(
            "slope-2d",
            equation(_gradient_of(p2(*here)), pulls),
            "The gradient goes below the sum.",
        ),
        definition(
            "responsibility-2d", r2(*at), share, "The responsibility of component $k$ for $x$."
        ),
        Step(
            "score-2d",
            equation(_gradient_of(log(p2(*here))), score),
            "Divided by $p$: the responsibility-weighted mean of the components' scores.",
        ),
    ]


def _gradient_of(scalar: sp.Expr) -> Matrix:
    return Matrix([Derivative(scalar, x1), Derivative(scalar, x2)])
