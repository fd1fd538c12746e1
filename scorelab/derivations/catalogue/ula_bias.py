r"""The bias of unadjusted Langevin dynamics, exactly, for a Gaussian target.

The step is the half form of Song and Ermon (2019), algorithm 1, $x \leftarrow x +
\tfrac{\varepsilon}{2} \nabla \log p(x) + \sqrt{\varepsilon}\, z$, on the target
$\mathcal N(0, s^2)$. The step is linear there, so mean and variance obey closed recursions, which
`rsolve` solves. The chain has a stationary law for $\varepsilon < 4 s^2$ only, and its variance is
never $s^2$; compare Roberts and Tweedie (1996), section 1.4.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, exp, log, oo, rsolve, sqrt

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, z, m0, a, mean = sp.symbols("x z m_0 a m", real=True)
s, epsilon, v0, h, variance = sp.symbols("s varepsilon v_0 lambda v", positive=True)
V = sp.Symbol("V", real=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
p, F, N = Function("p"), Function("F"), Function("N")
m, v = Function("m"), Function("v")


def derive() -> Derivation:
    """Derive mean and variance of the chain at every step, their limit, and where it ends."""
    density = gaussian(x, mean, variance)
    score = log(density.subs({mean: 0, variance: s**2})).diff(x)
    move = x + epsilon / 2 * Derivative(log(p(x)), x) + sqrt(epsilon) * z
    linear = sp.collect(sp.expand(move.subs(Derivative(log(p(x)), x), score)), x)
    factor, noise = linear.coeff(x), linear.coeff(z)

    # One step from a Gaussian law: both moments are integrals over x and the fresh noise z.
    def expectation(of: sp.Expr) -> Integral:
        return Integral(of * N(x, mean, variance) * N(z, 0, 1), (x, -oo, oo), (z, -oo, oo))

    moved_mean = a * mean
    moved_variance = a**2 * variance + noise**2

    # The same map at every step: two recursions, solved by sympy.
    def at(moment: sp.Expr) -> sp.Expr:
        return moment.subs({mean: m(n), variance: v(n)})

    mean_n = rsolve(m(n + 1) - at(moved_mean), m(n), {m(0): m0})
    variance_n = rsolve(v(n + 1) - at(moved_variance), v(n), {v(0): v0})
    (fixed,) = sp.solve(sp.Eq(moved_variance, variance), variance)
    fixed = epsilon / sp.expand(epsilon / fixed)

    # Sorted by what is forgotten: the fixed point, and a multiple of a²ⁿ.
    power = a ** (2 * n)
    start = sp.simplify((variance_n - fixed) / power + fixed)
    variance_n = V + power * (start - V)
    distance = sp.simplify((variance_n.subs(n, n + 1) - V) / (variance_n - V))

    # Stable means a² = exp(−λ) for some λ > 0; the edge is a² = 1 − λ for λ → 0.
    decaying = V + exp(-h * n) * (v0 - V)
    edge = variance_n.subs(V, fixed).subs(a, sqrt(variance)).subs(variance, 1 - h)
    bias = s**2 / sp.expand(s**2 / fixed.subs(a, factor))
    first_order = sp.limit((bias - s**2) / epsilon, epsilon, 0)
    return Derivation(
        "ula-bias",
        "The bias of Langevin dynamics with a fixed step",
        [
            definition("gaussian", N(x, mean, variance), density, "The Gaussian density."),
            definition("target", p(x), N(x, 0, s**2), "The target is a centred Gaussian."),
            Step("score", equation(Derivative(log(p(x)), x), score), "Its score is linear."),
            definition(
                "move",
                F(x, z),
                move,
                "One step of Langevin dynamics, with fresh noise $z$ from $\\mathcal{N}(0, 1)$.",
            ),
            Step(
                "linear-move",
                equation(F(x, z), linear),
                "With this score the step is linear in $x$ and $z$.",
            ),
            definition("factor", a, factor, "The factor in front of $x$ gets a name."),
            Step(
                "moved-mean",
                equation(expectation(F(x, z)), moved_mean),
                "A law of mean $m$ and variance $v$ moves to the mean $am$ …",
            ),
            Step(
                "moved-variance",
                equation(expectation((F(x, z) - a * mean) ** 2), moved_variance),
                "… and to the variance $a^2 v + \\varepsilon$. As the step is linear, only the two "
                "moments enter, so this holds for any law that has them.",
            ),
            definition("mean", m(n), mean_n, "The recursion of the mean, solved."),
            Step(
                "mean-recursion",
                equation(m(n + 1), at(moved_mean)),
                "The solution satisfies its recursion …",
            ),
            Step("mean-start", equation(m(0), mean_n.subs(n, 0)), "… and begins at the start."),
            definition(
                "fixed-point",
                V,
                fixed,
                "The variance that the step leaves alone solves $V = a^2 V + \\varepsilon$.",
            ),
            definition(
                "variance",
                v(n),
                variance_n,
                "The recursion of the variance, solved from $v_\\mathrm{start}$.",
            ),
            Step(
                "variance-recursion",
                equation(v(n + 1), at(moved_variance)),
                "The solution satisfies its recursion …",
            ),
            Step("variance-start", equation(v(0), v0), "… and begins where it should."),
            Step(
                "distance",
                equation((v(n + 1) - V) / (v(n) - V), distance),
                "Each step multiplies the distance to $V$ by $a^2$. So the variance converges if "
                "$a^2 < 1$ and diverges if $a^2 > 1$.",
            ),
            Step(
                "threshold",
                equation(1 - a**2, sp.factor(1 - factor**2)),
                "The sign of $4s^2 - \\varepsilon$ decides: the chain is stable exactly for "
                "$\\varepsilon < 4s^2$.",
            ),
            Step(
                "limit",
                equation(Limit(decaying, n, oo), sp.limit(decaying, n, oo)),
                "In the stable case write $a^2 = e^{-\\lambda}$ with $\\lambda > 0$: the start is "
                "forgotten.",
            ),
            Step(
                "edge",
                equation(Limit(edge, h, 0), sp.expand(sp.limit(edge, h, 0))),
                "At the threshold, $a^2 = 1 - \\lambda$ with $\\lambda \\to 0$, nothing is "
                "forgotten: the variance grows by $\\varepsilon$ at every step.",
            ),
            Step(
                "small-step",
                equation(Limit((V - s**2) / epsilon, epsilon, 0), first_order),
                "To first order the variance is too large by a quarter of the step.",
            ),
            Step(
                "bias",
                equation(V, bias),
                "In full: the stationary variance is too large by a factor that only "
                "$\\varepsilon / s^2$ decides, and without bound as the threshold is neared.",
            ),
        ],
        notation={
            N: r"\mathcal{N}(#1; #2, #3)",
            m: "m_{#1}",
            v: "v_{#1}",
            m0: r"m_\mathrm{start}",
            v0: r"v_\mathrm{start}",
        },
    )
