r"""Why the Fisher divergence does not see the weights of modes that lie far apart.

Two mixtures of the same two Gaussians, at $\pm a$, differ in their weights only. As the modes
part, their Fisher divergence vanishes, faster than $e^{-a^2/2} a^2$, while the Kullback-Leibler
divergence tends to that of the weights. The effect is discussed by Wenliang and Kanagawa (2020)
and by Song and Ermon (2019), section 3.2; the bound here is elementary: an exact formula for the
integrand, then the inequality between arithmetic and geometric mean.
"""

import sympy as sp
from sympy import Derivative, Function, Limit, exp, log, oo, sqrt

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, z = sp.symbols("x z", real=True)
a, t = sp.symbols("a t", positive=True)
# The weights; that w + w₁ = 1 is never needed.
w, u = sp.symbols("w u", positive=True)
w1, u1 = sp.symbols("w_1 u_1", positive=True)
p, q, A, B, phi = Function("p"), Function("q"), Function("A"), Function("B"), Function("phi")


def derive() -> Derivation:
    """Derive both limits."""

    def mixture(left: sp.Expr, right: sp.Expr) -> sp.Expr:
        return left * gaussian(x, -a, sp.S.One) + right * gaussian(x, a, sp.S.One)

    def tilt(left: sp.Expr, right: sp.Expr) -> sp.Expr:
        return left * exp(-a * x) + right * exp(a * x)

    # The common factor of both components is a Gaussian in the middle.
    middle = gaussian(x, 0, 1)
    shrink = exp(-(a**2) / 2)

    gap = Derivative(log(p(x)), x) - Derivative(log(q(x)), x)
    score_gap = sp.simplify(log(tilt(w, w1)).diff(x) - log(tilt(u, u1)).diff(x))
    numerator = sp.factor(sp.simplify(score_gap * tilt(w, w1) * tilt(u, u1)))
    written_gap = numerator / (A(x) * B(x))
    integrand = shrink * phi(x) * A(x) * written_gap**2

    # Arithmetic and geometric mean: the tilt is smallest where its derivative is zero.
    (lowest,) = sp.solve(tilt(w, w1).diff(x), x)
    least = sp.simplify(tilt(w, w1).subs(x, lowest))
    least_u = least.subs({w: u, w1: u1})
    bound = sp.integrate(middle, (x, -oo, oo)) * shrink * numerator**2 / (least * least_u**2)
    bound = sp.simplify(bound)

    # log p/q depends on t = exp(−2ax) alone, and is monotone in it.
    ratio = (w * t + w1) / (u * t + u1)
    slope = sp.factor(ratio.diff(t))
    log_ratio = log(ratio)
    right = log_ratio.subs(t, exp(-2 * a * (a + z)))
    left = log(sp.cancel(ratio.subs(t, 1 / t))).subs(t, exp(2 * a * (z - a)))
    weights_kl = w * sp.limit(left, a, oo) + w1 * sp.limit(right, a, oo)
    return Derivation(
        "fisher-blindness",
        "What the Fisher divergence cannot see",
        [
            definition("p", p(x), mixture(w, w1), "Two modes at $\\pm a$, weights $w$ and $w_1$."),
            definition("q", q(x), mixture(u, u1), "The same modes, other weights."),
            definition("phi", phi(x), middle, "A Gaussian in the middle."),
            definition("tilt-p", A(x), tilt(w, w1), "What is left of $p$ without it."),
            definition("tilt-q", B(x), tilt(u, u1), "The same for $q$."),
            Step(
                "middle",
                equation(p(x), shrink * phi(x) * A(x)),
                "Both components are the middle Gaussian, tilted to one side or the other.",
            ),
            Step(
                "score-gap",
                equation(gap, written_gap),
                "The tilts alone decide how the scores differ. Far from the middle, the "
                "denominator grows exponentially: there the scores agree.",
            ),
            Step(
                "integrand",
                equation(p(x) * gap**2, sp.simplify(integrand)),
                "This is what the Fisher divergence integrates.",
            ),
            Step(
                "tilt-least",
                equation(A(lowest), least),
                "The tilt is smallest where both of its terms are equal (arithmetic and "
                "geometric mean); for $q$ likewise.",
            ),
            Step(
                "tilt-square",
                equation(
                    A(x) - least,
                    (sqrt(w) * exp(-a * x / 2) - sqrt(w1) * exp(a * x / 2)) ** 2,
                ),
                "Indeed, what it has beyond that is a square.",
            ),
            Step(
                "bound-vanishes",
                equation(Limit(bound, a, oo), sp.limit(bound, a, oo)),
                "With the smallest tilts in the denominator, and $\\int \\varphi = 1$, the Fisher "
                "divergence is at most the expression below the limit. It vanishes as the modes "
                "part: the scores forget the weights.",
            ),
            Step(
                "log-ratio",
                equation(log(p(x) / q(x)), log_ratio.subs(t, exp(-2 * a * x))),
                "The Kullback-Leibler divergence integrates $\\log(p/q)$ instead.",
            ),
            Step(
                "bounded",
                equation(Derivative(ratio, t), slope),
                "In $t = e^{-2ax}$ the ratio is monotone, so it stays between its values at "
                "$t = 0$ and $t = \\infty$: a bound for all $a$, and limits may be taken below "
                "the integral.",
            ),
            Step(
                "right-mode",
                equation(Limit(right, a, oo), sp.limit(right, a, oo)),
                "At $x = a + z$, a point of the right mode, the ratio tends to that of the "
                "right weights …",
            ),
            Step(
                "left-mode",
                equation(Limit(left, a, oo), sp.limit(left, a, oo)),
                "… and at $x = z - a$ to that of the left weights.",
            ),
            Step(
                "kl-limit",
                equation(w * Limit(left, a, oo) + w1 * Limit(right, a, oo), weights_kl),
                "Averaged over the modes, the Kullback-Leibler divergence tends to that of the "
                "weights: it does see them.",
            ),
        ],
        notation={phi: r"\varphi(#1)"},
    )
