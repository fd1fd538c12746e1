r"""The stationary law of the Ornstein-Uhlenbeck process is the standard normal.

Where the probability current vanishes, nothing moves; this is a differential equation of first
order for the density, with one solution of mass one. See Risken (1989), section 5.2.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, oo

from scorelab import derivations
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation
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
    return Derivation(
        "ou-stationarity",
        "The stationary law of the Ornstein-Uhlenbeck process",
        [
            definition("constant", C, constant, "A constant, to be justified below."),
            definition("law", f(x), free, "The equation $J = 0$, solved by `dsolve`."),
            definition("current", J(x), current(f(x)), "The probability current of this law."),
            Step("no-current", equation(J(x), 0), "It has no current anywhere …"),
            Step(
                "mass",
                equation(Integral(f(x), (x, -oo, oo)), 1),
                "… and, with this constant, mass one: it is the standard normal law.",
            ),
            definition("any-current", K(x), current(q(x)), "The current of any other density."),
            Step(
                "unique",
                equation(Derivative(q(x) / f(x), x), -2 * K(x) / f(x)),
                "If it vanishes, $q$ is a multiple of $f$, so there is no second such law.",
            ),
            definition(
                "transition",
                p(x, x0),
                found["kernel"].rhs,
                "The transition law found before, at time $t$.",
            ),
            Step(
                "limit",
                equation(Limit(p(x, x0), t, oo), f(x)),
                "It tends to the same law from every start …",
            ),
            Step(
                "kept",
                equation(Integral(f(x0) * p(x, x0), (x0, -oo, oo)), f(x)),
                "… and takes that law to itself: it is stationary.",
            ),
        ],
        statement=r"""
$\mathcal{N}(0, I)$ is the stationary law of $\mathrm{d}x = -\tfrac12 x \,\mathrm{d}t +
\mathrm{d}w$ in $\mathbb{R}^d$, the only one, and the transition density from every $x_0$ tends to
its density as $t \to \infty$. It is the only law whose current
$-\tfrac12 x\, p - \tfrac12 \nabla p$ vanishes.
""",
        assumptions=(
            "The density of a law without current is differentiable.",
            "That no other law is stationary, with or without a current, follows from the limit: "
            "a stationary law is the mean of its own transition laws, and dominated convergence "
            "takes the limit under the integral.",
        ),
        sources=("Risken (1989), The Fokker-Planck Equation, 2nd edition, section 5.2.",),
        notation={p: r"p_t(#1 \mid #2)"},
        concrete={q: density},
    )
