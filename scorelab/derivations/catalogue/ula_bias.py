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
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation
from scorelab.derivations.engine.stand_ins import density, field

x, z, m0, a, b, k, mean, rate = sp.symbols("x z m_0 a b k m lambda", real=True)
s, epsilon, v0, variance = sp.symbols("s varepsilon v_0 v", positive=True)
V = sp.Symbol("V", real=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
p, F, N = Function("p"), Function("F"), Function("N")
m, v = Function("m"), Function("v")
rho, S, g, W, D = sp.symbols("rho S g W D", cls=Function)


def derive() -> Derivation:
    """Derive the chain's law on a Gaussian at every step, and its first order for any target."""
    return Derivation(
        "ula-bias",
        "The bias of Langevin dynamics with a fixed step",
        [*_gaussian_target(), *_any_target()],
        statement=r"""Let $x \leftarrow x + \tfrac{\varepsilon}{2} \nabla \log p(x) +
\sqrt{\varepsilon}\, z$, $z \sim \mathcal N(0, I)$. For $p = \mathcal N(0, s^2)$ the chain has a
stationary law exactly for $\varepsilon < 4 s^2$, the Gaussian of mean 0 and variance
$$
V = \frac{s^2}{1 - \varepsilon / (4 s^2)} ,
$$
and the distance of its variance to $V$ shrinks by $(1 - \varepsilon/(2 s^2))^2$ a step. For a
smooth law $p$ on $\mathbb R^d$, as $\varepsilon \to 0$, the stationary density is
$$
p_\varepsilon = p\, \bigl[1 + \varepsilon\, \bigl(\tfrac14 \nabla \cdot s + \tfrac18 \lVert s
\rVert^2 - c\bigr)\bigr] + o(\varepsilon), \qquad s = \nabla \log p ,
$$
where $c = -\tfrac18\, \mathbb E_p \lVert s \rVert^2$ is the mean of the terms before it.""",
        assumptions=(
            "In the Gaussian case the start has a mean and a variance.",
            "For the first order: the chain has a stationary density, and it has an expansion "
            "$p\\, (1 + \\varepsilon g) + o(\\varepsilon)$ that may be integrated term by term; "
            "this holds for smooth scores that grow at most linearly, whose derivatives grow at "
            "most like polynomials, and which pull back, $x \\cdot s \\le c_1 - c_2 \\lVert x "
            "\\rVert^2$ with $c_2 > 0$; it fails for $p \\propto e^{-x^6/6}$, on which the chain "
            "has no stationary law at all.",
            "$p$ and the derivatives of its score that occur decay so fast that boundary terms "
            "vanish, and the means of $e^{kx}$, for imaginary $k$, determine a law.",
            "The steps for any law are in one dimension; in $d$ dimensions the same expansion "
            "gives $\\nabla \\cdot (p \\nabla g) = \\frac14 \\nabla \\cdot (p \\nabla "
            "(\\nabla \\cdot s + \\frac12 \\lVert s \\rVert^2))$.",
        ),
        sources=(
            "Roberts and Tweedie (1996), Exponential convergence of Langevin distributions and "
            "their discrete approximations, Bernoulli 2, section 1.4",
            "Song and Ermon (2019), Generative modeling by estimating gradients of the data "
            "distribution, NeurIPS, algorithm 1",
        ),
        notation={
            N: r"\mathcal{N}(#1; #2, #3)",
            m: "m_{#1}",
            v: "v_{#1}",
            m0: r"m_\mathrm{start}",
            v0: r"v_\mathrm{start}",
        },
        concrete={rho: density, g: field},
    )


def _gaussian_target() -> list[Step]:
    score = Derivative(log(p(x)), x)
    moved = F(x, score, z)

    # One step from a Gaussian law: both moments are integrals over x and the fresh noise z.
    def expectation(of: sp.Expr) -> Integral:
        return Integral(of * N(x, mean, variance) * N(z, 0, 1), (x, -oo, oo), (z, -oo, oo))

    return [
        definition(
            "gaussian", N(x, mean, variance), gaussian(x, mean, variance), "The Gaussian density."
        ),
        Step(
            "moments",
            equation(
                Integral(exp(k * x) * N(x, mean, variance), (x, -oo, oo)),
                exp(k * mean + k**2 * variance / 2),
            ),
            "It has mass one, mean $m$ and variance $v$: the mean of $e^{kx}$ holds all moments.",
        ),
        definition("target", p(x), N(x, 0, s**2), "The target is a centred Gaussian …"),
        Step(
            "target-variance",
            equation(Integral(x**2 * p(x), (x, -oo, oo)), s**2),
            "… of variance $s^2$.",
        ),
        Step("score", equation(score, -x / s**2), "Its score is linear."),
        definition(
            "move",
            F(x, b, z),
            x + epsilon / 2 * b + sqrt(epsilon) * z,
            "One step of Langevin dynamics from $x$, where the score is $b$, with fresh noise $z$ "
            "from $\\mathcal{N}(0, 1)$.",
        ),
        Step(
            "linear-move",
            equation(moved, (1 - epsilon / (2 * s**2)) * x + sqrt(epsilon) * z),
            "With this score the step is linear in $x$ and $z$.",
        ),
        definition(
            "factor", a, 1 - epsilon / (2 * s**2), "The factor in front of $x$ gets a name."
        ),
        Step(
            "moved-mean",
            equation(expectation(moved), a * mean),
            "A law of mean $m$ and variance $v$ moves to the mean $am$ …",
        ),
        Step(
            "moved-variance",
            equation(
                expectation((a * (x - mean) + sqrt(epsilon) * z) ** 2), a**2 * variance + epsilon
            ),
            "… and to the variance $a^2 v + \\varepsilon$. As the step is linear, only the two "
            "moments enter, so this holds for any law that has them.",
        ),
        definition("mean", m(n), a**n * m0, "The recursion of the mean, solved."),
        Step(
            "mean-recursion",
            equation(m(n + 1), a * m(n)),
            "The solution satisfies its recursion …",
        ),
        Step("mean-start", equation(m(0), m0), "… and begins at the start."),
        definition("fixed-point", V, epsilon / (1 - a**2), "The variance that the step …"),
        Step("left-alone", equation(a**2 * V + epsilon, V), "… leaves alone."),
        definition(
            "variance",
            v(n),
            V + a ** (2 * n) * (v0 - V),
            "The recursion of the variance, solved from $v_\\mathrm{start}$.",
        ),
        Step(
            "variance-recursion",
            equation(v(n + 1), a**2 * v(n) + epsilon),
            "The solution satisfies its recursion …",
        ),
        Step("variance-start", equation(v(0), v0), "… and begins where it should."),
        Step(
            "distance",
            equation((v(n + 1) - V) / (v(n) - V), a**2),
            "Each step multiplies the distance to $V$ by $a^2$. So the variance converges if "
            "$a^2 < 1$ and diverges if $a^2 > 1$.",
        ),
        Step(
            "threshold",
            equation(1 - a**2, epsilon * (4 * s**2 - epsilon) / (4 * s**4)),
            "The sign of $4s^2 - \\varepsilon$ decides: the chain is stable exactly for "
            "$\\varepsilon < 4s^2$. At the threshold the variance grows by $\\varepsilon$ a step.",
        ),
        definition("rate", rate, -log(a**2), "With this rate …"),
        Step(
            "limit",
            equation(v(n + 1) - V, exp(-rate) * (v(n) - V)),
            "… the start is forgotten exponentially: in the stable case $\\lambda > 0$, and the "
            "variance tends to $V$ like $e^{-\\lambda n}$.",
        ),
        Step(
            "small-step",
            equation(Limit((V - s**2) / epsilon, epsilon, 0), sp.Rational(1, 4)),
            "To first order the variance is too large by a quarter of the step.",
        ),
        Step(
            "bias",
            equation(V, s**2 / (1 - epsilon / (4 * s**2))),
            "In full: the stationary variance is too large by a factor that only "
            "$\\varepsilon / s^2$ decides, and without bound as the threshold is neared.",
        ),
    ]


def _any_target() -> list[Step]:
    slope, bend = Derivative(S(x), x), Derivative(S(x), (x, 2))
    wave = rho(x) * exp(k * x)

    def at_zero(order: int) -> Subs:
        return Subs(Derivative(D(x, epsilon), (epsilon, order)), epsilon, 0)

    return [
        definition(
            "wave",
            W(x, b),
            exp(k * x) * exp(epsilon * k * (k + b) / 2),
            "On any other law follow the mean of $e^{kx}$, for every $k$: that determines a law. "
            "This is …",
        ),
        Step(
            "wave-mean",
            equation(Integral(exp(k * F(x, b, z)) * N(z, 0, 1), (z, -oo, oo)), W(x, b)),
            "… its mean after one step from $x$.",
        ),
        definition(
            "any-score", S(x), Derivative(log(rho(x)), x), "Let $\\rho$ be any law, with score $S$."
        ),
        definition(
            "change",
            D(x, epsilon),
            rho(x) * (1 + epsilon * g(x)) * (W(x, S(x)) - exp(k * x)),
            "If $\\rho\\,(1 + \\varepsilon g)$ is the chain's law, a step changes the mean of "
            "$e^{kx}$ by the integral of this. It must be zero.",
        ),
        Step(
            "order-one",
            equation(at_zero(1), Derivative(k * wave / 2, x)),
            "To first order it is, for every $g$: the integrand is a derivative.",
        ),
        Step(
            "order-two",
            equation(
                at_zero(2),
                Derivative(wave * (k * g(x) + k**2 * (S(x) + k) / 4 - k * slope / 4), x)
                - k * wave * (Derivative(g(x), x) - bend / 4 - S(x) * slope / 4),
            ),
            "To second order a derivative comes off as well. What is left vanishes for every $k$ "
            "only if the last bracket does …",
        ),
        Step(
            "correction",
            equation(Derivative(slope / 4 + S(x) ** 2 / 8, x), bend / 4 + S(x) * slope / 4),
            "… and it does for $g = \\frac14 S' + \\frac18 S^2$ and for no other, up to a "
            "constant, which the mass decides: the mean of $g$ is zero.",
        ),
    ]
