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
from scorelab.derivations.engine.derivation import Derivation, Step, cited, definition, equation
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

_STATEMENT = r"""
Let $p_t$ and $q_t$ be the densities of $\mathrm{d}x = b_1 \,\mathrm{d}t + g \,\mathrm{d}w$ and
$\mathrm{d}x = b_2 \,\mathrm{d}t + g \,\mathrm{d}w$ in $\mathbb R^d$, with the same $g(t) > 0$. Then

$$
\mathrm{KL}(p_T \,\|\, q_T) \le \mathrm{KL}(p_0 \,\|\, q_0)
+ \frac12 \int_0^T \frac{\mathbb E_{p_t} \lVert b_1 - b_2 \rVert^2}{g^2} \,\mathrm{d}t .
$$

For the reverse SDE with the score $s_\theta$ in place of $s = \nabla \log p_t$, started at $T$ in a
prior and stopped at $t_{\min}$ with the law $q$,

$$
\mathrm{KL}(p_{t_{\min}} \,\|\, q) \le \mathrm{KL}(p_T \,\|\, \text{prior})
+ \frac12 \int_{t_{\min}}^T g^2 \, \mathbb E_{p_t} \lVert s_\theta - s \rVert^2 \,\mathrm{d}t .
$$

The divergence is from the data's law to the model's, and the average is over the data's law.
"""

_ASSUMPTIONS = (
    r"Both processes have the same noise $g(t) > 0$, run in continuous time, and have positive "
    r"densities that are smooth for $t > 0$ and obey their Fokker-Planck equations.",
    r"The divergence is finite and may be differentiated below the integral, and the flux $\Phi$ "
    r"vanishes far out, so that the integral of $\nabla \cdot \Phi$ is zero. (By Girsanov's "
    r"theorem on paths the bound needs only that its right-hand side is finite.)",
    r"In $d$ dimensions $b_1 - b_2$ and $\nabla \log (p / q)$ are vectors, and the square is "
    r"completed for each coordinate.",
    r"That no multiple of $\int \mathbb E_{p_t} \lVert w \rVert^2 \,\mathrm{d}t$ bounds the "
    r"divergence of the flow, $w$ the error of its velocity, is shown to second order in a short "
    r"time $h$, which is all that counts while $h k \to 0$: for $h = k^{-3/2}$, where the "
    r"divergence, divided by $h$ times the mean square of $w$, grows like $h k^2 / 4$.",
)

_SOURCES = (
    "Girsanov (1960), On transforming a certain class of stochastic processes by absolutely "
    "continuous substitution of measures, Theory of Probability and its Applications 5, 285-301",
    "Song, Durkan, Murray and Ermon (2021), Maximum likelihood training of score-based diffusion "
    "models, theorem 1",
    "Chen, Chewi, Li, Li, Salim and Zhang (2023), Sampling is as easy as learning the score, "
    "section 5",
    "Risken (1989), The Fokker-Planck Equation, second edition, chapter 4",
)


def derive() -> Derivation:
    """Derive the rate of the divergence of two diffusions, and Girsanov's bound from it."""
    return Derivation(
        "girsanov",
        "How far two diffusions can drift apart",
        [*_in_general(), *_for_scores(), *_for_gaussians(), *_without_noise()],
        statement=_STATEMENT,
        assumptions=_ASSUMPTIONS,
        sources=_SOURCES,
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
        cited("first", *_law(b1(x, t), g(t), here).args, "Two diffusions, each with its drift …"),
        cited("second", *_law(b2(x, t), g(t), there).args, "… and both with the same noise."),
        definition("gap", gap, b1(x, t) - b2(x, t), "How their drifts differ,"),
        definition("ratio", ratio, log(here / there), "how their densities do,"),
        definition(
            "divergence",
            D(t),
            Integral(here * ratio, (x, -oo, oo)),
            "and the mean of that, $\\mathrm{KL}(p_t \\,\\|\\, q_t)$.",
        ),
        Step(
            "rate",
            equation(Derivative(D(t), t), Integral(change, (x, -oo, oo))),
            "As time goes on both densities change.",
        ),
        definition(
            "flux",
            Phi(x, t),
            current * ratio + here * (gap - g(t) ** 2 / 2 * tilt),
            "Part of this only flows from one place to another …",
        ),
        Step(
            "balance",
            equation(
                change + Derivative(Phi(x, t), x), here * (gap * tilt - g(t) ** 2 / 2 * tilt**2)
            ),
            "… and integrates to zero. What is left is what the gap does, and what the noise does: "
            "it makes the two laws alike.",
        ),
        Step(
            "square",
            equation(pull, most - lost),
            "Complete the square, for any slope $\\rho$; here that of $\\ell$.",
        ),
        Step(
            "bound",
            sp.Le(pull, most, evaluate=False),
            "A square is never negative. Integrate over $x$: the divergence grows at most at the "
            "rate $\\mathbb E_{p_t} \\Delta^2 / (2 g^2)$, and over a time by at most its integral.",
        ),
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
            "For the reverse SDE, with the score and with another: only the scores differ.",
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
        definition(
            "case",
            N(x, m),
            gaussian(x, m, 1),
            "A case where all is known: the data are $\\mathcal N(0, 1)$, and so is every $p_t$.",
        ),
        definition(
            "case-mean",
            M(t),
            2 * c * (1 - exp(-t / 2)),
            "The score in use is wrong by a constant, $s_\\theta = -x + c$. Let $t$ count from the "
            "start of the way back, which is right; then the mean is this,",
        ),
        Step("case-start", equation(M(0), 0), "at the start none,"),
        Step(
            "case-law", _law(wrong, sp.S.One, Q), "for so the equation of the wrong way back holds."
        ),
        Step("case-stays", _law(right, sp.S.One, P), "The right one keeps the law."),
        Step("case-apart", equation(apart, m**2 / 2), "How far two such laws are apart:"),
        Step(
            "case-square",
            equation(unspent, Integral(c**2 / 2 * (1 - 2 * exp(-u / 2)) ** 2, (u, 0, t))),
            "What the bound allows, less the divergence, is the square that was thrown away …",
        ),
        Step(
            "case-holds",
            sp.Ge(unspent, 0, evaluate=False),
            "… and not negative: the bound holds.",
        ),
        Step("case-bound", equation(spent, c**2 * t / 2), "It grows for ever,"),
        Step(
            "case-forgets",
            equation(Limit(M(t) ** 2 / 2, t, oo), 2 * c**2),
            "and the divergence does not: the drift contracts, and an old error is forgotten. The "
            "bound does not know of it.",
        ),
        definition(
            "case-flow", C(t), c * t / 2, "The flow with the same score has the mean $C(t)$ …"
        ),
        Step("case-flow-law", _law(-flown, sp.S.Zero, F), "… for so its law obeys its equation."),
        Step(
            "case-flow-apart",
            equation(C(t) ** 2 / 2 - spent, c**2 * t * (t - 4) / 8),
            "It forgets nothing, and its divergence passes the bound at $t = 4$.",
        ),
    ]


def _without_noise() -> list[Step]:
    here, there, at = N(x, 0), p(x, t), (x, -oo, oo)
    moved = -_law(wander(x), sp.S.Zero, there).rhs
    divergence = there * log(there / (there - h * moved))
    return [
        Step(
            "flow-slope",
            equation(Subs(Derivative(divergence, h), h, 0), moved),
            "Without noise, an error $w$ of the velocity moves the density by $-h (w p)'$ in a "
            "short time $h$. The divergence does not change to first order, as a slope integrates "
            "to zero …",
        ),
        Step(
            "flow-curvature",
            equation(Subs(Derivative(divergence, (h, 2)), h, 0), moved**2 / there),
            "… but to second order; and here the slope of $w$ counts.",
        ),
        definition("narrow", e(x), exp(-(k**2) * x**2 / 2), "So let the error be a narrow bump."),
        Step(
            "narrow-error",
            equation(Integral(e(x) ** 2 * here, at), 1 / sqrt(1 + 2 * k**2)),
            "As $k$ grows its mean square tends to zero …",
        ),
        Step(
            "narrow-divergence",
            equation(
                Integral(Derivative(e(x) * here, x) ** 2 / here, at),
                (1 + k**2) ** 2 / (1 + 2 * k**2) ** sp.Rational(3, 2),
            ),
            "… and this to infinity. The divergence is $h^2/2$ times it while $h k$ is small; for "
            "$h = k^{-3/2}$ it outgrows every multiple of $h$ times the mean square: for the flow "
            "there is no bound of Girsanov's kind.",
        ),
    ]
