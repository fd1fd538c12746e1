r"""The stationary Ornstein-Uhlenbeck process looks the same forwards and backwards.

Detailed balance: the joint law of $(x_s, x_{s+t})$ is symmetric. Equivalently the stationary
current vanishes; see Risken (1989), section 6.4.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, exp, log, oo

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, y = sp.symbols("x y", real=True)
t = sp.Symbol("t", positive=True)
f, p = Function("f"), Function("p")


def derive() -> Derivation:
    """Derive detailed balance, and that the reversed drift is the forward one."""
    law, transition = gaussian(x, 0, 1), gaussian(y, x * exp(-t / 2), 1 - exp(-t))
    joint = sp.expand(sp.simplify(sp.expand_log(log(law * transition), force=True)))
    quadratic = sp.factor(joint - joint.subs({x: 0, y: 0}))
    score = log(law).diff(x)
    return Derivation(
        "ou-reversibility",
        "The reversibility of the Ornstein-Uhlenbeck process",
        [
            definition("law", f(x), law, "The stationary law."),
            Step("mass", equation(Integral(f(x), (x, -oo, oo)), 1), "It has mass one."),
            definition("transition", p(y, x), transition, "The law of $y$, a time $t$ after $x$."),
            Step(
                "current",
                equation(-x / 2 * f(x) - Derivative(f(x), x) / 2, 0),
                "No probability flows: drift and diffusion balance at every point.",
            ),
            Step(
                "reversed-drift",
                equation(-x / 2 - Derivative(log(f(x)), x), sp.expand(-x / 2 - score)),
                "The drift $-x/2$ less the score of $f$, as $g = 1$: the drift of the reversed "
                "process in forward time, so in its own time it is $-x/2$ again.",
            ),
            Step(
                "joint",
                equation(log(f(x) * p(y, x) / (f(0) * p(0, 0))), quadratic),
                "The joint law has a symmetric exponent.",
            ),
            Step(
                "detailed-balance",
                equation(f(x) * p(y, x), f(y) * p(x, y)),
                "Detailed balance: going from $x$ to $y$ is as frequent as the way back.",
            ),
        ],
        notation={p: r"p_t(#1 \mid #2)"},
    )
