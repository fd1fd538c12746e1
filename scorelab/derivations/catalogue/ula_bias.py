r"""The bias of unadjusted Langevin dynamics: exactly for a Gaussian, to first order for any law.

The step is the half form of Song and Ermon (2019), algorithm 1, $x \leftarrow x +
\tfrac{\varepsilon}{2} \nabla \log p(x) + \sqrt{\varepsilon}\, z$. On the target
$\mathcal N(0, s^2)$ it is linear, so mean and variance obey closed recursions. The chain has a
stationary law for $\varepsilon < 4 s^2$ only, and its variance is never $s^2$; compare Roberts and
Tweedie (1996), section 1.4. For any other law the mean of $e^{kx}$ is followed through one step
and expanded in $\varepsilon$.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, Subs, exp, log, oo, sqrt

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem
from scorelab.derivations.engine.stand_ins import density, field

x, z, m0, a, b, k, mean = sp.symbols("x z m_0 a b k m", real=True)
s, epsilon, v0, variance = sp.symbols("s varepsilon v_0 v", positive=True)
V = sp.Symbol("V", real=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
p, F, N = Function("p"), Function("F"), Function("N")
m, v = Function("m"), Function("v")
rho, S, g, W, D = sp.symbols("rho S g W D", cls=Function)


def derive() -> Derivation:
    """Derive the chain's law on a Gaussian at every step, and its first order for any target."""
    return theorem(
        "ula-bias",
        [*_gaussian_target(), *_any_target()],
        notation={
            N: r"\mathcal{N}(#1; #2, #3)",
            m: "m_{#1}",
            v: "v_{#1}",
            m0: r"m_\mathrm{start}",
            v0: r"v_\mathrm{start}",
        },
        concrete={rho: density, g: field},
        results=("limit", "bias", "correction"),
        roles={x: "value", z: "noise", p: "density", S: "score", epsilon: "step"},
    )


def _gaussian_target() -> list[Step]:
    score = Derivative(log(p(x)), x)
    moved = F(x, score, z)

    # One step from a Gaussian law: both moments are integrals over x and the fresh noise z.
    def expectation(of: sp.Expr) -> Integral:
        return Integral(of * N(x, mean, variance) * N(z, 0, 1), (x, -oo, oo), (z, -oo, oo))

    # 1 + a² + … + a²⁽ⁿ⁻¹⁾: the noise of n steps, each shrunk by those after it.
    geometric = (1 - a ** (2 * n)) / (1 - a**2)
    return [
        definition("gaussian", N(x, mean, variance), gaussian(x, mean, variance)),
        Step(
            "moments",
            equation(
                Integral(exp(k * x) * N(x, mean, variance), (x, -oo, oo)),
                exp(k * mean + k**2 * variance / 2),
            ),
        ),
        definition("target", p(x), N(x, 0, s**2)),
        Step("target-variance", equation(Integral(x**2 * p(x), (x, -oo, oo)), s**2)),
        Step("score", equation(score, -x / s**2)),
        definition("move", F(x, b, z), x + epsilon / 2 * b + sqrt(epsilon) * z),
        Step("linear-move", equation(moved, (1 - epsilon / (2 * s**2)) * x + sqrt(epsilon) * z)),
        definition("factor", a, 1 - epsilon / (2 * s**2)),
        Step("moved-mean", equation(expectation(moved), a * mean)),
        Step(
            "moved-variance",
            equation(
                expectation((a * (x - mean) + sqrt(epsilon) * z) ** 2), a**2 * variance + epsilon
            ),
        ),
        definition("mean", m(n), a**n * m0),
        Step("mean-recursion", equation(m(n + 1), a * m(n))),
        Step("mean-start", equation(m(0), m0)),
        definition("fixed-point", V, epsilon / (1 - a**2)),
        Step("left-alone", equation(a**2 * V + epsilon, V)),
        definition("variance", v(n), a ** (2 * n) * v0 + epsilon * geometric),
        Step("variance-recursion", equation(v(n + 1), a**2 * v(n) + epsilon)),
        Step("variance-start", equation(v(0), v0)),
        Step("distance", equation(v(n + 1) - V, a**2 * (v(n) - V))),
        Step("threshold", equation(1 - a**2, epsilon * (4 * s**2 - epsilon) / (4 * s**4))),
        Step("limit", equation(v(n) - V, a ** (2 * n) * (v0 - V))),
        Step("small-step", equation(Limit((V - s**2) / epsilon, epsilon, 0), sp.Rational(1, 4))),
        Step("bias", equation(V, s**2 / (1 - epsilon / (4 * s**2)))),
    ]


def _any_target() -> list[Step]:
    slope, bend = Derivative(S(x), x), Derivative(S(x), (x, 2))
    wave = rho(x) * exp(k * x)

    def at_zero(order: int) -> Subs:
        return Subs(Derivative(D(x, epsilon), (epsilon, order)), epsilon, 0)

    return [
        definition("wave", W(x, b), exp(k * x) * exp(epsilon * k * (k + b) / 2)),
        Step(
            "wave-mean", equation(Integral(exp(k * F(x, b, z)) * N(z, 0, 1), (z, -oo, oo)), W(x, b))
        ),
        definition("any-score", S(x), Derivative(log(rho(x)), x)),
        definition(
            "change", D(x, epsilon), rho(x) * (1 + epsilon * g(x)) * (W(x, S(x)) - exp(k * x))
        ),
        Step("order-one", equation(at_zero(1), Derivative(k * wave / 2, x))),
        Step(
            "order-two",
            equation(
                at_zero(2),
                Derivative(wave * (k * g(x) + k**2 * (S(x) + k) / 4 - k * slope / 4), x)
                - k * wave * (Derivative(g(x), x) - bend / 4 - S(x) * slope / 4),
            ),
        ),
        Step(
            "correction",
            equation(Derivative(slope / 4 + S(x) ** 2 / 8, x), bend / 4 + S(x) * slope / 4),
        ),
    ]
