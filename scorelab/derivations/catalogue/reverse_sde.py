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
from scorelab.derivations.engine.derivation import Derivation, Step, cited, definition, equation
from scorelab.derivations.engine.stand_ins import evolving, field, positive
from scorelab.derivations.engine.stand_ins import plane as in_the_plane

x, y, lam, eta = sp.symbols("x y lambda eta", real=True)
t, T, tau = sp.symbols("t T tau", positive=True)
m, m1, m2 = sp.symbols("m m_1 m_2", real=True)
k, z, mu = sp.symbols("k z mu", real=True)
a, c, v, v1, v2, w1, w2, nu, delta = sp.symbols("a c v v_1 v_2 w_1 w_2 nu delta", positive=True)
f, g, p, q, s, b, M = (Function(name) for name in ("f", "g", "p", "q", "s", "b", "M"))
N, A, P, B, plane, X, phi = (Function(c) for c in ("N", "A", "P", "B", "p_plane", "X", "phi"))


_STATEMENT = r"""
Let $x_t$ in $\mathbb R^d$ solve $\mathrm{d}x = f(x, t) \,\mathrm{d}t + g(t) \,\mathrm{d}w$ on
$[0, T]$, with the densities $p_t$. For every $\eta \ge 0$ the process that starts at $T$ in $p_T$
and runs down in $t$ by

$$
\mathrm{d}x = \Bigl[ f - \frac{1 + \eta^2}{2} \, g^2 \, \nabla \log p_t \Bigr] \mathrm{d}t
+ \eta g \,\mathrm{d}\bar w
$$

has the density $p_t$ at every time $t$. Among the drifts $f - \lambda g^2 \nabla \log p_t$ it is
the only one. $\eta = 1$ is the reverse SDE, $\eta = 0$ the probability flow.
"""

_ASSUMPTIONS = (
    r"The drift $f$ is Lipschitz in $x$ and grows at most linearly, and $g$ is continuous and "
    r"positive: there is one strong solution.",
    r"For $t > 0$ the density $p_t$ is positive, once differentiable in $t$ and twice in $x$; "
    r"$f p_t$ and $\nabla p_t$ are integrable and vanish far out, so that no boundary term is "
    r"left when the derivatives go over from the test function, and the mean of a test function "
    r"may be differentiated below the integral.",
    r"The mean of every wave $e^{kx}$ fixes what happens to every test function: the equation is "
    r"checked on waves for the generator, and the generator is linear in $\varphi$.",
    r"The Fokker-Planck equation of the way back has one solution only with the start $p_T$. It "
    r"has, for example, if the drift of the way back is Lipschitz in $x$ on every $[t_0, T]$, "
    r"$t_0 > 0$; near $t = 0$ the score may be unbounded, and the statement is for $t > 0$.",
    r"That for $\eta = 1$ also the paths have the law of the paths run backwards is more than is "
    r"shown here; Haussmann and Pardoux (1986) prove it, if locally "
    r"$\int_{t_0}^T \int |p_t|^2 + g^2 |\nabla p_t|^2 \,\mathrm{d}x \,\mathrm{d}t$ is finite "
    r"for every $t_0 > 0$.",
)

_SOURCES = (
    "Anderson (1982), Reverse-time diffusion equation models, Stochastic Processes and their "
    "Applications 12, 313-326",
    "Haussmann and Pardoux (1986), Time reversal of diffusions, Annals of Probability 14, "
    "1188-1205, theorem 2.1",
    "Risken (1989), The Fokker-Planck Equation, second edition, chapter 4: the equation itself",
    "Song et al. (2021), Score-based generative modeling through stochastic differential "
    "equations, section 4.3 and appendix D.1: the case without noise",
)


def derive() -> Derivation:
    """Derive the reversed drift for any f and g, then for a mixture under the OU process."""
    return Derivation(
        "reverse-sde",
        "Running a diffusion backwards",
        [*_the_equation(), *_in_general(), *_for_a_mixture()],
        statement=_STATEMENT,
        assumptions=_ASSUMPTIONS,
        sources=_SOURCES,
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
        definition(
            "small-step",
            X(delta, z),
            x + mu * delta + nu * sqrt(delta) * z,
            "A small step from $x$, where the drift is $\\mu$ and the noise $\\nu$.",
        ),
        Step(
            "generator",
            equation(
                Limit((Integral(moved, (z, -oo, oo)) - wave) / delta, delta, 0),
                sp.factor(_generator(mu, nu, wave).doit()),
            ),
            "Averaged over $z$ a wave $\\varphi = e^{kx}$ changes at this rate: "
            "$\\mu \\varphi' + \\tfrac12 \\nu^2 \\varphi''$.",
        ),
        Step(
            "adjoint",
            equation(
                _generator(f(x, t), g(t), phi(x)) * p(x, t) - Derivative(slope, x),
                phi(x) * _spread(f(x, t), g(t), p(x, t)),
            ),
            "For any $\\varphi$ the derivatives go over to the density by parts. The slope of the "
            "boundary term integrates to zero.",
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
        cited(
            "fokker-planck",
            Derivative(p(x, t), t),
            slope,
            "So the density of $\\mathrm{d}x = f \\,\\mathrm{d}t + g \\,\\mathrm{d}w$ obeys the "
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
