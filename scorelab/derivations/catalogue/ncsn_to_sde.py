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
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem
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


def derive() -> Derivation:
    """Derive the variance-exploding SDE from annealed noise, and the identity of scores."""
    return theorem(
        "ncsn-to-sde",
        [*_levels_to_sde(), *_one_score_for_all(), *_down_a_level()],
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
        results=("rate", "score-rescaled", "one-flow"),
        roles={
            x: "value",
            z: "noise",
            s: "score",
            noisy: "density",
            g: "diffusion",
            t: "time",
            T: "horizon",
            w: "noise-level",
            a: "scale",
            x0: "data",
        },
    )


def _levels_to_sde() -> list[Step]:
    def schedule(share: sp.Expr) -> sp.Expr:
        return low * (high / low) ** share

    jump = sigma(t + delta) ** 2 - sigma(t) ** 2
    factor = (high / low) ** (2 * delta / T) - 1
    growth = 2 * schedule(t / T).diff(t) / schedule(t / T)
    return [
        definition("level", level(i), schedule(i / n)),
        Step("geometric", equation(level(i + 1) / level(i), (high / low) ** (1 / n))),
        definition("schedule", sigma(t), schedule(t / T)),
        Step("on-the-grid", equation(level(i), sigma(i * T / n))),
        Step("last", equation(sigma(T), high)),
        definition("gaussian", normal(x, m, v), gaussian(x, m, v)),
        definition("move", move(x, z), x + sqrt(jump) * z),
        Step(
            "moved-variance",
            equation(Integral((move(x, z) - x) ** 2 * normal(z, 0, 1), (z, -oo, oo)), jump),
        ),
        Step("share", equation(jump, sigma(t) ** 2 * factor)),
        Step("limit", equation(Limit(factor / delta, delta, 0), growth)),
        definition("diffusion", g(t), sigma(t) * sqrt(growth)),
        Step("rate", equation(g(t) ** 2, Derivative(sigma(t) ** 2, t))),
        Step(
            "kernel-variance",
            equation(Integral(g(u) ** 2, (u, 0, t)), sigma(t) ** 2 - sigma(0) ** 2),
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
        definition("noisy", noisy(x, w), Integral(data(x0) * normal(x, x0, w**2), (x0, -oo, oo))),
        definition(
            "scaled", p(x, a, b), Integral(data(x0) * normal(x, a * x0, b**2), (x0, -oo, oo))
        ),
        Step(
            "kernel-rescaled",
            equation(normal(x, a * x0, b**2), normal(x / a, x0, (b / a) ** 2) / a),
        ),
        Step("density-rescaled", equation(p(x, a, b), noisy(x / a, b / a) / a)),
        definition("score", s(x, w), Derivative(log(noisy(x, w)), x)),
        Step("score-rescaled", equation(Derivative(log(p(x, a, b)), x), rescaled)),
        definition("clock", clock(t), B(t) / A(t)),
        definition("strength", strength(t), A(t) ** 2 * Derivative(clock(t) ** 2, t)),
        Step(
            "any-process",
            equation(
                Derivative(there, t),
                -Derivative(pull * there, x) + strength(t) / 2 * Derivative(there, (x, 2)),
            ),
        ),
        definition("any-flow", u_any(x, t), pull - strength(t) / 2 * here),
        Step(
            "one-flow",
            equation(
                u_any(x, t) / A(t) - x * Derivative(A(t), t) / A(t) ** 2,
                -clock(t) * Derivative(clock(t), t) * s(x / A(t), clock(t)),
            ),
        ),
        Step("ou-kernel", equation(normal(x, share * x0, rest**2), kernel)),
        Step(
            "ou-score",
            equation(
                Derivative(log(p(x, share, share * w)), x), rescaled.subs({b: a * w}).subs(a, share)
            ),
        ),
        definition("ou-sigma", of_time(t), rest / share),
        Step("ou-sigma-closed", equation(of_time(t), ratio)),
        Step("ou-time", equation(of_time(time), w)),
    ]


def _down_a_level() -> list[Step]:
    return [
        definition("gap", c, level(i + 1) ** 2 - level(i) ** 2),
        definition("reverse-step", reverse(x, z), x + c * s(x, level(i + 1)) + sqrt(c) * z),
        Step(
            "reverse-noise",
            equation(
                Integral(
                    (reverse(x, z) - x - c * s(x, level(i + 1))) ** 2 * normal(z, 0, 1),
                    (z, -oo, oo),
                ),
                level(i + 1) ** 2 - level(i) ** 2,
            ),
        ),
        definition(
            "langevin-step", langevin(x, z, v), x + v / 2 * s(x, level(i + 1)) + sqrt(v) * z
        ),
        Step(
            "difference",
            equation(langevin(x, z, 2 * c) - reverse(x, z), (sqrt(2) - 1) * sqrt(c) * z),
        ),
    ]
