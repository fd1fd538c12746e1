r"""The stationary law of the Ornstein-Uhlenbeck process is the standard normal.

Where the probability current vanishes, nothing moves; this is a differential equation of first
order for the density, with one solution of mass one. See Risken (1989), section 5.2.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, exp, oo

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, x0 = sp.symbols("x x_0", real=True)
t, C = sp.symbols("t C", positive=True)
p, f, J = Function("p"), Function("f"), Function("J")


def derive() -> Derivation:
    """Solve for the law without current, normalise it, and find it as the limit in time."""
    current = -x / 2 * f(x) - Derivative(f(x), x) / 2
    free = sp.dsolve(sp.Eq(current, 0), f(x)).rhs.subs(sp.Symbol("C1"), C)
    (constant,) = sp.solve(sp.Eq(sp.integrate(free, (x, -oo, oo)), 1), C)
    transition = gaussian(x, x0 * exp(-t / 2), 1 - exp(-t))
    return Derivation(
        "ou-stationarity",
        "The stationary law of the Ornstein-Uhlenbeck process",
        [
            definition("constant", C, constant, "A constant, to be justified below."),
            definition("law", f(x), free, "The equation $J = 0$, solved by `dsolve`."),
            definition("current", J(x), current, "The probability current of a density $f$."),
            Step("no-current", equation(J(x), 0), "The solution has no current anywhere …"),
            Step(
                "mass",
                equation(Integral(f(x), (x, -oo, oo)), 1),
                "… and, with this constant, mass one: it is the standard normal law.",
            ),
            definition(
                "transition", p(x, x0), transition, "The transition law found before, at time $t$."
            ),
            Step(
                "limit",
                equation(Limit(transition, t, oo), sp.limit(transition, t, oo)),
                "It tends to the same law from every start …",
            ),
            Step(
                "kept",
                equation(Integral(f(x0) * p(x, x0), (x0, -oo, oo)), f(x)),
                "… and takes that law to itself: it is stationary.",
            ),
        ],
        notation={p: r"p_t(#1 \mid #2)"},
    )
