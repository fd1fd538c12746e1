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
        if terms.ndim != 1 or len(terms) < 2:
            raise ValueError(f"terms must have shape (n,) with n >= 2, got {tuple(terms.shape)}")
        exact = terms.detach().double()
        return cls(exact.mean().item(), exact.std().item() / math.sqrt(len(exact)))

    def __repr__(self) -> str:
        return f"{float(self):.4g} ± {self.standard_error:.2g}"

    __str__ = __repr__

    def __reduce__(self) -> tuple:
        return type(self), (float(self), self.standard_error)
