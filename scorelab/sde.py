r"""Stochastic differential equations $dx = f(x, t)\,dt + g(t)\,dw$ on $[0, T]$.

A process is its two coefficients: `drift` is f, `diffusion` is g. Everything that moves in this
book is one such equation, followed by the one integrator of `scorelab.solvers`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

from torch import Tensor

__all__ = ["SDE", "LangevinDiffusion", "Score"]

Score = Callable[[Tensor], Tensor]
"""A score function maps a batch (n, …) to the score of every row, in the same shape."""


class SDE(ABC):
    r"""A diffusion process $dx = f(x, t)\,dt + g(t)\,dw$ on $[0, T]$, data at 0 and noise at T.

    A subclass writes `drift` and `diffusion`, and sets `T`, as a class attribute if it likes. No
    call of `super().__init__()` is needed.

    Source: Song et al. (2021), eq. 5.
    """

    T: float

    @abstractmethod
    def drift(self, x: Tensor, t: float | Tensor) -> Tensor:
        """f(x, t), in the shape of x; t is a float or a scalar tensor."""

    @abstractmethod
    def diffusion(self, t: float | Tensor) -> float | Tensor:
        """g(t), a number that multiplies the noise in every coordinate."""

    @property
    def t_span(self) -> tuple[float, float]:
        """The times at which an integration starts and ends unless told otherwise."""
        return 0.0, self.T


class LangevinDiffusion(SDE):
    r"""The Langevin diffusion $dx = \tfrac12 \nabla \log p(x)\,dt + dw$, whose stationary law is p.

    For $p = N(0, I)$ it is the Ornstein-Uhlenbeck process $dx = -\tfrac12 x\,dt + dw$. It has no
    final time: the integrator must be given its `t_span`.

    Args:
        score: $\nabla \log p$, a batch (n, …) in and out.

    Source: Roberts and Tweedie (1996), eq. 1, with the time there halved.
    """

    T = math.inf

    def __init__(self, score: Score) -> None:
        self.score = score

    def drift(self, x: Tensor, t: float | Tensor) -> Tensor:
        """Half of the score, at every time."""
        return 0.5 * self.score(x)

    def diffusion(self, t: float | Tensor) -> float:
        """1, at every time."""
        return 1.0
