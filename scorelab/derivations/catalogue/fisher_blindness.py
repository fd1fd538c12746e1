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
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem

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
    return theorem(
        "fisher-blindness",
        [
            definition("phi", phi(x), gaussian(x, 0, 1)),
            Step("mass", equation(line(phi(x)), 1)),
            definition("p", p(x), w * phi(x + a) + w1 * phi(x - a)),
            definition("q", q(x), u * phi(x + a) + u1 * phi(x - a)),
            definition("divergence", F, line(p(x) * gap**2)),
            definition("tilt-p", A(x), w * exp(-a * x) + w1 * exp(a * x)),
            definition("tilt-q", B(x), u * exp(-a * x) + u1 * exp(a * x)),
            Step("middle", equation(p(x), shrink * phi(x) * A(x))),
            Step("score-gap", equation(gap, across / (A(x) * B(x)))),
            Step("integrand", equation(F, shrink * line(across**2 * phi(x) / (A(x) * B(x) ** 2)))),
            definition("excess-p", U(x), sqrt(w) * exp(-a * x / 2) - sqrt(w1) * exp(a * x / 2)),
            definition("excess-q", V(x), sqrt(u) * exp(-a * x / 2) - sqrt(u1) * exp(a * x / 2)),
            Step("tilt-square", equation(A(x), least + U(x) ** 2)),
            Step("tilt-square-q", equation(B(x), least_u + V(x) ** 2)),
            definition("constant", C, bound),
            definition("given-p", G, line(phi(x) * U(x) ** 2 / A(x))),
            definition(
                "given-q",
                H,
                line(phi(x) * least * V(x) ** 2 * (B(x) + least_u) / (A(x) * B(x) ** 2)),
            ),
            Step("given-away", equation(F, C * line(phi(x)) - C * G - C * H)),
            Step("bound", sp.Le(F, C * line(phi(x)), evaluate=False)),
            Step("bound-vanishes", equation(Limit(bound, a, oo), 0)),
            definition("ratio", R(x), (w * fall + w1) / (u * fall + u1)),
            Step("log-ratio", equation(log(p(x) / q(x)), log(R(x)))),
            Step(
                "between",
                equation(
                    (R(x) - w1 / u1) * (w / u - R(x)),
                    fall * (u * w1 - u1 * w) ** 2 / (u * u1 * (u * fall + u1) ** 2),
                ),
            ),
            Step("right-mode", equation(right, log(w1 / u1))),
            Step("left-mode", equation(left, log(w / u))),
            Step(
                "kl-limit",
                equation(
                    w * Integral(phi(z) * left, (z, -oo, oo))
                    + w1 * Integral(phi(z) * right, (z, -oo, oo)),
                    w * log(w / u) + w1 * log(w1 / u1),
                ),
            ),
        ],
        notation={phi: r"\varphi(#1)"},
        results=("bound", "kl-limit"),
        roles={x: "value", z: "integration", p: "density"},
    )
