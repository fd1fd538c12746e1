r"""How close two noise levels must be: the overlap of their shells.

Song and Ermon (2020), proposition 2: in $D$ dimensions the radius of $\mathcal N(0, \sigma^2 I)$
tends, for large $D$, to $\mathcal N(\sqrt{D}\,\sigma, \sigma^2/2)$. A sample of one level should
lie where the next has its mass: the probability, under the level $\sigma$, of the
three-standard-deviations shell of the level $\gamma\sigma$, is the criterion.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, exp, log, oo, pi, sqrt
from sympy import gamma as Gamma

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem

x, c, t, u = sp.symbols("x c t u", real=True)
low, high = sp.symbols("a b", real=True)
r, k, D, sigma, gamma = sp.symbols("r k D sigma gamma", positive=True)
mean, deviation = Function("m"), Function("s")
p, Phi, C, N = Function("p"), Function("Phi"), Function("C"), Function("N")


def derive() -> Derivation:
    """Derive the criterion, and the ratio of levels that it asks for in high dimensions."""
    chi = r ** (D - 1) * exp(-(r**2) / (2 * sigma**2))
    chi /= 2 ** (D / 2 - 1) * Gamma(D / 2) * sigma**D
    edges = [mean(gamma * sigma) + n * deviation(gamma * sigma) for n in (3, -3)]
    upper, lower = ((edge - mean(sigma)) / deviation(sigma) for edge in edges)

    def score(at: sp.Expr) -> sp.Expr:
        return (D - 1) / at - at / sigma**2

    half = sp.Rational(1, 2)

    # The squared radius is a sum of D squares, of independent coordinates.
    def coordinate(of: sp.Expr) -> Integral:
        return Integral(of * N(x), (x, -oo, oo))

    return theorem(
        "schedule-overlap",
        [
            definition("noise", N(x), gaussian(x, 0, sigma**2)),
            Step("square-mean", equation(D * coordinate(x**2), D * sigma**2)),
            Step(
                "square-variance",
                equation(D * (coordinate(x**4) - coordinate(x**2) ** 2), 2 * D * sigma**4),
            ),
            definition("radius-law", p(r), chi),
            Step(
                "radius-transform",
                equation(
                    Integral(exp(-k * r**2) * p(r), (r, 0, oo)), coordinate(exp(-k * x**2)) ** D
                ),
            ),
            definition("radius", mean(sigma), sqrt(D) * sigma),
            definition("thickness", deviation(sigma), sigma / sqrt(2)),
            Step(
                "radius-deviation",
                equation(
                    sqrt(D * (coordinate(x**4) - coordinate(x**2) ** 2)),
                    2 * mean(sigma) * deviation(sigma),
                ),
            ),
            Step("radius-score", equation(Derivative(log(p(r)), r), score(r))),
            Step(
                "shell", equation(Limit(score(mean(sigma) + u), D, oo), -u / deviation(sigma) ** 2)
            ),
            Step(
                "height",
                equation(Limit(p(mean(sigma)), D, oo), 1 / sqrt(2 * pi * deviation(sigma) ** 2)),
            ),
            Step("thinness", equation(deviation(sigma) / mean(sigma), 1 / sqrt(2 * D))),
            definition("normal", Phi(t), sp.Mul(half, 1 + sp.erf(t / sqrt(2)), evaluate=False)),
            Step("normal-end", equation(Limit(Phi(t), t, oo), 1)),
            Step(
                "normal-integral",
                equation(Integral(gaussian(x, 0, 1), (x, low, high)), Phi(high) - Phi(low)),
            ),
            definition("overlap", C(gamma), Phi(upper) - Phi(lower)),
            Step("equal-levels", equation(C(1), sp.erf(3 / sqrt(2)))),
            Step(
                "high-dimension",
                equation(Limit(C(1 + c / sqrt(2 * D)), D, oo), Phi(c + 3) - Phi(c - 3)),
            ),
            Step(
                "criterion",
                equation(
                    C(gamma),
                    Phi(sqrt(2 * D) * (gamma - 1) + 3 * gamma)
                    - Phi(sqrt(2 * D) * (gamma - 1) - 3 * gamma),
                ),
            ),
        ],
        notation={N: r"\mathcal{N}(#1; 0, \sigma^2)"},
        results=("high-dimension", "criterion"),
        roles={x: "integration", sigma: "noise-level"},
    )
