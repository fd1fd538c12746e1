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
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, z, m0, a, m, r = sp.symbols("x z m_0 a m r", real=True)
h, t, u, v, v0, kappa, b = sp.symbols("h t u v v_0 kappa b", positive=True)
V = sp.Symbol("V", real=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
F, N, G = Function("F"), Function("N"), Function("G")
mean, variance, covariance, exact, noise, strong = (Function(s) for s in "MvCWSD")
mean_error, variance_error = Function("e_mean"), Function("e_var")


def derive() -> Derivation:
    """Derive bias, weak and strong error of Euler-Maruyama for dx = −x/2 dt + dw."""
    return Derivation(
        "euler-maruyama-bias",
        "The error of the Euler-Maruyama method",
        [*_every_step(), *_the_limit(), *_weak_error(), *_strong_error()],
        statement=r"""
Let $X_{n+1} = (1 - \tfrac h2) X_n + \sqrt h\, z_n$ be the Euler-Maruyama method with the step $h$
for $\mathrm{d}x = -\tfrac12 x \,\mathrm{d}t + \mathrm{d}w$ in $\mathbb{R}^d$. Exactly for $0 < h
< 4$ it has a stationary law, $\mathcal{N}\bigl(0, \tfrac{1}{1 - h/4} I\bigr)$. At a fixed time
$t = nh$ the mean and the covariance are off by the order of $h$, and so is $\sqrt{\mathbb{E}
\lVert X_n - x(t) \rVert^2}$ if both are driven by the same Brownian path: weak and strong order
are one.
""",
        assumptions=(
            "The start has a finite second moment, is the same for the method and the process, and "
            "is independent of the noise.",
            "The noise of different steps is independent, and the noise of the process over a step "
            "is the stochastic integral over the same increments; Itô's isometry is used.",
            "In the limits $h \\to 0$ the time $t = nh$ is fixed. Beyond formal algebra: as "
            "$|a| < 1$, the powers $a^{2n}$ tend to zero.",
        ),
        sources=(
            "Maruyama (1955), Continuous Markov processes and stochastic equations, "
            "Rendiconti del Circolo Matematico di Palermo 4, 48-90.",
            "Kloeden and Platen (1992), Numerical Solution of Stochastic Differential Equations, "
            "sections 9.6, 9.7 and 10.2.",
        ),
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
    )


def _every_step() -> list[Step]:
    move = x - x / 2 * h + sqrt(h) * z

    def expectation(of: sp.Expr) -> Integral:
        return Integral(of * N(x, m, v) * N(z, 0, 1), (x, -oo, oo), (z, -oo, oo))

    y = Function("y")
    solved = sp.factor(sp.simplify(rsolve(y(n + 1) - r * y(n) - kappa, y(n), {y(0): 0})))
    top, bottom = (sp.collect(sp.expand(-part), kappa) for part in sp.fraction(solved))
    return [
        definition("gaussian", N(x, m, v), gaussian(x, m, v), "The Gaussian density,"),
        Step("mass", equation(Integral(N(x, m, v), (x, -oo, oo)), 1), "of mass one."),
        definition(
            "move",
            F(x, z),
            move,
            "One step of length $h$ for $\\mathrm{d}x = -\\tfrac12 x \\,\\mathrm{d}t + "
            "\\mathrm{d}w$: the drift at the start of the step, and fresh noise $z$.",
        ),
        definition("factor", a, 1 - h / 2, "The factor in front of $x$ gets a name."),
        Step("linear-move", equation(F(x, z), a * x + sqrt(h) * z), "The step is linear."),
        Step("moved-mean", equation(expectation(F(x, z)), a * m), "It takes a mean $m$ to $am$ …"),
        Step(
            "moved-variance",
            equation(expectation((F(x, z) - a * m) ** 2), a**2 * v + h),
            "… and a variance $v$ to $a^2 v + h$, the noise being independent of $x$.",
        ),
        definition("mean", mean(n), m0 * a**n, "So after $n$ steps this is the mean:"),
        Step("mean-recursion", equation(mean(n + 1), a * mean(n)), "each step takes a factor."),
        definition(
            "geometric",
            G(n, r, kappa),
            top / bottom,
            "All second moments here start, but for a power, at zero and obey $y_{n+1} = r y_n + "
            "\\kappa$. This is the solution, by `rsolve`.",
        ),
        Step(
            "geometric-recursion",
            equation(G(n + 1, r, kappa), r * G(n, r, kappa) + kappa),
            "It satisfies its recursion …",
        ),
        Step("geometric-start", equation(G(0, r, kappa), 0), "… and its start."),
        definition(
            "variance", variance(n), a ** (2 * n) * v0 + G(n, a**2, h), "So the variance is this:"
        ),
        Step(
            "variance-recursion",
            equation(variance(n + 1), a**2 * variance(n) + h),
            "each step does to it what was found above …",
        ),
        Step("variance-start", equation(variance(0), v0), "… and it starts where it should."),
    ]


def _the_limit() -> list[Step]:
    return [
        definition("fixed-point", V, h / (1 - a**2), "The variance that a step leaves alone."),
        Step(
            "distance",
            equation((variance(n) - V) / (v0 - V), a ** (2 * n)),
            "The distance to it is multiplied by $a^2$ a step …",
        ),
        Step(
            "threshold",
            equation(1 - a**2, h * (1 - h / 4)),
            "… so it dies out if $a^2 < 1$, which is exactly for $h < 4$. Then the method is "
            "stable, and $V$ is the limit.",
        ),
        Step(
            "bias",
            equation(V, 1 / (1 - h / 4)),
            "The limit is not the 1 of the process. It is the bias of Langevin dynamics for a "
            "standard normal target, with $\\varepsilon = h$: the same step.",
        ),
    ]


def _weak_error() -> list[Step]:
    moments = derivations.unchecked("ou-moments").equations
    steps = t / h
    return [
        definition(
            "mean-error",
            mean_error(h),
            mean(steps) - moments["mean"].rhs,
            "At a fixed time $t = nh$ the mean is off by this:",
        ),
        Step(
            "weak-mean",
            equation(Limit(mean_error(h) / h, h, 0), -m0 * t * exp(-t / 2) / 8),
            "an error of the order of $h$, with this coefficient.",
        ),
        definition(
            "variance-error",
            variance_error(h),
            variance(steps) - moments["variance-closed"].rhs,
            "And so is the variance:",
        ),
        Step(
            "weak-variance",
            equation(
                Limit(variance_error(h) / h, h, 0),
                (1 - exp(-t)) / 4 + (1 - v0) * t * exp(-t) / 4,
            ),
            "its error has this coefficient. The weak order is one.",
        ),
    ]


def _strong_error() -> list[Step]:
    kernel = exp(-(h - u) / 2)
    own, cross = Integral(kernel**2, (u, 0, h)), Integral(kernel, (u, 0, h))
    own_value, cross_value = 1 - b**2, 2 - 2 * b
    steps = t / h
    parts = G(n, a**2, h) - 2 * G(n, a * b, cross_value) + G(n, b**2, own_value)
    moments = derivations.unchecked("ou-moments").equations
    of_start = (a**steps - b**steps) ** 2 / h**2
    of_noise = 5 * (1 - exp(-t)) / 96 + t * exp(-t) / 32 - t**2 * exp(-t) / 64
    return [
        definition(
            "exact-factor",
            b,
            exp(-h / 2),
            "In one step the process itself goes to $b x + \\int_0^h e^{-(h-u)/2} "
            "\\,\\mathrm{d}w_u$, the method to $a x + \\int_0^h \\mathrm{d}w_u$, along one path "
            "$w$.",
        ),
        Step(
            "isometry",
            equation(own, own_value),
            "By Itô's isometry the variance of such an integral is that of its kernel squared …",
        ),
        Step(
            "isometry-cross",
            equation(cross, cross_value),
            "… and the covariance of two is the integral of both kernels.",
        ),
        definition(
            "exact-variance",
            exact(n),
            b ** (2 * n) * v0 + G(n, b**2, own_value),
            "So this is the variance of the process on the grid …",
        ),
        Step(
            "exact-variance-closed",
            equation(exact(steps), moments["variance-closed"].rhs),
            "… which is the one known for every time …",
        ),
        definition(
            "covariance",
            covariance(n),
            a**n * b**n * v0 + G(n, a * b, cross_value),
            "… and this its covariance with the method, both started at the same point:",
        ),
        Step(
            "covariance-recursion",
            equation(covariance(n + 1), a * b * covariance(n) + cross_value),
            "a step multiplies it by $ab$ and adds that of the noise.",
        ),
        definition(
            "strong-error",
            strong(n),
            variance(n) - 2 * covariance(n) + exact(n) + m0**2 * (a**n - b**n) ** 2,
            "So this is $\\mathbb{E}|X_n - x(t_n)|^2$, the variance of the gap and its mean "
            "squared.",
        ),
        definition("noise-part", noise(n), parts, "What the noise alone contributes …"),
        Step(
            "strong-split",
            equation(strong(n), noise(n) + (m0**2 + v0) * (a**n - b**n) ** 2),
            "… and what is due to the start.",
        ),
        Step(
            "strong-start",
            equation(Limit(of_start, h, 0), t**2 * exp(-t) / 64),
            "At a fixed time both are of the order of $h^2$: the start …",
        ),
        Step(
            "strong-noise",
            equation(Limit(noise(steps) / h**2, h, 0), of_noise),
            "… and the noise. The root is of the order of $h$: for additive noise the strong "
            "order is one as well.",
        ),
        Step(
            "strong-limit",
            equation(Limit(of_noise, t, oo), sp.Rational(5, 96)),
            "And the error does not grow with time: the process forgets its errors too.",
        ),
    ]
