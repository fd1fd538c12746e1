r"""The target of denoising score matching, for the lab's printed kernel and for the standard one.

The sheet prints the kernel $\exp(-\|\tilde x - x\|^2 / (2\sigma)) / (\sigma \sqrt{(2\pi)^d})$.
Its integral is $\sigma^{d/2 - 1}$, so it is a density in the plane only, and there $\sigma$ is a
variance. The standard kernel (Vincent, 2011; Song and Ermon, 2019, eq. 5) has
$2\sigma^2$ and $(2\pi\sigma^2)^{d/2}$. Both are products over coordinates, times a constant: one
coordinate is integrated by sympy, and $d$ stays a symbol.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, exp, log, oo, pi, sqrt

from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

y, x, z, s = sp.symbols("y x z s", real=True)
sigma, d, c, lam = sp.symbols("sigma d c lambda", positive=True)
# Kernels as functions of one coordinate y of the noisy point; c is what the others contribute.
lab, standard = Function("q_lab"), Function("q")
variance = sp.Symbol("v", positive=True)
m_lab, m_standard = sp.symbols("M_lab M", positive=True)
loss = Function("ell")


def derive() -> Derivation:
    """Derive the mass and the slope of both kernels, and the loss with the standard target."""
    printed_factor, printed_norm = exp(-((y - x) ** 2) / (2 * sigma)), sigma * sqrt(2 * pi) ** d
    factor, norm = exp(-((y - x) ** 2) / (2 * sigma**2)), sqrt(2 * pi * sigma**2) ** d

    def mass(of: sp.Expr, normaliser: sp.Expr) -> sp.Expr:
        return Integral(of, (y, -oo, oo)) ** d / normaliser

    def integrated(of: sp.Expr, normaliser: sp.Expr) -> sp.Expr:
        one = sp.integrate(of.subs(x, 0), (y, -oo, oo))
        return sp.powsimp(sp.expand_power_base(one**d / normaliser))

    printed_mass = integrated(printed_factor, printed_norm)
    (dimension,) = sp.solve(sp.Eq(log(printed_mass).expand(force=True), 0), d)
    printed_slope = sp.factor(log(c * printed_factor).diff(y))
    slope = sp.factor(log(c * factor).diff(y))

    # Which number has to be put into the printed kernel to get the standard slope?
    (meaning,) = sp.solve(sp.Eq(printed_slope.subs(sigma, variance), slope), variance)

    noisy = x + sigma * z
    residual = sp.simplify((s - slope).subs(y, noisy))
    weighted = sp.expand(sigma * residual) ** 2 / 2
    return Derivation(
        "dsm-target",
        "The target of denoising, and what the sheet's sigma must be",
        [
            definition(
                "printed-mass",
                m_lab,
                mass(printed_factor, printed_norm),
                "The sheet's kernel is a product over the $d$ coordinates, so its integral is a "
                "power of one integral, over the printed normaliser.",
            ),
            definition(
                "standard-mass", m_standard, mass(factor, norm), "The standard kernel likewise."
            ),
            Step(
                "printed-integral",
                equation(m_lab, printed_mass),
                "The printed kernel does not integrate to one …",
            ),
            Step(
                "printed-dimension",
                equation(log(m_lab), sp.expand_log(log(printed_mass))),
                f"… except, whatever $\\sigma$, in dimension $d = {dimension}$, where the "
                "logarithm of its mass is zero.",
            ),
            Step(
                "standard-integral",
                equation(m_standard, integrated(factor, norm)),
                "The standard kernel is a density in every dimension.",
            ),
            definition(
                "printed-kernel",
                lab(y),
                c * printed_factor,
                "Along one coordinate $y$ of the noisy point, with all else in a constant: the "
                "printed kernel …",
            ),
            definition("standard-kernel", standard(y), c * factor, "… and the standard one."),
            Step(
                "printed-slope",
                equation(Derivative(log(lab(y)), y), printed_slope),
                "The constant drops out of the score. The printed kernel's has $\\sigma$ …",
            ),
            Step(
                "standard-slope",
                equation(Derivative(log(standard(y)), y), slope),
                "… the standard kernel's has $\\sigma^2$: minus the noise, over its variance.",
            ),
            definition(
                "meaning",
                variance,
                meaning,
                "The two agree if the sheet's $\\sigma$ is read as a variance $v$, the square of "
                "ours …",
            ),
            Step(
                "agreement",
                equation(printed_slope.subs(sigma, variance), slope),
                "… for then the printed slope is the standard one.",
            ),
            definition(
                "loss",
                loss(y, lam),
                lam * (s - slope) ** 2 / 2,
                "One coordinate of the loss of the lab's equation 1, for a model's output $s$ and "
                "a weight $\\lambda$, with the target put in. A missing minus here is the most "
                "common mistake.",
            ),
            Step(
                "loss-weighted",
                equation(loss(noisy, sigma**2), weighted),
                "At $y = x + \\sigma z$, with the weight $\\lambda(\\sigma) = \\sigma^2$, every "
                "level asks the same: $\\sigma s$ must predict $-z$, of variance one.",
            ),
        ],
        notation={
            m_lab: r"M_{\mathrm{sheet}}",
            lab: r"q_{\mathrm{sheet}}(#1)",
            standard: "q(#1)",
            loss: r"\ell(#1, #2)",
        },
    )
