r"""The stationary Ornstein-Uhlenbeck process looks the same forwards and backwards.

Detailed balance: the joint law of $(x_s, x_{s+t})$ is symmetric. Equivalently the stationary
current vanishes; see Risken (1989), section 6.4.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, log, oo

from scorelab import derivations
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, x0, y = sp.symbols("x x_0 y", real=True)
t = sp.Symbol("t", positive=True)
f, p, R = Function("f"), Function("p"), Function("R")


def derive() -> Derivation:
    """Derive detailed balance, and that the reversed drift is the forward one."""
    stationary = derivations.unchecked("ou-stationarity")
    found = derivations.unchecked("ou-transition").equations
    current = found["current"].rhs.subs(p(x, t), f(x))
    reversed_mean = Integral(y * R(y, x), (y, -oo, oo))
    return Derivation(
        "ou-reversibility",
        "The reversibility of the Ornstein-Uhlenbeck process",
        [
            definition("law", f(x), stationary.unfold(f(x)), "The stationary law."),
            definition(
                "transition",
                p(y, x),
                found["kernel"].rhs.subs({x: y, x0: x}, simultaneous=True),
                "The law of $y$, a time $t$ after $x$.",
            ),
            Step(
                "current",
                equation(current, 0),
                "No probability flows: drift and diffusion balance at every point.",
            ),
            definition(
                "reversed",
                R(y, x),
                f(y) * p(x, y) / f(x),
                "By Bayes' rule this is the law of $y$, a time $t$ *before* $x$: the transition "
                "law of the film run backwards.",
            ),
            Step("mass", equation(Integral(R(y, x), (y, -oo, oo)), 1), "It has mass one …"),
            Step(
                "reversed-drift",
                equation(Limit((reversed_mean - x) / t, t, 0), Derivative(log(f(x)), x) + x / 2),
                "… and moves with this drift in its own time: the score of $f$ less the forward "
                "drift, as the reverse SDE says. As the score is $-x$, it is $-x/2$ again.",
            ),
            Step(
                "detailed-balance",
                equation(f(x) * p(y, x), f(y) * p(x, y)),
                "This is detailed balance: going from $x$ to $y$ is as frequent as the way back.",
            ),
        ],
        statement=r"""
Let $\mathrm{d}x = -\tfrac12 x \,\mathrm{d}t + \mathrm{d}w$ in $\mathbb{R}^d$ have its stationary
law with density $f$. Then $f(x)\, p_t(y \mid x) = f(y)\, p_t(x \mid y)$ for all $x$, $y$ and
$t > 0$: the process run backwards has the law of the process. Its drift in its own time is
$\nabla \log f + \tfrac12 x = -\tfrac12 x$.
""",
        assumptions=(
            "The process is stationary. From any other start it is not reversible.",
            "The process is Markov, and so is the process run backwards; a stationary Markov "
            "process has the same law backwards if all its pairs $(x_s, x_{s+t})$ have.",
        ),
        sources=(
            "Risken (1989), The Fokker-Planck Equation, 2nd edition, section 6.4.",
            "Haussmann and Pardoux (1986), Time reversal of diffusions, "
            "Annals of Probability 14, 1188-1205.",
        ),
        notation={p: r"p_t(#1 \mid #2)"},
    )
