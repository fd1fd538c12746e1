"""The parts of a mixture's score, for formulas that leave one out or take a wrong one."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["averaged", "logits", "pulls"]


def logits(x: Tensor, weights: Tensor, means: Tensor, covariances: Tensor) -> Tensor:
    """log w_k N(x; μ_k, Σ_k), (n, K)."""
    laws = torch.distributions.MultivariateNormal(means, covariances)
    return weights.log() + laws.log_prob(x[:, None])


def pulls(x: Tensor, means: Tensor, covariances: Tensor) -> Tensor:
    """Σ_k⁻¹ (μ_k − x), (n, K, d)."""
    return torch.linalg.solve(covariances, (means - x[:, None])[..., None])[..., 0]


def averaged(shares: Tensor, pulls: Tensor) -> Tensor:
    """The pulls' mean with the shares (n, K) as weights, (n, d)."""
    return (shares[..., None] * pulls).sum(1)
