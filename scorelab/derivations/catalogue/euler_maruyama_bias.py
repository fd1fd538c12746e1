r"""The error of the Euler-Maruyama method, exactly, on the Ornstein-Uhlenbeck process.

The method's step is linear there, so its mean and variance are known at every step: the bias in
the limit, the weak error at a fixed time and, since the exact solution is driven by the same
Brownian path, the strong error. See Kloeden and Platen (1992), sections 9.6 and 9.7; the noise
being additive, both orders are one (section 10.2).
"""

import sympy as sp
from sympy import Function, Integral, Limit, exp, oo, rsolve, sqrt

from scorelab import derivations
from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem

x, z, m0, a, m, r = sp.symbols("x z m_0 a m r", real=True)
h, t, u, v, v0, kappa, b = sp.symbols("h t u v v_0 kappa b", positive=True)
V = sp.Symbol("V", real=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
F, N, G = Function("F"), Function("N"), Function("G")
mean, variance, covariance, exact, noise, strong = (Function(s) for s in "MvCWSD")
mean_error, variance_error = Function("e_mean"), Function("e_var")


def derive() -> Derivation:
    """Derive bias, weak and strong error of Euler-Maruyama for dx = −x/2 dt + dw."""
    return theorem(
        "euler-maruyama-bias",
        [*_every_step(), *_the_limit(), *_weak_error(), *_strong_error()],
        notation={
            N: r"\mathcal{N}(#1; #2, #3)",
            G: "G_{#1}(#2, #3)",
            m0: r"m_\mathrm{start}",
            v0: r"v_\mathrm{start}",
            mean: "m_{#1}",
            variance: "v_{#1}",
            covariance: "c_{#1}",
            exact: r"\bar{v}_{#1}",
            noise: "S_{#1}",
            strong: "D_{#1}",
            mean_error: r"e_{\mathrm{mean}}(#1)",
            variance_error: r"e_{\mathrm{var}}(#1)",
        },
        results=("bias", "weak-variance", "strong-noise"),
        roles={x: "value", z: "noise", h: "step", t: "time"},
    )


def _every_step() -> list[Step]:
    move = x - x / 2 * h + sqrt(h) * z

    def expectation(of: sp.Expr) -> Integral:
        return Integral(of * N(x, m, v) * N(z, 0, 1), (x, -oo, oo), (z, -oo, oo))

    y = Function("y")
    solved = sp.factor(sp.simplify(rsolve(y(n + 1) - r * y(n) - kappa, y(n), {y(0): 0})))
    top, bottom = (sp.collect(sp.expand(-part), kappa) for part in sp.fraction(solved))
    return [
        definition("gaussian", N(x, m, v), gaussian(x, m, v)),
        Step("mass", equation(Integral(N(x, m, v), (x, -oo, oo)), 1)),
        definition("move", F(x, z), move),
        definition("factor", a, 1 - h / 2),
        Step("linear-move", equation(F(x, z), a * x + sqrt(h) * z)),
        Step("moved-mean", equation(expectation(F(x, z)), a * m)),
        Step("moved-variance", equation(expectation((F(x, z) - a * m) ** 2), a**2 * v + h)),
        definition("mean", mean(n), m0 * a**n),
        Step("mean-recursion", equation(mean(n + 1), a * mean(n))),
        definition("geometric", G(n, r, kappa), top / bottom),
        Step("geometric-recursion", equation(G(n + 1, r, kappa), r * G(n, r, kappa) + kappa)),
        Step("geometric-start", equation(G(0, r, kappa), 0)),
        definition("variance", variance(n), a ** (2 * n) * v0 + G(n, a**2, h)),
        Step("variance-recursion", equation(variance(n + 1), a**2 * variance(n) + h)),
        Step("variance-start", equation(variance(0), v0)),
    ]


def _the_limit() -> list[Step]:
    return [
        definition("fixed-point", V, h / (1 - a**2)),
        Step("distance", equation((variance(n) - V) / (v0 - V), a ** (2 * n))),
        Step("threshold", equation(1 - a**2, h * (1 - h / 4))),
        Step("bias", equation(V, 1 / (1 - h / 4))),
    ]


def _weak_error() -> list[Step]:
    moments = derivations.unchecked("ou-moments").equations
    steps = t / h
    settled = sp.Mul(sp.Rational(1, 4), 1 - exp(-t), evaluate=False)
    return [
        definition("mean-error", mean_error(h), mean(steps) - moments["mean"].rhs),
        Step("weak-mean", equation(Limit(mean_error(h) / h, h, 0), -m0 * t * exp(-t / 2) / 8)),
        definition(
            "variance-error", variance_error(h), variance(steps) - moments["variance-closed"].rhs
        ),
        Step(
            "weak-variance",
            equation(Limit(variance_error(h) / h, h, 0), settled + (1 - v0) * t * exp(-t) / 4),
        ),
    ]


def _strong_error() -> list[Step]:
    kernel = exp(sp.Mul(sp.Rational(1, 2), u - h, evaluate=False))
    own, cross = Integral(kernel**2, (u, 0, h)), Integral(kernel, (u, 0, h))
    own_value, cross_value = 1 - b**2, sp.Mul(2, 1 - b, evaluate=False)
    steps = t / h
    parts = G(n, a**2, h) - 2 * G(n, a * b, cross_value) + G(n, b**2, own_value)
    moments = derivations.unchecked("ou-moments").equations
    of_start = (a**steps - b**steps) ** 2 / h**2
    settled = sp.Mul(sp.Rational(5, 96), 1 - exp(-t), evaluate=False)
    of_noise = settled + t * exp(-t) / 32 - t**2 * exp(-t) / 64
    return [
        definition("exact-factor", b, exp(-h / 2)),
        Step("isometry", equation(own, own_value)),
        Step("isometry-cross", equation(cross, cross_value)),
        definition("exact-variance", exact(n), b ** (2 * n) * v0 + G(n, b**2, own_value)),
        Step("exact-variance-closed", equation(exact(steps), moments["variance-closed"].rhs)),
        definition("covariance", covariance(n), a**n * b**n * v0 + G(n, a * b, cross_value)),
        Step(
            "covariance-recursion", equation(covariance(n + 1), a * b * covariance(n) + cross_value)
        ),
        definition(
            "strong-error",
            strong(n),
            variance(n) - 2 * covariance(n) + exact(n) + m0**2 * (a**n - b**n) ** 2,
        ),
        definition("noise-part", noise(n), parts),
        Step("strong-split", equation(strong(n), noise(n) + (m0**2 + v0) * (a**n - b**n) ** 2)),
        Step("strong-start", equation(Limit(of_start, h, 0), t**2 * exp(-t) / 64)),
        Step("strong-noise", equation(Limit(noise(steps) / h**2, h, 0), of_noise)),
        Step("strong-limit", equation(Limit(of_noise, t, oo), sp.Rational(5, 96))),
    ]
