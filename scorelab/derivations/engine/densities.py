r"""The formulas that most derivations start from: the Gaussian, and integrals against it."""

from functools import cache

import sympy as sp

__all__ = ["gaussian", "integrate_line"]


def gaussian(x: sp.Expr, mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    r"""Return $\exp(-(x - m)^2 / (2v)) / \sqrt{2 \pi v}$."""
    return sp.exp(-((x - mean) ** 2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)


def integrate_line(integrand: sp.Expr, x: sp.Symbol) -> sp.Expr:
    r"""Integrate over the line: polynomials times Gaussians by completing the square.

    In $\int x^n e^{-\alpha x^2 + \beta x} \,\mathrm{d}x$ the variable is shifted by
    $\beta / (2 \alpha)$; sympy then knows every term. The integral of anything else
    is returned as it stands.
    """
    exponentials = sorted((e for e in integrand.atoms(sp.exp) if e.has(x)), key=str)
    names = {e: sp.Dummy() for e in exponentials}
    try:
        polynomial = sp.Poly(integrand.xreplace(names), x, *names.values())
        exponents = [sp.Poly(e.args[0], x) for e in exponentials]
    except sp.PolynomialError:
        return sp.Integral(integrand, (x, -sp.oo, sp.oo))
    total = sp.S.Zero
    for (degree, *powers), coefficient in polynomial.terms():
        exponent = sum((n * e for n, e in zip(powers, exponents, strict=True)), sp.Poly(0, x))
        if exponent.degree() != 2:
            return sp.Integral(integrand, (x, -sp.oo, sp.oo))
        c2, c1, c0 = (sp.factor(exponent.coeff_monomial(x**n)) for n in (2, 1, 0))
        shifted = sp.Poly((x - c1 / (2 * c2)) ** degree, x)
        moments = sum(c * _moment(n, sp.factor(-c2)) for (n,), c in shifted.terms())
        total += coefficient * moments * sp.exp(sp.factor(c0 - c1**2 / (4 * c2)))
    return total


def _moment(n: int, alpha: sp.Expr) -> sp.Expr:
    # By the variance 1/α: sympy does not know that √(1/v) is 1/√v unless it knows v > 0.
    return _moment_of_symbol(n).subs(_ALPHA, 1 / _BETA).subs(_BETA, sp.factor(1 / alpha))


@cache
def _moment_of_symbol(n: int) -> sp.Expr:
    x = sp.Dummy(real=True)
    return sp.integrate(x**n * sp.exp(-_ALPHA * x**2), (x, -sp.oo, sp.oo))


_ALPHA, _BETA = sp.symbols("alpha beta", positive=True, cls=sp.Dummy)
