r"""The autocovariance of the stationary Ornstein-Uhlenbeck process.

From the stationary law and the transition law; see Uhlenbeck and Ornstein (1930).
"""

import sympy as sp
from sympy import Function, Integral, exp, oo

from scorelab.derivations.engine.densities import gaussian, integrate_line
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, y = sp.symbols("x y", real=True)
t = sp.Symbol("t", positive=True)
f, p, c = Function("f"), Function("p"), Function("c")


def derive() -> Derivation:
    """Derive the covariance of two values at a lag t."""
    law = gaussian(x, 0, 1)
    transition = gaussian(y, x * exp(-t / 2), 1 - exp(-t))
    regression = sp.simplify(integrate_line(y * transition, y))
    covariance = sp.simplify(integrate_line(x * regression * law, x))
    return Derivation(
        "ou-autocovariance",
        "The autocovariance of the Ornstein-Uhlenbeck process",
        [
            definition("law", f(x), law, "Now the process has its stationary law."),
            definition("transition", p(y, x), transition, "A time $t$ later it is at $y$."),
            definition(
                "covariance",
                c(t),
                Integral(x * y * f(x) * p(y, x), (y, -oo, oo), (x, -oo, oo)),
                "The covariance of both values; their means are zero.",
            ),
            Step(
                "regression",
                equation(Integral(y * p(y, x), (y, -oo, oo)), regression),
                "Given $x$, the mean of $y$ is a share of $x$.",
            ),
            Step(
                "square",
                equation(
                    Integral(y**2 * p(y, x), (y, -oo, oo)),
                    sp.expand(sp.simplify(integrate_line(y**2 * transition, y))),
                ),
                "Its second moment: what is lost of $x$ is made up by noise.",
            ),
            Step(
                "closed-form",
                equation(c(t), covariance),
                "So the memory fades exponentially, at the rate one half.",
            ),
        ],
        notation={p: r"p_t(#1 \mid #2)"},
    )
