r"""Running a diffusion backwards: which drift gives the same densities in reverse order.

Anderson (1982): with $s = \partial_x \log p_t$, the process $\mathrm{d}x = (f - g^2 s)
\,\mathrm{d}t + g \,\mathrm{d}\bar w$, run from $T$ down, has the densities of $\mathrm{d}x = f
\,\mathrm{d}t + g \,\mathrm{d}w$ at every time. Shown on the level of the Fokker-Planck equation,
for any $f(x, t)$ and $g(t)$, and for every other noise $\eta g$ as well: $\eta = 0$ is the
probability flow of Song et al. (2021), section 4.3. What that equation is follows from the small
step of the diffusion: the mean of any $\varphi(x_t)$ fixes it, by parts.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, Subs, exp, log, oo, sqrt

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
from scorelab.derivations.engine.stand_ins import plane as in_the_plane

x, y, lam, eta = sp.symbols("x y lambda eta", real=True)
t, T, tau = sp.symbols("t T tau", positive=True)
m, m1, m2 = sp.symbols("m m_1 m_2", real=True)
k, z, mu = sp.symbols("k z mu", real=True)
a, c, v, v1, v2, w1, w2, nu, delta = sp.symbols("a c v v_1 v_2 w_1 w_2 nu delta", positive=True)
f, g, p, q, s, b, M = (Function(name) for name in ("f", "g", "p", "q", "s", "b", "M"))
N, A, P, B, plane, X, phi = (Function(c) for c in ("N", "A", "P", "B", "p_plane", "X", "phi"))


def derive() -> Derivation:
    """Derive the reversed drift for any f and g, then for a mixture under the OU process."""
    return theorem(
        "reverse-sde",
        [*_the_equation(), *_in_general(), *_for_a_mixture()],
        notation={
            p: "p_{#2}(#1)",
            q: "q_{#2}(#1)",
            b: "b(#1, #2)",
            N: r"\mathcal{N}(#1; #2, #3)",
            A: r"\mathcal{N}_{#2}(#1; #3, #4)",
            P: "p_{#2}(#1)",
            B: r"\bar{b}(#1, #2)",
            plane: "p_t(#1, #2)",
            X: "X_{#1}(#2)",
            phi: r"\varphi",
        },
        concrete={f: field, g: positive, p: evolving, phi: field, plane: in_the_plane},
        results=("factor", "family", "reverse-sde"),
        roles={
            x: "value",
            z: "noise",
            s: "score",
            p: "density",
            f: "drift",
            g: "diffusion",
            t: "time",
            T: "horizon",
        },
    )


def _generator(drift: sp.Expr, noise: sp.Expr, of: sp.Expr) -> sp.Expr:
    """Return the rate at which the mean of a function changes."""
    return drift * Derivative(of, x) + noise**2 / 2 * Derivative(of, (x, 2))


def _spread(drift: sp.Expr, noise: sp.Expr, density: sp.Expr) -> sp.Expr:
    """Return the right-hand side of the Fokker-Planck equation."""
    return -Derivative(drift * density, x) + noise**2 / 2 * Derivative(density, (x, 2))


def _backward(drift: sp.Expr, noise: sp.Expr, density: sp.Expr) -> sp.Expr:
    """Return it for a process in τ = T − t: a drift b per unit of t is −b per unit of τ."""
    return Derivative(drift * density, x) + noise**2 / 2 * Derivative(density, (x, 2))


def _the_equation() -> list[Step]:
    """Tie the Fokker-Planck equation to one small step of the diffusion."""
    wave, moved = exp(k * x), exp(k * X(delta, z)) * gaussian(z, 0, 1)
    slope = f(x, t) * phi(x) * p(x, t) + g(t) ** 2 / 2 * (
        Derivative(phi(x), x) * p(x, t) - phi(x) * Derivative(p(x, t), x)
    )
    return [
        definition("small-step", X(delta, z), x + mu * delta + nu * sqrt(delta) * z),
        Step(
            "generator",
            equation(
                Limit((Integral(moved, (z, -oo, oo)) - wave) / delta, delta, 0),
                sp.collect(sp.expand(_generator(mu, nu, wave).doit()), wave),
            ),
        ),
        Step(
            "adjoint",
            equation(
                _generator(f(x, t), g(t), phi(x)) * p(x, t) - Derivative(slope, x),
                phi(x) * _spread(f(x, t), g(t), p(x, t)),
            ),
        ),
    ]


def _in_general() -> list[Step]:
    drift = f(x, t) - lam * g(t) ** 2 * s(x, t)
    slope = _spread(f(x, t), g(t), p(x, t))
    backwards = Subs(Derivative(q(x, tau), tau), tau, T - t)
    written = drift.subs(s(x, t), Derivative(log(p(x, t)), x))
    in_tau = _spread(-written, eta * g(t), p(x, t))
    left_over = sp.factor(sp.expand((in_tau + slope).doit()))
    right = sp.factor(*sp.solve(left_over, lam))

    def process(share: sp.Expr, noise: sp.Expr) -> sp.Expr:
        return _backward(f(x, t) - share * g(t) ** 2 * s(x, t), noise, p(x, t))

    across = sum(Derivative(plane(x, y) * Derivative(log(plane(x, y)), u), u) for u in (x, y))
    return [
        cited("fokker-planck", Derivative(p(x, t), t), slope),
        definition("backwards", q(x, tau), p(x, T - tau)),
        Step("clock", equation(backwards, -Derivative(p(x, t), t))),
        Step("wanted", equation(backwards, sp.expand(-slope))),
        definition("score", s(x, t), Derivative(log(p(x, t)), x)),
        definition("candidate", b(x, t), drift),
        Step("score-is-a-slope", equation(p(x, t) * s(x, t), Derivative(p(x, t), x))),
        Step(
            "score-diffuses",
            equation(Derivative(p(x, t) * s(x, t), x), Derivative(p(x, t), (x, 2))),
        ),
        Step("plane", equation(across, sum(Derivative(plane(x, y), (u, 2)) for u in (x, y)))),
        definition(
            "mismatch",
            M(lam, eta),
            _backward(b(x, t), eta * g(t), p(x, t)) + Derivative(p(x, t), t),
        ),
        Step("factor", equation(M(lam, eta), left_over)),
        Step("family", equation(backwards, process(right, eta * g(t)))),
        Step("probability-flow", equation(backwards, process(right.subs(eta, 0), sp.S.Zero))),
        Step("reverse-sde", equation(backwards, process(right.subs(eta, 1), g(t)))),
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
        definition("gaussian", N(x, m, v), gaussian(x, m, v)),
        Step(
            "blurred",
            equation(
                Integral(N(y, m, v) * N(x, a * y, c), (y, -oo, oo)), N(x, a * m, a**2 * v + c)
            ),
        ),
        definition("part", A(x, t, m, v), part),
        definition("mixture", P(x, t), mixture(t)),
        Step("mixture-start", equation(P(x, 0), w1 * N(x, m1, v1) + w2 * N(x, m2, v2))),
        Step(
            "mixture-fokker-planck",
            equation(Derivative(P(x, t), t), Derivative(x * P(x, t), x) / 2 + spread),
        ),
        definition("mixture-drift", B(x, t), drift),
        Step(
            "mixture-reversed",
            equation(-Derivative(P(x, t), t), Derivative(B(x, t) * P(x, t), x) + spread),
        ),
        Step("mixture-pull", equation(B(x, t), own - sum(pulls))),
    ]
