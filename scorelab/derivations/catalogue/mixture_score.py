r"""The score of a Gaussian mixture, with any number of components.

From the density $p(x) = \sum_k w_k \mathcal N(x; \mu_k, \sigma_k^2)$ and the definition of the
score as $\nabla_x \log p$, first in one dimension, then in two with full covariances. sympy
differentiates under the sum; the responsibilities $r_k(x)$ are what is left of each term when it
is divided by $p$. The result is a standard one; see Bishop (2006), section 2.3.9, for
responsibilities.
"""

import sympy as sp
from sympy import Derivative, Function, IndexedBase, Integral, Matrix, Sum, exp, log, oo, sqrt

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem

K = sp.Symbol("K", integer=True, positive=True)
k = sp.Symbol("k", integer=True, positive=True)
w = IndexedBase("w", positive=True)


def derive() -> Derivation:
    """Derive the score in one dimension, then in two."""
    return theorem(
        "mixture-score",
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
        results=("score", "score-2d"),
        roles={x: "value", p1: "density"},
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
        definition("gaussian", N1(x, m, s), bell),
        Step(
            "mass",
            equation(Integral(exp(t * x) * N1(x, m, s), (x, -oo, oo)), exp(t * m + t**2 * s / 2)),
        ),
        definition("density", p1(x), density),
        Step("gaussian-slope", equation(gaussian_slope, N1(x, m, s) * slope)),
        Step("under-the-sum", equation(Derivative(p1(x), x), under_the_sum)),
        Step("slope", equation(Derivative(p1(x), x), pulls)),
        Step("log-derivative", equation(Derivative(log(p1(x)), x), by_chain_rule)),
        Step("quotient", equation(Derivative(log(p1(x)), x), quotient)),
        definition("responsibility", r1(x, k), share),
        Step("shares", equation(Sum(r1(x, k), (k, 1, K)), 1)),
        Step("score", equation(Derivative(log(p1(x)), x), score)),
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
        definition("form", Q(*at), form),
        definition("gaussian-2d", N2(*at), bell),
        Step(
            "moments-2d", equation(Integral(wave * N2(*at), (x1, -oo, oo), (x2, -oo, oo)), moments)
        ),
        definition("density-2d", p2(*here), mixed(sp.S.One)),
        definition("pull-1", u1(*at), pull[0]),
        definition("pull-2", u2(*at), pull[1]),
        Step("form-slope", equation(_gradient_of(Q(*at)), -2 * pulled)),
        Step("gaussian-slope-2d", equation(_gradient_of(N2(*at)), N2(*at) * pulled)),
        Step("slope-2d", equation(_gradient_of(p2(*here)), pulled.applyfunc(mixed))),
        definition("responsibility-2d", r2(*at), w[k] * N2(*at) / p2(*here)),
        Step(
            "score-2d",
            equation(
                _gradient_of(log(p2(*here))),
                pulled.applyfunc(lambda u: Sum(u * r2(*at), (k, 1, K))),
            ),
        ),
    ]


def _gradient_of(scalar: sp.Expr) -> Matrix:
    return Matrix([Derivative(scalar, x1), Derivative(scalar, x2)])
