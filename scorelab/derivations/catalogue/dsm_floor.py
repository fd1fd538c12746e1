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
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem
from scorelab.derivations.engine.stand_ins import density, field

tau = sp.Symbol("tau", positive=True)
J = sp.Symbol("J_tau", positive=True)
m, loss, floor = Function("m"), Function("ell"), Function("ell_min")
P, Q, s = Function("P"), Function("Q"), Function("s")


def derive() -> Derivation:
    """Derive the floor for any data, its value for Gaussian data, and its limits."""
    taken = derivations.unchecked("tweedie")
    score, target = Derivative(log(q(y)), y), Derivative(log(N(y, x)), y)
    weighted = tau**2 / (sigma**2 + tau**2) / 2

    def over_x(of: sp.Expr) -> Integral:
        return Integral(of, (x, -oo, oo))

    return theorem(
        "dsm-floor",
        [
            *(taken[name] for name in ("kernel", "noisy", "denoiser", "spread")),
            Step("target", equation(target, (x - y) / sigma**2)),
            definition(
                "loss", loss(y), over_x((m(y) - (x - y) / sigma**2) ** 2 * p(x) * N(y, x)) / 2
            ),
            Step(
                "split",
                equation(loss(y), q(y) * (m(y) - score) ** 2 / 2 + q(y) * S(y) / (2 * sigma**4)),
            ),
            definition(
                "floor", floor(y), over_x((score - (x - y) / sigma**2) ** 2 * p(x) * N(y, x)) / 2
            ),
            Step("scatter", equation(floor(y), q(y) * S(y) / (2 * sigma**4))),
            definition("data", P(x), gaussian(x, 0, tau**2)),
            definition("gaussian-noisy", Q(y), over_x(P(x) * N(y, x))),
            Step("noisy-law", equation(Q(y), gaussian(y, 0, sigma**2 + tau**2))),
            definition("score", s(y), -y / (sigma**2 + tau**2)),
            Step("perfect", equation(Derivative(log(Q(y)), y), s(y))),
            definition(
                "gaussian-floor",
                J,
                Integral(over_x((s(y) - (x - y) / sigma**2) ** 2 * P(x) * N(y, x)), (y, -oo, oo))
                / 2,
            ),
            Step("closed-form", equation(J, weighted / sigma**2)),
            Step("small-noise", equation(Limit(weighted, sigma, 0), sp.Rational(1, 2))),
            Step("large-noise", equation(Limit(weighted, sigma, oo), sp.S.Zero)),
            Step("weighted", equation(sigma**2 * J, weighted)),
        ],
        concrete={p: density, m: field},
        notation={
            **{f: taken.notation[f] for f in (N, D, S)},
            floor: r"\ell_{\min}(#1)",
            loss: r"\ell_m(#1)",
            P: r"p_{\tau}(#1)",
            Q: r"q_{\tau}(#1)",
            s: r"s_{\tau}(#1)",
        },
        results=("split", "scatter", "closed-form"),
        roles={x: "data", y: "noised", p: "density", sigma: "noise-level"},
    )
