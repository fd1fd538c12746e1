r"""Score matching: what a learned score is trained on, and the value that no model can beat.

Data $x$ is made noisy by the kernel
$q_\sigma(\tilde x | x) = N(\tilde x; x, \sigma^2 I)$. Its score is known without knowing the data:

$$ \nabla_{\tilde x} \log q_\sigma(\tilde x | x) = -\frac{\tilde x - x}{\sigma^2}. $$

A model that is fitted to it by least squares is fitted to its mean given $\tilde x$, which is the
score of the noisy data, $s(\tilde x, \sigma) = \nabla \log p_\sigma(\tilde x)$ (Vincent, 2011). So

$$ \tfrac12 E \|s_\theta(\tilde x, \sigma) - \nabla \log q_\sigma(\tilde x | x)\|^2
   = \tfrac12 E \|s_\theta(\tilde x, \sigma) - s(\tilde x, \sigma)\|^2 + \text{floor}(\sigma): $$

the loss of a perfect model is not 0 but the floor.

A model is anything called as `model(x, sigma)`, with x of shape (n, …) and σ (n,), that returns a
tensor in the shape of x.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from scorelab._support import checks
from scorelab._support.precision import outside_autocast, wide
from scorelab.estimate import Estimate
from scorelab.mixture import GaussianMixture
from scorelab.sde import Score

__all__ = [
    "NoisyScore",
    "Weight",
    "dsm_floor",
    "dsm_loss",
    "dsm_target",
    "dsm_terms",
    "empirical_score",
    "fisher_divergence",
    "kernel_log_prob",
    "ncsn_loss",
    "ncsn_terms",
    "relative_fisher_error",
    "square",
]

NoisyScore = Callable[[Tensor, float | Tensor], Tensor]
"""A noise-conditional score: (n, …) points and σ, a scalar or (n,), in; scores (n, …) out."""

Weight = Callable[[Tensor], Tensor]
"""The weight λ of a noise level in the loss: levels (L,) in, weights (L,) out."""


def square(sigma: Tensor) -> Tensor:
    """λ(σ) = σ², which makes all levels count about the same (Song and Ermon, 2019)."""
    return sigma**2


@torch.no_grad()
def fisher_divergence(score_p: Score, score_q: Score, samples: Tensor) -> Estimate:
    r"""Fisher divergence $F(p \| q) = E_p \|\nabla \log p(x) - \nabla \log q(x)\|^2$.

    The norm is summed over all coordinates. There is no factor ½.

    Args:
        score_p: score of p, (n, …) in and out.
        score_q: score of q, likewise.
        samples: independent draws of p, (n, …).

    Returns:
        The mean over the samples, with its standard error; in 1 / (units of x)².

    Raises:
        ValueError: for fewer than two samples, or if a score has another shape than they.

    Source: Hyvärinen (2005), eq. 2, without its ½.
    """
    checks.points("samples", samples, least=2)
    score_p, score_q = checks.shaped("score_p", score_p), checks.shaped("score_q", score_q)
    return Estimate.of_mean(_squared_norm(score_p(samples) - score_q(samples)))


@torch.no_grad()
def relative_fisher_error(
    model: NoisyScore,
    mixture: GaussianMixture,
    sigma: float,
    *,
    n_samples: int,
    generator: torch.Generator | None = None,
) -> Estimate:
    r"""How wrong a model is at one level: $E\|s_\theta - s\|^2 / E\|s\|^2$ over $p_\sigma$.

    0 is perfect, 1 is as good as no model at all (a score of 0 everywhere).

    Args:
        model: the learned score.
        mixture: the law of the data, whose noisy score s is exact.
        sigma: standard deviation of the noise, a scalar.
        n_samples: how many points are drawn from $p_\sigma$, ≥ 2.
        generator: the source of randomness.

    Returns:
        The ratio of the two means; its standard error by the delta method.

    Raises:
        ValueError: for bad arguments, or if the model changes the shape.
    """
    n_samples = checks.count("n_samples", n_samples, least=2)
    sigma = checks.positive("sigma", sigma)
    x = mixture.noised(sigma).sample(n_samples, generator=generator)
    truth = mixture.noisy_score(x, sigma)
    levels = torch.full((n_samples,), sigma, dtype=x.dtype, device=x.device)
    error = _squared_norm(checks.like("model", model(x, levels), x) - truth).double()
    size = _squared_norm(truth).double()
    ratio = error.mean() / size.mean()
    residual = Estimate.of_mean((error - ratio * size) / size.mean())
    return Estimate(ratio.item(), residual.standard_error)


def empirical_score(points: Tensor) -> NoisyScore:
    r"""Exact score of a finite data set plus noise: what denoising on it tends to.

    The law of a point drawn from the N given ones, plus noise, is a mixture of N Gaussians of
    width σ. Its score is the way to a weighted mean of the points,

    $$ s(x, \sigma) = \frac{1}{\sigma^2} \sum_{i=1}^N r_i(x) \, (x_i - x), \qquad
       r_i(x) \propto \exp\Bigl(-\frac{\|x - x_i\|^2}{2 \sigma^2}\Bigr), $$

    and it is the one minimiser of the denoising loss over these points.

    Args:
        points: the data, (N, …) of any shape, N ≥ 1.

    Returns:
        The score, called as score(x, σ) with x of shape (n, …) and σ a scalar or (n,); in the
        dtype and on the device of x, and differentiable in x. Without a gradient its memory is
        bounded, whatever n: some 2²² numbers, or a row of N. It can be pickled.

    Raises:
        ValueError: if there are no points, or one is not finite; from the score, for another shape
            of a row, or a bad σ.

    Source: Vincent (2011), section 4.2, with the empirical law for the data's.
    """
    checks.batch("points", points)
    if not points.ndim or not points.numel():
        raise ValueError(f"points must have shape (N, …) with N >= 1, got {tuple(points.shape)}")
    i = checks.first_outside(points)
    if i is not None:
        raise ValueError(f"points must be finite, entry {i} is {points.flatten()[i].item()}")
    return partial(_empirical_score, points.detach().clone())


@outside_autocast
def _empirical_score(points: Tensor, x: Tensor, sigma: float | Tensor) -> Tensor:
    """What `empirical_score` returns, but for its first argument."""
    checks.batch("x", x)
    if not x.ndim or x.shape[1:] != points.shape[1:]:
        raise ValueError(
            f"x must have shape (n, …) with rows {tuple(points.shape[1:])} like the points, "
            f"got {tuple(x.shape)}"
        )
    levels = checks.noise_level(sigma, wide(x)).expand(len(x))[:, None]
    near = points.reshape(len(points), -1).to(wide(x))
    rows = wide(x).reshape(len(x), near.shape[1])
    size = max(1, _PAIRS // len(near))
    parts = zip(rows.split(size), levels.split(size), strict=True)
    return torch.cat([_to_the_mean(near, *part) for part in parts]).reshape(x.shape).to(x.dtype)


# So many pairs of a noisy point and a data point at a time.
_PAIRS = 2**22


def _to_the_mean(points: Tensor, rows: Tensor, std: Tensor) -> Tensor:
    """(Σ_i r_i points_i − row) / σ² for rows (n, d) with σ (n, 1)."""
    # The differences themselves: ‖x‖² − 2 x·x_i + ‖x_i‖² would lose the digits of a small σ.
    squares = torch.cdist(rows, points, compute_mode="donot_use_mm_for_euclid_dist") ** 2
    # The nearest point has exponent 0, and nothing overflows where σ² is as good as 0.
    exponents = -(squares - squares.amin(1, keepdim=True)) / std / std / 2
    return (exponents.softmax(1) @ points - rows) / std / std


def kernel_log_prob(noisy: Tensor, x: Tensor, sigma: float | Tensor) -> Tensor:
    r"""Log-density of the noise kernel, $\log N(\tilde x; x, \sigma^2 I)$.

    $$ -\frac{\|\tilde x - x\|^2}{2 \sigma^2} - \frac{d}{2} \log(2 \pi \sigma^2) $$

    Args:
        noisy: $\tilde x$, (n, …); d is the number of coordinates of a row.
        x: the clean points, in the same shape.
        sigma: standard deviation, a scalar or (n,).

    Returns:
        (n,), in nats.
    """
    difference, levels = _difference(noisy, x, sigma)
    dim = difference.shape[1:].numel()
    exponent = -0.5 * _squared_norm(difference) / levels**2
    return (exponent - 0.5 * dim * (2 * math.pi * levels**2).log()).to(x.dtype)


def dsm_target(noisy: Tensor, x: Tensor, sigma: float | Tensor) -> Tensor:
    r"""Score of the noise kernel, $\nabla_{\tilde x} \log q = -(\tilde x - x) / \sigma^2$.

    Args:
        noisy: $\tilde x$, (n, …).
        x: the clean points, in the same shape.
        sigma: standard deviation, a scalar or (n,).

    Returns:
        (n, …): the arrow from the noisy point back to the clean one, over σ².

    Source: Vincent (2011), section 4.2.
    """
    difference, levels = _difference(noisy, x, sigma)
    return -difference / _rows(levels, x) ** 2


def dsm_loss(
    model: NoisyScore,
    x: Tensor,
    sigma: float | Tensor,
    *,
    antithetic: bool = False,
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""Denoising score matching at one level, or at one level a sample.

    $$ \tfrac12 E \|s_\theta(\tilde x, \sigma) + (\tilde x - x) / \sigma^2\|^2 $$

    summed over coordinates, mean over the batch. A perfect model reaches `dsm_floor`, not 0.

    Args:
        model: called as model(x̃, σ) with σ of shape (n,).
        x: clean data, (n, …).
        sigma: standard deviation of the noise, a scalar or (n,).
        antithetic: average over the noise z and its mirror image −z; see `dsm_terms`.
        generator: the source of the noise.

    Returns:
        A scalar tensor, differentiable in the model's parameters.

    Raises:
        ValueError: for bad arguments, no data, or if the model changes the shape.

    Source: Vincent (2011), eq. 9, Song and Ermon (2019), eq. 5.
    """
    return dsm_terms(model, x, sigma, antithetic=antithetic, generator=generator).mean()


def dsm_terms(
    model: NoisyScore,
    x: Tensor,
    sigma: float | Tensor,
    *,
    antithetic: bool = False,
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""The terms whose mean is `dsm_loss`, one a sample; arguments as there.

    With `antithetic`, a term is the mean over the noise z and over −z. The expectation is the same.
    What a term asks of the model is $z^\top s_\theta(x + \sigma z, \sigma) / \sigma$, at small σ
    nearly odd in z: in the gradient this noise cancels, at the price of two calls of the model.

    Returns:
        (n,), independent if the rows of x are; `Estimate.of_mean` gives the standard error.
    """
    _require_rows(x)
    levels = checks.noise_level(sigma, x).expand(len(x))
    return _dsm_terms(model, x, levels, 1.0, antithetic=antithetic, generator=generator)


def _dsm_terms(
    model: NoisyScore,
    x: Tensor,
    levels: Tensor,
    weights: float | Tensor,
    *,
    antithetic: bool,
    generator: torch.Generator | None,
) -> Tensor:
    """The weighted terms at levels (n,) that are known to be > 0."""
    checks.generator(generator, x.device)
    z = torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    if antithetic:
        x, z, levels = torch.cat([x, x]), torch.cat([z, -z]), torch.cat([levels, levels])
    std = _rows(levels, x)
    noisy = x + std * z
    score = checks.like("model", model(noisy, levels), x)
    squares = _squared_norm(score + (noisy - x) / std**2)
    if antithetic:
        squares = squares.unflatten(0, (2, -1)).mean(0)
    return 0.5 * weights * squares


def ncsn_loss(
    model: NoisyScore,
    x: Tensor,
    sigmas: Tensor,
    *,
    weight: Weight = square,
    levels: str = "sample",
    antithetic: bool = False,
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""The loss of a noise-conditional score network: the mean of `dsm_loss` over the levels.

    $$ \frac1L \sum_{i=1}^L \lambda(\sigma_i) \, \tfrac12 E
       \|s_\theta(\tilde x, \sigma_i) + (\tilde x - x) / \sigma_i^2\|^2 $$

    Args:
        model: called as model(x̃, σ) with σ of shape (n,).
        x: clean data, (n, …).
        sigmas: the L levels, (L,), each > 0.
        weight: λ, called once with the tensor `sigmas`; σ² if not given.
        levels: "sample" gives each sample one level, which is unbiased and costs one call of the
            model; "all" takes every sample to every level, in L calls.
        antithetic: as in `dsm_terms`.
        generator: the source of noise and levels.

    Returns:
        A scalar tensor, differentiable in the model's parameters.

    Raises:
        ValueError: for bad arguments, no data, or if the model changes the shape.

    Source: Song and Ermon (2019), eq. 6.
    """
    if levels == "sample":
        terms, _ = ncsn_terms(
            model, x, sigmas, weight=weight, antithetic=antithetic, generator=generator
        )
        return terms.mean()
    if levels != "all":
        raise ValueError(f'levels must be "sample" or "all", got {levels!r}')
    sigmas, weights = _weighted_levels(x, sigmas, weight)
    losses = [
        dsm_loss(model, x, sigma, antithetic=antithetic, generator=generator) for sigma in sigmas
    ]
    return (weights * torch.stack(losses)).mean()


def ncsn_terms(
    model: NoisyScore,
    x: Tensor,
    sigmas: Tensor,
    *,
    weight: Weight = square,
    antithetic: bool = False,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    r"""The weighted terms whose mean is `ncsn_loss`, and the level of each; arguments as there.

    Sample j gets level $(j + u) \bmod L$ with one uniform u a call: each level is equally likely
    for each sample, and the batch holds all levels in equal parts, which draws with less variance
    than n independent levels. The rows of x must come in random order.

    Returns:
        The terms (n,) and the index of each term's level, (n,) int64.
    """
    levels = Levels(sigmas, weight, _require_rows(x))
    return levels.terms(model, x, antithetic=antithetic, generator=generator)


class Levels:
    """Noise levels and their weights, checked once, for many batches.

    Args:
        sigmas: the L levels, (L,), each > 0.
        weight: λ, called once with all of them.
        like: a batch, for dtype and device.

    Attributes:
        weights: (L,), λ of each level, like the batch.

    Raises:
        ValueError: as `ncsn_loss`.
    """

    def __init__(self, sigmas: Tensor, weight: Weight, like: Tensor) -> None:
        self._sigmas, self.weights = _weighted_levels(like, sigmas, weight)
        self._lay_out(len(like))

    def _lay_out(self, n_rows: int) -> None:
        """0, …, L − 1 over and over: a batch is given a piece of it that starts at random."""
        n_levels = len(self._sigmas)
        self._level = torch.arange(n_rows + n_levels, device=self._sigmas.device) % n_levels
        self._sigma, self._weight = self._sigmas[self._level], self.weights[self._level]

    def terms(
        self,
        model: NoisyScore,
        x: Tensor,
        *,
        antithetic: bool = False,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor]:
        """What `ncsn_terms` returns."""
        checks.generator(generator, x.device)
        n_levels = len(self._sigmas)
        if len(x) + n_levels > len(self._level):
            self._lay_out(len(x))
        u = torch.randint(n_levels, (1,), generator=generator, device=x.device).item()
        piece = slice(u, u + len(x))
        terms = _dsm_terms(
            model,
            x,
            self._sigma[piece],
            self._weight[piece],
            antithetic=antithetic,
            generator=generator,
        )
        return terms, self._level[piece]


@torch.no_grad()
def dsm_floor(
    mixture: GaussianMixture,
    sigma: float,
    *,
    n_samples: int,
    generator: torch.Generator | None = None,
) -> Estimate:
    r"""The denoising loss of the exact score at level σ: the value that no model can beat.

    A model sees $\tilde x$ and not $x$, so the scatter of x given $\tilde x$ remains:

    $$ \tfrac12 E \|s(\tilde x, \sigma) + (\tilde x - x) / \sigma^2\|^2
       = \frac{1}{2 \sigma^4} E \, \mathrm{tr}\,\mathrm{Cov}[x | \tilde x]. $$

    The right side is used. Its covariance is exact for a mixture, so that only $\tilde x$ is drawn:
    the standard error is far below that of the left side (and 0 for one Gaussian).

    Args:
        mixture: the law of the data.
        sigma: standard deviation of the noise, a scalar.
        n_samples: how many points are drawn from $p_\sigma$, ≥ 2.
        generator: the source of randomness.

    Returns:
        The floor with its standard error; in 1 / (units of x)², not weighted by λ(σ).

    Source: Vincent (2011), section 4.2, for the split; Efron (2011), section 2, for the covariance.
    """
    n_samples = checks.count("n_samples", n_samples, least=2)
    sigma = checks.positive("sigma", sigma)
    mixture = mixture.to(torch.float64)
    noisy_law = mixture.noised(sigma)
    noisy = noisy_law.sample(n_samples, generator=generator)
    # Given x̃ and component k, x is Gaussian: mean x̃ − σ² (Σ_k + σ²I)⁻¹ (x̃ − μ_k), and covariance
    # σ² Σ_k (Σ_k + σ²I)⁻¹.
    precision = torch.linalg.inv(noisy_law.covariances)
    spread = sigma**2 * torch.einsum("kij,kji->k", mixture.covariances, precision)
    second_moment = torch.zeros(n_samples, dtype=noisy.dtype, device=noisy.device)
    for k, share in enumerate(noisy_law.responsibilities(noisy).unbind(1)):
        shift = sigma**2 * (noisy - mixture.means[k]) @ precision[k]
        second_moment += share * (spread[k] + _squared_norm(shift))
    scatter = second_moment - _squared_norm(sigma**2 * noisy_law.score(noisy))
    return Estimate.of_mean(scatter / (2 * sigma**4))


def _squared_norm(x: Tensor) -> Tensor:
    """‖x‖² of every row, over all its coordinates: (n, …) -> (n,)."""
    return wide(x).reshape(len(x), x.shape[1:].numel()).square().sum(1)


def _rows(levels: Tensor, x: Tensor) -> Tensor:
    """Levels, scalar or (n,), in a shape that multiplies the rows of x, whatever their shape."""
    return levels.reshape(-1, *[1] * (x.ndim - 1))


def _require_rows(x: Tensor) -> Tensor:
    """Return x; raise `ValueError` unless it is a batch with rows: a loss is a mean over them."""
    if not checks.batch("x", x).ndim or not len(x):
        raise ValueError(f"x must have shape (n, …) with n >= 1, got {tuple(x.shape)}")
    return x


def _difference(noisy: Tensor, x: Tensor, sigma: float | Tensor) -> tuple[Tensor, Tensor]:
    checks.batch("noisy", noisy)
    checks.batch("x", x)
    if not x.ndim or noisy.shape != x.shape:
        raise ValueError(
            f"noisy and x must have the same shape, got {tuple(noisy.shape)} and {tuple(x.shape)}"
        )
    return noisy - x, checks.noise_level(sigma, x)


def _weighted_levels(x: Tensor, sigmas: Tensor, weight: Weight) -> tuple[Tensor, Tensor]:
    """The levels and their weights, both (L,), in the dtype and on the device of x."""
    checks.batch("x", x)
    sigmas = checks.levels("sigmas", sigmas, x)
    weights = checks.read("weight", weight(sigmas), sigmas.dtype, sigmas.device)
    if weights.shape not in ((), sigmas.shape):
        raise ValueError(
            f"weight must return one number or {tuple(sigmas.shape)} like sigmas, "
            f"got {tuple(weights.shape)}"
        )
    weights = weights.expand(len(sigmas))
    i = checks.first_outside(weights, least=0)
    if i is not None:
        raise ValueError(
            f"weight must be finite and >= 0, got {weights[i].item()} "
            f"for sigmas[{i}] = {sigmas[i].item():g}"
        )
    return sigmas, weights
