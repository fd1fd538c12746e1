r"""How fast the Ornstein-Uhlenbeck process forgets: the decay of the relative entropy.

For any law $p$ the divergence $\mathrm{KL}(p_t \| \pi)$ to the stationary law $\pi = \mathcal N(0,
1)$ falls at half the Fisher divergence (de Bruijn's identity; Stam, 1959). By the logarithmic
Sobolev inequality of Gross (1975) the Fisher divergence is at least twice the divergence, so it
falls at least like $e^{-t}$. One more derivative shows why, for any law (Bakry and Émery, 1985);
for Gaussians both inequalities are proved in closed form.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, exp, log, oo

from scorelab import derivations
from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import (
    Derivation,
    Step,
    cited,
    definition,
    equation,
)
from scorelab.derivations.engine.stand_ins import evolving

x, m, m0, u, B = sp.symbols("x m m_0 u B", real=True)
t, T, v, v0, q, A, b = sp.symbols("t T v v_0 q A b", positive=True)
p, target, r, S, J, N, psi = (Function(name) for name in ("p", "pi", "r", "s", "J", "N", "psi"))
KL, fisher, M, V, D, E = (Function(name) for name in ("KL", "I", "m", "v", "D", "E"))


def derive() -> Derivation:
    """Derive the rate for any law, then the decay for Gaussians."""
    return Derivation(
        "ou-entropy-decay",
        "How fast the Ornstein-Uhlenbeck process forgets",
        [*_in_general(), *_for_gaussians(), *_in_time()],
        statement=r"""
Let $p_t$ be the law of $\mathrm{d}x = -\tfrac12 x \,\mathrm{d}t + \mathrm{d}w$ in $\mathbb{R}^d$,
$\pi = \mathcal{N}(0, I)$ and $I_t = \mathbb{E}_{p_t} \lVert \nabla \log (p_t / \pi) \rVert^2$. Then
$$\frac{\mathrm{d}}{\mathrm{d}t}\, \mathrm{KL}(p_t \,\Vert\, \pi) = -\tfrac12 I_t, \qquad
2\, \mathrm{KL}(p_t \,\Vert\, \pi) \le I_t, \qquad
\mathrm{KL}(p_t \,\Vert\, \pi) \le e^{-t}\, \mathrm{KL}(p_0 \,\Vert\, \pi).$$
The derivation proves the two inequalities for Gaussians on the line. For any law it shows the
identities from which they follow.
""",
        assumptions=(
            "The density is positive and smooth for $t > 0$ and obeys the Fokker-Planck equation.",
            "$\\mathrm{KL}(p_0 \\Vert \\pi)$ is finite; the derivative may be taken under the "
            "integral, and what flows through the ends $\\pm A$ vanishes as $A \\to \\infty$.",
            "For the inequality for any law: $\\mathrm{KL}$ and $I$ tend to zero as "
            "$t \\to \\infty$.",
        ),
        sources=(
            "Stam (1959), Some inequalities satisfied by the quantities of information of Fisher "
            "and Shannon, Information and Control 2, 101-112.",
            "Gross (1975), Logarithmic Sobolev inequalities, "
            "American Journal of Mathematics 97, 1061-1083.",
            "Bakry and Émery (1985), Diffusions hypercontractives, "
            "Séminaire de probabilités XIX, 177-206.",
            "Bakry, Gentil and Ledoux (2014), Analysis and Geometry of Markov Diffusion "
            "Operators, chapter 5.",
        ),
        notation={
            p: "p(#1, #2)",
            target: r"\pi(#1)",
            N: r"\mathcal{N}(#1; #2, #3)",
            KL: r"\mathrm{KL}(#1, #2)",
            fisher: r"I(#1, #2)",
            psi: r"\psi(#1)",
            M: "m_{#1}",
            V: "v_{#1}",
            D: r"\mathrm{KL}_{#1}",
        },
        concrete={p: evolving},
    )


def _in_general() -> list[Step]:
    def over(of: sp.Expr) -> Integral:
        return Integral(of, (x, -A, A))

    law, ratio = p(x, t), r(x, t)
    slope, bend = S(x, t), Derivative(S(x, t), x)
    stationary = derivations.unchecked("ou-stationarity")
    change, leaving = Derivative(law, t), Derivative(J(x, t), x)
    square_change = slope**2 * change + 2 * law * slope * Derivative(change / law, x)
    return [
        definition(
            "target", target(x), stationary.unfold(stationary["law"].equation.rhs), "Its end."
        ),
        definition(
            "log-ratio", ratio, log(law / target(x)), "What is compared with it, for any law $p$."
        ),
        definition(
            "slope", slope, Derivative(ratio, x), "The difference of the scores of $p$ and $\\pi$."
        ),
        Step(
            "rate",
            equation(Derivative(law * ratio, t), (1 + ratio) * change),
            "The integrand $p \\log(p/\\pi)$ of the divergence changes like this,",
        ),
        Step(
            "fisher-rate",
            equation(Derivative(law * slope**2, t), square_change),
            "and that of the Fisher divergence $I = \\mathbb{E}_p\\, s^2$ like this.",
        ),
        cited(
            "fokker-planck",
            change,
            Derivative(x * law, x) / 2 + Derivative(law, (x, 2)) / 2,
            "The Fokker-Planck equation of the process.",
        ),
        definition("current", J(x, t), -law / 2 * slope, "Along this slope …"),
        Step(
            "flow",
            equation(change, -leaving),
            "… probability flows, says this equation.",
        ),
        definition("flux", E(x, t), (1 + ratio) * J(x, t), "With it flows the divergence."),
        Step(
            "product-rule",
            equation(-(1 + ratio) * leaving, -Derivative(E(x, t), x) - law * slope**2 / 2),
            "By the product rule the first rate is a total derivative, and a loss.",
        ),
        definition("total", B, over(Derivative(E(x, t), x)), "On an interval the former is …"),
        Step(
            "boundary",
            equation(B, E(A, t) - E(-A, t)),
            "… what flows through the ends; it vanishes for light tails as $A \\to \\infty$.",
        ),
        Step(
            "de-bruijn",
            equation(over(-(1 + ratio) * leaving), -over(law * slope**2) / 2 - B),
            "What is left is de Bruijn's identity: $\\frac{\\mathrm{d}}{\\mathrm{d}t} "
            "\\mathrm{KL} = -\\tfrac12 I$.",
        ),
        Step(
            "second-derivative",
            equation(
                square_change,
                -law * slope**2
                - law * bend**2
                + Derivative(law * slope * bend + law * slope**3 / 2, x),
            ),
            "And but for the ends $\\frac{\\mathrm{d}}{\\mathrm{d}t} I \\le -I$: for any law $I$ "
            "falls at least like $e^{-t}$. Half of its integral over all times is the divergence, "
            "so $2\\,\\mathrm{KL} \\le I$.",
        ),
    ]


def _for_gaussians() -> list[Step]:
    law, end = N(x, m, v), target(x)
    exponent = -((x - m) ** 2) / (2 * v) + x**2 / 2 - log(v) / 2
    between = (q - 1) ** 2 * u / (1 - u + u * q)
    return [
        definition("gaussian", law, gaussian(x, m, v), "Now a Gaussian."),
        Step("gaussian-ratio", equation(law, end * exp(exponent)), "It is that much of the end."),
        definition("kl", KL(m, v), (m**2 + v - 1 - log(v)) / 2, "This is its divergence,"),
        Step(
            "kl-integral",
            equation(Integral(law * exponent, (x, -oo, oo)), KL(m, v)),
            "the integral of the logarithm,",
        ),
        definition("fisher", fisher(m, v), m**2 + v - 2 + 1 / v, "and this its Fisher divergence,"),
        Step(
            "fisher-integral",
            equation(
                Integral(law * Derivative(log(law / end), x) ** 2, (x, -oo, oo)), fisher(m, v)
            ),
            "that of its squared slope.",
        ),
        definition(
            "positive", psi(q), Integral(between, (u, 0, 1)), "A function that is never negative,"
        ),
        Step("positive-closed", equation(psi(q), q - 1 - log(q)), "in closed form,"),
        Step(
            "gap",
            equation(2 * KL(m, v), fisher(m, v) - psi(1 / v)),
            "is what twice the divergence lacks to the Fisher divergence: the mean cancels.",
        ),
        Step(
            "log-sobolev",
            sp.Le(2 * KL(m, v), fisher(m, v), evaluate=False),
            "This is the logarithmic Sobolev inequality for Gaussians.",
        ),
    ]


def _in_time() -> list[Step]:
    moments = derivations.unchecked("ou-moments").equations
    share = exp(-T)
    return [
        definition("mean", M(t), moments["mean"].rhs, "Along the process the mean is …"),
        definition("variance", V(t), moments["variance-closed"].rhs, "… and the variance:"),
        definition("kl-in-time", D(t), KL(M(t), V(t)), "so this is the divergence at time $t$."),
        Step(
            "kl-rate",
            equation(Derivative(D(t), t), -fisher(M(t), V(t)) / 2),
            "De Bruijn's identity again, now by differentiating.",
        ),
        Step(
            "rate-of-the-mean",
            equation(Limit(exp(t) * D(t), t, oo), m0**2 / 2),
            "Off centre it dies like $e^{-t}$ …",
        ),
        Step(
            "rate-of-the-variance",
            equation(Limit(exp(2 * t) * KL(0, V(t)), t, oo), (v0 - 1) ** 2 / 4),
            "… and from a centred start twice as fast, like $e^{-2t}$.",
        ),
        definition("clock", T, log(1 + b), "Any time $T > 0$ is this for some $b > 0$."),
        Step(
            "spare",
            equation(
                D(T),
                share * D(0) - share * psi(v0 / V(T)) / 2 - (1 - share) * psi(1 / V(T)) / 2,
            ),
            "The variance $v_T$ is a mean of $v_0$ and 1 with the weights $e^{-T}$ and "
            "$1 - e^{-T}$, and the logarithm is concave: what is spared is never negative.",
        ),
        Step(
            "decay",
            sp.Le(D(T), share * D(0), evaluate=False),
            "So the divergence falls at least like $e^{-T}$, from any start.",
        ),
    ]
