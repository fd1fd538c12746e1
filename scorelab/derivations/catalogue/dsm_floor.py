r"""What is left of the denoising loss when the score is perfect.

The denoising loss of Vincent (2011) does not go down to zero: the target is random given the
noisy point. What is left is the scatter of the clean point given the noisy one, for any law of the
data; for Gaussian data $\mathcal N(0, \tau^2)$ it is elementary. Coordinates add up.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Limit, log, oo

from scorelab import derivations
from scorelab.derivations.catalogue.tweedie import D, N, S, p, q, sigma, x, y
from scorelab.derivations.engine.densities import gaussian
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation
from scorelab.derivations.engine.stand_ins import density, field

tau = sp.Symbol("tau", positive=True)
J = sp.Symbol("J_tau", positive=True)
m, loss, floor = Function("m"), Function("ell"), Function("ell_min")
P, Q, s = Function("P"), Function("Q"), Function("s")

_STATEMENT = r"""
Let $x \sim p$ in $\mathbb R^d$ and $\tilde x = x + \sigma z$ with the density $q$. For every model
$m$ the denoising loss is
$\tfrac12 \mathbb E \|m(\tilde x) + (\tilde x - x)/\sigma^2\|^2
= \tfrac12 \mathbb E \|m(\tilde x) - \nabla \log q(\tilde x)\|^2
+ \mathbb E \operatorname{tr} \operatorname{Cov}[x \mid \tilde x] / (2\sigma^4)$.
So its least value is the last term, which $m = \nabla \log q$ reaches. For
$p = \mathcal N(0, \tau^2 I)$ it is $d \tau^2 / (2\sigma^2(\sigma^2 + \tau^2))$.
"""


def derive() -> Derivation:
    """Derive the floor for any data, its value for Gaussian data, and its limits."""
    taken = derivations.unchecked("tweedie")
    score, target = Derivative(log(q(y)), y), Derivative(log(N(y, x)), y)
    weighted = tau**2 / (2 * (sigma**2 + tau**2))

    def over_x(of: sp.Expr) -> Integral:
        return Integral(of, (x, -oo, oo))

    return Derivation(
        "dsm-floor",
        "The floor of the denoising loss",
        [
            *(taken[name] for name in ("kernel", "noisy", "denoiser", "spread")),
            Step(
                "target",
                equation(target, (x - y) / sigma**2),
                "The model is asked for this target, which is random given $y$.",
            ),
            definition(
                "loss",
                loss(y),
                over_x((m(y) - (x - y) / sigma**2) ** 2 / 2 * p(x) * N(y, x)),
                "What any model $m$ costs at $y$; the loss is the integral over $y$.",
            ),
            Step(
                "split",
                equation(loss(y), q(y) * (m(y) - score) ** 2 / 2 + q(y) * S(y) / (2 * sigma**4)),
                "By Tweedie's formula the target is the score on average. What a square has "
                "about its mean adds to it: the error of the model, and the scatter of the "
                "clean point.",
            ),
            definition(
                "floor",
                floor(y),
                over_x((score - (x - y) / sigma**2) ** 2 / 2 * p(x) * N(y, x)),
                "The score itself, the best model there is, costs the floor. It is not zero, …",
            ),
            Step(
                "scatter",
                equation(floor(y), q(y) * S(y) / (2 * sigma**4)),
                "… but, integrated over $y$, the mean variance of $x$ given $y$ over "
                "$2 \\sigma^4$. In $d$ dimensions it is the mean trace of the covariance.",
            ),
            definition("data", P(x), gaussian(x, 0, tau**2), "One coordinate of Gaussian data."),
            definition("gaussian-noisy", Q(y), over_x(P(x) * N(y, x)), "Its noisy law …"),
            Step(
                "noisy-law",
                equation(Q(y), gaussian(y, 0, sigma**2 + tau**2)),
                "… is Gaussian: the variances add.",
            ),
            definition("score", s(y), -y / (sigma**2 + tau**2), "The best model, with the slope …"),
            Step(
                "perfect",
                equation(Derivative(log(Q(y)), y), s(y)),
                "… of the logarithm of the law just found, …",
            ),
            definition(
                "gaussian-floor",
                J,
                Integral(
                    over_x((s(y) - (x - y) / sigma**2) ** 2 / 2 * P(x) * N(y, x)), (y, -oo, oo)
                ),
                "… has the floor",
            ),
            Step(
                "closed-form",
                equation(J, weighted / sigma**2),
                "by two integrals over Gaussians. For $d$ coordinates, $d$ times this.",
            ),
            Step(
                "small-noise",
                equation(Limit(weighted, sigma, 0), sp.Rational(1, 2)),
                "Times $\\sigma^2$, and where there is little noise, the floor is one half a "
                "coordinate: the target is nothing but noise there.",
            ),
            Step(
                "large-noise",
                equation(Limit(weighted, sigma, oo), sp.S.Zero),
                "It is zero where the noise hides the data.",
            ),
            Step(
                "weighted",
                equation(sigma**2 * J, weighted),
                "With the weight $\\lambda(\\sigma) = \\sigma^2$, which makes all levels alike.",
            ),
        ],
        statement=_STATEMENT.strip(),
        assumptions=(
            "The noise is Gaussian, N(0, σ²I), and independent of x; of the law of x nothing is "
            "assumed but what Tweedie's formula assumes.",
            "The model's squares are integrable, E‖m(x̃)‖² < ∞; the floor is finite for every law, "
            "at most d/(2σ²), since E tr Cov[x | x̃] is at most E‖x − x̃‖² = dσ².",
            "The steps are written for one coordinate, with the other noisy coordinates held fixed "
            "and the other clean ones integrated; the squares of d coordinates add up.",
        ),
        sources=(
            "Vincent (2011), A Connection Between Score Matching and Denoising Autoencoders, "
            "Neural Computation 23(7), section 4.2",
            "Efron (2011), Tweedie's Formula and Selection Bias, Journal of the American "
            "Statistical Association 106(496), section 2",
        ),
        concrete={p: density, m: field},
        notation={
            **{f: taken.notation[f] for f in (N, D, S)},
            floor: r"\ell_{\min}(#1)",
            loss: r"\ell_m(#1)",
            P: r"p_{\tau}(#1)",
            Q: r"q_{\tau}(#1)",
            s: r"s_{\tau}(#1)",
        },
    )
