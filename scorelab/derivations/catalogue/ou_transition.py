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
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem

x, x0, u = sp.symbols("x x_0 u", real=True)
t, v = sp.symbols("t v", positive=True)
p, J, M = Function("p"), Function("J"), Function("M")


def derive() -> Derivation:
    """Check the Fokker-Planck equation, the mass and the start of the kernel."""
    moments = derivations.unchecked("ou-moments").equations
    mean = moments["mean"].rhs.subs(m0, x0)
    variance = moments["variance-closed"].rhs.subs(v0, 0)
    current = -x / 2 * p(x, t) - Derivative(p(x, t), x) / 2
    return theorem(
        "ou-transition",
        [
            # By way of v: sympy would write 2(1 − e^(−t)) as 2 − 2e^(−t).
            definition("kernel", p(x, t), gaussian(x, mean, v).subs(v, variance)),
            definition("generating", M(u, t), Integral(exp(u * x) * p(x, t), (x, -oo, oo))),
            Step(
                "generated", equation(M(u, t), exp(u * x0 * exp(-t / 2) + u**2 / 2 * (1 - exp(-t))))
            ),
            Step("mass", equation(M(0, t), 1)),
            Step("start", equation(Limit(M(u, t), t, 0), exp(u * x0))),
            definition("current", J(x, t), current),
            Step(
                "spread",
                equation(-Derivative(J(x, t), x), Derivative(x * p(x, t) + p(x, t).diff(x), x) / 2),
            ),
            Step("fokker-planck", equation(Derivative(p(x, t), t), -Derivative(J(x, t), x))),
        ],
        results=("kernel", "start", "fokker-planck"),
        roles={x: "value", x0: "data", t: "time", p: "density"},
    )
