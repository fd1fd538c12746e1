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
    theorem,
)
from scorelab.derivations.engine.stand_ins import evolving

x, m, m0, u, B = sp.symbols("x m m_0 u B", real=True)
t, T, v, v0, q, A, b = sp.symbols("t T v v_0 q A b", positive=True)
p, target, r, S, J, N, psi = (Function(name) for name in ("p", "pi", "r", "s", "J", "N", "psi"))
KL, fisher, M, V, D, E = (Function(name) for name in ("KL", "I", "m", "v", "D", "E"))


def derive() -> Derivation:
    """Derive the rate for any law, then the decay for Gaussians."""
    return theorem(
        "ou-entropy-decay",
        [*_in_general(), *_for_gaussians(), *_in_time()],
        notation={
            p: "p(#1, #2)",
            target: r"\pi(#1)",
            N: r"\mathcal{N}(#1; #2, #3)",
            KL: r"\mathrm{KL}(#1, #2)",
            fisher: r"I(#1, #2)",
            M: "m_{#1}",
            V: "v_{#1}",
            D: r"\mathrm{KL}_{#1}",
        },
        concrete={p: evolving},
        results=("de-bruijn", "log-sobolev", "decay"),
        roles={x: "value", u: "integration", t: "time", p: "density"},
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
        definition("target", target(x), stationary.unfold(stationary["law"].equation.rhs)),
        definition("log-ratio", ratio, log(law / target(x))),
        definition("slope", slope, Derivative(ratio, x)),
        Step("rate", equation(Derivative(law * ratio, t), (1 + ratio) * change)),
        Step("fisher-rate", equation(Derivative(law * slope**2, t), square_change)),
        cited("fokker-planck", change, Derivative(x * law, x) / 2 + Derivative(law, (x, 2)) / 2),
        definition("current", J(x, t), -law / 2 * slope),
        Step("flow", equation(change, -leaving)),
        definition("flux", E(x, t), (1 + ratio) * J(x, t)),
        Step(
            "product-rule",
            equation(-leaving * (1 + ratio), -Derivative(E(x, t), x) - law * slope**2 / 2),
        ),
        definition("total", B, over(Derivative(E(x, t), x))),
        Step("boundary", equation(B, E(A, t) - E(-A, t))),
        Step("de-bruijn", equation(-over((1 + ratio) * leaving), -over(law * slope**2) / 2 - B)),
        Step(
            "second-derivative",
            equation(
                square_change,
                -law * slope**2
                - law * bend**2
                + Derivative(law * slope * bend + law * slope**3 / 2, x),
            ),
        ),
    ]


def _for_gaussians() -> list[Step]:
    law, end = N(x, m, v), target(x)
    exponent = -((x - m) ** 2) / (2 * v) + x**2 / 2 - log(v) / 2
    between = (q - 1) ** 2 * u / (1 - u + u * q)
    return [
        definition("gaussian", law, gaussian(x, m, v)),
        Step("gaussian-ratio", equation(law, end * exp(exponent))),
        definition("kl", KL(m, v), (m**2 + v - 1 - log(v)) / 2),
        Step("kl-integral", equation(Integral(law * exponent, (x, -oo, oo)), KL(m, v))),
        definition("fisher", fisher(m, v), m**2 + v - 2 + 1 / v),
        Step(
            "fisher-integral",
            equation(
                Integral(law * Derivative(log(law / end), x) ** 2, (x, -oo, oo)), fisher(m, v)
            ),
        ),
        definition("positive", psi(q), Integral(between, (u, 0, 1))),
        Step("positive-closed", equation(psi(q), q - 1 - log(q))),
        Step("gap", equation(2 * KL(m, v), fisher(m, v) - psi(1 / v))),
        Step("log-sobolev", sp.Le(2 * KL(m, v), fisher(m, v), evaluate=False)),
    ]


def _in_time() -> list[Step]:
    moments = derivations.unchecked("ou-moments").equations
    share = exp(-T)
    return [
        definition("mean", M(t), moments["mean"].rhs),
        definition("variance", V(t), moments["variance-closed"].rhs),
        definition("kl-in-time", D(t), KL(M(t), V(t))),
        Step("kl-rate", equation(Derivative(D(t), t), -fisher(M(t), V(t)) / 2)),
        Step("rate-of-the-mean", equation(Limit(exp(t) * D(t), t, oo), m0**2 / 2)),
        Step(
            "rate-of-the-variance",
            equation(Limit(exp(2 * t) * KL(0, V(t)), t, oo), (v0 - 1) ** 2 / 4),
        ),
        definition("clock", T, log(1 + b)),
        Step(
            "spare",
            equation(
                D(T), share * D(0) - share * psi(v0 / V(T)) / 2 - (1 - share) * psi(1 / V(T)) / 2
            ),
        ),
        Step("decay", sp.Le(D(T), share * D(0), evaluate=False)),
    ]
