r"""How far apart two diffusions with the same noise can drift: Girsanov's bound on their laws.

For the reverse SDE it says that $\mathrm{KL}(p_{t_{\min}} \,\|\, q) \le \mathrm{KL}(p_T \,\|\,
\text{prior}) + \tfrac12 \int g^2\, \mathbb E_{p_t} \lVert \hat s - s \rVert^2 \,\mathrm{d}t$ (Chen
et al., 2023). Girsanov's theorem compares the laws of whole paths; here the same bound comes from
the Fokker-Planck equations alone: the rate of the divergence is computed, and a square completed.
What is thrown away with the square is how the noise forgets; without noise nothing is to be
completed, and there is no such bound.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, Subs, exp, log, oo, sqrt

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

x = sp.Symbol("x", real=True)
c, m = sp.symbols("c m", real=True)
t, u, k, h = sp.symbols("t u k h", positive=True)
f, b1, b2, s, guess, slope, wander = (
    Function(name, real=True) for name in ("f", "b_1", "b_2", "s", "s_theta", "rho", "w")
)
p, q, g, e = (Function(name, positive=True) for name in "pqge")
D, Phi, Delta, N, M, C = (Function(name) for name in ("D", "Phi", "Delta", "N", "M", "C"))
ell = Function("ell")


def derive() -> Derivation:
    """Derive the rate of the divergence of two diffusions, and Girsanov's bound from it."""
    return theorem(
        "girsanov",
        [*_in_general(), *_for_scores(), *_for_gaussians(), *_without_noise()],
        notation={
            p: "p_{#2}(#1)",
            q: "q_{#2}(#1)",
            N: r"\mathcal{N}(#1; #2, 1)",
            ell: r"\ell(#1, #2)",
            Phi: r"\Phi(#1, #2)",
            Delta: r"\Delta(#1, #2)",
            slope: r"\rho(#1)",
            guess: r"s_\theta(#1, #2)",
        },
        concrete={
            p: evolving,
            q: evolving,
            b1: field,
            b2: field,
            f: field,
            s: field,
            guess: field,
            slope: field,
            wander: field,
            g: positive,
        },
        results=("bound", "score-error"),
        roles={x: "value", s: "score", p: "density", f: "drift", g: "diffusion", t: "time"},
    )


def _law(drift: sp.Expr, noise: sp.Expr, density: sp.Expr) -> sp.Equality:
    """The Fokker-Planck equation of another process, as it stands in `reverse-sde`."""
    sides = derivations.unchecked("reverse-sde")["fokker-planck"].equation.args
    for old, new in (("f", drift), ("g", noise), ("p", density)):
        sides = [side.replace(Function(old), lambda *_, new=new: new) for side in sides]
    return equation(*sides)


def _in_general() -> list[Step]:
    here, there, ratio, gap = p(x, t), q(x, t), ell(x, t), Delta(x, t)
    tilt = Derivative(ratio, x)
    current = b1(x, t) * here - g(t) ** 2 / 2 * Derivative(here, x)
    change = (ratio + 1) * Derivative(here, t) - here / there * Derivative(there, t)
    pull = here * (gap * slope(x) - g(t) ** 2 / 2 * slope(x) ** 2)
    most = here * gap**2 / (2 * g(t) ** 2)
    lost = here * (gap / g(t) - g(t) * slope(x)) ** 2 / 2
    return [
        cited("first", *_law(b1(x, t), g(t), here).args),
        cited("second", *_law(b2(x, t), g(t), there).args),
        definition("gap", gap, b1(x, t) - b2(x, t)),
        definition("ratio", ratio, log(here / there)),
        definition("divergence", D(t), Integral(here * ratio, (x, -oo, oo))),
        Step("rate", equation(Derivative(D(t), t), Integral(change, (x, -oo, oo)))),
        definition("flux", Phi(x, t), current * ratio + here * (gap - g(t) ** 2 / 2 * tilt)),
        Step(
            "balance",
            equation(
                change + Derivative(Phi(x, t), x), here * (gap * tilt - g(t) ** 2 / 2 * tilt**2)
            ),
        ),
        Step("square", equation(pull, most - lost)),
        Step("bound", sp.Le(pull, most, evaluate=False)),
    ]


def _for_scores() -> list[Step]:
    way = derivations.unchecked("reverse-sde")["candidate"].equation.rhs
    lam = next(symbol for symbol in way.free_symbols if symbol.name == "lambda")
    back = [
        way.subs(lam, 1)
        .replace(Function("f"), f)
        .replace(Function("g"), g)
        .replace(Function("s"), score)
        for score in (s, guess)
    ]
    wrong = guess(x, t) - s(x, t)
    return [
        Step(
            "score-error",
            equation((back[0] - back[1]) ** 2 / (2 * g(t) ** 2), g(t) ** 2 / 2 * wrong**2),
        )
    ]


def _for_gaussians() -> list[Step]:
    right, wrong = x / 2 - x, x / 2 - x + c
    at = (x, -oo, oo)
    apart = Integral(N(x, 0) * log(N(x, 0) / N(x, m)), at)
    spent = Integral((right - wrong) ** 2 / 2, (u, 0, t))
    unspent = spent - M(t) ** 2 / 2
    flown = -x / 2 - (-x + c) / 2
    P, Q, F = N(x, 0), N(x, M(t)), N(x, C(t))
    return [
        definition("case", N(x, m), gaussian(x, m, 1)),
        definition("case-mean", M(t), 2 * c * (1 - exp(-t / 2))),
        Step("case-start", equation(M(0), 0)),
        Step("case-law", _law(wrong, sp.S.One, Q)),
        Step("case-stays", _law(right, sp.S.One, P)),
        Step("case-apart", equation(apart, m**2 / 2)),
        Step(
            "case-square",
            equation(unspent, Integral(c**2 / 2 * (1 - 2 * exp(-u / 2)) ** 2, (u, 0, t))),
        ),
        Step("case-holds", sp.Ge(unspent, 0, evaluate=False)),
        Step("case-bound", equation(spent, c**2 * t / 2)),
        Step("case-forgets", equation(Limit(M(t) ** 2 / 2, t, oo), 2 * c**2)),
        definition("case-flow", C(t), c * t / 2),
        Step("case-flow-law", _law(-flown, sp.S.Zero, F)),
        Step("case-flow-apart", equation(C(t) ** 2 / 2 - spent, c**2 * t * (t - 4) / 8)),
    ]


def _without_noise() -> list[Step]:
    here, there, at = N(x, 0), p(x, t), (x, -oo, oo)
    moved = -_law(wander(x), sp.S.Zero, there).rhs
    divergence = there * log(there / (there - h * moved))
    return [
        Step("flow-slope", equation(Subs(Derivative(divergence, h), h, 0), moved)),
        Step(
            "flow-curvature", equation(Subs(Derivative(divergence, (h, 2)), h, 0), moved**2 / there)
        ),
        definition("narrow", e(x), exp(-(k**2) * x**2 / 2)),
        Step("narrow-error", equation(Integral(e(x) ** 2 * here, at), 1 / sqrt(1 + 2 * k**2))),
        Step(
            "narrow-divergence",
            equation(
                Integral(Derivative(e(x) * here, x) ** 2 / here, at),
                (1 + k**2) ** 2 / (1 + 2 * k**2) ** sp.Rational(3, 2),
            ),
        ),
    ]
