r"""Explicit and denoising score matching differ by a constant.

Vincent (2011), section 4.2: for data $x \sim p$, a kernel $q(y \mid x)$ and
$q(y) = \int p(x) q(y \mid x) \,\mathrm{d}x$, the losses $\tfrac12 \mathbb{E}|s(y) - \nabla \log
q(y)|^2$ and $\tfrac12 \mathbb{E}|s(y) - \nabla_y \log q(y \mid x)|^2$ have the same minimiser.
Proved for every $p$, kernel and model, at every $y$.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, log, oo

from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem
from scorelab.derivations.engine.stand_ins import density, field

x, y, theta = sp.symbols("x y theta", real=True)
p, k, q, s = Function("p"), Function("k"), Function("q"), Function("s")
explicit, denoising = Function("E"), Function("D")


def derive() -> Derivation:
    """Derive that the two losses differ, at every y, by what does not hold the model."""

    def over_x(of: sp.Expr) -> Integral:
        return Integral(of, (x, -oo, oo))

    model, joint = s(y, theta), p(x) * k(y, x)
    score, target = Derivative(log(q(y)), y), Derivative(log(k(y, x)), y)
    slope = Derivative(q(y), y)
    return theorem(
        "dsm-equivalence",
        [
            definition("noisy", q(y), over_x(p(x) * k(y, x))),
            definition("explicit", explicit(y, theta), q(y) * (model - score) ** 2 / 2),
            definition("denoising", denoising(y, theta), over_x(joint * (model - target) ** 2) / 2),
            Step("slope", equation(slope, over_x(joint * target))),
            Step("cross", equation(model * slope, over_x(joint * model * target))),
            Step(
                "explicit-expanded",
                equation(
                    explicit(y, theta), q(y) * model**2 / 2 - model * slope + slope**2 / (2 * q(y))
                ),
            ),
            Step(
                "difference",
                equation(
                    explicit(y, theta) - denoising(y, theta),
                    slope**2 / (2 * q(y)) - over_x(joint * target**2) / 2,
                ),
            ),
            Step(
                "gradient",
                equation(
                    Derivative(explicit(y, theta), theta), Derivative(denoising(y, theta), theta)
                ),
            ),
        ],
        notation={
            k: r"q(#1 \mid #2)",
            s: r"s_{#2}(#1)",
            explicit: r"\ell_{\mathrm{explicit}}(#1, #2)",
            denoising: r"\ell_{\mathrm{denoising}}(#1, #2)",
        },
        concrete={p: density, k: density, s: field},
        results=("difference", "gradient"),
        roles={x: "data", y: "noised", p: "density"},
    )
