r"""The stationary Ornstein-Uhlenbeck process looks the same forwards and backwards.

Detailed balance: the joint law of $(x_s, x_{s+t})$ is symmetric. Equivalently the stationary
current vanishes; see Risken (1989), section 6.4.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, log, oo

from scorelab import derivations
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem

x, x0, y = sp.symbols("x x_0 y", real=True)
t = sp.Symbol("t", positive=True)
f, p, R = Function("f"), Function("p"), Function("R")


def derive() -> Derivation:
    """Derive detailed balance, and that the reversed drift is the forward one."""
    stationary = derivations.unchecked("ou-stationarity")
    found = derivations.unchecked("ou-transition").equations
    current = found["current"].rhs.subs(p(x, t), f(x))
    reversed_mean = Integral(y * R(y, x), (y, -oo, oo))
    return theorem(
        "ou-reversibility",
        [
            definition("law", f(x), stationary.unfold(f(x))),
            Step("law-mass", equation(Integral(f(x), (x, -oo, oo)), 1)),
            definition(
                "transition", p(y, x), found["kernel"].rhs.subs({x: y, x0: x}, simultaneous=True)
            ),
            Step("current", equation(current, 0)),
            definition("reversed", R(y, x), f(y) * p(x, y) / f(x)),
            Step("mass", equation(Integral(R(y, x), (y, -oo, oo)), 1)),
            Step(
                "reversed-drift",
                equation(Limit((reversed_mean - x) / t, t, 0), Derivative(log(f(x)), x) + x / 2),
            ),
            Step("detailed-balance", equation(f(x) * p(y, x), f(y) * p(x, y))),
        ],
        notation={p: r"p_t(#1 \mid #2)"},
        results=("reversed-drift", "detailed-balance"),
        roles={x: "value", y: "integration", t: "time", p: "density"},
    )
