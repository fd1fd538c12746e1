r"""The probability flow: an equation without noise that has the densities of a diffusion.

Song et al. (2021), section 4.3 and appendix D.1: with $s = \partial_x \log p_t$ the equation
$\mathrm{d}x = (f - \tfrac12 g^2 s) \,\mathrm{d}t$ carries $p_0$ to the same $p_t$ as
$\mathrm{d}x = f \,\mathrm{d}t + g \,\mathrm{d}w$. Along its paths $\log p_t$ changes by minus the
divergence of the velocity (Chen et al., 2018, theorem 1), which makes likelihoods computable.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, exp, log, oo

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, cited, definition, equation
from scorelab.derivations.engine.stand_ins import evolving, field, positive

x, y, m, m0 = sp.symbols("x y m m_0", real=True)
t, v, v0 = sp.symbols("t v v_0", positive=True)
f, g, p, s, u, J, R = (Function(name) for name in ("f", "g", "p", "s", "u", "J", "R"))
N, P, M, V, U, phi, Y = (Function(name) for name in ("N", "P", "M", "V", "U", "phi", "Y"))


def derive() -> Derivation:
    """Derive the flow and the change of log p for any f and g, then for a Gaussian under OU."""
    return Derivation(
        "probability-flow",
        "The probability flow",
        [*_in_general(), *_for_a_gaussian()],
        sources=("Song et al. (2021), section 4.3",),
        notation={
            p: "p_{#2}(#1)",
            N: r"\mathcal{N}(#1; #2, #3)",
            P: "p_{#2}(#1)",
            M: "m_{#1}",
            V: "v_{#1}",
            U: r"\bar{u}(#1, #2)",
            phi: r"\varphi_{#2}(#1)",
            R: r"\left. \frac{\mathrm{d}}{\mathrm{d}t} \log p_t(x_t) \right|_{x_t = x}",
        },
        concrete={f: field, g: positive, p: evolving},
    )


def _in_general() -> list[Step]:
    here = p(x, t)
    current = f(x, t) * here - g(t) ** 2 / 2 * Derivative(here, x)
    velocity = sp.expand(current.subs(Derivative(here, x), s(x, t) * here) / here)
    return [
        definition("score", s(x, t), Derivative(log(here), x), "The score at time $t$."),
        definition(
            "current",
            J(x, t),
            current,
            "The probability current of $\\mathrm{d}x = f \\,\\mathrm{d}t + g \\,\\mathrm{d}w$: "
            "what the drift carries, and what the noise spreads downhill.",
        ),
        cited(
            "fokker-planck",
            Derivative(here, t),
            -Derivative(J(x, t), x),
            "The Fokker-Planck equation: where less flows out than in, probability gathers.",
        ),
        definition(
            "velocity",
            u(x, t),
            velocity,
            "Divided by the density the current is a velocity, since $\\partial_x p_t = s p_t$.",
        ),
        Step(
            "same-current",
            equation(u(x, t) * here, J(x, t)),
            "Points that move with it, without any noise, make the same current …",
        ),
        Step(
            "continuity",
            equation(Derivative(here, t), -Derivative(u(x, t) * here, x)),
            "… so their density obeys the same equation: $\\mathrm{d}x = u \\,\\mathrm{d}t$ has "
            "the densities of the diffusion. In $d$ dimensions $\\partial_x$ is a divergence.",
        ),
        definition(
            "along-a-path",
            R(x, t),
            Derivative(here, t) / here + u(x, t) * s(x, t),
            "How $\\log p_t$ changes for a point that moves with it, by the chain rule.",
        ),
        Step(
            "change-of-variables",
            equation(R(x, t), -Derivative(u(x, t), x)),
            "It falls as the flow spreads. In $d$ dimensions this is the divergence, the trace of "
            "the Jacobian of $u$.",
        ),
    ]


def _for_a_gaussian() -> list[Step]:
    mean, variance = m0 * exp(-t / 2), v0 * exp(-t) + 1 - exp(-t)
    score = sp.factor(log(gaussian(x, m, v)).diff(x))
    velocity = -x / 2 - score.subs({m: M(t), v: V(t)}) / 2
    # The distance y from the mean obeys a linear equation, which dsolve knows.
    rate = sp.simplify((velocity.subs(x, M(t) + y) + M(t) / 2) / y).subs(V(t), variance)
    distance = sp.dsolve(sp.Eq(Y(t).diff(t), rate * Y(t)), Y(t), ics={Y(0): x - m0}).rhs
    growth = sp.simplify(distance**2 / (x - m0) ** 2 / variance)
    path = M(t) + (x - m0) * sp.sqrt(growth * V(t))
    end = sp.limit(path.subs({M(t): mean, V(t): variance}), t, oo)
    return [
        definition("gaussian", N(x, m, v), gaussian(x, m, v), "The worked case: a Gaussian …"),
        definition("mean", M(t), mean, "… under the Ornstein-Uhlenbeck process, of this mean …"),
        definition("variance", V(t), variance, "… and this variance,"),
        definition("law", P(x, t), N(x, M(t), V(t)), "so of this density."),
        Step("law-mass", equation(Integral(P(x, t), (x, -oo, oo)), 1), "It has mass one …"),
        Step(
            "law-fokker-planck",
            equation(
                Derivative(P(x, t), t),
                Derivative(x * P(x, t), x) / 2 + Derivative(P(x, t), (x, 2)) / 2,
            ),
            "… and obeys the Fokker-Planck equation.",
        ),
        definition("flow-velocity", U(x, t), velocity, "The velocity is linear in $x$,"),
        Step(
            "flow-score",
            equation(U(x, t), -x / 2 - Derivative(log(P(x, t)), x) / 2),
            "as the score is.",
        ),
        definition(
            "flow",
            phi(x, t),
            path,
            "Its equation, solved by `dsolve` for the distance from the mean.",
        ),
        Step("flow-start", equation(phi(x, 0), x), "Every point starts where it is …"),
        Step(
            "flow-equation",
            equation(Derivative(phi(x, t), t), U(phi(x, t), t)),
            "… and moves with the flow.",
        ),
        Step(
            "quantiles",
            equation((phi(x, t) - M(t)) / sp.sqrt(V(t)), (x - m0) / sp.sqrt(v0)),
            "Counted in standard deviations from the mean it does not move: quantiles go to "
            "quantiles.",
        ),
        Step(
            "transported",
            equation(P(phi(x, t), t) * Derivative(phi(x, t), x), P(x, 0)),
            "So the flow carries the density at the start to the density at time $t$.",
        ),
        Step(
            "latent",
            equation(Limit(phi(x, t), t, oo), end),
            "In the end every point has become its own standardised value.",
        ),
    ]
