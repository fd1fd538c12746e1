r"""How many steps a noise level needs: the contraction of annealed Langevin dynamics.

Song and Ermon (2020), proposition 4: at level $\sigma_i$, with the law of the data taken to be a
point, the chain starts with the variance of the level before, $\gamma^2 \sigma_i^2$, and must
forget it. The paper writes the full step $x + \alpha s + \sqrt{2\alpha}\, z$; this book uses the
half step $x + \tfrac{\alpha}{2} s + \sqrt{\alpha}\, z$, so the same chain has twice the paper's
step size. Both are derived, and the conversion with them.
"""

import sympy as sp
from sympy import Function, Integral, Limit, exp, oo, rsolve, sqrt

from scorelab.derivations.engine.densities import gaussian, integrate_line
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, z = sp.symbols("x z", real=True)
sigma, last, gamma, epsilon, alpha = sp.symbols(
    "sigma sigma_L gamma varepsilon alpha", positive=True
)
r, rho, w, h, delta = sp.symbols("r rho v h delta", positive=True)
lam = sp.Symbol("lambda", real=True)
T = sp.Symbol("T", integer=True, nonnegative=True)
enough = sp.Symbol("T_delta", real=True)
half, full, v, N = Function("F_half"), Function("F_full"), Function("v"), Function("N")


def derive() -> Derivation:
    """Derive the variance after T steps of one level, in the half form and in the paper's."""
    score = sp.factor(sp.log(gaussian(x, 0, sigma**2)).diff(x))
    half_move = x + alpha / 2 * score + sqrt(alpha) * z
    full_move = x + alpha * score + sqrt(2 * alpha) * z
    (as_half,) = sp.solve(sp.Eq(half_move.coeff(z), full_move.coeff(z).subs(alpha, w)), alpha)

    # The schedule's step, α = ε·σ²/σ_L², makes the factor in front of x the same at every level.
    step = epsilon * sigma**2 / last**2
    at_level = sp.collect(sp.expand(half_move.subs(alpha, step)), x)
    rate = 1 - at_level.coeff(x)
    (epsilon_of_r,) = sp.solve(sp.Eq(rate, r), epsilon)
    in_rate = sp.collect(sp.expand(at_level.subs(epsilon, epsilon_of_r)), x)

    # Variances in units of σ²: x has variance v·σ² before the step, z has variance one.
    def expectation(of: sp.Expr) -> Integral:
        return Integral(of * N(x, w * sigma**2) * N(z, 1), (x, -oo, oo), (z, -oo, oo))

    square = in_rate**2 * gaussian(x, 0, w * sigma**2) * gaussian(z, 0, 1)
    moved = sp.expand(integrate_line(integrate_line(square, x), z) / sigma**2)
    kept = in_rate.coeff(x) ** 2
    recursion = kept * v(T) + moved.subs(w, 0)

    solved = rsolve(v(T + 1) - recursion.subs(kept, rho), v(T), {v(0): gamma**2})
    (fixed,) = sp.solve(sp.Eq(moved, w), w)
    fixed = 1 / sp.expand(1 / fixed)
    start = sp.simplify((solved / rho**T).subs(T, 0))
    forgetting = lam + kept**T * (start - lam)

    distance = sp.simplify((forgetting - lam) / (gamma**2 - lam))
    (steps,) = sp.solve(sp.Eq(exp(-2 * h * w), delta), w)
    return Derivation(
        "annealed-contraction",
        "How many steps a noise level needs",
        [
            definition("gaussian", N(x, w), gaussian(x, 0, w), "A centred Gaussian."),
            definition(
                "half-step",
                half(x, z, alpha),
                half_move,
                "At one level the law is taken to be $\\mathcal{N}(0, \\sigma^2)$, of score "
                "$-x/\\sigma^2$. This book's step is the half form.",
            ),
            definition("full-step", full(x, z, alpha), full_move, "The paper's is the full form."),
            Step(
                "same-chain",
                equation(full(x, z, w), half(x, z, as_half)),
                "They are the same chain, the half form with twice the step size.",
            ),
            Step(
                "level",
                equation(half(x, z, step), at_level),
                "With the schedule $\\alpha = \\varepsilon \\sigma^2 / \\sigma_L^2$ the factor in "
                "front of $x$ is the same at every level.",
            ),
            definition(
                "rate",
                r,
                rate,
                "It is $1 - r$. In the full form the same number is $r = "
                "\\varepsilon_{\\mathrm{full}} / \\sigma_L^2$, as the paper prints it.",
            ),
            Step(
                "moved-variance",
                equation(expectation(half(x, z, step) ** 2) / sigma**2, moved),
                "A step takes the variance $v \\sigma^2$ to this, in units of $\\sigma^2$.",
            ),
            definition(
                "fixed-point",
                lam,
                fixed,
                "What it leaves alone. This is the bias of Langevin dynamics, the same at every "
                "level.",
            ),
            Step(
                "bias",
                equation(lam, fixed.subs(r, rate)),
                "In terms of the half form's step size: the law found for a fixed step.",
            ),
            definition(
                "variance",
                v(T),
                forgetting,
                "The recursion solved: the level before leaves the variance $\\gamma^2$, where "
                "$\\gamma$ is the ratio of the two noise levels.",
            ),
            Step("start", equation(v(0), forgetting.subs(T, 0)), "It begins there …"),
            Step(
                "recursion",
                equation(v(T + 1), recursion),
                "… and takes the step just found.",
            ),
            Step(
                "distance",
                equation((v(T) - lam) / (gamma**2 - lam), distance),
                "So $T$ steps leave this share of the distance: $v_T$ close to 1 is the "
                "criterion of the paper.",
            ),
            Step(
                "forgotten",
                equation(Limit(exp(-2 * h * T), T, oo), sp.limit(exp(-2 * h * T), T, oo)),
                "With $1 - r = e^{-h}$ all is forgotten in the end …",
            ),
            definition(
                "steps",
                enough,
                steps,
                "… and a share $\\delta$ of it is left after so many steps:",
            ),
            Step(
                "enough",
                equation(exp(-2 * h * enough), delta),
                "put in, they leave the share $\\delta$.",
            ),
        ],
        notation={
            N: r"\mathcal{N}(#1; 0, #2)",
            half: r"F_{\mathrm{half}}\left(#1, #2; #3\right)",
            full: r"F_{\mathrm{full}}\left(#1, #2; #3\right)",
            v: "v_{#1}",
        },
    )
