r"""The probability flow: an equation without noise that has the densities of a diffusion.

Song et al. (2021), section 4.3 and appendix D.1: with $s = \partial_x \log p_t$ the equation
$\mathrm{d}x = (f - \tfrac12 g^2 s) \,\mathrm{d}t$ carries $p_0$ to the same $p_t$ as
$\mathrm{d}x = f \,\mathrm{d}t + g \,\mathrm{d}w$. Along its paths $\log p_t$ changes by minus the
divergence of the velocity (Chen et al., 2018, theorem 1), which makes likelihoods computable.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, exp, log, oo

from scorelab import derivations
from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import (
    Derivation,
    Step,
    cited,
    definition,
    equation,
    theorem,
)
from scorelab.derivations.engine.stand_ins import evolving, field, positive

x, y, m, m0 = sp.symbols("x y m m_0", real=True)
t, v, v0 = sp.symbols("t v v_0", positive=True)
f, g, p, s, u, J, R = (Function(name) for name in ("f", "g", "p", "s", "u", "J", "R"))
N, P, M, V, U, phi, Y = (Function(name) for name in ("N", "P", "M", "V", "U", "phi", "Y"))


def derive() -> Derivation:
    """Derive the flow and the change of log p for any f and g, then for a Gaussian under OU."""
    return theorem(
        "probability-flow",
        [*_in_general(), *_for_a_gaussian()],
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
        results=("continuity", "change-of-variables"),
        roles={x: "value", s: "score", p: "density", f: "drift", g: "diffusion", t: "time"},
    )


def _in_general() -> list[Step]:
    here = p(x, t)
    current = f(x, t) * here - g(t) ** 2 / 2 * Derivative(here, x)
    velocity = sp.expand(current.subs(Derivative(here, x), s(x, t) * here) / here)
    spread = derivations.unchecked("reverse-sde")["fokker-planck"].equation
    return [
        cited("diffusion", *spread.args),
        definition("score", s(x, t), Derivative(log(here), x)),
        definition("current", J(x, t), current),
        Step("fokker-planck", equation(Derivative(here, t), -Derivative(J(x, t), x))),
        definition("velocity", u(x, t), velocity),
        Step("same-current", equation(u(x, t) * here, J(x, t))),
        Step("continuity", equation(Derivative(here, t), -Derivative(u(x, t) * here, x))),
        definition("along-a-path", R(x, t), Derivative(here, t) / here + u(x, t) * s(x, t)),
        Step("change-of-variables", equation(R(x, t), -Derivative(u(x, t), x))),
    ]


def _for_a_gaussian() -> list[Step]:
    mean, variance = m0 * exp(-t / 2), v0 * exp(-t) + 1 - exp(-t)
    law, drift = P(x, t), -x / 2
    spread = Derivative(x * law, x) / 2 + Derivative(law, (x, 2)) / 2
    score = sp.factor(log(gaussian(x, m, v)).diff(x)).subs({m: M(t), v: V(t)})
    velocity = drift - score / 2
    # The distance y from the mean obeys a linear equation, which dsolve knows.
    rate = sp.simplify((velocity.subs(x, M(t) + y) + M(t) / 2) / y).subs(V(t), variance)
    distance = sp.dsolve(sp.Eq(Y(t).diff(t), rate * Y(t)), Y(t), ics={Y(0): x - m0}).rhs
    growth = sp.simplify(distance**2 / (x - m0) ** 2 / variance)
    path = M(t) + (x - m0) * sp.sqrt(growth * V(t))
    return [
        definition("gaussian", N(x, m, v), gaussian(x, m, v)),
        definition("mean", M(t), mean),
        definition("variance", V(t), variance),
        definition("law", P(x, t), N(x, M(t), V(t))),
        Step("law-mass", equation(Integral(law, (x, -oo, oo)), 1)),
        Step("law-start", equation(P(x, 0), N(x, m0, v0))),
        Step("law-fokker-planck", equation(Derivative(law, t), spread)),
        definition("flow-velocity", U(x, t), velocity),
        Step("flow-score", equation(U(x, t) * law, drift * law - Derivative(law, x) / 2)),
        definition("flow", phi(x, t), path),
        Step("flow-start", equation(phi(x, 0), x)),
        Step("flow-equation", equation(Derivative(phi(x, t), t), U(phi(x, t), t))),
        Step("quantiles", equation((phi(x, t) - M(t)) / sp.sqrt(V(t)), (x - m0) / sp.sqrt(v0))),
        Step("transported", equation(P(phi(x, t), t) * Derivative(phi(x, t), x), P(x, 0))),
        Step("latent", equation(Limit(phi(x, t), t, oo), (x - m0) / sp.sqrt(v0))),
    ]
