r"""The Gaussian mixture: the one distribution of this book whose score is known exactly.

$$ p(x) = \sum_{k=1}^K w_k \, N(x; \mu_k, \Sigma_k), \qquad
   \nabla \log p(x) = \sum_{k=1}^K r_k(x) \, \Sigma_k^{-1} (\mu_k - x), $$

with the responsibilities $r_k(x) = w_k N(x; \mu_k, \Sigma_k) / p(x)$.

Every covariance is kept as $\Sigma_k = U_k \, \mathrm{diag}(\lambda_k) \, U_k^\top$. Gaussian noise
of standard deviation $\sigma$ leaves the eigenvectors alone and adds $\sigma^2$ to every
eigenvalue, so the score at *every* noise level costs no more than the score itself.
"""

import math
from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from torch import Tensor

from scorelab._support import checks
from scorelab._support.precision import outside_autocast, wide
from scorelab._support.slices import by_slices, minus_half_squares

__all__ = ["GaussianMixture"]

# A slice has at least so many points: with full covariances it must pay to read the eigenvectors.
_LEAST_FULL, _LEAST_DIAGONAL = 512, 32
# From this dimension on, skipping the components that are out of reach pays for the indexing.
_SPARSE_DIM = 128


class GaussianMixture:
    r"""Mixture of K Gaussians in $\mathbb{R}^d$ with exact density, score and noised versions.

    Densities and scores are computed in the dtype and on the device of the points that they are
    asked for, whatever the mixture's own: in float32 at least, and outside autocast.

    The mixture's own dtype is that of the tensors and arrays among its arguments, of the means
    first; Python numbers beside them keep all their digits. All arguments are copied.

    Args:
        weights: (K,), each > 0, summing to 1; to rounding in float32 if they are Python numbers.
        means: (K, d).
        covariances: (K, d, d) symmetric positive definite, or (K, d) diagonals, or (K,)
            isotropic variances. Variances, not standard deviations.

    Raises:
        ValueError: naming the argument and the offending component.

    Source: Bishop (2006), eqs. 2.188 and 2.192.
    """

    def __init__(
        self,
        weights: Tensor | Sequence[float],
        means: Tensor | Sequence,
        covariances: Tensor | Sequence,
    ) -> None:
        given = [v for v in map(_dtype, (means, weights, covariances)) if v is not None]
        dtype = given[0] if given else torch.get_default_dtype()
        tensors = [v for v in (means, weights, covariances) if isinstance(v, Tensor)]
        device = tensors[0].device if tensors else torch.get_default_device()
        means = _floating("means", means).to(device, dtype, copy=True)
        if means.ndim != 2 or 0 in means.shape:
            raise ValueError(f"means must have shape (K, d), got {tuple(means.shape)}")
        self.weights = _normalised(weights, means)
        self.means = means
        variances, axes = _eigenvalues(_floating("covariances", covariances).to(means), means)
        self._variances = variances
        self._axes = axes

    @property
    def n_components(self) -> int:
        """The number K of components."""
        return self.means.shape[0]

    @property
    def dim(self) -> int:
        """The dimension d."""
        return self.means.shape[1]

    @property
    @outside_autocast
    def covariances(self) -> Tensor:
        """The covariance matrices, always (K, d, d)."""
        if self._axes is None:
            return torch.diag_embed(self._variances)
        return (self._axes * self._variances[:, None, :]) @ self._axes.mT

    def to(self, *args, **kwargs) -> Self:
        """A copy on another device or in another dtype; arguments as of `torch.Tensor.to`."""
        parts = (self.weights, self.means, self._variances, self._axes)
        return self._like(*(p if p is None else p.clone().to(*args, **kwargs) for p in parts))

    def log_prob(self, x: Tensor) -> Tensor:
        r"""Log-density $\log p(x)$, finite far into the tails.

        Args:
            x: (..., d).

        Returns:
            (...), in nats.
        """
        return self._map(x, lambda rows: torch.logsumexp(self._logits(rows)[0], 0))

    def score(self, x: Tensor) -> Tensor:
        r"""Exact score $\nabla_x \log p(x) = \sum_k r_k(x) \Sigma_k^{-1} (\mu_k - x)$.

        Differentiable in `x`.

        Args:
            x: (..., d).

        Returns:
            (..., d).
        """
        return self._map(x, self._score)

    def responsibilities(self, x: Tensor) -> Tensor:
        r"""Posterior probability $r_k(x)$ that component k produced x.

        Args:
            x: (..., d).

        Returns:
            (..., K), each row summing to 1.
        """
        return self._map(x, lambda rows: torch.softmax(self._logits(rows)[0], 0))

    def noisy_score(self, x: Tensor, sigma: float | Tensor) -> Tensor:
        r"""Exact score of $X + \sigma Z$ at x: what a perfect noise-conditional network returns.

        Differentiable in `x`. The same as `noised(sigma).score(x)`, but $\sigma$ may differ from
        point to point.

        Args:
            x: (n, d); (…, d) where sigma is a scalar.
            sigma: standard deviation of the noise, a scalar or (n,).

        Returns:
            The scores, in the shape of x.
        """
        levels = checks.noise_level(sigma, wide(checks.batch("x", x, self.dim)))
        if levels.ndim == 0:
            return self._map(x, lambda rows: self._score(rows, levels**2))
        if x.ndim != 2:
            raise ValueError(
                f"x must have shape (n, {self.dim}) where sigma has shape (n,), "
                f"got {tuple(x.shape)}"
            )
        return self._map(x, self._score, levels**2)

    @outside_autocast
    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw n independent points, (n, d)."""
        n = checks.count("n", n)
        checks.generator(generator, self.means.device)
        like = {"dtype": self.means.dtype, "device": self.means.device}
        component = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        noise = torch.randn(n, self.dim, generator=generator, **like)
        noise *= self._variances.sqrt()[component]
        if self._axes is not None:
            for k, axes in enumerate(self._axes):
                chosen = component == k
                noise[chosen] = noise[chosen] @ axes.T
        return noise + self.means[component]

    @outside_autocast
    def mean(self) -> Tensor:
        r"""$E[X] = \sum_k w_k \mu_k$, (d,)."""
        return self.weights @ self.means

    @outside_autocast
    def covariance(self) -> Tensor:
        r"""$\mathrm{Cov}[X] = \sum_k w_k (\Sigma_k + (\mu_k - m)(\mu_k - m)^\top)$, (d, d).

        Here $m = E[X]$.
        """
        centred = self.means - self.mean()
        between = (centred.T * self.weights) @ centred
        return torch.einsum("k,kij->ij", self.weights, self.covariances) + between

    def noised(self, sigma: float, scale: float = 1.0) -> Self:
        r"""The law of $aX + \sigma Z$ with $Z \sim N(0, I)$, again a mixture.

        Component k becomes $N(a \mu_k, a^2 \Sigma_k + \sigma^2 I)$.

        Args:
            sigma: standard deviation of the noise, ≥ 0.
            scale: the factor a, not 0 unless `sigma` > 0.

        Raises:
            ValueError: if `sigma` is negative, or the result would be a point mass, or its
                variances are out of the range of the dtype.
        """
        sigma, scale = checks.real("sigma", sigma), checks.real("scale", scale)
        if not (0 <= sigma < math.inf and math.isfinite(scale)):
            raise ValueError(f"sigma must be >= 0 and scale finite, got {sigma} and {scale}")
        if sigma == 0 and scale == 0:
            raise ValueError("sigma and scale must not both be 0: the law would be a point mass")
        variances = scale**2 * self._variances + sigma**2
        _require_range(variances, f"sigma = {sigma:g} and scale = {scale:g}")
        return self._like(self.weights, scale * self.means, variances, self._axes)

    def __repr__(self) -> str:
        shape = "diagonal" if self._axes is None else "full"
        return f"GaussianMixture(K={self.n_components}, d={self.dim}, {shape} covariances)"

    def _like(self, weights: Tensor, means: Tensor, variances: Tensor, axes: Tensor | None) -> Self:
        other = object.__new__(type(self))
        other.weights, other.means = weights, means
        other._variances, other._axes = variances, axes
        return other

    @outside_autocast
    def _map(self, x: Tensor, function, *per_point: Tensor) -> Tensor:
        """Apply `function` to x, slice by slice laid out as (d, n), see `by_slices`."""
        checks.batch("x", x, self.dim)
        result = by_slices(
            function,
            wide(x).reshape(-1, self.dim),
            *per_point,
            width=self.n_components * self.dim,
            least=_LEAST_DIAGONAL if self._axes is None else _LEAST_FULL,
        )
        return result.reshape(x.shape[:-1] + result.shape[1:]).to(x.dtype)

    def _logits(self, rows: Tensor, noise: Tensor | float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
        """log(w_k N(x; …)) as (K, n), z = diag(λ)^(−½) Uᵀ(μ − x) as (K, d, n), and the λ^(−½).

        `noise` is the variance σ² added to every eigenvalue λ: a scalar or (n,).
        """
        scale = (self._variances.to(rows)[:, :, None] + noise).rsqrt()
        z = self._to_axes(self.means.to(rows)[:, :, None] - rows, scale)
        log_weights = self.weights.to(rows).log()[:, None]
        log_peaks = (scale / math.sqrt(2 * math.pi)).log().sum(1)
        return minus_half_squares(log_weights + log_peaks, z), z, scale

    def _score(self, rows: Tensor, noise: Tensor | float = 0.0) -> Tensor:
        logits, z, scale = self._logits(rows, noise)
        return self._from_axes(z, scale, torch.softmax(logits, 0))

    def _to_axes(self, y: Tensor, scale: Tensor) -> Tensor:
        """diag(scale) U_kᵀ y_k for every component, (K, d, n)."""
        if self._axes is None:
            return scale * y
        if self._folds(scale):
            return (self._axes.to(y) * scale.mT).mT @ y
        return scale * (self._axes.to(y).mT @ y)

    def _from_axes(self, z: Tensor, scale: Tensor, weight: Tensor) -> Tensor:
        """Σ_k weight_k U_k diag(scale) z_k, (d, n)."""
        if self._axes is None and scale.shape[-1] > 1:
            return (weight[:, None] * (scale * z)).sum(0)
        if self._axes is None:  # the same, with the sum over k as a product of small matrices
            return (scale.permute(1, 2, 0) @ (weight[:, None] * z).transpose(0, 1)).squeeze(1)
        axes = self._axes.to(z)
        if self._folds(scale):
            axes = axes * scale.mT
        else:
            z = scale * z
        if self.dim < _SPARSE_DIM:
            return axes.transpose(0, 1).flatten(1) @ (weight[:, None] * z).flatten(0, 1)
        # In high dimension nearly all responsibilities underflow to exactly 0: skip those products.
        total = torch.zeros_like(z[0])
        for axes_k, z_k, weight_k in zip(axes, z, weight, strict=True):
            near = weight_k.nonzero().squeeze(1)
            total = total.index_add(1, near, axes_k @ (weight_k[near] * z_k[:, near]))
        return total

    def _folds(self, scale: Tensor) -> bool:
        """Whether scaling the axes, (K, d, d), is cheaper than scaling every point, (K, d, n)."""
        return scale.shape[-1] == 1 and self.dim < _SPARSE_DIM


def _dtype(value: Tensor | Sequence) -> torch.dtype | None:
    """The dtype that an argument brings along: None for Python numbers and for integers."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        value = checks.read("an array", value)
    return value.dtype if isinstance(value, Tensor) and value.is_floating_point() else None


def _floating(name: str, value: Tensor | Sequence) -> Tensor:
    tensor = checks.read(name, value)
    if not torch.isfinite(tensor).all():
        raise ValueError(
            f"{name} must be finite; component {_first(~torch.isfinite(tensor))} is not"
        )
    return tensor


def _normalised(weights: Tensor | Sequence, means: Tensor) -> Tensor:
    """The weights like the means; their sum is brought to 1 where they came with fewer digits."""
    given = _dtype(weights)
    weights = _floating("weights", weights)
    if weights.shape != (len(means),):
        raise ValueError(
            f"weights must have shape ({len(means)},), one for each mean, "
            f"got {tuple(weights.shape)}"
        )
    if (weights <= 0).any():
        k = _first(weights <= 0)
        raise ValueError(f"weights must be > 0; component {k} has {weights[k].item():g}")
    total = weights.double().sum().item()
    # Python numbers may come from float32; beside means in float32 all weights have its digits.
    single = torch.finfo(torch.float32).eps
    eps = max(torch.finfo(given or torch.float32).eps, min(torch.finfo(means.dtype).eps, single))
    rounding = 8 * len(means) * eps
    if abs(total - 1) > rounding:
        raise ValueError(f"weights must sum to 1, got {total:.10g}")
    if abs(total - 1) > 8 * len(means) * torch.finfo(means.dtype).eps:
        weights = weights.to(means) / total
    return weights.to(means, copy=True)


def _require_range(variances: Tensor, what: str) -> None:
    """Raise `ValueError` unless the variances are > 0 and finite in their dtype."""
    if checks.first_outside(variances, above=0) is not None:
        raise ValueError(f"{what} give variances outside the range of {variances.dtype}")


def _eigenvalues(covariances: Tensor, means: Tensor) -> tuple[Tensor, Tensor | None]:
    """Eigenvalues (K, d) and eigenvectors (K, d, d), the latter None for diagonal covariances."""
    n_components, dim = means.shape
    if covariances.shape == (n_components,):
        covariances = covariances[:, None].expand(n_components, dim)
    if covariances.shape == (n_components, dim):
        axes, variances = None, covariances.clone()
    elif covariances.shape == (n_components, dim, dim):
        # float64, whatever the dtype: a decomposition in float32 would cost half of the digits.
        exact = covariances.double()
        scale = exact.abs().amax((1, 2))
        skew = (exact - exact.mT).abs().amax((1, 2))
        if (skew > 1e-5 * scale).any():
            raise ValueError(
                f"covariances must be symmetric; component {_first(skew > 1e-5 * scale)} is not"
            )
        exact_variances, exact_axes = torch.linalg.eigh((exact + exact.mT) / 2)
        variances, axes = exact_variances.to(means), exact_axes.to(means)
        # Rounding alone can leave an eigenvalue of a singular matrix just above 0.
        variances = torch.where(
            exact_variances > dim * torch.finfo(torch.float64).eps * scale[:, None], variances, -1.0
        )
    else:
        raise ValueError(
            f"covariances must have shape ({n_components}, {dim}, {dim}), ({n_components}, {dim}) "
            f"or ({n_components},), got {tuple(covariances.shape)}"
        )
    if (variances <= 0).any():
        raise ValueError(
            f"covariances must be positive definite; component {_first(variances <= 0)} is not"
        )
    return variances, axes


def _first(mask: Tensor) -> int:
    return int(mask.nonzero()[0, 0]) if mask.ndim else 0
