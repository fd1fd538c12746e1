"""A number that was estimated by Monte Carlo, and that knows how well."""

import math
from typing import Self

from torch import Tensor

__all__ = ["Estimate"]


class Estimate(float):
    r"""A float with a standard error.

    Attributes:
        standard_error: of the mean of n independent terms, $s / \sqrt{n}$, in the value's units.
    """

    standard_error: float

    def __new__(cls, value: float, standard_error: float) -> Self:
        number = super().__new__(cls, value)
        number.standard_error = float(standard_error)
        return number

    @classmethod
    def of_mean(cls, terms: Tensor) -> Self:
        """The mean of independent `terms` (n,) and its standard error, summed in float64.

        Raises:
            ValueError: if there are fewer than two terms.
        """
        if not isinstance(terms, Tensor) or terms.is_complex():
            raise ValueError(f"terms must be a tensor of real numbers, got {type(terms).__name__}")
        if terms.ndim != 1 or len(terms) < 2:
            raise ValueError(f"terms must have shape (n,) with n >= 2, got {tuple(terms.shape)}")
        exact = terms.detach().double()
        return cls(exact.mean().item(), exact.std().item() / math.sqrt(len(exact)))

    def __repr__(self) -> str:
        """As many decimals as two digits of the standard error need, such as 0.6000 ± 0.0011."""
        error = self.standard_error
        if not (error > 0 and math.isfinite(error)):
            return f"{float(self):.4g} ± {error:.2g}"
        decimals = max(0, 1 - math.floor(math.log10(error)))
        if decimals > 6:
            return f"{float(self):.2e} ± {error:.1e}"
        return f"{float(self):.{decimals}f} ± {error:.{decimals}f}"

    __str__ = __repr__

    def __reduce__(self) -> tuple:
        return type(self), (float(self), self.standard_error)
