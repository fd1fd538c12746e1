r"""Conversions between the conventions of the field: steps, noise levels, times.

The book's own are: $\sigma$ a standard deviation, the half form of the Langevin step, and times of
$dx = f\,dt + g\,dw$. Each function says whose convention it converts, and from which to which.
"""

import math

from scorelab._support import checks

__all__ = [
    "full_step",
    "half_step",
    "log_snr",
    "ou_time",
    "sigma_at_ou_time",
    "sigma_from_log_snr",
    "vp_time",
]


def full_step(step_size: float) -> float:
    r"""$\alpha = \varepsilon / 2$: from the half form to $x + \alpha s(x) + \sqrt{2 \alpha} z$.

    The half form $x + (\varepsilon/2) s(x) + \sqrt{\varepsilon} z$ is Song and Ermon's (2019), the
    full form their code's of 2020 and most of the MCMC literature's.
    """
    return checks.positive("step_size", step_size) / 2


def half_step(alpha: float) -> float:
    r"""$\varepsilon = 2 \alpha$: from the full form of the Langevin step to the half form."""
    return 2 * checks.positive("alpha", alpha)


def log_snr(sigma: float) -> float:
    r"""$\lambda = -2 \log \sigma$: the log signal-to-noise ratio of $x + \sigma z$, in nats.

    Source: Kingma et al. (2021), eq. 2, with $\alpha = 1$.
    """
    return -2 * math.log(checks.positive("sigma", sigma))


def sigma_from_log_snr(value: float) -> float:
    r"""$\sigma = e^{-\lambda / 2}$: the standard deviation of the noise at a log-SNR $\lambda$."""
    return math.exp(-checks.number("value", value) / 2)


def ou_time(sigma: float) -> float:
    r"""$t = \log(1 + \sigma^2)$: when $dx = -\tfrac12 x\,dt + dw$ is as noisy as $x + \sigma z$.

    At time t it holds $e^{-t/2} x_0 + \sqrt{1 - e^{-t}} z$, whose ratio of noise to signal is
    $\sqrt{e^t - 1}$.
    """
    return math.log1p(checks.positive("sigma", sigma) ** 2)


def sigma_at_ou_time(t: float) -> float:
    r"""$\sigma = \sqrt{e^t - 1}$, the inverse of `ou_time`."""
    return math.sqrt(math.expm1(checks.positive("t", t)))


def vp_time(
    sigma: float, *, beta_min: float = 0.1, beta_max: float = 20.0, T: float = 1.0
) -> float:
    r"""When the variance-preserving process is as noisy as $x + \sigma z$.

    With $\beta(t) = \beta_0 + (\beta_1 - \beta_0) t / T$ it holds
    $e^{-B/2} x_0 + \sqrt{1 - e^{-B}} z$ at time t, where
    $B = \beta_0 t + (\beta_1 - \beta_0) t^2 / (2 T)$: the Ornstein-Uhlenbeck process at time B.
    So $B = \log(1 + \sigma^2)$ is solved for t.

    Source: Song et al. (2021), eq. 33.
    """
    low, high = checks.positive("beta_min", beta_min), checks.positive("beta_max", beta_max)
    slope = (high - low) / checks.positive("T", T)
    area = ou_time(sigma)
    # The stable root of slope t²/2 + low t − area = 0, right also for slope = 0.
    return 2 * area / (low + math.sqrt(low**2 + 2 * slope * area))
