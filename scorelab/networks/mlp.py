r"""Networks that learn a noise-conditional score $s_\theta(x, \sigma)$.

All are called as `model(x, sigma)`, with x of shape (n, …) and σ a scalar or (n,), and return a
tensor in the shape of x: the contract of `scorelab.matching`.

The loss with $\lambda(\sigma) = \sigma^2$ asks for $\sigma s$ of about the same size at all levels.
A plain network would have to produce scores of size $1 / \sigma$, over several orders of magnitude.
So the network F itself works on numbers of size 1, and the formula around it knows the scales
(Karras et al., 2022): with data of mean m and variance v,

$$ s_\theta(x, \sigma) = -\frac{x - m}{\sigma^2 + v}
   + \frac{1}{\sigma} \sqrt{\frac{v}{\sigma^2 + v}}\;
     F_\theta\Bigl(\frac{x - m}{\sqrt{\sigma^2 + v}}, \log \sigma\Bigr). $$

The first term is the exact score of Gaussian data, which is right at large σ; the second is
F / σ at small σ, the form of Song and Ermon (2020).
"""

import torch
from torch import Tensor, nn

from scorelab._support import checks
from scorelab.networks.registry import ARCHITECTURES, LogFourier, architecture
from scorelab.networks.unet import ScoreUNet

__all__ = ["ARCHITECTURES", "ScoreMLP", "ScoreUNet", "architecture"]


@architecture
class ScoreMLP(nn.Module):
    r"""A residual multilayer perceptron for the score of data in $\mathbb{R}^d$.

    Its layers are $h \leftarrow h + \mathrm{SiLU}(W h + b + V e(\sigma))$, where $e(\sigma)$ holds
    $\log \sigma$ and Fourier features of it. The last layer starts at 0: before training the
    network is the score of a Gaussian with the data's mean and variance.

    Args:
        dim: d.
        width: units a layer.
        depth: number of hidden layers, ≥ 1.
        data_mean: m of the formula above, a number or d numbers.
        data_std: $\sqrt v$, the standard deviation of a coordinate of the data.
        n_frequencies: number of Fourier frequencies in log σ.

    Raises:
        ValueError: for bad arguments.

    Source: Song and Ermon (2020), section 3.3 (the 1/σ); Karras et al. (2022), eq. 7 (the skip
    connection), written as a score by $s = (D - x) / \sigma^2$.
    """

    def __init__(
        self,
        dim: int,
        *,
        width: int = 64,
        depth: int = 3,
        data_mean: float | list[float] = 0.0,
        data_std: float = 1.0,
        n_frequencies: int = 8,
    ) -> None:
        super().__init__()
        dim = checks.count("dim", dim)
        width = checks.count("width", width)
        depth = checks.count("depth", depth)
        n_frequencies = checks.count("n_frequencies", n_frequencies)
        data_std = checks.positive("data_std", data_std)
        mean = checks.numbers("data_mean", data_mean, dim)
        self.config = {
            "dim": dim,
            "width": width,
            "depth": depth,
            "data_mean": mean.tolist(),
            "data_std": data_std,
            "n_frequencies": n_frequencies,
        }
        self.dim = dim
        self.register_buffer("data_mean", torch.tensor(mean.expand(dim).tolist()))
        self.register_buffer("data_variance", torch.tensor(data_std**2))
        self.embedding = LogFourier(n_frequencies)
        self.first = nn.Linear(dim, width)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))
        self.levels = nn.ModuleList(
            nn.Linear(self.embedding.size, width, bias=False) for _ in range(depth)
        )
        self.last = nn.Linear(width, dim)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    @classmethod
    def for_data(cls, x: Tensor, **options) -> "ScoreMLP":
        """A network whose `dim`, `data_mean` and `data_std` are those of the data x, (n, d)."""
        checks.batch("x", x)
        if x.ndim != 2 or len(x) < 2:
            raise ValueError(f"x must have shape (n, d) with n >= 2, got {tuple(x.shape)}")
        std = x.var(0).mean().sqrt().item()
        return cls(x.shape[1], data_mean=x.mean(0).tolist(), data_std=std, **options)

    def forward(self, x: Tensor, sigma: float | Tensor) -> Tensor:
        """The score of the noisy data.

        Args:
            x: (n, d).
            sigma: standard deviation of the noise, a scalar or (n,).

        Returns:
            (n, d).
        """
        checks.batch("x", x, self.dim)
        if x.ndim != 2:
            raise ValueError(f"x must have shape (n, {self.dim}), got {tuple(x.shape)}")
        sigma = checks.noise_level(sigma, x).reshape(-1, 1).expand(len(x), 1)
        total = sigma**2 + self.data_variance
        centred = x - self.data_mean
        features = self.embedding(sigma)
        at_first, *at_others = self.levels
        scaled = centred * total.rsqrt()
        h = nn.functional.silu(self.first(scaled) + at_first(features))
        for layer, level in zip(self.layers, at_others, strict=True):
            h = h + nn.functional.silu(layer(h) + level(features))
        learned = (self.data_variance / total).sqrt() / sigma * self.last(h)
        return learned - centred / total
