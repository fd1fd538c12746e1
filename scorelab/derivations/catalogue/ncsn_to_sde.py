r"""Annealed noise as a diffusion, and one score for every diffusion.

Song et al. (2021), sections 3.4 and appendix B: noise that is added level by level becomes, for
ever finer levels, the variance-exploding SDE. And a score that was learned for noise
$x + \sigma z$ is the score of every process whose law at time $t$ is that of $a x_0 + b z$, up to a
change of scale (Karras et al., 2022, appendix B): one network serves them all. In the variable
$x/a$ all their probability flows are one equation, of which a process is a clock.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, exp, log, oo, sqrt

from scorelab import derivations
from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation
from scorelab.derivations.engine.stand_ins import density, positive

x, x0, z, m = sp.symbols("x x_0 z m", real=True)
low, high, T, a, b = sp.symbols("sigma_min sigma_max T a b", positive=True)
c = sp.Symbol("c", real=True)
t, u, v, w, n, delta = sp.symbols("t u v sigma N delta", positive=True)
i = sp.Symbol("i", integer=True, nonnegative=True)
sigma, g, level, move, s = (Function(name) for name in ("sigma", "g", "varsigma", "F", "s"))
normal, data, noisy, p = (Function(name) for name in ("N", "p_0", "q", "p"))
reverse, langevin, of_time = Function("F_reverse"), Function("F_Langevin"), Function("sigma_OU")
A, B = (Function(name, positive=True) for name in "AB")
u_any, strength, clock = Function("u"), Function("G"), Function("sigma_any", positive=True)


_STATEMENT = r"""
*From levels to a process.* Noise that is added level by level on a geometric schedule becomes, as
the levels become ever finer, $\mathrm{d}x = g \,\mathrm{d}w$ with
$g^2 = \frac{\mathrm{d}}{\mathrm{d}t} \sigma(t)^2$.

*Change of scale and time.* In $\mathbb R^d$ let $q_\sigma$ be the density of $x_0 + \sigma z$,
and $s(x, \sigma) = \nabla \log q_\sigma(x)$. For all $a, b > 0$ the law of $a x_0 + b z$ has the
density $a^{-d} q_{b/a}(x/a)$ and the score

$$
\frac1a \, s\Bigl(\frac xa, \frac ba\Bigr).
$$

Let a diffusion with a linear drift have, given any $x_0$, the law of $a x_0 + b z$, with $a = a(t)$
and $b = b(t)$. Its drift is $\frac{a'}{a} x$, its noise
$g^2 = a^2 \frac{\mathrm{d}}{\mathrm{d}t} \sigma^2$ with $\sigma = b/a$, and its probability flow
obeys, in $y = x/a$, one equation for all of them: $\mathrm{d}y = -\sigma \, s(y, \sigma)
\,\mathrm{d}\sigma$. Whatever the process, $t$ only says when a level is reached.
"""

_ASSUMPTIONS = (
    r"$\sigma_{\max} > \sigma_{\min} > 0$. That the walk on $N$ levels converges to the diffusion "
    r"is shown for the variance of a step alone, per unit of time; it is Gaussian with independent "
    r"steps, so this fixes the law at the instants of the levels for every $N$.",
    r"The data $x_0$ may have any law, with a density or without: where "
    r"$p_0(x_0) \,\mathrm{d}x_0$ stands, the average over $x_0$ is meant. Derivatives go below "
    r"that integral, as the Gaussian and its derivatives are bounded.",
    r"$a$ and $b$ are positive and differentiable for $t > 0$, and $b/a$ increases. The law given "
    r"$x_0$ fixes drift and noise; that of all points together does not: the probability flow has "
    r"the same.",
    r"In $d$ dimensions the kernel is the product of one Gaussian for each coordinate, so the "
    r"factor $1/a$ of its density becomes $a^{-d}$, which has no slope.",
)

_SOURCES = (
    "Song et al. (2021), Score-based generative modeling through stochastic differential "
    "equations, section 3.4 and appendix B",
    "Karras, Aittala, Aila and Laine (2022), Elucidating the design space of diffusion-based "
    "generative models, appendix B",
)


def derive() -> Derivation:
    """Derive the variance-exploding SDE from annealed noise, and the identity of scores."""
    return Derivation(
        "ncsn-to-sde",
        "From noise levels to a diffusion",
        [*_levels_to_sde(), *_one_score_for_all(), *_down_a_level()],
        statement=_STATEMENT,
        assumptions=_ASSUMPTIONS,
        sources=_SOURCES,
        notation={
            A: "a(#1)",
            B: "b(#1)",
            u_any: "u(#1, #2)",
            strength: "g(#1)^2",
            clock: r"\sigma_{b/a}(#1)",
            low: r"\sigma_{\min}",
            high: r"\sigma_{\max}",
            sigma: r"\sigma(#1)",
            level: r"\sigma_{#1}",
            normal: r"\mathcal{N}(#1; #2, #3)",
            noisy: "p_{#2}(#1)",
            p: r"p(#1; #2, #3)",
            s: r"s(#1; #2)",
            data: "p_0(#1)",
            of_time: r"\sigma_{\mathrm{OU}}(#1)",
            reverse: r"F_{\mathrm{reverse}}(#1, #2)",
            langevin: r"F_{\mathrm{Langevin}}(#1, #2; #3)",
        },
        concrete={data: density, A: positive, B: positive},
    )


def _levels_to_sde() -> list[Step]:
    def schedule(share: sp.Expr) -> sp.Expr:
        return low * (high / low) ** share

    jump = sigma(t + delta) ** 2 - sigma(t) ** 2
    factor = (high / low) ** (2 * delta / T) - 1
    growth = 2 * schedule(t / T).diff(t) / schedule(t / T)
    return [
        definition(
            "level",
            level(i),
            schedule(i / n),
            "Noise levels, here rising from $\\sigma_{\\min}$ to $\\sigma_{\\max}$ in $N$ steps.",
        ),
        Step(
            "geometric",
            equation(level(i + 1) / level(i), (high / low) ** (1 / n)),
            "Each is the one before times a fixed factor: a geometric schedule.",
        ),
        definition("schedule", sigma(t), schedule(t / T), "The same, with a time for the level:"),
        Step("on-the-grid", equation(level(i), sigma(i * T / n)), "level $i$ is the time $iT/N$,"),
        Step("last", equation(sigma(T), high), "the last one the time $T$."),
        definition("gaussian", normal(x, m, v), gaussian(x, m, v), "The Gaussian density."),
        definition(
            "move",
            move(x, z),
            x + sqrt(jump) * z,
            "From one level to the next, a time $\\delta = T/N$ later, noise is added,",
        ),
        Step(
            "moved-variance",
            equation(Integral((move(x, z) - x) ** 2 * normal(z, 0, 1), (z, -oo, oo)), jump),
            "as much as makes the variance grow from $\\sigma(t)^2$ to $\\sigma(t + \\delta)^2$.",
        ),
        Step(
            "share",
            equation(jump, sigma(t) ** 2 * factor),
            "The growth is a share of the variance that is there. For ever more levels …",
        ),
        Step(
            "limit",
            equation(Limit(factor / delta, delta, 0), growth),
            "… it has a rate per unit of time,",
        ),
        definition(
            "diffusion",
            g(t),
            sigma(t) * sqrt(growth),
            "and $g^2$ is that rate times the variance. So annealed noise becomes $\\mathrm{d}x = "
            "g \\,\\mathrm{d}w$, the variance exploding SDE …",
        ),
        Step(
            "rate",
            equation(g(t) ** 2, Derivative(sigma(t) ** 2, t)),
            "… whose $g^2$ is the slope of the variance.",
        ),
        Step(
            "kernel-variance",
            equation(Integral(g(u) ** 2, (u, 0, t)), sigma(t) ** 2 - sigma(0) ** 2),
            "Added up from the start: the kernel's variance is not $\\sigma(t)^2$ alone.",
        ),
    ]


def _one_score_for_all() -> list[Step]:
    rescaled = s(x / a, b / a) / a
    share, rest = exp(-t / 2), sqrt(1 - exp(-t))
    ratio = sqrt(sp.expand(sp.simplify((rest / share) ** 2)))
    (time,) = sp.solve(sp.Eq(ratio**2, w**2), t)
    kernel = derivations.unchecked("ou-transition")["kernel"].equation.rhs
    there = normal(x, A(t) * x0, B(t) ** 2)
    pull = Derivative(A(t), t) / A(t) * x
    here = s(x / A(t), clock(t)) / A(t)
    return [
        definition(
            "noisy",
            noisy(x, w),
            Integral(data(x0) * normal(x, x0, w**2), (x0, -oo, oo)),
            "The law of $x_0 + \\sigma z$.",
        ),
        definition(
            "scaled",
            p(x, a, b),
            Integral(data(x0) * normal(x, a * x0, b**2), (x0, -oo, oo)),
            "And that of $a x_0 + b z$.",
        ),
        Step(
            "kernel-rescaled",
            equation(normal(x, a * x0, b**2), normal(x / a, x0, (b / a) ** 2) / a),
            "Divided by $a$, the second is the first with $\\sigma = b/a$: so it is for each "
            "$x_0$ …",
        ),
        Step(
            "density-rescaled",
            equation(p(x, a, b), noisy(x / a, b / a) / a),
            "… and for their mean. In $d$ dimensions the factor is $a^{-d}$.",
        ),
        definition(
            "score", s(x, w), Derivative(log(noisy(x, w)), x), "A network learns this score."
        ),
        Step(
            "score-rescaled",
            equation(Derivative(log(p(x, a, b)), x), rescaled),
            "It serves every $a$ and $b$, in any dimension: the constant $a^{-d}$ has no slope.",
        ),
        definition(
            "clock",
            clock(t),
            B(t) / A(t),
            "Let a diffusion with a linear drift have this law at every time, given any $x_0$, "
            "with $a(t)$ and $b(t)$: this is its noise in units of what is left of the data.",
        ),
        definition(
            "strength",
            strength(t),
            A(t) ** 2 * Derivative(clock(t) ** 2, t),
            "Its drift shrinks the data, $\\frac{a'}{a} x$, and its noise makes $\\sigma$ grow,",
        ),
        Step(
            "any-process",
            equation(
                Derivative(there, t),
                -Derivative(pull * there, x) + strength(t) / 2 * Derivative(there, (x, 2)),
            ),
            "for so its kernel obeys the Fokker-Planck equation.",
        ),
        definition(
            "any-flow",
            u_any(x, t),
            pull - strength(t) / 2 * here,
            "The velocity of its probability flow.",
        ),
        Step(
            "one-flow",
            equation(
                u_any(x, t) / A(t) - x * Derivative(A(t), t) / A(t) ** 2,
                -clock(t) * Derivative(clock(t), t) * s(x / A(t), clock(t)),
            ),
            "So $y = x/a$ moves by $\\mathrm{d}y = -\\sigma\\, s(y, \\sigma) "
            "\\,\\mathrm{d}\\sigma$, whatever $a(t)$ and $b(t)$ are: the flow is one and the "
            "same for all, on clocks of their own.",
        ),
        Step(
            "ou-kernel",
            equation(normal(x, share * x0, rest**2), kernel),
            "The Ornstein-Uhlenbeck process has $a = e^{-t/2}$ and $b = \\sqrt{1 - e^{-t}}$.",
        ),
        Step(
            "ou-score",
            equation(
                Derivative(log(p(x, share, share * w)), x), rescaled.subs({b: a * w}).subs(a, share)
            ),
            "So when $b = a \\sigma$ its score is this. No network has to be trained again.",
        ),
        definition(
            "ou-sigma", of_time(t), rest / share, "At time $t$ the network is asked for $b/a$."
        ),
        Step("ou-sigma-closed", equation(of_time(t), ratio), "This is a simple function of $t$,"),
        Step(
            "ou-time",
            equation(of_time(time), w),
            "and the other way round the noise $\\sigma$ is met at this time.",
        ),
    ]


def _down_a_level() -> list[Step]:
    return [
        definition(
            "gap", c, level(i + 1) ** 2 - level(i) ** 2, "Generation goes down from level $i + 1$."
        ),
        definition(
            "reverse-step",
            reverse(x, z),
            x + c * s(x, level(i + 1)) + sqrt(c) * z,
            "Euler-Maruyama on the reverse SDE, with $c$ for $g^2 \\delta$: drift and noise.",
        ),
        Step(
            "reverse-noise",
            equation(
                Integral(
                    (reverse(x, z) - x - c * s(x, level(i + 1))) ** 2 * normal(z, 0, 1),
                    (z, -oo, oo),
                ),
                level(i + 1) ** 2 - level(i) ** 2,
            ),
            "Its noise has the variance between the two levels.",
        ),
        definition(
            "langevin-step",
            langevin(x, z, v),
            x + v / 2 * s(x, level(i + 1)) + sqrt(v) * z,
            "A step of Langevin dynamics, of the size $v$.",
        ),
        Step(
            "difference",
            equation(langevin(x, z, 2 * c) - reverse(x, z), (sqrt(2) - 1) * sqrt(c) * z),
            "With the same drift Langevin dynamics adds more noise, for it is to stay at its "
            "level, and the reverse SDE is to come down.",
        ),
    ]
