r"""The autocovariance of the stationary Ornstein-Uhlenbeck process.

From the stationary law and the transition law; see Uhlenbeck and Ornstein (1930).
"""

import sympy as sp
from sympy import Function, Integral, exp, oo

from scorelab import derivations
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem

x, x0, y = sp.symbols("x x_0 y", real=True)
t = sp.Symbol("t", positive=True)
f, p, c = Function("f"), Function("p"), Function("c")


def derive() -> Derivation:
    """Derive the covariance of two values at a lag t."""
    stationary = derivations.unchecked("ou-stationarity")
    kernel = derivations.unchecked("ou-transition")["kernel"].equation.rhs
    return theorem(
        "ou-autocovariance",
        [
            definition("law", f(x), stationary.unfold(f(x))),
            definition("transition", p(y, x), kernel.subs({x: y, x0: x}, simultaneous=True)),
            definition(
                "covariance", c(t), Integral(x * y * f(x) * p(y, x), (y, -oo, oo), (x, -oo, oo))
            ),
            Step("regression", equation(Integral(y * p(y, x), (y, -oo, oo)), x * exp(-t / 2))),
            Step(
                "square",
                equation(Integral(y**2 * p(y, x), (y, -oo, oo)), x**2 * exp(-t) + 1 - exp(-t)),
            ),
            Step("closed-form", equation(c(t), exp(-t / 2))),
        ],
        notation={p: r"p_t(#1 \mid #2)"},
        roles={x: "value", y: "integration", t: "time", p: "density"},
    )
