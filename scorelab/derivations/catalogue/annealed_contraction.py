r"""How many steps a noise level needs: the contraction of annealed Langevin dynamics.

Song and Ermon (2020), proposition 3: at level $\sigma_i$, with the data taken to be one point, the
chain starts with the variance of the level before, $\gamma^2 \sigma_i^2$, and must forget it. The
paper writes the full step $x + \alpha s + \sqrt{2\alpha}\, z$; this book uses the half step
$x + \tfrac{\alpha}{2} s + \sqrt{\alpha}\, z$, so the same chain has twice the paper's step size.

Then the same for data of variance $v$, which no narrow level can forget: what is left of the
levels above, and where the width of the samples freezes.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, exp, log, oo, sqrt

from scorelab import derivations
from scorelab.derivations.catalogue import ula_bias
from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem

x, y, z = sp.symbols("x y z", real=True)
sigma, last, gamma, epsilon, alpha = sp.symbols(
    "sigma sigma_L gamma varepsilon alpha", positive=True
)
r, u, s, v, variance, kappa, h = sp.symbols("r u s v V kappa h", positive=True)
lam, fixed = sp.symbols("lambda Lambda", real=True)
T = sp.Symbol("T", integer=True, nonnegative=True)
N, half, full = Function("N"), Function("F_half"), Function("F_full")
M, V, E = Function("M"), Function("V"), Function("E")


def derive() -> Derivation:
    """Derive what T steps of one level leave, and what all levels leave of the data's width."""
    step = epsilon * sigma**2 / last**2
    in_rate = 2 * r * sigma**2  # the same step
    pull = Derivative(log(N(x, s**2)), x)
    bias = derivations.unchecked("ula-bias")["bias"].equation.rhs
    kept = (1 - r * sigma**2 / (v + sigma**2)) ** 2

    def expectation(of: sp.Expr) -> Integral:
        return Integral(of * N(x, variance) * N(z, 1), (x, -oo, oo), (z, -oo, oo))

    return theorem(
        "annealed-contraction",
        [
            definition("gaussian", N(x, u), gaussian(x, 0, u)),
            definition("half-step", half(x, z, alpha, s), x + alpha / 2 * pull + sqrt(alpha) * z),
            definition("full-step", full(x, z, alpha, s), x + alpha * pull + sqrt(2 * alpha) * z),
            Step("same-chain", equation(full(x, z, alpha, s), half(x, z, 2 * alpha, s))),
            definition(
                "moved", M(variance, alpha, s), (1 - alpha / (2 * s**2)) ** 2 * variance + alpha
            ),
            Step(
                "moved-variance",
                equation(expectation(half(x, z, alpha, s) ** 2), M(variance, alpha, s)),
            ),
            definition("rate", r, epsilon / (2 * last**2)),
            Step("level", equation(half(x, z, step, sigma), (1 - r) * x + sqrt(2 * r) * sigma * z)),
            definition("fixed-point", lam, 1 / (1 - r / 2)),
            Step("fixed", equation(M(lam * sigma**2, in_rate, sigma), lam * sigma**2)),
            Step(
                "bias",
                equation(
                    lam * sigma**2, bias.subs({ula_bias.s: sigma}).subs(ula_bias.epsilon, step)
                ),
            ),
            definition("variance", V(T), lam + (1 - r) ** (2 * T) * (gamma**2 - lam)),
            Step("start", equation(V(0), gamma**2)),
            Step("recursion", equation(sigma**2 * V(T + 1), M(sigma**2 * V(T), in_rate, sigma))),
            Step("distance", equation((V(T) - lam) / (gamma**2 - lam), (1 - r) ** (2 * T))),
            Step(
                "noisy-law",
                equation(Integral(N(y, v) * N(x - y, sigma**2), (y, -oo, oo)), N(x, v + sigma**2)),
            ),
            definition(
                "wide-fixed-point",
                fixed,
                (v + sigma**2) / (1 - r * sigma**2 / (v + sigma**2) / 2),
            ),
            Step(
                "lag",
                equation(
                    M(variance, in_rate, sqrt(v + sigma**2)) - fixed, kept * (variance - fixed)
                ),
            ),
            Step("frozen", equation(Limit((1 - kept**T) / sigma**2, sigma, 0), 2 * r * T / v)),
            definition("excess", E(u), u + v / (r * kappa)),
            Step(
                "levels",
                equation(
                    Limit((E(u * exp(2 * h)) - E(u)) / h, h, 0), 2 * r * kappa * u / v * (E(u) - u)
                ),
            ),
        ],
        notation={
            N: r"\mathcal{N}(#1; 0, #2)",
            half: r"F_{\mathrm{half}}\left(#1, #2; #3, #4\right)",
            full: r"F_{\mathrm{full}}\left(#1, #2; #3, #4\right)",
            M: r"M(#1; #2, #3)",
            V: "V_{#1}",
        },
        results=("moved-variance", "distance", "frozen"),
        roles={x: "value", y: "integration", z: "noise", sigma: "noise-level", epsilon: "step"},
    )
