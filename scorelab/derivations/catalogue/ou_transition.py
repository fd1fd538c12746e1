r"""The transition law of the Ornstein-Uhlenbeck process.

A linear equation with Gaussian noise keeps Gaussians Gaussian, so the moments of `ou-moments`
suggest $\mathcal N(x; x_0 e^{-t/2}, 1 - e^{-t})$. It is the transition law because it satisfies
the Fokker-Planck equation and starts as a point mass; see Risken (1989), section 5.3.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, exp, oo

from scorelab import derivations
from scorelab.derivations.catalogue.ou_moments import m0, v0
from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, x0, u = sp.symbols("x x_0 u", real=True)
t = sp.Symbol("t", positive=True)
p, J, M = Function("p"), Function("J"), Function("M")


def derive() -> Derivation:
    """Check the Fokker-Planck equation, the mass and the start of the kernel."""
    moments = derivations.unchecked("ou-moments").equations
    mean = moments["mean"].rhs.subs(m0, x0)
    variance = moments["variance-closed"].rhs.subs(v0, 0)
    current = -x / 2 * p(x, t) - Derivative(p(x, t), x) / 2
    return Derivation(
        "ou-transition",
        "The transition law of the Ornstein-Uhlenbeck process",
        [
            definition(
                "kernel",
                p(x, t),
                gaussian(x, mean, variance),
                "The Gaussian with the moments found before, from a point.",
            ),
            definition(
                "current",
                J(x, t),
                current,
                "The probability current: what the drift carries, and what diffusion spreads.",
            ),
            definition(
                "generating",
                M(u, t),
                Integral(exp(u * x) * p(x, t), (x, -oo, oo)),
                "The moment generating function of the kernel $p(\\cdot, t)$.",
            ),
            Step(
                "spread",
                equation(-Derivative(J(x, t), x), Derivative(x * p(x, t) + p(x, t).diff(x), x) / 2),
                "Where less flows out than in, probability gathers.",
            ),
            Step(
                "generated",
                equation(M(u, t), exp(u * x0 * exp(-t / 2) + u**2 / 2 * (1 - exp(-t)))),
                "The integral, done: a Gaussian's, with the mean and the variance in it.",
            ),
            Step("mass", equation(M(0, t), 1), "The mass is one at all times."),
            Step(
                "start",
                equation(Limit(M(u, t), t, 0), exp(u * x0)),
                "At the start it is that of a point mass at $x_0$.",
            ),
            Step(
                "fokker-planck",
                equation(Derivative(p(x, t), t), -Derivative(J(x, t), x)),
                "And the Fokker-Planck equation holds: this is the transition law.",
            ),
        ],
        statement=r"""
For $\mathrm{d}x = -\tfrac12 x \,\mathrm{d}t + \mathrm{d}w$ in $\mathbb{R}^d$ the law of $x_t$
given $x_0$ is $\mathcal{N}(e^{-t/2} x_0,\, (1 - e^{-t}) I)$. Its density is the solution of
$\partial_t p = \tfrac12 \nabla \cdot (x\, p) + \tfrac12 \Delta p$ that starts as a point mass at
$x_0$.
""",
        assumptions=(
            "The law of the process is the only solution of the Fokker-Planck equation that starts "
            "as a point mass at $x_0$ and has mass one at all times: a theorem for Lipschitz "
            "drift and constant noise, which is not proved here.",
            "Laws whose moment generating functions converge, near zero, converge (Curtiss, 1942): "
            "so the start is a point mass.",
        ),
        sources=(
            "Uhlenbeck and Ornstein (1930), On the theory of the Brownian motion, "
            "Physical Review 36, 823-841.",
            "Risken (1989), The Fokker-Planck Equation, 2nd edition, section 5.3.",
            "Curtiss (1942), A note on the theory of moment generating functions, "
            "Annals of Mathematical Statistics 13, 430-433.",
        ),
    )
