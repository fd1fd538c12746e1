r"""Exact likelihoods: the density that the probability flow gives to a point.

Along a path of the flow $\dot x = v(x, t)$ the log density falls at the rate of the divergence, so

$$ \log p_0(x_0) = \log p_T(x_T) + \int_0^T \nabla \cdot v(x_t, t)\,dt . $$

The path and the integral are one differential equation, which a library's solver follows with an
estimate of its own error.
"""

from collections.abc import Callable

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor
from torch.distributions import Normal
from tqdm import tqdm

from scorelab._support import checks
from scorelab._support.precision import outside_autocast
from scorelab.implicit import differentiated, trace_probes
from scorelab.sde import SDE, TimeScore

__all__ = ["log_likelihood"]

# Up to so many dimensions the trace is exact: a backward pass a dimension costs little there.
_EXACT_DIMENSIONS = 32
# Where the flow starts, as a share of T: there is noise, and log p differs from its value at 0 by
# this share times the rate at which it changes.
_FIRST_TIME = 1e-7


@outside_autocast
@torch.no_grad()
def log_likelihood(
    sde: SDE,
    score: TimeScore,
    x: Tensor,
    *,
    t_span: tuple[float, float] | None = None,
    n_probes: int | None = None,
    prior_log_prob: Callable[[Tensor], Tensor] | None = None,
    rtol: float = 1e-6,
    atol: float = 1e-6,
    generator: torch.Generator | None = None,
    progress: bool = False,
) -> Tensor:
    r"""$\log p(x)$ in nats, by the probability flow from x to the prior.

    The Runge-Kutta pair of order 8(5,3) of scipy chooses the steps. With the exact score the result
    is the true log density up to the tolerance and to the mismatch of the prior: $p_T$ must be
    close to $N(0, c^2 I)$, or its log density be given. With a learned score it is the log density
    of the *model*, the law of the flow's samples, whose mean over data is at most that of the
    truth.

    Args:
        sde: the process forwards in time.
        score: $\nabla \log p_t(x)$ as a function of (x, t), see `SDE.score_at`.
        x: the points, (n, …).
        t_span: first and last time, ascending; (10⁻⁷ T, T) if not given. A network should start
            where its smallest noise level is, and then it is $\log p$ at that time.
        n_probes: number of random vectors a point for the trace (Hutchinson); 0 for the exact
            trace, a backward pass a dimension. If not given: 0 up to 32 dimensions, 1 above.
            The vectors stay the same along the path, and the estimate is unbiased.
        prior_log_prob: (n, …) -> (n,), the log density at the last time; that of the prior
            $N(0, c^2 I)$ if not given, c the attribute `prior_std` of the process.
        rtol: relative tolerance of the solver, on the norm over all rows.
        atol: absolute tolerance, in the units of x and in nats.
        generator: the source of the probes.
        progress: show a progress bar over the time.

    Returns:
        (n,), in nats, in the dtype of x.

    Raises:
        ValueError: for bad arguments: a span that does not ascend, points in less than float32, a
            score that autograd cannot differentiate (see `divergence`).
        NotImplementedError: if the prior is needed and `sde` does not define it.
        FloatingPointError: if the solver gives up, with the time.

    Source: Chen et al. (2018), theorem 1; Song et al. (2021), eq. 39; Hutchinson (1990).
    """
    checks.points("x", x, least=1)
    if x.ndim < 2:
        raise ValueError(f"x must have shape (n, …) with n >= 1, got {tuple(x.shape)}")
    if x.dtype not in (torch.float32, torch.float64):
        raise ValueError(
            f"x must be float32 or float64: in {x.dtype} no solver meets its tolerance"
        )
    span = (_FIRST_TIME * sde.T, sde.T) if t_span is None else t_span
    start, end = checks.time_span(span, "ascending")
    rtol, atol = checks.positive("rtol", rtol), checks.positive("atol", atol)
    if n_probes is None:
        n_probes = 0 if x[0].numel() <= _EXACT_DIMENSIONS else 1
    n_probes = checks.count("n_probes", n_probes, least=0) or None
    checks.generator(generator, None)
    prior = prior_log_prob or _gaussian(sde.prior_std)
    prior = checks.shaped("prior_log_prob", prior, per_row=True)
    flow = sde.probability_flow(score)
    # Each for itself: where the flow stands still, the two cancel, and so would what is not seen.
    middle = (start + end) / 2
    for field in (sde.drift, checks.shaped("score", score)):
        differentiated(lambda z, field=field: field(z, middle), x, ())
    # Drawn anew at each evaluation, the probes would make the slope a random number, which no
    # solver can follow: they come from the same seed each time.
    seed = int(torch.randint(2**62, (), generator=generator, device=_device(generator)))

    def velocity(y: Tensor, t: float) -> tuple[Tensor, Tensor]:
        probes = torch.Generator(x.device).manual_seed(seed)
        vectors = trace_probes(y, n_probes, probes)
        v, trace = differentiated(lambda z: flow.drift(z, t), y, vectors, checked=False)
        return v, trace if n_probes is None else trace / n_probes

    with tqdm(total=end, initial=start, disable=not progress, bar_format="{l_bar}{bar}|") as bar:

        def slope(t: float, flat: np.ndarray) -> np.ndarray:
            bar.update(max(0.0, t - bar.n))
            y, _ = _unpack(flat, x)
            return _pack(*velocity(y, float(t)))

        solution = solve_ivp(
            slope,
            (start, end),
            _pack(x, x.new_zeros(len(x))),
            method="DOP853",
            t_eval=[end],
            rtol=rtol,
            atol=atol,
        )
    if not solution.success:
        raise FloatingPointError(
            f"the flow could not be followed to t = {end:g}: {solution.message}"
        )
    x_end, integral = _unpack(solution.y[:, -1], x)
    return prior(x_end) + integral


def _gaussian(std: float) -> Callable[[Tensor], Tensor]:
    """The log density of N(0, std² I)."""
    return lambda x: Normal(x.new_zeros(()), std).log_prob(x).reshape(len(x), -1).sum(1)


def _pack(y: Tensor, integral: Tensor) -> np.ndarray:
    return torch.cat([y.reshape(-1), integral]).double().cpu().numpy()


def _unpack(flat: np.ndarray, like: Tensor) -> tuple[Tensor, Tensor]:
    both = torch.from_numpy(flat).to(like)
    return both[: like.numel()].reshape(like.shape), both[like.numel() :]


def _device(generator: torch.Generator | None) -> torch.device:
    return torch.device("cpu") if generator is None else generator.device
