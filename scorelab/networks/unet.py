r"""A small U-Net for the score of images.

The formula around the network F is that of `scorelab.networks`: the exact score of Gaussian data
plus what F has learned,

$$ s_\theta(x, \sigma) = -\frac{x - m}{\sigma^2 + v}
   + \frac{1}{\sigma} \sqrt{\frac{v}{\sigma^2 + v}}\;
     F_\theta\Bigl(\frac{x - m}{\sqrt{\sigma^2 + v}}, \log \sigma\Bigr). $$

F sees an image at three sizes, each half of the one before: strokes at full size with few channels,
their arrangement at a quarter of the side with many, where most of the parameters are. There, every
place looks once at all the others: whether a stroke closes is decided far from where it ends.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from scorelab._support import checks
from scorelab.networks.registry import LogFourier, architecture

__all__ = ["ScoreUNet"]

# Channels are normalised in this many groups; every width must be a multiple of it.
_GROUPS = 8
# Images are worked on in groups of about this many numbers at full size: of a thousand at once,
# every layer would fetch from memory what the one before it wrote there, at a third of the speed.
_SLICE = 2**19
_HEADS = 4  # of the attention; a divisor of the groups, so of every width


@architecture
class ScoreUNet(nn.Module):
    r"""A U-Net for the score of images of any size whose sides are divisible by 4.

    On the way down, images of H × W, H/2 × W/2 and H/4 × W/4 pass through residual blocks; on the
    way up, what the way down knew at each size is added. The level σ enters every block as a scale
    and a shift of its channels. The last layer starts at 0: before training the network is the
    score of a Gaussian with the data's mean and variance.

    Args:
        channels: C, the channels of an image.
        widths: channels inside at the three sizes, each a multiple of 8.
        depth: residual blocks at the smallest size, ≥ 1.
        data_mean: m of the formula above, a number or C numbers.
        data_std: $\sqrt v$, the standard deviation of a pixel.
        n_frequencies: number of Fourier frequencies in log σ.

    Raises:
        ValueError: for bad arguments.

    Source: Ronneberger et al. (2015) for the U; Ho et al. (2020), appendix B, for its blocks and
    its attention; Karras et al. (2022), eq. 7, for the formula around it.
    """

    def __init__(
        self,
        channels: int = 1,
        *,
        widths: tuple[int, int, int] = (16, 32, 96),
        depth: int = 2,
        data_mean: float | list[float] = 0.0,
        data_std: float = 1.0,
        n_frequencies: int = 8,
    ) -> None:
        super().__init__()
        channels = checks.count("channels", channels)
        depth = checks.count("depth", depth)
        n_frequencies = checks.count("n_frequencies", n_frequencies)
        data_std = checks.positive("data_std", data_std)
        widths = _checked_widths(widths)
        mean = checks.numbers("data_mean", data_mean, channels)
        self.config = {
            "channels": channels,
            "widths": list(widths),
            "depth": depth,
            "data_mean": mean.tolist(),
            "data_std": data_std,
            "n_frequencies": n_frequencies,
        }
        self.channels = channels
        self.register_buffer("data_mean", torch.tensor(mean.expand(channels).tolist()))
        self.register_buffer("data_variance", torch.tensor(data_std**2))
        full, half, quarter = widths
        features = LogFourier(n_frequencies)
        size = 4 * full
        self.embedding = nn.Sequential(
            features, nn.Linear(features.size, size), nn.SiLU(), nn.Linear(size, size), nn.SiLU()
        )
        self.first = nn.Conv2d(channels, full, 3, padding=1)
        self.down_full = ResidualBlock(full, size)
        self.to_half = nn.Conv2d(full, half, 2, stride=2)
        self.down_half = ResidualBlock(half, size)
        self.to_quarter = nn.Conv2d(half, quarter, 2, stride=2)
        self.middle = nn.ModuleList(ResidualBlock(quarter, size) for _ in range(depth))
        self.attention = Attention(quarter)
        self.from_quarter = nn.ConvTranspose2d(quarter, half, 2, stride=2)
        self.up_half = ResidualBlock(half, size)
        self.from_half = nn.ConvTranspose2d(half, full, 2, stride=2)
        self.up_full = ResidualBlock(full, size)
        self.norm = nn.GroupNorm(_GROUPS, full)
        self.last = nn.Conv2d(full, channels, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    @classmethod
    def for_data(cls, x: Tensor, **options) -> "ScoreUNet":
        """A network whose `channels`, `data_mean` and `data_std` are those of images (n, C, H, W).

        The variance is that of all pixels about the mean of their channel.
        """
        checks.batch("x", x)
        if x.ndim != 4 or len(x) < 2:
            raise ValueError(f"x must have shape (n, C, H, W) with n >= 2, got {tuple(x.shape)}")
        mean = x.mean((0, 2, 3))
        std = (x - mean[:, None, None]).square().mean().sqrt().item()
        return cls(x.shape[1], data_mean=mean.tolist(), data_std=std, **options)

    def forward(self, x: Tensor, sigma: float | Tensor) -> Tensor:
        """The score of the noisy images.

        Args:
            x: (n, C, H, W), H and W divisible by 4.
            sigma: standard deviation of the noise, a scalar or (n,).

        Returns:
            (n, C, H, W).

        Raises:
            ValueError: if x or σ does not have such a shape.
        """
        checks.batch("x", x)
        if x.ndim != 4 or x.shape[1] != self.channels or x.shape[2] % 4 or x.shape[3] % 4:
            raise ValueError(
                f"x must have shape (n, {self.channels}, H, W) with H and W divisible by 4, "
                f"got {tuple(x.shape)}"
            )
        sigma = checks.noise_level(sigma, x).reshape(-1, 1, 1, 1).expand(len(x), 1, 1, 1)
        total = sigma**2 + self.data_variance
        centred = x - self.data_mean[:, None, None]
        parts = max(1, x[:, 0].numel() * self.first.out_channels // _SLICE)
        inside = (centred * total.rsqrt()).chunk(parts), sigma.reshape(len(x), 1).chunk(parts)
        learned = torch.cat([self._network(*part) for part in zip(*inside, strict=True)])
        return (self.data_variance / total).sqrt() / sigma * learned - centred / total

    def _network(self, x: Tensor, sigma: Tensor) -> Tensor:
        """F: images of size 1, (n, C, H, W), and levels, (n, 1), in; (n, C, H, W) out."""
        level = self.embedding(sigma)
        full = self.down_full(self.first(x), level)
        half = self.down_half(self.to_half(full), level)
        first, *others = self.middle
        h = self.attention(first(self.to_quarter(half), level))
        for block in others:
            h = block(h, level)
        h = self.up_half(half + self.from_quarter(h), level)
        h = self.up_full(full + self.from_half(h), level)
        return self.last(functional.silu(self.norm(h)))


class ResidualBlock(nn.Module):
    r"""$h + W_2\,\mathrm{SiLU}((1 + a) \odot N(W_1\,\mathrm{SiLU}(N h)) + b)$.

    W₁ and W₂ are convolutions of 3 × 3, N normalises groups of channels (Wu and He, 2018), and the
    scale a and shift b of each channel come from the noise level (Perez et al., 2018).

    Args:
        width: channels of h.
        size: features of the noise level.
    """

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(_GROUPS, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.norm2 = nn.GroupNorm(_GROUPS, width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.film = nn.Linear(size, 2 * width)

    def forward(self, h: Tensor, level: Tensor) -> Tensor:
        """Images (n, width, H, W) and level features (n, size) in, images out."""
        scale, shift = self.film(level)[:, :, None, None].chunk(2, 1)
        inner = self.norm2(self.conv1(functional.silu(self.norm1(h))))
        return h + self.conv2(functional.silu(torch.addcmul(shift, inner, 1 + scale)))


class Attention(nn.Module):
    r"""$h + W\, V \mathrm{softmax}(K^\top Q / \sqrt c)$ in each of four heads of c channels.

    The columns of Q, K and V belong to the places of an image; they are linear in N h, and the
    softmax is over the places that are looked at. W starts at 0.

    Args:
        width: channels of h.

    Source: Vaswani et al. (2017), eq. 1; Ho et al. (2020), appendix B.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(_GROUPS, width)
        self.ask = nn.Conv2d(width, 3 * width, 1)
        self.answer = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.answer.bias)

    def forward(self, h: Tensor) -> Tensor:
        """Images (n, width, H, W) in, images out."""
        query, key, value = (
            self.ask(self.norm(h)).unflatten(1, (3, _HEADS, -1)).flatten(4).unbind(1)
        )
        # Not scaled_dot_product_attention: it has no second derivative, nor a forward one.
        heard = (key.mT @ query / math.sqrt(query.shape[2])).softmax(2)
        return h + self.answer((value @ heard).flatten(1, 2).unflatten(2, h.shape[2:]))


def _checked_widths(widths: tuple[int, int, int]) -> tuple[int, ...]:
    if len(widths) != 3:
        raise ValueError(f"widths must be three numbers, got {widths!r}")
    for i, width in enumerate(widths):
        if checks.count(f"widths[{i}]", width) % _GROUPS:
            raise ValueError(f"widths[{i}] must be a multiple of {_GROUPS}, got {width}")
    return tuple(int(width) for width in widths)
