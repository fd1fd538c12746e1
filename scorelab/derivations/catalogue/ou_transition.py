r"""The transition law of the Ornstein-Uhlenbeck process.

A linear equation with Gaussian noise keeps Gaussians Gaussian, so the moments of `ou-moments`
suggest $\mathcal N(x; x_0 e^{-t/2}, 1 - e^{-t})$. It is the transition law because it satisfies
the Fokker-Planck equation and starts as a point mass; see Risken (1989), section 5.3.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, exp, log, oo

from scorelab.derivations.engine.densities import gaussian, integrate_line
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, x0, u, m = sp.symbols("x x_0 u m", real=True)
t, v = sp.symbols("t v", positive=True)
p, J, M = Function("p"), Function("J"), Function("M")


def derive() -> Derivation:
    """Check the Fokker-Planck equation, the mass and the start of the kernel."""
    kernel = gaussian(x, x0 * exp(-t / 2), 1 - exp(-t))
    current = -x / 2 * p(x, t) - Derivative(p(x, t), x) / 2

    # The moment generating function of any Gaussian, at this mean and variance.
    of_any = integrate_line(exp(u * x) * gaussian(x, m, v), x)
    of_any = exp(sp.expand(sp.simplify(log(of_any))))
    written = of_any.subs({m: x0 * exp(-t / 2), v: 1 - exp(-t)})
    spread = sp.expand(-current.diff(x))
    return Derivation(
        "ou-transition",
        "The transition law of the Ornstein-Uhlenbeck process",
        [
            definition("kernel", p(x, t), kernel, "The Gaussian with the moments found before."),
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
                equation(-Derivative(J(x, t), x), spread),
                "Where less flows out than in, probability gathers.",
            ),
            Step(
                "generated",
                equation(M(u, t), written),
                "The integral, done: a Gaussian's, with the mean and the variance in it.",
            ),
            Step("mass", equation(M(0, t), 1), "The mass is one at all times."),
            Step(
                "start",
                equation(Limit(written, t, 0), sp.limit(written, t, 0)),
                "At the start it is that of a point mass at $x_0$.",
            ),
            Step(
                "fokker-planck",
                equation(Derivative(p(x, t), t), spread),
                "And the Fokker-Planck equation holds: this is the transition law.",
            ),
        ],
    )
