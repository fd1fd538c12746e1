"""The mixture that the whole book samples from."""

from scorelab.mixture import GaussianMixture

__all__ = ["book_mixture"]


def book_mixture() -> GaussianMixture:
    """Three Gaussians in the plane: a wide heavy one, a small light one beside it, and a far one.

    The first two overlap in their tails, so that a sampler can cross between them. Between them and
    the third lie about ten standard deviations of almost nothing.
    """
    return GaussianMixture(
        weights=[0.6, 0.1, 0.3],
        means=[[-2.0, -1.0], [1.5, 0.5], [7.0, 6.0]],
        covariances=[
            [[1.0, 0.5], [0.5, 0.8]],
            [[0.4, -0.2], [-0.2, 0.5]],
            [[0.8, 0.3], [0.3, 0.6]],
        ],
    )
