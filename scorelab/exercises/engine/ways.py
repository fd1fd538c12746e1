"""The ways back in time that have the right laws, one for each strength of the noise."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from scorelab.sde import SDE

__all__ = ["WayBack"]


class WayBack(SDE):
    """dx = [own · f − pull(g, η) · score] dt + noise(g, η) dw̄, by default the family of the book.

    Args:
        sde: The process that is run backwards.
        score: Called as score(x, t).
        eta: How much of its noise the way back has: 1 is Anderson's, 0 the probability flow.
        pull: The factor of the score, (1 + η²) g² / 2 if it is right.
        noise: The diffusion, η g if it is right.
        own: The factor of the process's drift, 1 if it is right.
    """

    def __init__(
        self,
        sde: SDE,
        score: Callable[[Tensor, float], Tensor],
        eta: float,
        pull: Callable[[float, float], float] = lambda g, eta: (1 + eta**2) / 2 * g**2,
        noise: Callable[[float, float], float] = lambda g, eta: eta * g,
        own: float = 1.0,
    ) -> None:
        self.sde, self.score, self.eta, self.T = sde, score, eta, sde.T
        self.pull, self.noise, self.own = pull, noise, own

    def drift(self, x: Tensor, t: float) -> Tensor:
        pull = self.pull(self.sde.diffusion(t), self.eta)
        return self.own * self.sde.drift(x, t) - pull * self.score(x, t)

    def diffusion(self, t: float) -> float:
        return self.noise(self.sde.diffusion(t), self.eta)
