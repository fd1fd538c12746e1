"""How far samples are from the truth, and how far the truth is from itself at the same size.

No distance between two finite samples is 0, even when both come from the same law. So each distance
comes with its floor: the value that two exact samples of that size give.
"""

import torch
from torch import Tensor

from scorelab._support import checks
from scorelab._support.extras import needed
from scorelab._support.precision import outside_autocast, wide
from scorelab.estimate import Estimate
from scorelab.mixture import GaussianMixture

__all__ = [
    "frechet_distance",
    "mode_weights",
    "sliced_wasserstein",
    "sliced_wasserstein_floor",
]


def mode_weights(mixture: GaussianMixture, x: Tensor) -> list[Estimate]:
    r"""The share of the samples in each mode of `mixture`.

    Each sample is shared out by the responsibilities $r_k(x)$, since
    $E_p[r_k(x)] = w_k$ exactly, even where modes overlap; counting the nearest mode would be
    biased there. The standard error holds for independent samples.

    Args:
        mixture: the truth.
        x: samples, (n, d).

    Returns:
        K estimates, one a mode, to compare with `mixture.weights`.

    Raises:
        ValueError: for fewer than two samples, of another dimension, or not finite.
    """
    checks.points("x", x, least=2, shape="n, d")
    return [Estimate.of_mean(column) for column in mixture.responsibilities(x).unbind(-1)]


@outside_autocast
def sliced_wasserstein(
    x: Tensor, y: Tensor, *, n_projections: int = 200, generator: torch.Generator | None = None
) -> float:
    r"""Sliced 2-Wasserstein distance between two samples, in the units of x.

    $$ SW_2^2 = E_\theta\, W_2^2(\theta^\top x, \theta^\top y) $$

    over directions $\theta$ uniform on the sphere; in one dimension $W_2$ pairs sorted values.

    Args:
        x: (n, d).
        y: (m, d).
        n_projections: number of random directions.
        generator: the source of the directions.

    Raises:
        ValueError: if the samples do not live in the same space, or are not finite.

    Source: Bonneel et al. (2015), eq. 8; computed by the library POT.
    """
    with needed("this distance needs"):
        import ot  # it takes longer to load than all the rest

    _require_samples(x, y, least=1)
    n_projections = checks.count("n_projections", n_projections)
    checks.generator(generator, "cpu")
    x, y = wide(x.detach().cpu()), wide(y.detach().cpu()).to(wide(x).dtype)
    shape = x.shape[-1], n_projections
    directions = torch.randn(shape, generator=generator, dtype=x.dtype, device="cpu")
    directions /= directions.norm(dim=0)
    return float(ot.sliced_wasserstein_distance(x, y, projections=directions))


def sliced_wasserstein_floor(
    mixture: GaussianMixture,
    n: int,
    *,
    n_pairs: int = 10,
    n_projections: int = 200,
    generator: torch.Generator | None = None,
) -> Estimate:
    """The distance between two exact samples of n points each: the mean over `n_pairs` pairs.

    A sampler whose samples lie this far from an exact sample cannot be told from an exact one.
    """
    n_pairs = checks.count("n_pairs", n_pairs, least=2)
    distances = [
        sliced_wasserstein(
            mixture.sample(n, generator=generator),
            mixture.sample(n, generator=generator),
            n_projections=n_projections,
            generator=generator,
        )
        for _ in range(n_pairs)
    ]
    return Estimate.of_mean(torch.tensor(distances, device="cpu"))


def frechet_distance(x: Tensor, y: Tensor) -> float:
    r"""The Fréchet distance between the Gaussians with the means and covariances of two samples.

    $$ d^2 = |m_x - m_y|^2 + \mathrm{tr}\bigl(C_x + C_y - 2\,(C_x C_y)^{1/2}\bigr), $$

    which is $W_2^2$ between these Gaussians. As is usual where images are compared by features
    that a network gives, the *square* is returned, in squared units of x. Means and covariances
    of finite samples scatter, so two samples of one law lie about $\propto 1/n$ apart: compare
    at the same n, and with what two real samples give.

    Args:
        x: (n, d), n ≥ 2.
        y: (m, d), m ≥ 2.

    Raises:
        ValueError: if the samples do not live in the same space, or one has fewer than two rows or
            is not finite.

    Source: Dowson and Landau (1982), eq. 4; for images, Heusel et al. (2017), eq. 6.
    """
    _require_samples(x, y, least=2)
    x, y = x.detach().cpu().double(), y.detach().cpu().double()
    cov_x, cov_y = torch.atleast_2d(x.T.cov()), torch.atleast_2d(y.T.cov())
    # C_x C_y has the eigenvalues of the symmetric √C_x C_y √C_x, so the trace needs no root of a
    # matrix without symmetry. Rounding puts eigenvalues of 0 a little below it.
    values, vectors = torch.linalg.eigh(cov_x)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ cov_y @ root).clamp_min(0).sqrt().sum()
    shift = (x.mean(0) - y.mean(0)).square().sum()
    return float(shift + cov_x.trace() + cov_y.trace() - 2 * cross)


def _require_samples(x: Tensor, y: Tensor, least: int) -> None:
    checks.points("x", x, least=least, shape="n, d")
    checks.points("y", y, least=least, shape="n, d")
    checks.batch("y", y, x.shape[1])
