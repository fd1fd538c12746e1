"""References that share nothing with the package: mpmath to forty digits, and torch.distributions.

Nothing here imports `scorelab`, so a mutant of it cannot change what it is compared with.
"""

import math
from typing import NamedTuple

import mpmath
import torch
from torch import Tensor, distributions


class Components(NamedTuple):
    """What a mixture is made of: (K,), (K, d) and (K, d, d) or (K, d)."""

    weights: Tensor
    means: Tensor
    covariances: Tensor

    def to(self, dtype: torch.dtype) -> "Components":
        return Components(*(part.to(dtype) for part in self))


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def components(
    n_components: int,
    dim: int,
    *,
    seed: int = 0,
    condition: float = 10.0,
    decades: float = 2.0,
    spread: float = 3.0,
    diagonal: bool = False,
) -> Components:
    """Random components in float64.

    The weights range over so many `decades`, the means have standard deviation `spread`, and every
    covariance has the given condition number and a size of its own, between 1/2 and 2, so that no
    two determinants are equal.
    """
    source = generator(seed)
    like = {"dtype": torch.float64, "generator": source}
    weights = 10 ** (-decades * torch.rand(n_components, **like))
    weights = weights / weights.sum()
    means = spread * torch.randn(n_components, dim, **like)
    exponents = torch.rand(n_components, dim, **like)
    if dim > 1:
        low, high = exponents.amin(1, keepdim=True), exponents.amax(1, keepdim=True)
        exponents = (exponents - low) / (high - low)
    sizes = 4 ** (torch.rand(n_components, 1, **like) - 0.5)
    variances = sizes * condition ** (exponents - 0.5)
    if diagonal:
        return Components(weights, means, variances)
    axes = torch.linalg.qr(torch.randn(n_components, dim, dim, **like))[0]
    covariances = (axes * variances[:, None, :]) @ axes.mT
    return Components(weights, means, (covariances + covariances.mT) / 2)


def far_points(c: Components, n: int, *, deviations: float = 1e4, seed: int = 1) -> Tensor:
    """n points, each at least so many standard deviations from every mean."""
    full = c.covariances.ndim == 3
    widest = (torch.linalg.eigvalsh(c.covariances) if full else c.covariances).max().sqrt()
    direction = torch.randn(n, c.means.shape[1], generator=generator(seed), dtype=c.means.dtype)
    direction = direction / direction.norm(dim=1, keepdim=True)
    return direction * (1.01 * deviations * widest + c.means.norm(dim=1).max())


def torch_mixture(c: Components) -> distributions.MixtureSameFamily:
    """The same mixture out of `torch.distributions`."""
    if c.covariances.ndim == 3:
        family = distributions.MultivariateNormal(
            c.means, scale_tril=torch.linalg.cholesky(c.covariances), validate_args=False
        )
    else:
        normal = distributions.Normal(c.means, c.covariances.sqrt(), validate_args=False)
        family = distributions.Independent(normal, 1, validate_args=False)
    choice = distributions.Categorical(c.weights, validate_args=False)
    return distributions.MixtureSameFamily(choice, family, validate_args=False)


def autograd_score(distribution: distributions.Distribution, x: Tensor) -> Tensor:
    """∇ log p at every row of x, by autograd."""
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(distribution.log_prob(x).sum(), x)[0]


def exact(c: Components, x: Tensor, *, digits: int = 40) -> tuple[Tensor, Tensor]:
    """log p (n,) and score (n, d) at the rows of x, in float64, by mpmath from the exact inputs."""
    with mpmath.workdps(digits):
        parts = _Exact(c)
        rows = [_exact_point(parts, [mpmath.mpf(v) for v in row]) for row in x.tolist()]
    log_p, score = zip(*rows, strict=True)
    return torch.tensor(log_p, dtype=torch.float64), torch.tensor(score, dtype=torch.float64)


def relative_error(found: Tensor, expected: Tensor) -> float:
    """The largest relative error of a row, by norm (of a number, for log-densities)."""
    found, expected = found.double(), expected.double()
    if found.ndim == 1:
        found, expected = found[:, None], expected[:, None]
    return float(((found - expected).norm(dim=1) / expected.norm(dim=1)).max())


class _Exact:
    """Components as mpmath numbers, every covariance inverted once."""

    def __init__(self, c: Components) -> None:
        self.means = [[mpmath.mpf(v) for v in mean] for mean in c.means.tolist()]
        self.diagonal = c.covariances.ndim == 2
        if self.diagonal:
            variances = [[mpmath.mpf(v) for v in row] for row in c.covariances.tolist()]
            self.inverses = [[1 / v for v in row] for row in variances]
            log_det = [mpmath.fsum(mpmath.log(v) for v in row) for row in variances]
        else:
            matrices = [mpmath.matrix(rows) for rows in c.covariances.tolist()]
            self.inverses = [matrix**-1 for matrix in matrices]
            log_det = [mpmath.log(mpmath.det(matrix)) for matrix in matrices]
        dim = c.means.shape[1]
        self.constants = [
            mpmath.log(mpmath.mpf(w)) - (dim * mpmath.log(2 * mpmath.pi) + det) / 2
            for w, det in zip(c.weights.tolist(), log_det, strict=True)
        ]


def _exact_point(e: _Exact, x: list) -> tuple[float, list[float]]:
    logits, pulls = [], []
    for mean, inverse, constant in zip(e.means, e.inverses, e.constants, strict=True):
        y = [m - v for m, v in zip(mean, x, strict=True)]
        if e.diagonal:
            pull = [i * v for i, v in zip(inverse, y, strict=True)]
        else:
            pull = list(inverse * mpmath.matrix(y))
        logits.append(constant - mpmath.fdot(pull, y) / 2)
        pulls.append(pull)
    top = max(logits)
    shares = [mpmath.exp(logit - top) for logit in logits]
    total = mpmath.fsum(shares)
    score = [mpmath.fdot(shares, column) / total for column in zip(*pulls, strict=True)]
    return float(top + mpmath.log(total)), [float(v) for v in score]


def normal_cdf(x: Tensor) -> Tensor:
    return 0.5 * torch.erfc(-x / math.sqrt(2))
