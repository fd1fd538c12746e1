r"""The autocovariance of the stationary Ornstein-Uhlenbeck process.

From the stationary law and the transition law; see Uhlenbeck and Ornstein (1930).
"""

import sympy as sp
from sympy import Function, Integral, exp, oo

from scorelab import derivations
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, x0, y = sp.symbols("x x_0 y", real=True)
t = sp.Symbol("t", positive=True)
f, p, c = Function("f"), Function("p"), Function("c")


def derive() -> Derivation:
    """Derive the covariance of two values at a lag t."""
    stationary = derivations.unchecked("ou-stationarity")
    kernel = derivations.unchecked("ou-transition")["kernel"].equation.rhs
    return Derivation(
        "ou-autocovariance",
        "The autocovariance of the Ornstein-Uhlenbeck process",
        [
            definition(
                "law", f(x), stationary.unfold(f(x)), "Now the process has its stationary law."
            ),
            definition(
                "transition",
                p(y, x),
                kernel.subs({x: y, x0: x}, simultaneous=True),
                "A time $t$ later it is at $y$.",
            ),
            definition(
                "covariance",
                c(t),
                Integral(x * y * f(x) * p(y, x), (y, -oo, oo), (x, -oo, oo)),
                "The covariance of both values; their means are zero.",
            ),
            Step(
                "regression",
                equation(Integral(y * p(y, x), (y, -oo, oo)), x * exp(-t / 2)),
                "Given $x$, the mean of $y$ is a share of $x$.",
            ),
            Step(
                "square",
                equation(Integral(y**2 * p(y, x), (y, -oo, oo)), x**2 * exp(-t) + 1 - exp(-t)),
                "Its second moment: what is lost of $x$ is made up by noise.",
            ),
            Step(
                "closed-form",
                equation(c(t), exp(-t / 2)),
                "So the memory fades exponentially, at the rate one half.",
            ),
        ],
        statement=r"""
Let $\mathrm{d}x = -\tfrac12 x \,\mathrm{d}t + \mathrm{d}w$ in $\mathbb{R}^d$ have its stationary
law $\mathcal{N}(0, I)$. Then $\mathrm{Cov}[x_s, x_t] = e^{-|t - s|/2}\, I$.
""",
        assumptions=(
            "The process starts in its stationary law, and it is Markov: the law of $x_t$ given "
            "all $x_r$ with $r \\le s$ is the transition law from $x_s$.",
        ),
        sources=(
            "Uhlenbeck and Ornstein (1930), On the theory of the Brownian motion, "
            "Physical Review 36, 823-841.",
        ),
        notation={p: r"p_t(#1 \mid #2)"},
    )
