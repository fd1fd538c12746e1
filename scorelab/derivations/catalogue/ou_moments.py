r"""Mean and variance of the Ornstein-Uhlenbeck process at every time.

The lab's process is $\mathrm{d}x = -\tfrac12 x \,\mathrm{d}t + \mathrm{d}w$ (Uhlenbeck and
Ornstein, 1930). By Itô's formula $\tfrac{\mathrm{d}}{\mathrm{d}t} \mathbb{E} f(x_t) = \mathbb{E}
(\mathcal{L} f)(x_t)$ with the generator $\mathcal{L} f = -\tfrac12 x f' + \tfrac12 f''$; for
$f = x$ and $f = x^2$ these are two linear equations, which `dsolve` solves.
"""

import sympy as sp
from sympy import Derivative, Function, Limit, oo

from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, m0 = sp.symbols("x m_0", real=True)
t, v0 = sp.symbols("t v_0", positive=True)
m, S, v, L1, L2 = (Function(name) for name in ("m", "S", "v", "L_1", "L_2"))


def derive() -> Derivation:
    """Derive the mean, the second moment and the variance from their equations."""
    drift, diffusion = -x / 2, sp.S.One

    def generator(f: sp.Expr) -> sp.Expr:
        return drift * Derivative(f, x) + diffusion**2 / 2 * Derivative(f, (x, 2))

    of_x, of_square = (sp.expand(generator(f).doit()) for f in (x, x**2))
    mean_slope = of_x.subs(x, m(t))
    square_slope = of_square.subs(x**2, S(t))
    mean = sp.dsolve(sp.Eq(m(t).diff(t), mean_slope), m(t), ics={m(0): m0}).rhs
    square = sp.dsolve(sp.Eq(S(t).diff(t), square_slope), S(t), ics={S(0): v0 + m0**2}).rhs
    variance = sp.collect(sp.expand(square - mean**2), sp.exp(-t))
    slope = sp.simplify(variance.diff(t) + variance) - v(t)
    limit = sp.limit(variance, t, oo)
    return Derivation(
        "ou-moments",
        "Mean and variance of the Ornstein-Uhlenbeck process",
        [
            definition("generator-1", L1(x), generator(x), "The generator, applied to $x$ …"),
            definition("generator-2", L2(x), generator(x**2), "… and to $x^2$."),
            Step("mean-rate", equation(L1(x), of_x), "The mean falls at half its size."),
            Step(
                "square-rate",
                equation(L2(x), of_square),
                "The second moment falls at its size, and the noise adds at the rate one.",
            ),
            definition("mean", m(t), mean, "The equation of the mean, solved."),
            Step(
                "mean-equation",
                equation(Derivative(m(t), t), mean_slope),
                "It satisfies its equation …",
            ),
            Step("mean-start", equation(m(0), mean.subs(t, 0)), "… and its start."),
            definition("square", S(t), square, "The equation of the second moment, solved."),
            Step(
                "square-equation",
                equation(Derivative(S(t), t), square_slope),
                "It satisfies its equation …",
            ),
            Step(
                "square-start",
                equation(S(0), square.subs(t, 0)),
                "… and its start, of variance $v_\\mathrm{start}$.",
            ),
            definition("variance", v(t), S(t) - m(t) ** 2, "The variance is the difference."),
            Step(
                "variance-equation",
                equation(Derivative(v(t), t), slope),
                "It is drawn to one at the rate one, whatever the mean.",
            ),
            Step(
                "forgetting",
                equation(Limit(v0 * sp.exp(-t) + 1 - sp.exp(-t), t, oo), limit),
                "In the end both starts are forgotten.",
            ),
            Step(
                "variance-closed",
                equation(v(t), variance),
                "Written out. From a point, $v_\\mathrm{start} = 0$, it is $1 - e^{-t}$.",
            ),
        ],
        notation={
            L1: r"\mathcal{L} x",
            L2: r"\mathcal{L} x^2",
            m0: r"m_\mathrm{start}",
            v0: r"v_\mathrm{start}",
        },
    )
