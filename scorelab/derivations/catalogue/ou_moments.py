r"""Mean and variance of the Ornstein-Uhlenbeck process at every time.

The lab's process is $\mathrm{d}x = -\tfrac12 x \,\mathrm{d}t + \mathrm{d}w$ (Uhlenbeck and
Ornstein, 1930). By Itô's formula $\tfrac{\mathrm{d}}{\mathrm{d}t} \mathbb{E} f(x_t) = \mathbb{E}
(\mathcal{L} f)(x_t)$ with the generator $\mathcal{L} f = -\tfrac12 x f' + \tfrac12 f''$; for
$f = x$ and $f = x^2$ these are two linear equations, which `dsolve` solves.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, exp, oo, sqrt

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, z, m0 = sp.symbols("x z m_0", real=True)
t, h, v0 = sp.symbols("t h v_0", positive=True)
F, N, m, S, v, L1, L2 = (Function(name) for name in ("F", "N", "m", "S", "v", "L_1", "L_2"))


def derive() -> Derivation:
    """Derive the mean, the second moment and the variance from their equations."""
    return Derivation(
        "ou-moments",
        "Mean and variance of the Ornstein-Uhlenbeck process",
        [*_rates(), *_moments()],
        statement=r"""
Let $\mathrm{d}x = -\tfrac12 x \,\mathrm{d}t + \mathrm{d}w$ in $\mathbb{R}^d$, from a start of mean
$m_0$ and covariance $C_0$ that is independent of $w$. Then at every time $t \ge 0$
$$\mathbb{E}[x_t] = e^{-t/2} m_0, \qquad
\mathrm{Cov}[x_t] = e^{-t} C_0 + (1 - e^{-t})\, I.$$
""",
        assumptions=(
            "The start has a finite second moment and is independent of the Brownian motion.",
            "Itô's formula, averaged, holds for $x$ and $x^2$: the stochastic integrals have mean "
            "zero. The derivation shows it for one small step, to the first order in its length.",
            "The coordinates do not see each other, so one dimension is enough; a covariance of "
            "two coordinates obeys the equation of the variance without its noise.",
        ),
        sources=(
            "Uhlenbeck and Ornstein (1930), On the theory of the Brownian motion, "
            "Physical Review 36, 823-841.",
            "Risken (1989), The Fokker-Planck Equation, 2nd edition, section 3.1.",
        ),
        notation={
            L1: r"\mathcal{L} x",
            L2: r"\mathcal{L} x^2",
            N: r"\mathcal{N}(#1; 0, 1)",
            m0: r"m_\mathrm{start}",
            v0: r"v_\mathrm{start}",
        },
    )


def _generator(of: sp.Expr) -> sp.Expr:
    return -x / 2 * Derivative(of, x) + Derivative(of, (x, 2)) / 2


def _rates() -> list[Step]:
    def average(of: sp.Expr) -> Integral:
        return Integral(of * N(z), (z, -oo, oo))

    return [
        definition("normal", N(z), gaussian(z, 0, 1), "The noise $z$ of a step is normal."),
        definition(
            "move",
            F(x, z),
            x - x / 2 * h + sqrt(h) * z,
            "In a short time $h$ the process goes from $x$ to this place.",
        ),
        definition("generator-1", L1(x), _generator(x), "The generator, applied to $x$ …"),
        Step("mean-rate", equation(L1(x), -x / 2), "… says that the mean falls at half its size."),
        Step(
            "mean-move",
            equation(average(F(x, z)), x + h * L1(x)),
            "One step, averaged, says the same.",
        ),
        definition("generator-2", L2(x), _generator(x**2), "The generator, applied to $x^2$ …"),
        Step(
            "square-rate",
            equation(L2(x), 1 - x**2),
            "… says that the second moment falls at its size, and that the noise adds at the rate "
            "one.",
        ),
        Step(
            "square-move",
            equation(average(F(x, z) ** 2), x**2 + h * L2(x) + h**2 * x**2 / 4),
            "So says a step, to the first order in $h$.",
        ),
    ]


def _moments() -> list[Step]:
    def solved(of: sp.Expr, rate: sp.Expr, start: sp.Expr) -> sp.Expr:
        return sp.dsolve(sp.Eq(of.diff(t), rate), of, ics={of.subs(t, 0): start}).rhs

    mean = solved(m(t), -m(t) / 2, m0)
    square = solved(S(t), 1 - S(t), v0 + m0**2)
    return [
        definition("mean", m(t), mean, "The equation of the mean, solved."),
        Step("mean-equation", equation(Derivative(m(t), t), -m(t) / 2), "It satisfies it …"),
        Step("mean-start", equation(m(0), m0), "… starts where it should …"),
        Step("mean-limit", equation(Limit(m(t), t, oo), 0), "… and forgets it."),
        definition("square", S(t), square, "The equation of the second moment, solved."),
        Step("square-equation", equation(Derivative(S(t), t), 1 - S(t)), "It satisfies it."),
        definition("variance", v(t), S(t) - m(t) ** 2, "The variance is the difference."),
        Step("variance-start", equation(v(0), v0), "It starts where it should,"),
        Step(
            "variance-equation",
            equation(Derivative(v(t), t), 1 - v(t)),
            "is drawn to one at the rate one, whatever the mean,",
        ),
        Step("forgetting", equation(Limit(v(t), t, oo), 1), "and forgets its start as well."),
        Step(
            "variance-closed",
            equation(v(t), v0 * exp(-t) + 1 - exp(-t)),
            "Written out. From a point, $v_\\mathrm{start} = 0$, it is $1 - e^{-t}$.",
        ),
    ]
