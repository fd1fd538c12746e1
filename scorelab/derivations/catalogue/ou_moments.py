r"""Mean and variance of the Ornstein-Uhlenbeck process at every time.

The lab's process is $\mathrm{d}x = -\tfrac12 x \,\mathrm{d}t + \mathrm{d}w$ (Uhlenbeck and
Ornstein, 1930). By Itô's formula $\tfrac{\mathrm{d}}{\mathrm{d}t} \mathbb{E} f(x_t) = \mathbb{E}
(\mathcal{L} f)(x_t)$ with the generator $\mathcal{L} f = -\tfrac12 x f' + \tfrac12 f''$; for
$f = x$ and $f = x^2$ these are two linear equations, which `dsolve` solves.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, exp, oo, sqrt

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem

x, z, m0 = sp.symbols("x z m_0", real=True)
t, h, v0 = sp.symbols("t h v_0", positive=True)
F, N, m, S, v, L1, L2 = (Function(name) for name in ("F", "N", "m", "S", "v", "L_1", "L_2"))


def derive() -> Derivation:
    """Derive the mean, the second moment and the variance from their equations."""
    return theorem(
        "ou-moments",
        [*_rates(), *_moments()],
        notation={
            L1: r"\mathcal{L} x",
            L2: r"\mathcal{L} x^2",
            N: r"\mathcal{N}(#1; 0, 1)",
        },
        results=("mean", "variance-closed"),
        roles={x: "value", z: "noise", t: "time", h: "step"},
    )


def _generator(of: sp.Expr) -> sp.Expr:
    return -x / 2 * Derivative(of, x) + Derivative(of, (x, 2)) / 2


def _rates() -> list[Step]:
    def average(of: sp.Expr) -> Integral:
        return Integral(of * N(z), (z, -oo, oo))

    return [
        definition("normal", N(z), gaussian(z, 0, 1)),
        definition("move", F(x, z), x - x / 2 * h + sqrt(h) * z),
        definition("generator-1", L1(x), _generator(x)),
        Step("mean-rate", equation(L1(x), -x / 2)),
        Step("mean-move", equation(average(F(x, z)), x + h * L1(x))),
        definition("generator-2", L2(x), _generator(x**2)),
        Step("square-rate", equation(L2(x), 1 - x**2)),
        Step("square-move", equation(average(F(x, z) ** 2), x**2 + h * L2(x) + h**2 * x**2 / 4)),
    ]


def _moments() -> list[Step]:
    def solved(of: sp.Expr, rate: sp.Expr, start: sp.Expr) -> sp.Expr:
        return sp.dsolve(sp.Eq(of.diff(t), rate), of, ics={of.subs(t, 0): start}).rhs

    mean = solved(m(t), -m(t) / 2, m0)
    square = solved(S(t), 1 - S(t), v0 + m0**2)
    return [
        definition("mean", m(t), mean),
        Step("mean-equation", equation(Derivative(m(t), t), -m(t) / 2)),
        Step("mean-start", equation(m(0), m0)),
        Step("mean-limit", equation(Limit(m(t), t, oo), 0)),
        definition("square", S(t), square),
        Step("square-equation", equation(Derivative(S(t), t), 1 - S(t))),
        definition("variance", v(t), S(t) - m(t) ** 2),
        Step("variance-start", equation(v(0), v0)),
        Step("variance-equation", equation(Derivative(v(t), t), 1 - v(t))),
        Step("forgetting", equation(Limit(v(t), t, oo), 1)),
        Step("variance-closed", equation(v(t), v0 * exp(-t) + 1 - exp(-t))),
    ]
