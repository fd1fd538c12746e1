r"""How many steps a noise level needs: the contraction of annealed Langevin dynamics.

Song and Ermon (2020), proposition 3: at level $\sigma_i$, with the data taken to be one point, the
chain starts with the variance of the level before, $\gamma^2 \sigma_i^2$, and must forget it. The
paper writes the full step $x + \alpha s + \sqrt{2\alpha}\, z$; this book uses the half step
$x + \tfrac{\alpha}{2} s + \sqrt{\alpha}\, z$, so the same chain has twice the paper's step size.

Then the same for data of variance $v$, which no narrow level can forget: what is left of the
levels above, and where the width of the samples freezes.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, exp, log, oo, sqrt

from scorelab import derivations
from scorelab.derivations.catalogue import ula_bias
from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, y, z = sp.symbols("x y z", real=True)
sigma, last, gamma, epsilon, alpha = sp.symbols(
    "sigma sigma_L gamma varepsilon alpha", positive=True
)
r, u, s, v, variance, kappa, h = sp.symbols("r u s v V kappa h", positive=True)
lam, fixed = sp.symbols("lambda Lambda", real=True)
T = sp.Symbol("T", integer=True, nonnegative=True)
N, half, full = Function("N"), Function("F_half"), Function("F_full")
M, V, E = Function("M"), Function("V"), Function("E")


def derive() -> Derivation:
    """Derive what T steps of one level leave, and what all levels leave of the data's width."""
    step = epsilon * sigma**2 / last**2
    in_rate = 2 * r * sigma**2  # the same step
    pull = Derivative(log(N(x, s**2)), x)
    bias = derivations.unchecked("ula-bias")["bias"].equation.rhs
    kept = (1 - r * sigma**2 / (v + sigma**2)) ** 2

    def expectation(of: sp.Expr) -> Integral:
        return Integral(of * N(x, variance) * N(z, 1), (x, -oo, oo), (z, -oo, oo))

    return Derivation(
        "annealed-contraction",
        "How many steps a noise level needs",
        [
            definition("gaussian", N(x, u), gaussian(x, 0, u), "A centred Gaussian."),
            definition(
                "half-step",
                half(x, z, alpha, s),
                x + alpha / 2 * pull + sqrt(alpha) * z,
                "Let the law at a level be $\\mathcal{N}(0, s^2)$. This book's step is the half "
                "form …",
            ),
            definition(
                "full-step",
                full(x, z, alpha, s),
                x + alpha * pull + sqrt(2 * alpha) * z,
                "… and the paper's is the full form.",
            ),
            Step(
                "same-chain",
                equation(full(x, z, alpha, s), half(x, z, 2 * alpha, s)),
                "They are the same chain, the half form with twice the step size.",
            ),
            definition(
                "moved",
                M(variance, alpha, s),
                (1 - alpha / (2 * s**2)) ** 2 * variance + alpha,
                "A step takes the variance $V$ to this …",
            ),
            Step(
                "moved-variance",
                equation(expectation(half(x, z, alpha, s) ** 2), M(variance, alpha, s)),
                "… since it multiplies $x$ by a constant and adds fresh noise.",
            ),
            definition(
                "rate",
                r,
                epsilon / (2 * last**2),
                "Let $r$ be half of the last step in units of the last variance. In the full form "
                "the same number is $r = \\varepsilon_{\\mathrm{full}} / \\sigma_L^2$, as the "
                "paper prints it.",
            ),
            Step(
                "level",
                equation(half(x, z, step, sigma), (1 - r) * x + sqrt(2 * r) * sigma * z),
                "First let the data be one point, so that $s = \\sigma$. With the schedule "
                "$\\alpha = \\varepsilon \\sigma^2 / \\sigma_L^2 = 2 r \\sigma^2$ the factor in "
                "front of $x$ is the same at every level.",
            ),
            definition(
                "fixed-point",
                lam,
                1 / (1 - r / 2),
                "One variance, in units of $\\sigma^2$, is left alone:",
            ),
            Step(
                "fixed",
                equation(M(lam * sigma**2, in_rate, sigma), lam * sigma**2),
                "it moves to itself.",
            ),
            Step(
                "bias",
                equation(
                    lam * sigma**2,
                    bias.subs({ula_bias.s: sigma}).subs(ula_bias.epsilon, step),
                ),
                "It is the stationary variance of Langevin dynamics with a fixed step, too large "
                "by the same factor at every level.",
            ),
            definition(
                "variance",
                V(T),
                lam + (1 - r) ** (2 * T) * (gamma**2 - lam),
                "The level before leaves the variance $\\gamma^2$, where $\\gamma$ is the ratio of "
                "the two noise levels. The variance after $T$ steps:",
            ),
            Step("start", equation(V(0), gamma**2), "it begins there …"),
            Step(
                "recursion",
                equation(sigma**2 * V(T + 1), M(sigma**2 * V(T), in_rate, sigma)),
                "… and takes the step just found.",
            ),
            Step(
                "distance",
                equation((V(T) - lam) / (gamma**2 - lam), (1 - r) ** (2 * T)),
                "So $T$ steps leave this share of the distance; for $0 < r < 2$ it tends to 0. "
                "$V_T$ close to 1 is the criterion of the paper.",
            ),
            Step(
                "noisy-law",
                equation(Integral(N(y, v) * N(x - y, sigma**2), (y, -oo, oo)), N(x, v + sigma**2)),
                "Now let the data be a Gaussian of variance $v$. Noise makes it wider, so that "
                "$s^2 = v + \\sigma^2$: the step is as long as before, but the pull is weaker.",
            ),
            definition(
                "wide-fixed-point",
                fixed,
                (v + sigma**2) / (1 - r * sigma**2 / (2 * (v + sigma**2))),
                "The variance should come to this, nearly $v + \\sigma^2$;",
            ),
            Step(
                "lag",
                equation(
                    M(variance, in_rate, sqrt(v + sigma**2)) - fixed, kept * (variance - fixed)
                ),
                "of what it is away from it, a step leaves this share.",
            ),
            Step(
                "frozen",
                equation(Limit((1 - kept**T) / sigma**2, sigma, 0), 2 * r * T / v),
                "The share that $T$ steps take away vanishes with $\\sigma^2$: at a narrow level "
                "nothing is forgotten, and the width is frozen.",
            ),
            definition(
                "excess",
                E(u),
                u + v / (r * kappa),
                "How much is frozen? Let the levels be close, with $\\kappa$ steps while "
                "$\\sigma$ falls by a factor $e$, and let $E$ be the variance of the samples "
                "less $v$ at a level of $\\sigma^2 = u \\ll v$. It is",
            ),
            Step(
                "levels",
                equation(
                    Limit((E(u * exp(2 * h)) - E(u)) / h, h, 0),
                    2 * r * kappa * u / v * (E(u) - u),
                ),
                "since from $\\sigma e^h$ to $\\sigma$ there are $\\kappa h$ steps, which take "
                "away the share just found. At $u = 0$ an excess is left that is proportional "
                "to $v$.",
            ),
        ],
        statement=r"""
On data at one point, $T$ steps of Langevin dynamics in the half form, of size
$\alpha = \varepsilon \sigma^2 / \sigma_L^2$ on the score of $\mathcal N(0, \sigma^2 I)$, take
$\mathcal N(0, \gamma^2 \sigma^2 I)$ to $\mathcal N(0, V_T \sigma^2 I)$ with

$$ V_T = \lambda + (1 - r)^{2T} (\gamma^2 - \lambda), \qquad
   r = \frac{\varepsilon}{2 \sigma_L^2}, \quad \lambda = \frac{1}{1 - r/2}. $$

On data $\mathcal N(m, \Sigma)$ in $\mathbb R^d$ the same holds in each eigendirection of
$\Sigma$, of variance $v$: a step takes the variance $V$ of the samples to
$\bigl(1 - \tfrac{\alpha}{2 (v + \sigma^2)}\bigr)^2 V + \alpha$, and as $\sigma \to 0$ the share
$2 r T \sigma^2 / v$ of what it lacks is all that $T$ steps can take away.
""".strip(),
        assumptions=(
            "The score is exact, and the noise of each step is normal and independent of the past.",
            "The data are one point, or one Gaussian; its eigendirections do not interact, and its "
            "mean is subtracted.",
            "The chain starts a level from a centred Gaussian; the recursions of the variance hold "
            "for every centred law that has one.",
            "A level forgets only if its factor is below 1 in absolute value, for one point if "
            "$0 < r < 2$.",
            "The excess is to leading order: levels close together, $\\sigma^2 \\ll v$, and the "
            "bias of the step neglected, and the start forgotten while $\\sigma^2$ is of the order "
            "of $v$, $T \\varepsilon \\gg 2 \\sigma_L^2 \\ln \\gamma$; the recursion is exact.",
        ),
        sources=(
            "Song and Ermon (2020), Improved techniques for training score-based generative "
            "models, NeurIPS 33, section 4, proposition 3: data at one point, full form.",
            "Song and Ermon (2019), Generative modeling by estimating gradients of the data "
            "distribution, NeurIPS 32, algorithm 1: the half form and the steps of the levels.",
        ),
        notation={
            N: r"\mathcal{N}(#1; 0, #2)",
            half: r"F_{\mathrm{half}}\left(#1, #2; #3, #4\right)",
            full: r"F_{\mathrm{full}}\left(#1, #2; #3, #4\right)",
            M: r"M(#1; #2, #3)",
            V: "V_{#1}",
        },
    )
