r"""The stationary law of the Ornstein-Uhlenbeck process is the standard normal.

Where the probability current vanishes, nothing moves; this is a differential equation of first
order for the density, with one solution of mass one. See Risken (1989), section 5.2.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, oo

from scorelab import derivations
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem
from scorelab.derivations.engine.stand_ins import density

x, x0 = sp.symbols("x x_0", real=True)
t, C = sp.symbols("t C", positive=True)
p, f, q, J, K = (Function(name) for name in ("p", "f", "q", "J", "K"))


def derive() -> Derivation:
    """Solve for the law without current, normalise it, and find it as the limit in time."""
    found = derivations.unchecked("ou-transition").equations

    def current(of: sp.Expr) -> sp.Expr:
        return found["current"].rhs.subs(p(x, t), of)

    free = sp.dsolve(sp.Eq(current(f(x)), 0), f(x)).rhs.subs(sp.Symbol("C1"), C)
    (constant,) = sp.solve(sp.Eq(sp.integrate(free, (x, -oo, oo)), 1), C)
    return theorem(
        "ou-stationarity",
        [
            definition("constant", C, constant),
            definition("law", f(x), free),
            definition("current", J(x), current(f(x))),
            Step("no-current", equation(J(x), 0)),
            Step("mass", equation(Integral(f(x), (x, -oo, oo)), 1)),
            definition("any-current", K(x), current(q(x))),
            Step("unique", equation(Derivative(q(x) / f(x), x), -2 * K(x) / f(x))),
            definition("transition", p(x, x0), found["kernel"].rhs),
            Step("limit", equation(Limit(p(x, x0), t, oo), f(x))),
            Step("kept", equation(Integral(f(x0) * p(x, x0), (x0, -oo, oo)), f(x))),
        ],
        notation={p: r"p_t(#1 \mid #2)"},
        concrete={q: density},
        results=("unique", "limit", "kept"),
        roles={x: "value", x0: "data", t: "time", p: "density"},
    )
