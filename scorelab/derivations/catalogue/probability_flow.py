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
from scorelab.derivations.engine.derivation import Derivation, Step, cited, definition, equation
from scorelab.derivations.engine.stand_ins import evolving, field, positive

x, y, m, m0 = sp.symbols("x y m m_0", real=True)
t, v, v0 = sp.symbols("t v v_0", positive=True)
f, g, p, s, u, J, R = (Function(name) for name in ("f", "g", "p", "s", "u", "J", "R"))
N, P, M, V, U, phi, Y = (Function(name) for name in ("N", "P", "M", "V", "U", "phi", "Y"))


_STATEMENT = r"""
Let $\mathrm{d}x = f(x, t) \,\mathrm{d}t + g(t) \,\mathrm{d}w$ in $\mathbb R^d$ have the densities
$p_t$ and the scores $s = \nabla \log p_t$. The equation without noise

$$
\mathrm{d}x = u \,\mathrm{d}t, \qquad u = f - \tfrac12 g^2 s
$$

carries $p_{t_0}$ to the same $p_t$ for every $t \ge t_0 > 0$, and along each of its solutions

$$
\frac{\mathrm{d}}{\mathrm{d}t} \log p_t(x_t) = -\nabla \cdot u(x_t, t).
$$
"""

_ASSUMPTIONS = (
    r"The Fokker-Planck equation holds, see `reverse-sde`, and $p_t$ is positive.",
    r"$u$ is smooth, and Lipschitz in $x$ on every $[t_0, T]$, $t_0 > 0$: through each point goes "
    r"one solution, which lasts as long as the process and depends smoothly on its start.",
    r"The continuity equation has then one solution only with the start $p_{t_0}$: the density "
    r"that the flow carries along.",
    r"That the flow of a Gaussian has been given as long as one likes is a limit $t \to \infty$ of "
    r"single paths.",
)

_SOURCES = (
    "Song et al. (2021), Score-based generative modeling through stochastic differential "
    "equations, section 4.3 and appendix D",
    "Maoutsa, Reich and Opper (2020), Interacting particle solutions of Fokker-Planck equations "
    "through gradient-log-density estimation, Entropy 22, 802",
    "Chen, Rubanova, Bettencourt and Duvenaud (2018), Neural ordinary differential equations, "
    "theorem 1: the change of log p along a path",
    "Risken (1989), The Fokker-Planck Equation, second edition, chapter 4",
)


def derive() -> Derivation:
    """Derive the flow and the change of log p for any f and g, then for a Gaussian under OU."""
    return Derivation(
        "probability-flow",
        "The probability flow",
        [*_in_general(), *_for_a_gaussian()],
        statement=_STATEMENT,
        assumptions=_ASSUMPTIONS,
        sources=_SOURCES,
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
    spread = derivations.unchecked("reverse-sde")["fokker-planck"].equation
    return [
        cited("diffusion", *spread.args, "The Fokker-Planck equation of the process."),
        definition("score", s(x, t), Derivative(log(here), x), "The score at time $t$."),
        definition(
            "current",
            J(x, t),
            current,
            "The probability current of $\\mathrm{d}x = f \\,\\mathrm{d}t + g \\,\\mathrm{d}w$: "
            "what the drift carries, and what the noise spreads downhill.",
        ),
        Step(
            "fokker-planck",
            equation(Derivative(here, t), -Derivative(J(x, t), x)),
            "So the equation says: where less flows out than in, probability gathers.",
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
    law, drift = P(x, t), -x / 2
    spread = -Derivative(drift * law, x) + Derivative(law, (x, 2)) / 2
    score = sp.factor(log(gaussian(x, m, v)).diff(x)).subs({m: M(t), v: V(t)})
    velocity = drift - score / 2
    # The distance y from the mean obeys a linear equation, which dsolve knows.
    rate = sp.simplify((velocity.subs(x, M(t) + y) + M(t) / 2) / y).subs(V(t), variance)
    distance = sp.dsolve(sp.Eq(Y(t).diff(t), rate * Y(t)), Y(t), ics={Y(0): x - m0}).rhs
    growth = sp.simplify(distance**2 / (x - m0) ** 2 / variance)
    path = M(t) + (x - m0) * sp.sqrt(growth * V(t))
    return [
        definition("gaussian", N(x, m, v), gaussian(x, m, v), "The worked case: a Gaussian …"),
        definition("mean", M(t), mean, "… under the Ornstein-Uhlenbeck process, of this mean …"),
        definition("variance", V(t), variance, "… and this variance,"),
        definition("law", P(x, t), N(x, M(t), V(t)), "so of this density."),
        Step("law-mass", equation(Integral(law, (x, -oo, oo)), 1), "It has mass one …"),
        Step(
            "law-start",
            equation(P(x, 0), exp(-((x - m0) ** 2) / (2 * v0)) / sp.sqrt(2 * sp.pi * v0)),
            "… and starts as $\\mathcal N(m_0, v_0)$ …",
        ),
        Step(
            "law-fokker-planck",
            equation(Derivative(law, t), spread),
            "… and obeys the Fokker-Planck equation.",
        ),
        definition("flow-velocity", U(x, t), velocity, "The velocity is linear in $x$,"),
        Step(
            "flow-score",
            equation(U(x, t) * law, drift * law - Derivative(law, x) / 2),
            "and times the density it is the current, as above.",
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
            equation(Limit(phi(x, t), t, oo), (x - m0) / sp.sqrt(v0)),
            "In the end every point has become its own standardised value.",
        ),
    ]
