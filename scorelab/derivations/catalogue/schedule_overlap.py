r"""How close two noise levels must be: the overlap of their shells.

Song and Ermon (2020), propositions 2 and 3: in $D$ dimensions the radius of
$\mathcal N(0, \sigma^2 I)$ is close to $\mathcal N(\sqrt{D}\,\sigma, \sigma^2/2)$. A sample of one
level should lie where the next has its mass: the probability, under the level $\sigma$, of the
three-standard-deviations shell of the level $\gamma\sigma$, is the criterion.
"""

import sympy as sp
from sympy import Function, Integral, Limit, oo, sqrt

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, c, t = sp.symbols("x c t", real=True)
rho, D, sigma, gamma, low, high = sp.symbols("rho D sigma gamma a b", positive=True)
mean, deviation = Function("m"), Function("s")
Phi, C, N = Function("Phi"), Function("C"), Function("N")


def derive() -> Derivation:
    """Derive the criterion, and the ratio of levels that it asks for in high dimensions."""

    # The squared radius is a sum of D squares: mean and variance of one square, D times.
    def moment(n: int) -> Integral:
        return Integral(x**n * N(x), (x, -oo, oo))

    def value(n: int) -> sp.Expr:
        return sp.integrate(x**n * gaussian(x, 0, sigma**2), (x, -oo, oo))

    square_mean = D * value(2)
    square_variance = sp.factor(D * (value(4) - value(2) ** 2))
    # To first order r = √(r²) deviates by the deviation of r² over 2·√(E r²).
    first_order = sp.simplify(sqrt(square_variance) * sp.diff(sqrt(t), t).subs(t, square_mean))
    radius = sp.simplify(sqrt(square_mean))

    cumulative = sp.integrate(gaussian(x, 0, 1), (x, -oo, 0))
    cumulative += sp.integrate(gaussian(x, 0, 1), (x, 0, t))
    edges = [mean(gamma * sigma) + n * deviation(gamma * sigma) for n in (3, -3)]
    overlap = [(edge - mean(sigma)) / deviation(sigma) for edge in edges]

    def written(of: sp.Expr) -> sp.Expr:
        explicit = of.replace(mean, sp.Lambda(sigma, radius))
        explicit = explicit.replace(deviation, sp.Lambda(sigma, first_order))
        parts = sp.collect(sp.expand(sp.simplify(explicit)), sqrt(D))
        root = sp.factor(parts.coeff(sqrt(D))) * sqrt(D)
        return sp.simplify(root) + sp.expand(parts - parts.coeff(sqrt(D)) * sqrt(D))

    upper, lower = (written(of) for of in overlap)
    ratio = 1 + c / sqrt(2 * D)
    above = sp.limit(upper.subs(gamma, ratio), D, oo)
    return Derivation(
        "schedule-overlap",
        "How close two noise levels must be",
        [
            definition(
                "noise", N(x), gaussian(x, 0, sigma**2), "One coordinate of the noise of a level."
            ),
            Step(
                "square-mean",
                equation(D * moment(2), square_mean),
                "The squared radius of noise in $D$ dimensions is a sum of $D$ squares: its mean …",
            ),
            Step(
                "square-variance",
                equation(D * (moment(4) - moment(2) ** 2), square_variance),
                "… and its variance.",
            ),
            definition("radius", mean(sigma), radius, "So the radius is close to this …"),
            definition(
                "thickness",
                deviation(sigma),
                first_order,
                "… and deviates from it by the deviation of its square, times the slope of the "
                "root. It does not grow with $D$: noise lives on a thin shell.",
            ),
            Step(
                "radius-square",
                equation(sqrt(D * moment(2)), mean(sigma)),
                "It is the root of the mean of the square.",
            ),
            Step(
                "radius-deviation",
                equation(
                    sqrt(D * (moment(4) - moment(2) ** 2)), 2 * mean(sigma) * deviation(sigma)
                ),
                "A small change $s$ of the radius $m$ changes its square by $2ms$.",
            ),
            Step(
                "thinness",
                equation(Limit(first_order / radius, D, oo), sp.limit(first_order / radius, D, oo)),
                "Relative to its radius the shell becomes infinitely thin.",
            ),
            definition(
                "normal", Phi(t), cumulative, "The distribution function of the normal law."
            ),
            Step("normal-end", equation(Limit(Phi(t), t, oo), 1), "It ends at one."),
            Step(
                "normal-integral",
                equation(Integral(gaussian(x, 0, 1), (x, low, high)), Phi(high) - Phi(low)),
                "The mass of an interval is a difference of two of its values.",
            ),
            definition(
                "overlap",
                C(gamma),
                Phi(overlap[0]) - Phi(overlap[1]),
                "The mass that the level $\\sigma$ has between three deviations on either side of "
                "the shell of the level $\\gamma \\sigma$.",
            ),
            Step(
                "equal-levels",
                equation(C(1), sp.simplify(cumulative.subs(t, 3) - cumulative.subs(t, -3))),
                "For equal levels it is the mass of three deviations: 99.7 %.",
            ),
            Step(
                "high-dimension",
                equation(Limit(upper.subs(gamma, ratio), D, oo), above),
                "If the ratio is $\\gamma = 1 + c/\\sqrt{2D}$, the upper edge tends to a number: "
                "so the number of levels must grow like the root of the dimension.",
            ),
            Step(
                "criterion",
                equation(C(gamma), Phi(upper) - Phi(lower)),
                "Written out, $\\sigma$ cancels: the same ratio serves at every level, which "
                "makes the schedule geometric.",
            ),
        ],
        notation={N: r"\mathcal{N}(#1; 0, \sigma^2)"},
    )
