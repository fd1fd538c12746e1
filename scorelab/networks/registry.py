"""What all networks share: their register, and the features by which they know the noise level."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

__all__ = ["ARCHITECTURES", "LogFourier", "architecture"]

ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {}
"""The networks by class name, from which a checkpoint is built again."""


def architecture(cls: type[nn.Module]) -> type[nn.Module]:
    """Decorator: let checkpoints hold this network.

    The class must keep the arguments it was made with as the attribute `config`, a dict of numbers,
    strings and lists.
    """
    ARCHITECTURES[cls.__name__] = cls
    return cls


class LogFourier(nn.Module):
    r"""Features of σ > 0: $\log \sigma$ and sines and cosines of it.

    The frequencies are $k \pi / P$, k = 1, …, K: half periods of $P = \log 10^3$ and shorter. They
    tell apart levels over three decades and beyond, and the features are smooth in between, so
    that what is learned at one level helps its neighbours.

    Args:
        n_frequencies: K.
    """

    def __init__(self, n_frequencies: int) -> None:
        super().__init__()
        frequencies = torch.arange(1, n_frequencies + 1) * (math.pi / math.log(1e3))
        self.register_buffer("frequencies", frequencies)
        self.size = 2 * n_frequencies + 1

    def forward(self, sigma: Tensor) -> Tensor:
        """σ (n, 1) in, features (n, 2K + 1) out."""
        log_sigma = sigma.log()
        angle = log_sigma * self.frequencies
        return torch.cat([log_sigma / 4, angle.sin(), angle.cos()], 1)
