r"""The one formula that most derivations start from."""

import sympy as sp

__all__ = ["gaussian"]


def gaussian(x: sp.Expr, mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    r"""Return $\exp(-(x - m)^2 / (2v)) / \sqrt{2 \pi v}$."""
    return sp.exp(-((x - mean) ** 2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)
