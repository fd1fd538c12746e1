r"""How fast the Ornstein-Uhlenbeck process forgets: the decay of the relative entropy.

For any law $p$ the divergence $\mathrm{KL}(p_t \| \pi)$ to the stationary law $\pi = \mathcal N(0,
1)$ falls at half the Fisher divergence (de Bruijn's identity; Stam, 1959). By the logarithmic
Sobolev inequality of Gross (1975) the Fisher divergence is at least twice the divergence, so it
falls at least like $e^{-t}$; both are proved here for Gaussians, in closed form.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, Subs, exp, log, oo

from scorelab.derivations.engine.densities import gaussian, integrate_line
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, observed
from scorelab.derivations.engine.stand_ins import density

x, m, m0 = sp.symbols("x m m_0", real=True)
t, v, v0, c, A = sp.symbols("t v v_0 c A", positive=True)
B = sp.Symbol("B", real=True)
p, target, r, J, N = (Function(name) for name in ("p", "pi", "r", "J", "N"))
KL, fisher, M, V, D, gap = (Function(name) for name in ("KL", "I", "m", "v", "D", "phi"))


def derive() -> Derivation:
    """Derive the rate for any law, then the decay for Gaussians."""
    law = gaussian(x, m, v)
    ratio = sp.expand(sp.expand_log(log(law / gaussian(x, 0, 1)), force=True))
    divergence = sp.expand(sp.simplify(integrate_line(sp.expand(ratio * law), x)))
    return Derivation(
        "ou-entropy-decay",
        "How fast the Ornstein-Uhlenbeck process forgets",
        [*_in_general(), *_for_gaussians(law, ratio, divergence), *_in_time(divergence)],
        notation={
            p: "p(#1)",
            target: r"\pi(#1)",
            N: r"\mathcal{N}(#1; #2, #3)",
            KL: r"\mathrm{KL}(#1, #2)",
            fisher: r"I(#1, #2)",
            M: "m_{#1}",
            V: "v_{#1}",
            gap: r"\varphi(#1)",
            D: r"\mathrm{KL}_{#1}",
        },
        concrete={p: density},
    )


def _in_general() -> list[Step]:
    def over(of: sp.Expr) -> Integral:
        return Integral(of, (x, -A, A))

    total = Derivative(J(x) * (1 + r(x)), x)
    rate = -Derivative(J(x), x) * (1 + r(x))
    lost = p(x) * Derivative(r(x), x) ** 2 / 2
    return [
        definition("target", target(x), gaussian(x, 0, 1), "The stationary law."),
        Step("mass", equation(Integral(target(x), (x, -oo, oo)), 1), "It has mass one."),
        definition(
            "log-ratio", r(x), log(p(x) / target(x)), "What is compared with it, for any law $p$."
        ),
        definition("current", J(x), -p(x) / 2 * Derivative(r(x), x), "Along its slope …"),
        Step(
            "fokker-planck",
            equation(
                -Derivative(J(x), x),
                Derivative(x * p(x), x) / 2 + Derivative(p(x), (x, 2)) / 2,
            ),
            "… probability flows: the Fokker-Planck equation for $\\partial p / \\partial t$.",
        ),
        Step(
            "product-rule",
            equation(rate, -total - lost),
            "So the integrand $p \\log(p/\\pi)$ of the divergence changes at the rate $(1 + r)\\, "
            "\\partial p/\\partial t$. By the product rule that is a total derivative, and a loss.",
        ),
        definition("total", B, over(total), "On an interval the total derivative is …"),
        Step(
            "boundary",
            equation(B, sp.integrate(total, (x, -A, A))),
            "… what flows through the ends; it vanishes for light tails as $A \\to \\infty$.",
        ),
        Step(
            "de-bruijn",
            equation(over(rate), -over(lost) - B),
            "What is left is de Bruijn's identity: $\\frac{\\mathrm{d}}{\\mathrm{d}t} "
            "\\mathrm{KL} = -\\tfrac12 I$, with the Fisher divergence $I = \\mathbb{E}_p "
            "|\\partial_x \\log (p/\\pi)|^2$.",
        ),
    ]


def _for_gaussians(law: sp.Expr, ratio: sp.Expr, divergence: sp.Expr) -> list[Step]:
    square = sp.expand(ratio.diff(x) ** 2)
    of_fisher = sp.expand(sp.simplify(integrate_line(square * law, x)))
    left = sp.expand(of_fisher - 2 * divergence)
    slope = sp.factor(left.diff(v))

    def at(variance: sp.Expr) -> sp.Expr:
        return Subs(Derivative(gap(v), v), v, variance)

    return [
        definition("gaussian", N(x, m, v), law, "Now a Gaussian."),
        definition("kl", KL(m, v), divergence, "Its divergence from the stationary law."),
        Step(
            "kl-integral",
            equation(Integral(N(x, m, v) * ratio, (x, -oo, oo)), KL(m, v)),
            "This is the integral of $\\log (p/\\pi)$.",
        ),
        definition("fisher", fisher(m, v), of_fisher, "And its Fisher divergence."),
        Step(
            "fisher-integral",
            equation(
                Integral(N(x, m, v) * (log(N(x, m, v)).diff(x) + x) ** 2, (x, -oo, oo)),
                fisher(m, v),
            ),
            "The integral of the squared difference of the scores.",
        ),
        definition(
            "gap", gap(v), left, "Compare $I$ with twice the divergence. Let this be the gap,"
        ),
        Step("gap-is", equation(fisher(m, v) - 2 * KL(m, v), gap(v)), "in which the mean cancels."),
        Step("gap-zero", equation(gap(1), 0), "It is zero at the stationary variance,"),
        Step("gap-slope", equation(Derivative(gap(v), v), slope), "with this slope:"),
        Step("rising", sp.Lt(0, at(1 + c), evaluate=False), "rising above $v = 1$ …"),
        Step("falling", sp.Lt(0, -at(1 / (1 + c)), evaluate=False), "… and falling below."),
        observed(
            "log-sobolev",
            sp.Le(2 * KL(m, v), fisher(m, v), evaluate=False),
            "So the gap is nowhere negative, which is the logarithmic Sobolev inequality for "
            "Gaussians: proved by the steps above, and tried at random points.",
        ),
    ]


def _in_time(divergence: sp.Expr) -> list[Step]:
    mean, variance = m0 * exp(-t / 2), v0 * exp(-t) + 1 - exp(-t)
    moments = (M(t), V(t))
    spare = log(V(t)) / 2 - exp(-t) * log(v0) / 2

    def limit(of: sp.Expr) -> sp.Expr:
        return sp.factor(sp.limit(of.subs({m: mean, v: variance}), t, oo))

    return [
        definition("mean", M(t), mean, "Along the process the mean is …"),
        definition("variance", V(t), variance, "… and the variance:"),
        definition("kl-in-time", D(t), KL(*moments), "so this is the divergence at time $t$."),
        Step(
            "kl-rate",
            equation(Derivative(D(t), t), -fisher(*moments) / 2),
            "De Bruijn's identity again, now by differentiating.",
        ),
        Step(
            "spare",
            equation(exp(-t) * D(0) - D(t), spare),
            "What remains below $e^{-t}$ times the start. The logarithm is concave and $v_t$ a "
            "mean of $v_0$ and 1 with the weights $e^{-t}$ and $1 - e^{-t}$: not negative.",
        ),
        observed(
            "decay",
            sp.Le(D(t), exp(-t) * D(0), evaluate=False),
            "So the divergence falls at least like $e^{-t}$, as $I \\ge 2\\,\\mathrm{KL}$ in its "
            "equation says as well: proved, and tried at random points.",
        ),
        Step(
            "rate-of-the-mean",
            equation(Limit(exp(t) * D(t), t, oo), limit(exp(t) * divergence)),
            "No rate is better if the start is off centre …",
        ),
        Step(
            "rate-of-the-variance",
            equation(
                Limit(exp(2 * t) * KL(0, V(t)), t, oo), limit(exp(2 * t) * divergence.subs(m, 0))
            ),
            "… and from a centred start it falls twice as fast: like $e^{-2t}$.",
        ),
    ]
