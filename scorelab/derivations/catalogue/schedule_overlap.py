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
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

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

    # The squared radius is a sum of D squares, of independent coordinates.
    def coordinate(of: sp.Expr) -> Integral:
        return Integral(of * N(x), (x, -oo, oo))

    return Derivation(
        "schedule-overlap",
        "How close two noise levels must be",
        [
            definition(
                "noise", N(x), gaussian(x, 0, sigma**2), "One coordinate of the noise of a level."
            ),
            Step(
                "square-mean",
                equation(D * coordinate(x**2), D * sigma**2),
                "The squared radius of noise in $D$ dimensions is a sum of $D$ squares: its mean …",
            ),
            Step(
                "square-variance",
                equation(D * (coordinate(x**4) - coordinate(x**2) ** 2), 2 * D * sigma**4),
                "… and its variance.",
            ),
            definition(
                "radius-law",
                p(r),
                chi,
                "The density of the radius is known exactly, whatever $D$ is: the law of $\\chi$.",
            ),
            Step(
                "radius-transform",
                equation(
                    Integral(exp(-k * r**2) * p(r), (r, 0, oo)), coordinate(exp(-k * x**2)) ** D
                ),
                "For its square has the Laplace transform of a sum of $D$ independent squares, and "
                "a law has no other.",
            ),
            definition(
                "radius",
                mean(sigma),
                sqrt(D) * sigma,
                "For large $D$ it is simpler. The radius is then close to this …",
            ),
            definition(
                "thickness",
                deviation(sigma),
                sigma / sqrt(2),
                "… and deviates from it by this, which does not grow with $D$: noise lives on a "
                "thin shell.",
            ),
            Step(
                "radius-deviation",
                equation(
                    sqrt(D * (coordinate(x**4) - coordinate(x**2) ** 2)),
                    2 * mean(sigma) * deviation(sigma),
                ),
                "A small change $s$ of the radius $m$ changes its square by $2ms$.",
            ),
            Step(
                "radius-score",
                equation(Derivative(log(p(r)), r), score(r)),
                "The density of the radius tends to that of $\\mathcal{N}(m, s^2)$: its score …",
            ),
            Step(
                "shell",
                equation(Limit(score(mean(sigma) + u), D, oo), -u / deviation(sigma) ** 2),
                "… tends to the score of that law at every distance $u$ from $m$ …",
            ),
            Step(
                "height",
                equation(Limit(p(mean(sigma)), D, oo), 1 / sqrt(2 * pi * deviation(sigma) ** 2)),
                "… and its height at $m$ to the height of that law.",
            ),
            Step(
                "thinness",
                equation(deviation(sigma) / mean(sigma), 1 / sqrt(2 * D)),
                "Relative to its radius the shell becomes thinner and thinner.",
            ),
            definition(
                "normal",
                Phi(t),
                (1 + sp.erf(t / sqrt(2))) / 2,
                "The distribution function of the normal law.",
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
                Phi(upper) - Phi(lower),
                "The mass that $\\mathcal{N}(m, s^2)$ of the level $\\sigma$ has between three "
                "deviations on either side of the shell of the level $\\gamma \\sigma$.",
            ),
            Step(
                "equal-levels",
                equation(C(1), sp.erf(3 / sqrt(2))),
                "For equal levels it is the mass of three deviations: 99.7 %.",
            ),
            Step(
                "high-dimension",
                equation(Limit(C(1 + c / sqrt(2 * D)), D, oo), Phi(c + 3) - Phi(c - 3)),
                "If the ratio is $\\gamma = 1 + c/\\sqrt{2D}$, the overlap tends to a number: so "
                "the number of levels must grow like the root of the dimension.",
            ),
            Step(
                "criterion",
                equation(
                    C(gamma),
                    Phi(sqrt(2 * D) * (gamma - 1) + 3 * gamma)
                    - Phi(sqrt(2 * D) * (gamma - 1) - 3 * gamma),
                ),
                "Written out, $\\sigma$ cancels: the same ratio serves at every level, which "
                "makes the schedule geometric.",
            ),
        ],
        statement=r"""
The radius of $\mathcal N(0, \sigma^2 I)$ in $D$ dimensions has the density

$$ p(r) = \frac{r^{D-1} e^{-r^2 / 2 \sigma^2}}{2^{D/2 - 1}\, \Gamma(D/2)\, \sigma^D},
   \qquad r > 0, $$

and $p(\sqrt D \sigma + u) \to e^{-u^2/\sigma^2} / \sqrt{\pi \sigma^2}$ for every $u$ as
$D \to \infty$: the radius less $\sqrt D \sigma$ tends in law to $\mathcal N(0, \sigma^2/2)$. With
this normal law in place of the exact one, the level $\sigma$ has on the shell of the level
$\gamma \sigma$, three deviations to either side, the mass

$$ C(\gamma) = \Phi\bigl(\sqrt{2D} (\gamma - 1) + 3 \gamma\bigr)
   - \Phi\bigl(\sqrt{2D} (\gamma - 1) - 3 \gamma\bigr), $$

and $C(1 + c/\sqrt{2D}) \to \Phi(c + 3) - \Phi(c - 3)$.
""".strip(),
        assumptions=(
            "The noise is $\\mathcal N(0, \\sigma^2 I)$, and the data are one point.",
            "The Laplace transform determines a law on the half-line.",
            "The score of the radius tends to its limit uniformly on bounded sets, so that the "
            "densities converge with it.",
            "Densities that tend to a density at every point tend to it in $L^1$ (Scheffé), so the "
            "laws converge.",
            "The criterion uses the normal law of large $D$; in few dimensions the mass under "
            "$\\chi$ is another.",
        ),
        sources=(
            "Song and Ermon (2020), Improved techniques for training score-based generative "
            "models, NeurIPS 33, section 3.2, proposition 2 and technique 2.",
            "Johnson, Kotz and Balakrishnan (1994), Continuous univariate distributions, volume 1, "
            "2nd edition, chapter 18: the law of χ.",
            "Scheffé (1947), A useful convergence theorem for probability distributions, Annals of "
            "Mathematical Statistics 18, 434–438.",
            "Feller (1971), An introduction to probability theory and its applications, volume 2, "
            "section XIII.1: the uniqueness of the Laplace transform.",
        ),
        notation={N: r"\mathcal{N}(#1; 0, \sigma^2)"},
    )
