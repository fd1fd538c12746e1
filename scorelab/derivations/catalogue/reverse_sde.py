r"""Running a diffusion backwards: which drift gives the same densities in reverse order.

Anderson (1982): with $s = \partial_x \log p_t$, the process $\mathrm{d}x = (f - g^2 s)
\,\mathrm{d}t + g \,\mathrm{d}\bar w$, run from $T$ down, has the densities of $\mathrm{d}x = f
\,\mathrm{d}t + g \,\mathrm{d}w$ at every time. Shown on the level of the Fokker-Planck equation,
for any $f(x, t)$ and $g(t)$, and for every other noise $\eta g$ as well: $\eta = 0$ is the
probability flow of Song et al. (2021), section 4.3.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Subs, exp, log, oo

from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, cited, definition, equation
from scorelab.derivations.engine.stand_ins import evolving, field, positive
from scorelab.derivations.engine.stand_ins import plane as in_the_plane

x, y, lam, eta = sp.symbols("x y lambda eta", real=True)
t, T, tau = sp.symbols("t T tau", positive=True)
m, m1, m2 = sp.symbols("m m_1 m_2", real=True)
a, c, v, v1, v2, w1, w2 = sp.symbols("a c v v_1 v_2 w_1 w_2", positive=True)
f, g, p, q, s, b, M = (Function(name) for name in ("f", "g", "p", "q", "s", "b", "M"))
N, A, P, B, plane = (Function(name) for name in ("N", "A", "P", "B", "p_plane"))


def derive() -> Derivation:
    """Derive the reversed drift for any f and g, then for a mixture under the OU process."""
    return Derivation(
        "reverse-sde",
        "Running a diffusion backwards",
        [*_in_general(), *_for_a_mixture()],
        sources=("Anderson (1982)",),
        notation={
            p: "p_{#2}(#1)",
            q: "q_{#2}(#1)",
            b: "b(#1, #2)",
            N: r"\mathcal{N}(#1; #2, #3)",
            A: r"\mathcal{N}_{#2}(#1; #3, #4)",
            P: "p_{#2}(#1)",
            B: r"\bar{b}(#1, #2)",
            plane: "p_t(#1, #2)",
        },
        concrete={f: field, g: positive, p: evolving, plane: in_the_plane},
    )


def _forward(drift: sp.Expr, noise: sp.Expr, density: sp.Expr) -> sp.Expr:
    """Return the right-hand side of the Fokker-Planck equation."""
    return -Derivative(drift * density, x) + noise**2 / 2 * Derivative(density, (x, 2))


def _backward(drift: sp.Expr, noise: sp.Expr, density: sp.Expr) -> sp.Expr:
    """Return it for a process in τ = T − t: a drift b per unit of t is −b per unit of τ."""
    return Derivative(drift * density, x) + noise**2 / 2 * Derivative(density, (x, 2))


def _in_general() -> list[Step]:
    drift = f(x, t) - lam * g(t) ** 2 * s(x, t)
    slope = _forward(f(x, t), g(t), p(x, t))
    backwards = Subs(Derivative(q(x, tau), tau), tau, T - t)
    written = drift.subs(s(x, t), Derivative(log(p(x, t)), x))
    left_over = sp.factor(sp.expand((_backward(written, eta * g(t), p(x, t)) + slope).doit()))
    right = sp.factor(*sp.solve(left_over, lam))

    def process(share: sp.Expr, noise: sp.Expr) -> sp.Expr:
        return _backward(f(x, t) - share * g(t) ** 2 * s(x, t), noise, p(x, t))

    across = sum(Derivative(plane(x, y) * Derivative(log(plane(x, y)), u), u) for u in (x, y))
    return [
        cited(
            "fokker-planck",
            Derivative(p(x, t), t),
            slope,
            "The density of $\\mathrm{d}x = f \\,\\mathrm{d}t + g \\,\\mathrm{d}w$ obeys the "
            "Fokker-Planck equation.",
        ),
        definition("backwards", q(x, tau), p(x, T - tau), "The film of the densities, run back."),
        Step(
            "clock",
            equation(backwards, -Derivative(p(x, t), t)),
            "Backwards, every change has the other sign.",
        ),
        Step(
            "wanted",
            equation(backwards, sp.expand(-slope)),
            "So the diffusion comes in with the wrong sign: no noise alone can undo noise.",
        ),
        definition("score", s(x, t), Derivative(log(p(x, t)), x), "The score at time $t$."),
        definition(
            "candidate",
            b(x, t),
            drift,
            "A candidate $\\mathrm{d}x = b \\,\\mathrm{d}t + \\eta g \\,\\mathrm{d}\\bar w$, with "
            "$t$ running down: some multiple of the score corrects the drift, and the noise may "
            "be scaled.",
        ),
        Step(
            "score-is-a-slope",
            equation(p(x, t) * s(x, t), Derivative(p(x, t), x)),
            "Times its density a score is a slope, so a drift along the score acts like a "
            "diffusion …",
        ),
        Step(
            "score-diffuses",
            equation(Derivative(p(x, t) * s(x, t), x), Derivative(p(x, t), (x, 2))),
            "… whose strength and sign we may choose.",
        ),
        Step(
            "plane",
            equation(across, sum(Derivative(plane(x, y), (u, 2)) for u in (x, y))),
            "In more dimensions the same holds for each coordinate, here two. Nothing else "
            "changes: $\\partial_x$ becomes a divergence.",
        ),
        definition(
            "mismatch",
            M(lam, eta),
            _backward(b(x, t), eta * g(t), p(x, t)) + Derivative(p(x, t), t),
            "In $\\tau = T - t$ the candidate has the drift $-b$. By how much does $q$ miss its "
            "Fokker-Planck equation?",
        ),
        Step(
            "factor",
            equation(M(lam, eta), left_over),
            "Everything in $f$ cancels. What is left vanishes for one $\\lambda$ only …",
        ),
        Step(
            "family",
            equation(backwards, process(right, eta * g(t))),
            "… and this is it: for every noise $\\eta g$ there is a drift with the same densities.",
        ),
        Step(
            "probability-flow",
            equation(backwards, process(right.subs(eta, 0), sp.S.Zero)),
            "Without noise, $\\eta = 0$, the factor is one half: the probability flow.",
        ),
        Step(
            "reverse-sde",
            equation(backwards, process(right.subs(eta, 1), g(t))),
            "With the noise of the forward process, $\\eta = 1$, the factor is one: the reverse "
            "SDE is $\\mathrm{d}x = (f - g^2 s) \\,\\mathrm{d}t + g "
            "\\,\\mathrm{d}\\bar w$.",
        ),
    ]


def _for_a_mixture() -> list[Step]:
    def mixture(at: sp.Expr) -> sp.Expr:
        return w1 * A(x, at, m1, v1) + w2 * A(x, at, m2, v2)

    part = N(x, m * exp(-t / 2), v * exp(-t) + 1 - exp(-t))
    pull = sp.factor(log(gaussian(x, m, v)).diff(x)).subs(
        {m: part.args[1], v: part.args[2]}, simultaneous=True
    )
    pulls = [
        w * A(x, t, mean, var) / P(x, t) * pull.subs({m: mean, v: var})
        for w, mean, var in ((w1, m1, v1), (w2, m2, v2))
    ]
    own = -x / 2
    drift = own - Derivative(log(P(x, t)), x)
    spread = Derivative(P(x, t), (x, 2)) / 2
    return [
        definition("gaussian", N(x, m, v), gaussian(x, m, v), "The worked case. A Gaussian …"),
        Step(
            "blurred",
            equation(
                Integral(N(y, m, v) * N(x, a * y, c), (y, -oo, oo)), N(x, a * m, a**2 * v + c)
            ),
            "… that is shrunk and blurred stays a Gaussian. The process "
            "$\\mathrm{d}x = -\\tfrac12 x \\,\\mathrm{d}t + \\mathrm{d}w$ shrinks by $a = "
            "e^{-t/2}$ and blurs by the variance $c = 1 - e^{-t}$.",
        ),
        definition("part", A(x, t, m, v), part, "So after the time $t$ a Gaussian is this one."),
        definition("mixture", P(x, t), mixture(t), "And a mixture is a mixture of such parts."),
        Step(
            "mixture-start",
            equation(P(x, 0), w1 * N(x, m1, v1) + w2 * N(x, m2, v2)),
            "It starts as the data …",
        ),
        Step(
            "mixture-fokker-planck",
            equation(Derivative(P(x, t), t), Derivative(x * P(x, t), x) / 2 + spread),
            "… and obeys the Fokker-Planck equation.",
        ),
        definition("mixture-drift", B(x, t), drift, "The reversed drift, $f - g^2 s$, is then …"),
        Step(
            "mixture-reversed",
            equation(-Derivative(P(x, t), t), Derivative(B(x, t) * P(x, t), x) + spread),
            "… and backwards the density obeys the equation of this process.",
        ),
        Step(
            "mixture-pull",
            equation(B(x, t), own - sum(pulls)),
            "Written out. As $t$ runs down a step has the other sign: every "
            "part pulls towards its own mean, weighted by its responsibility.",
        ),
    ]
