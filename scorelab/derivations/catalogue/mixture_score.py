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
        statement=r"""Let $p(x) = \sum_k w_k\, \mathcal N(x; \mu_k, \Sigma_k)$ be a mixture of $K$
Gaussians on $\mathbb R^d$. Then
$$
\nabla \log p(x) = \sum_{k=1}^K r_k(x)\, \Sigma_k^{-1} (\mu_k - x),
\qquad r_k(x) = \frac{w_k\, \mathcal N(x; \mu_k, \Sigma_k)}{p(x)} ,
$$
and the responsibilities $r_k(x)$ are positive and add up to one.""",
        assumptions=(
            "The number of components is finite, and the weights are positive and sum to one.",
            "Every covariance is positive definite: $a_k > 0$ and $a_k c_k > b_k^2$ in the plane.",
            "The steps are in one dimension, then in two with full covariances; in $d$ dimensions "
            "nothing is added but indices.",
        ),
        sources=("Bishop (2006), Pattern Recognition and Machine Learning, section 2.3.9",),
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

x, t = sp.symbols("x t", real=True)
m, s = sp.Symbol("mu", real=True), sp.Symbol("v", positive=True)
mu, v = IndexedBase("mu", real=True), IndexedBase("v", positive=True)
p1, r1, N1 = Function("p"), Function("r"), Function("N")


def _one_dimension() -> list[Step]:
    bell = gaussian(x, m, s)
    density = Sum(w[k] * N1(x, mu[k], v[k]), (k, 1, K))

    # The Gaussian reproduces itself: its derivative is itself times a linear function.
    slope = (m - x) / s
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
    score = Sum(r1(x, k) * (mu[k] - x) / v[k], (k, 1, K))
    return [
        definition(
            "gaussian", N1(x, m, s), bell, "The Gaussian density of mean $\\mu$, variance $v$."
        ),
        Step(
            "mass",
            equation(Integral(exp(t * x) * N1(x, m, s), (x, -oo, oo)), exp(t * m + t**2 * s / 2)),
            "The mean of $e^{tx}$ holds all moments. At $t = 0$ it is one: that is what the "
            "factor in front is for; its logarithm has the slope $\\mu$ and the curvature $v$.",
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

x1, x2, t1, t2 = sp.symbols("x_1 x_2 t_1 t_2", real=True)
mean = IndexedBase("mu", real=True)
a, c = IndexedBase("a", positive=True), IndexedBase("c", positive=True)
b = IndexedBase("b", real=True)
p2, r2, N2, Q = Function("p_2"), Function("r_2"), Function("N_2"), Function("Q")
u1, u2 = Function("u_1"), Function("u_2")


def _two_dimensions() -> list[Step]:
    here, at = (x1, x2), (x1, x2, k)

    # The form and the pull, by the inverse of a matrix of two rows.
    det = a[k] * c[k] - b[k] ** 2
    d1, d2 = x1 - mean[1, k], x2 - mean[2, k]
    pull = [(b[k] * d2 - c[k] * d1) / det, (b[k] * d1 - a[k] * d2) / det]
    pulled = Matrix([u1(*at), u2(*at)])
    form = c[k] * d1**2 / det - 2 * b[k] * d1 * d2 / det + a[k] * d2**2 / det
    bell = exp(-Q(*at) / 2) / (2 * sp.pi * sqrt(det))

    # The mean of exp(t · x), over the plane.
    wave = exp(t1 * x1 + t2 * x2)
    moments = exp(
        t1 * mean[1, k] + t2 * mean[2, k] + (a[k] * t1**2 + 2 * b[k] * t1 * t2 + c[k] * t2**2) / 2
    )

    def mixed(of: sp.Expr) -> Sum:
        return Sum(w[k] * N2(*at) * of, (k, 1, K))

    return [
        definition(
            "form",
            Q(*at),
            form,
            "In the plane, with $\\Sigma_k = \\begin{pmatrix} a_k & b_k \\\\ b_k & c_k "
            "\\end{pmatrix}$, the squared distance to $\\mu_k$ in the metric of $\\Sigma_k^{-1}$ "
            "is $Q_k(x) = (x - \\mu_k)^\\top \\Sigma_k^{-1} (x - \\mu_k)$.",
        ),
        definition(
            "gaussian-2d",
            N2(*at),
            bell,
            "The Gaussian density in the plane: every $\\mu$ and $\\Sigma$ carries the index of "
            "its component.",
        ),
        Step(
            "moments-2d",
            equation(Integral(wave * N2(*at), (x1, -oo, oo), (x2, -oo, oo)), moments),
            "The mean of $e^{t \\cdot x}$ over the plane, which holds all moments: mass one, mean "
            "$\\mu_k$ and covariance $\\Sigma_k$.",
        ),
        definition("density-2d", p2(*here), mixed(sp.S.One), "The mixture in the plane."),
        definition("pull-1", u1(*at), pull[0], "The pull of component $k$: its first coordinate …"),
        definition("pull-2", u2(*at), pull[1], "… and its second."),
        Step(
            "form-slope",
            equation(_gradient_of(Q(*at)), -2 * pulled),
            "A quadratic form with a symmetric matrix has twice that matrix in its slope.",
        ),
        Step(
            "gaussian-slope-2d",
            equation(_gradient_of(N2(*at)), N2(*at) * pulled),
            "So the gradient of a Gaussian is again the Gaussian times its pull.",
        ),
        Step(
            "slope-2d",
            equation(_gradient_of(p2(*here)), pulled.applyfunc(mixed)),
            "The gradient goes below the sum.",
        ),
        definition(
            "responsibility-2d",
            r2(*at),
            w[k] * N2(*at) / p2(*here),
            "The responsibility of component $k$ for $x$.",
        ),
        Step(
            "score-2d",
            equation(
                _gradient_of(log(p2(*here))),
                pulled.applyfunc(lambda u: Sum(u * r2(*at), (k, 1, K))),
            ),
            "Divided by $p$: the responsibility-weighted mean of the components' scores.",
        ),
    ]


def _gradient_of(scalar: sp.Expr) -> Matrix:
    return Matrix([Derivative(scalar, x1), Derivative(scalar, x2)])
