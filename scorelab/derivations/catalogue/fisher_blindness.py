r"""Why the Fisher divergence does not see the weights of modes that lie far apart.

Two mixtures of the same two Gaussians, at $\pm a$, differ in their weights only. As the modes
part, their Fisher divergence vanishes, at least as fast as $a^2 e^{-a^2/2}$, while the
Kullback-Leibler divergence tends to that of the weights. The effect is discussed by Wenliang and
Kanagawa (2020) and by Song and Ermon (2019), section 3.2; the bound here is elementary: an exact
formula for the integrand, then the inequality between arithmetic and geometric mean.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, exp, log, oo, sqrt

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, z = sp.symbols("x z", real=True)
a = sp.Symbol("a", positive=True)
w, u = sp.symbols("w u", positive=True)
w1, u1 = sp.symbols("w_1 u_1", positive=True)
F = sp.Symbol("F", nonnegative=True)
p, q, A, B, phi = sp.symbols("p q A B phi", cls=Function)
U, V, R = sp.symbols("U V R", cls=Function)
C, G, H = sp.symbols("C G H", nonnegative=True)


def derive() -> Derivation:
    """Derive the bound on F and its limit, then the limit of the other divergence."""
    gap = Derivative(log(p(x)), x) - Derivative(log(q(x)), x)
    shrink = exp(-(a**2) / 2)
    across = 2 * a * (u * w1 - u1 * w)

    # Arithmetic and geometric mean: what a tilt has beyond its smallest value is a square.
    least, least_u = 2 * sqrt(w * w1), 2 * sqrt(u * u1)
    bound = a**2 * shrink * (u * w1 - u1 * w) ** 2 / (2 * u * u1 * sqrt(w * w1))

    def line(of: sp.Expr) -> Integral:
        return Integral(of, (x, -oo, oo))

    fall = exp(-2 * a * x)
    left, right = Limit(log(R(z - a)), a, oo), Limit(log(R(z + a)), a, oo)
    return Derivation(
        "fisher-blindness",
        "What the Fisher divergence cannot see",
        [
            definition("phi", phi(x), gaussian(x, 0, 1), "A Gaussian in the middle."),
            Step("mass", equation(line(phi(x)), 1), "Its mass is one."),
            definition(
                "p",
                p(x),
                w * phi(x + a) + w1 * phi(x - a),
                "Two modes at $\\pm a$, weights $w$ and $w_1 = 1 - w$.",
            ),
            definition(
                "q",
                q(x),
                u * phi(x + a) + u1 * phi(x - a),
                "The same modes, other weights.",
            ),
            definition("divergence", F, line(p(x) * gap**2), "Their Fisher divergence."),
            definition(
                "tilt-p",
                A(x),
                w * exp(-a * x) + w1 * exp(a * x),
                "What is left of $p$ without a Gaussian in the middle.",
            ),
            definition("tilt-q", B(x), u * exp(-a * x) + u1 * exp(a * x), "The same for $q$."),
            Step(
                "middle",
                equation(p(x), shrink * phi(x) * A(x)),
                "Both components are the middle Gaussian, tilted to one side or the other.",
            ),
            Step(
                "score-gap",
                equation(gap, across / (A(x) * B(x))),
                "The tilts alone decide how the scores differ. Far from the middle, the "
                "denominator grows exponentially: there the scores agree.",
            ),
            Step(
                "integrand",
                equation(F, shrink * line(across**2 * phi(x) / (A(x) * B(x) ** 2))),
                "This is what the Fisher divergence integrates.",
            ),
            definition(
                "excess-p",
                U(x),
                sqrt(w) * exp(-a * x / 2) - sqrt(w1) * exp(a * x / 2),
                "A tilt is smallest where its two terms are equal (arithmetic and geometric "
                "mean). With this difference …",
            ),
            definition(
                "excess-q",
                V(x),
                sqrt(u) * exp(-a * x / 2) - sqrt(u1) * exp(a * x / 2),
                "… and, for $q$, this one …",
            ),
            Step(
                "tilt-square",
                equation(A(x), least + U(x) ** 2),
                "… what a tilt has beyond its smallest value is a square …",
            ),
            Step("tilt-square-q", equation(B(x), least_u + V(x) ** 2), "… for both laws."),
            definition(
                "constant",
                C,
                bound,
                "The integrand is largest where both tilts are smallest. Put that value in for "
                "them: what is left is $\\varphi$ times this constant.",
            ),
            definition(
                "given-p",
                G,
                line(phi(x) * U(x) ** 2 / A(x)),
                "What was added by it is the mean of something nowhere negative, first for $A$ …",
            ),
            definition(
                "given-q",
                H,
                line(phi(x) * least * V(x) ** 2 * (B(x) + least_u) / (A(x) * B(x) ** 2)),
                "… and then for $B$.",
            ),
            Step(
                "given-away",
                equation(F, C * line(phi(x)) - C * G - C * H),
                "So this is the Fisher divergence exactly …",
            ),
            Step(
                "bound",
                sp.Le(F, C * line(phi(x)), evaluate=False),
                "… and it is at most $C$.",
            ),
            Step(
                "bound-vanishes",
                equation(Limit(bound, a, oo), 0),
                "It vanishes as the modes part: the scores forget the weights.",
            ),
            definition(
                "ratio",
                R(x),
                (w * fall + w1) / (u * fall + u1),
                "The Kullback-Leibler divergence looks at the ratio of the densities instead.",
            ),
            Step(
                "log-ratio",
                equation(log(p(x) / q(x)), log(R(x))),
                "It integrates $p \\log(p/q)$.",
            ),
            Step(
                "between",
                equation(
                    (R(x) - w1 / u1) * (w / u - R(x)),
                    fall * (u * w1 - u1 * w) ** 2 / (u * u1 * (u * fall + u1) ** 2),
                ),
                "The right side is positive, so the ratio stays between those of the weights: a "
                "bound for all $a$ and $x$. This is what allows the limit below the integral.",
            ),
            Step(
                "right-mode",
                equation(right, log(w1 / u1)),
                "At $x = a + z$, a point of the right mode, the ratio tends to that of the "
                "right weights …",
            ),
            Step(
                "left-mode",
                equation(left, log(w / u)),
                "… and at $x = z - a$ to that of the left weights.",
            ),
            Step(
                "kl-limit",
                equation(
                    w * Integral(phi(z) * left, (z, -oo, oo))
                    + w1 * Integral(phi(z) * right, (z, -oo, oo)),
                    w * log(w / u) + w1 * log(w1 / u1),
                ),
                "A draw of $p$ is $z - a$ with probability $w$ and $z + a$ with probability "
                "$w_1$, $z$ from $\\varphi$. So the Kullback-Leibler divergence tends to that of "
                "the weights: it does see them.",
            ),
        ],
        statement=r"""Let $p$ and $q$ be mixtures of $\mathcal N(-a e, I)$ and $\mathcal N(a e, I)$
in $\mathbb R^d$, $\lVert e \rVert = 1$, with weights $w, w_1$ and $u, u_1$. Then
$$
F(p, q) = \mathbb E_p \lVert \nabla \log p - \nabla \log q \rVert^2
\le \frac{(u w_1 - u_1 w)^2}{2\, u\, u_1 \sqrt{w\, w_1}}\; a^2 e^{-a^2/2}
\quad\text{for every } a > 0,
$$
while $\operatorname{KL}(p \,\|\, q) \to w \log(w/u) + w_1 \log(w_1/u_1)$ as $a \to \infty$.""",
        assumptions=(
            "The weights are positive, and $w + w_1 = u + u_1 = 1$.",
            "The limit of the Kullback-Leibler divergence is taken below the integral over $z$, "
            "by dominated convergence: the logarithm is bounded by its two limits for every $a$.",
            "In $d$ dimensions the other coordinates are independent and the same for both laws: "
            "they drop out of both divergences.",
        ),
        sources=(
            "Wenliang and Kanagawa (2020), Blindness of score-based methods to isolated "
            "components and mixing proportions, arXiv:2008.10087",
            "Song and Ermon (2019), Generative modeling by estimating gradients of the data "
            "distribution, NeurIPS, section 3.2",
        ),
        notation={phi: r"\varphi(#1)"},
    )
