r"""The target of denoising score matching, for the lab's printed kernel and for the standard one.

The sheet prints the kernel $\exp(-\|\tilde x - x\|^2 / (2\sigma)) / (\sigma \sqrt{(2\pi)^d})$.
Its integral is $\sigma^{d/2 - 1}$, so for every $\sigma$ it is a density in the plane only, and
there $\sigma$ is a variance. The standard kernel (Vincent, 2011; Song and Ermon, 2019, eq. 5) has
$2\sigma^2$ and $(2\pi\sigma^2)^{d/2}$. Both are products over coordinates, times a constant: one
coordinate is integrated by sympy, and $d$ stays a symbol.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, exp, log, oo, pi

from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem

y, x, z, s = sp.symbols("y x z s", real=True)
sigma, d, lam = sp.symbols("sigma d lambda", positive=True)
# What one coordinate y of the noisy point contributes to a kernel, without its normaliser.
lab, standard = Function("q_lab"), Function("q")
variance = sp.Symbol("v", positive=True)
m_lab, m_standard = sp.symbols("M_lab M", positive=True)
loss = Function("ell")


def derive() -> Derivation:
    """Derive the mass, the variance and the slope of both kernels, and the loss."""

    def over_y(of: sp.Expr) -> Integral:
        return Integral(of, (y, -oo, oo))

    def second_moment(kernel: Function) -> sp.Expr:
        return over_y((y - x) ** 2 * kernel(y))

    printed_slope, slope = -(y - x) / sigma, -(y - x) / sigma**2
    return theorem(
        "dsm-target",
        [
            definition("printed-kernel", lab(y), exp(-((y - x) ** 2) / (2 * sigma))),
            definition("standard-kernel", standard(y), exp(-((y - x) ** 2) / (2 * sigma**2))),
            definition("printed-mass", m_lab, over_y(lab(y)) ** d / (sigma * (2 * pi) ** (d / 2))),
            definition(
                "standard-mass",
                m_standard,
                over_y(standard(y)) ** d / (2 * pi * sigma**2) ** (d / 2),
            ),
            Step("printed-integral", equation(m_lab, sigma ** (d / 2 - 1))),
            Step("printed-dimension", equation(log(m_lab), (d / 2 - 1) * log(sigma))),
            Step("standard-integral", equation(m_standard, sp.S.One)),
            Step("printed-variance", equation(second_moment(lab), sigma * over_y(lab(y)))),
            Step(
                "standard-variance",
                equation(second_moment(standard), sigma**2 * over_y(standard(y))),
            ),
            Step("printed-slope", equation(Derivative(log(lab(y)), y), printed_slope)),
            Step("standard-slope", equation(Derivative(log(standard(y)), y), slope)),
            definition("meaning", variance, sigma**2),
            Step("agreement", equation(printed_slope.subs(sigma, variance), slope)),
            definition("loss", loss(y, lam), lam * (s - slope) ** 2 / 2),
            Step(
                "loss-weighted", equation(loss(x + sigma * z, sigma**2), (sigma * s + z) ** 2 / 2)
            ),
        ],
        notation={
            m_lab: r"M_{\mathrm{sheet}}",
            lab: r"q_{\mathrm{sheet}}(#1)",
            standard: "q(#1)",
            loss: r"\ell(#1, #2)",
        },
        results=("printed-integral", "standard-slope", "loss-weighted"),
        roles={x: "data", y: "noised", z: "noise", sigma: "noise-level"},
    )
