r"""Stochastic differential equations $dx = f(x, t)\,dt + g(t)\,dw$ on $[0, T]$.

A process is its two coefficients: `drift` is f, `diffusion` is g. Everything that moves in this
book is one such equation, followed by the integrators of `scorelab.solvers`. Given the score of its
laws $p_t$, a process can be run backwards, as another such equation:

$$ dx = \bigl[f - g^2\, \nabla \log p_t\bigr] dt + g\, d\bar w
   \qquad\text{or}\qquad dx = \bigl[f - \tfrac12 g^2\, \nabla \log p_t\bigr] dt, $$

both from t = T down, both with the marginals $p_t$.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from scorelab._support import checks
from scorelab._support.checks import rows
from scorelab.mixture import GaussianMixture

__all__ = [
    "SDE",
    "LangevinDiffusion",
    "NoiseConditionalScore",
    "OrnsteinUhlenbeck",
    "Score",
    "TimeScore",
    "VarianceExploding",
    "VariancePreserving",
]

Score = Callable[[Tensor], Tensor]
"""A score function maps a batch (n, …) to the score of every row, in the same shape."""

NoiseConditionalScore = Callable[[Tensor, Tensor], Tensor]
r"""s(x, σ), the score of the data with noise of standard deviation σ: a network's signature."""

TimeScore = Callable[[Tensor, float | Tensor], Tensor]
r"""$\nabla \log p_t(x)$ as a function of a batch x and the time t."""


class SDE(ABC):
    r"""A diffusion process $dx = f(x, t)\,dt + g(t)\,dw$ on $[0, T]$, data at 0 and noise at T.

    A subclass writes `drift` and `diffusion`, and sets `T`, as a class attribute if it likes. No
    call of `super().__init__()` is needed. If the law of x(t) given x(0) is known,

    $$ x(t) \,|\, x(0) \sim N\bigl(a(t)\, x(0),\; b(t)^2 I\bigr), $$

    it also writes `perturbation`, which returns a(t) and b(t). Then the process's laws, the scores
    at its times and its prior come for free; without it, each of them says that it is missing.

    Attributes:
        T: the last time.
        t_min: where the way back ends unless told otherwise. At t = 0 there is no noise left, and
            the score of data that fill no volume does not exist there.

    Source: Song et al. (2021), eq. 5.
    """

    T: float
    t_min: float = 1e-3

    @abstractmethod
    def drift(self, x: Tensor, t: float | Tensor) -> Tensor:
        """f(x, t), in the shape of x; t is a float, a scalar tensor, or (n,), one for each row.

        A process of your own that is never asked for several times at once may read t as a number.
        """

    @abstractmethod
    def diffusion(self, t: float | Tensor) -> float | Tensor:
        """g(t), a number that multiplies the noise in every coordinate; (n,) where t is (n,)."""

    def perturbation(self, t: float | Tensor) -> tuple[float | Tensor, float | Tensor]:
        r"""The factor a(t) and the standard deviation b(t) of $N(a\,x(0), b^2 I)$.

        Raises:
            NotImplementedError: if the process does not define it.
        """
        raise NotImplementedError(
            f"{type(self).__name__} defines no perturbation(t) -> (scale, std), the law "
            "N(scale x(0), std² I) of x(t) given x(0)"
        )

    @property
    def t_span(self) -> tuple[float, float]:
        """The times at which an integration starts and ends unless told otherwise."""
        return 0.0, self.T

    @property
    def direction(self) -> str:
        """ "ascending" or "descending" where noise allows but one direction of time, else "".

        Integrators hold their `t_span` to it. A process of your own may run both ways unless it
        says otherwise.
        """
        return ""

    # ---------------------------------------------------------- what follows from `perturbation`

    @property
    def prior_std(self) -> float:
        """The standard deviation of the prior $N(0, c^2 I)$ that stands for $p_T$: b(T)."""
        return float(self.kernel(self.T, "the prior")[1])

    def sample_prior(
        self,
        shape: tuple[int, ...],
        *,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        r"""Draw from the prior $N(0, c^2 I)$, with c the attribute `prior_std`.

        It stands for $p_T$ where the way back begins. The two differ by what is left of the data
        at T, which is $a(T)\, x(0)$.

        Args:
            shape: of the batch, (n, …).
            generator: the source of randomness.
            dtype: of the draws; torch's default if not given.
            device: of the draws; torch's default if not given.

        Raises:
            ValueError: for bad arguments.
            NotImplementedError: if neither `perturbation` nor `prior_std` is defined.
        """
        checks.generator(generator, device or torch.get_default_device())
        shape = [checks.count(f"shape[{i}]", size, least=0) for i, size in enumerate(shape)]
        return self.prior_std * torch.randn(shape, generator=generator, dtype=dtype, device=device)

    def marginal(self, mixture: GaussianMixture, t: float | Tensor) -> GaussianMixture:
        r"""The exact law $p_t$ of the process that starts from `mixture`.

        Component k at time t is $N(a \mu_k, a^2 \Sigma_k + b^2 I)$. The time is one number.

        Raises:
            ValueError: for a time at which the process is not defined.
            NotImplementedError: if the process does not define `perturbation`.
        """
        t = checks.number("t", t)
        scale, std = self.kernel(t, "marginal")
        return mixture.noised(std, scale)

    def score_at(self, noise_conditional_score: NoiseConditionalScore) -> TimeScore:
        r"""The score $\nabla \log p_t$ from one that was learned for $x + \sigma z$.

        Since $x(t) = a\,(x_0 + (b / a)\, z)$,

        $$ \nabla \log p_t(x) = s(x / a,\; b / a) \,/\, a. $$

        So a network that knows all noise levels serves every process with a `perturbation`, with
        no retraining, as far as b / a stays within the levels that it was trained on.

        Args:
            noise_conditional_score: s(x, σ), for instance a trained network or a mixture's
                `noisy_score`.

        Returns:
            The function score(x, t), with t a number or (n,). It raises ValueError where b(t) = 0,
            and can be pickled if the process and `noise_conditional_score` can.

        Raises:
            NotImplementedError: if the process does not define `perturbation`.
        """
        self.kernel(self.T, "score_at")  # complain now, not in the middle of a run
        return partial(_score_at, self, checks.shaped("score", noise_conditional_score))

    # ----------------------------------------------------------------------------- the way back

    def reverse_drift(self, x: Tensor, t: float | Tensor, score: TimeScore) -> Tensor:
        r"""The drift $f(x, t) - g(t)^2\, \nabla \log p_t(x)$ of the process run backwards.

        It belongs to negative steps of time: $dx = [\dots]\,dt + g\,d\bar w$ from T down.

        Args:
            x: (n, …).
            t: the time, a number or (n,), one for each row.
            score: $\nabla \log p_t(x)$ as a function of (x, t), see `score_at`.

        Raises:
            ValueError: if the score has another shape than x, or t is not one of these.

        Source: Anderson (1982), eq. 3.4; Song et al. (2021), eq. 6.
        """
        score = checks.shaped("score", score)
        return self.drift(x, t) - rows(self.diffusion(t), x) ** 2 * score(x, t)

    def reverse(self, score: TimeScore) -> "SDE":
        r"""The process run backwards, $dx = [f - g^2 \nabla \log p_t]\,dt + g\,d\bar w$.

        Its `t_span` is (T, t_min): an integrator takes negative steps in time, with noise of
        variance $g^2 |\Delta t|$, and nothing else changes.

        Args:
            score: $\nabla \log p_t(x)$ as a function of (x, t), see `score_at`.
        """
        return _Backward(self, score, noisy=True)

    def probability_flow(self, score: TimeScore) -> "SDE":
        r"""The deterministic process $dx = [f - \tfrac12 g^2 \nabla \log p_t]\,dt$.

        It has the same marginals $p_t$ in both directions of time; its `t_span` is (T, t_min).

        Args:
            score: $\nabla \log p_t(x)$ as a function of (x, t), see `score_at`.

        Source: Song et al. (2021), eq. 13.
        """
        return _Backward(self, score, noisy=False)

    def kernel(self, t: float | Tensor, needed_by: str) -> tuple[float | Tensor, float | Tensor]:
        """`perturbation(t)`, or an error that says what needs it and that it is missing."""
        try:
            return self.perturbation(t)
        except NotImplementedError as error:
            raise NotImplementedError(f"{needed_by} needs it: {error}") from None


def _score_at(
    sde: SDE, noise_conditional_score: NoiseConditionalScore, x: Tensor, t: float | Tensor
) -> Tensor:
    """What `SDE.score_at` returns, but for its first two arguments."""
    checks.batch("x", x)
    t = checks.time(t, x)
    scale, std = sde.perturbation(t)
    if not (bool((std > 0).all()) if isinstance(std, Tensor) else std > 0):
        i = int((torch.as_tensor(std) <= 0).flatten().nonzero()[0, 0])
        raise ValueError(
            f"t must be a time at which there is noise, but the standard deviation at "
            f"t = {float(torch.as_tensor(t).flatten()[i]):g} is 0"
        )
    a = rows(scale, x)
    return noise_conditional_score(x / a, std / scale) / a


class _Backward(SDE):
    """What `reverse` and `probability_flow` return; they differ by the noise and its half."""

    def __init__(self, sde: SDE, score: TimeScore, *, noisy: bool) -> None:
        self.sde, self.score, self.noisy = sde, checks.shaped("score", score), noisy
        self.T, self.t_min = sde.T, sde.t_min

    @property
    def t_span(self) -> tuple[float, float]:
        return self.T, self.t_min

    @property
    def direction(self) -> str:
        return "descending" if self.noisy else ""

    @property
    def prior_std(self) -> float:
        return self.sde.prior_std

    def drift(self, x: Tensor, t: float | Tensor) -> Tensor:
        if self.noisy:
            return self.sde.reverse_drift(x, t, self.score)
        g = rows(self.sde.diffusion(t), x)
        return self.sde.drift(x, t) - 0.5 * g**2 * self.score(x, t)

    def diffusion(self, t: float | Tensor) -> float | Tensor:
        return self.sde.diffusion(t) if self.noisy else 0.0


class LangevinDiffusion(SDE):
    r"""The Langevin diffusion $dx = \tfrac12 \nabla \log p(x)\,dt + dw$, whose stationary law is p.

    For $p = N(0, I)$ it is the Ornstein-Uhlenbeck process $dx = -\tfrac12 x\,dt + dw$. It has no
    final time: the integrator must be given its `t_span`.

    Args:
        score: $\nabla \log p$, a batch (n, …) in and out.

    Source: Roberts and Tweedie (1996), section 1.2.
    """

    T = math.inf
    direction = "ascending"

    def __init__(self, score: Score) -> None:
        self.score = checks.shaped("score", score)

    def drift(self, x: Tensor, t: float | Tensor) -> Tensor:
        """Half of the score, at every time."""
        checks.time(t, x)
        return 0.5 * self.score(x)

    def diffusion(self, t: float | Tensor) -> float:
        """1, at every time."""
        return 1.0


class OrnsteinUhlenbeck(SDE):
    r"""The Ornstein-Uhlenbeck process $dx = -\tfrac12 x\,dt + dw$, whose stationary law is N(0, I).

    Given x(0), x(t) is $N(e^{-t/2} x(0), (1 - e^{-t}) I)$.

    Args:
        T: the last time. What is left of the data then is the factor $e^{-T/2}$: 0.7 % at 10.

    Raises:
        ValueError: unless T is finite and > 0.

    Source: Uhlenbeck and Ornstein (1930); in this scaling, Song et al. (2021), eq. 11, β = 1.
    """

    direction = "ascending"

    def __init__(self, T: float = 10.0) -> None:
        self.T = checks.positive("T", T)

    def drift(self, x: Tensor, t: float | Tensor) -> Tensor:
        """−x / 2."""
        checks.time(t, x)
        return -0.5 * x

    def diffusion(self, t: float | Tensor) -> float:
        """1, at every time."""
        return 1.0

    def perturbation(self, t: float | Tensor) -> tuple[float | Tensor, float | Tensor]:
        r"""$e^{-t/2}$ and $\sqrt{1 - e^{-t}}$."""
        return _shrink_to_standard(t)

    @property
    def prior_std(self) -> float:
        """1: the stationary law."""
        return 1.0


class VarianceExploding(SDE):
    r"""$dx = g(t)\,dw$ with $\sigma(t) = \sigma_{\min} (\sigma_{\max} / \sigma_{\min})^{t/T}$.

    The annealed noise of Part II in continuous time: $g^2 = d\sigma^2 / dt$, that is
    $g = \sigma(t) \sqrt{2 \log(\sigma_{\max} / \sigma_{\min}) / T}$. Given x(0), x(t) is
    $N(x(0), (\sigma(t)^2 - \sigma(0)^2) I)$: at time 0 nothing has been added yet.

    Args:
        sigma_min: σ(0) > 0, in the units of x.
        sigma_max: σ(T) > σ(0), in the units of x.
        T: the last time.

    Raises:
        ValueError: for bad arguments.

    Source: Song et al. (2021), eq. 9 and appendix C; the exact kernel is their eq. 29 before σ(0)²
    is dropped.
    """

    direction = "ascending"

    def __init__(self, sigma_min: float, sigma_max: float, T: float = 1.0) -> None:
        self.sigma_min = checks.positive("sigma_min", sigma_min)
        self.sigma_max = checks.positive("sigma_max", sigma_max)
        self.T = checks.positive("T", T)
        if self.sigma_max <= self.sigma_min:
            raise ValueError(
                f"sigma_max must be > sigma_min, got {self.sigma_max} and {self.sigma_min}"
            )
        self._rate = math.log(self.sigma_max / self.sigma_min) / self.T

    def sigma(self, t: float | Tensor) -> float | Tensor:
        r"""$\sigma(t) = \sigma_{\min} (\sigma_{\max} / \sigma_{\min})^{t/T}$, in the units of x."""
        t = checks.time(t)
        return self.sigma_min * _functions(t).exp(self._rate * t)

    def drift(self, x: Tensor, t: float | Tensor) -> Tensor:
        """0."""
        checks.time(t, x)
        return torch.zeros_like(x)

    def diffusion(self, t: float | Tensor) -> float | Tensor:
        r"""$\sigma(t) \sqrt{2 \log(\sigma_{\max} / \sigma_{\min}) / T}$."""
        return self.sigma(t) * math.sqrt(2 * self._rate)

    def perturbation(self, t: float | Tensor) -> tuple[float | Tensor, float | Tensor]:
        r"""1 and $\sqrt{\sigma(t)^2 - \sigma(0)^2}$."""
        t = checks.time(t)
        at = _functions(t)
        # expm1 keeps the digits that σ(t)² − σ(0)² loses near t = 0.
        return 1.0, self.sigma_min * at.sqrt(at.expm1(2 * self._rate * t))


class VariancePreserving(SDE):
    r"""$dx = -\tfrac12 \beta(t)\,x\,dt + \sqrt{\beta(t)}\,dw$ with β linear from 0 to T.

    It is the Ornstein-Uhlenbeck process at the time
    $B(t) = \int_0^t \beta = \beta_{\min} t + (\beta_{\max} - \beta_{\min})\, t^2 / (2 T)$: given
    x(0), x(t) is $N(e^{-B/2} x(0), (1 - e^{-B}) I)$.

    Args:
        beta_min: β(0) > 0, per unit of time.
        beta_max: β(T) > 0, per unit of time.
        T: the last time.

    Raises:
        ValueError: for bad arguments.

    Source: Song et al. (2021), eq. 11 and 33.
    """

    direction = "ascending"

    def __init__(self, beta_min: float = 0.1, beta_max: float = 20.0, T: float = 1.0) -> None:
        self.beta_min = checks.positive("beta_min", beta_min)
        self.beta_max = checks.positive("beta_max", beta_max)
        self.T = checks.positive("T", T)

    def beta(self, t: float | Tensor) -> float | Tensor:
        """β(t), linear from `beta_min` at 0 to `beta_max` at T."""
        t = checks.time(t)
        return self.beta_min + (self.beta_max - self.beta_min) * t / self.T

    def drift(self, x: Tensor, t: float | Tensor) -> Tensor:
        """−β(t) x / 2."""
        return -0.5 * rows(self.beta(checks.time(t, x)), x) * x

    def diffusion(self, t: float | Tensor) -> float | Tensor:
        """√β(t)."""
        return self.beta(t) ** 0.5

    def perturbation(self, t: float | Tensor) -> tuple[float | Tensor, float | Tensor]:
        r"""$e^{-B/2}$ and $\sqrt{1 - e^{-B}}$ with $B = \int_0^t \beta$."""
        t = checks.time(t)
        half_slope = (self.beta_max - self.beta_min) / (2 * self.T)
        return _shrink_to_standard((self.beta_min + half_slope * t) * t)

    @property
    def prior_std(self) -> float:
        """1: the law that every time's coefficients leave alone."""
        return 1.0


def _shrink_to_standard(t: float | Tensor) -> tuple[float | Tensor, float | Tensor]:
    """exp(−t/2) and √(1 − exp(−t)), with all digits near t = 0."""
    t = checks.time(t)
    at = _functions(t)
    return at.exp(-0.5 * t), at.sqrt(-at.expm1(-t))


def _functions(t: float | Tensor):
    """The module whose exp, expm1 and sqrt take t and return its kind."""
    return torch if isinstance(t, Tensor) else math
