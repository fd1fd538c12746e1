"""Judge of the first part: Langevin dynamics."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from scorelab.lab.calling import Either, Given, call, final, repeatable
from scorelab.lab.comparing import are_normal, function_name, means_agree
from scorelab.lab.findings import Wrong

__all__ = ["langevin_sampler"]

N_POINTS = 4_001


def langevin_sampler(answer: object) -> list[str]:
    """P1 d: pull and noise of a step, how many there are, and the law at which it ends."""
    function_name(answer)
    with repeatable():
        for step_size, n_steps, dim in ((0.1, 7, 2), (0.4, 3, 3), (0.2, 1, 2)):
            _check_steps(answer, step_size, n_steps, dim)
        _check_law(answer)
    return []


class _Prior:
    """A law whose draws are always these points."""

    def __init__(self, x0: Tensor) -> None:
        self.x0 = x0

    def __call__(self, *_: object, **__: object) -> Tensor:
        return self.x0.to(torch.get_default_dtype(), copy=True)

    sample = rvs = __call__


def _run(answer: object, score: Given, x0: Tensor, step_size: float, n_steps: int) -> Tensor:
    roles = {
        "score": score,
        "x0": x0,
        "step_size": step_size,
        "n_steps": n_steps,
        "T": n_steps,
        "n_samples": len(x0),
        "prior": Either(_Prior(x0), x0),
        "dim": x0.shape[1],
    }
    name = function_name(answer)
    needs = ["score", "x0|prior", "step_size", "n_steps|T"]
    value = call(answer, roles, needs=needs, name=name)
    return final(value, *x0.shape, name)


def _check_steps(answer: object, step_size: float, n_steps: int, dim: int) -> None:
    """In a constant field the points move by n u c + √n b z, for the pull u and the noise b."""
    field = torch.tensor([40.0, -20.0, 30.0])[:dim]
    score = Given(lambda x, *_: field.expand_as(x))
    x0 = torch.randn(N_POINTS, dim)
    moved = _run(answer, score, x0, step_size, n_steps) - x0
    if not moved.isfinite().all():
        raise Wrong("else")
    pull, noise = float((moved.mean(0) @ field) / field.square().sum()), moved.T.cov()
    spread = float(noise.diagonal().mean())
    # Four standard errors, of a mean over N points in units of the field, and of a variance.
    allowed = 4 * math.sqrt(n_steps * 2 * step_size / N_POINTS) / float(field.norm())
    e, n = step_size, n_steps

    def near(value: Tensor | float, exact: float) -> bool:
        return bool(abs(value - exact) < 4 * exact / math.sqrt(N_POINTS))

    if abs(pull) <= allowed or spread < 1e-9:
        raise Wrong("no_pull" if spread > 1e-9 else "no_noise")
    if pull < 0:
        raise Wrong("sign")
    if not near(noise[0, 0], spread) or abs(noise[0, 1]) > 4 * spread / math.sqrt(N_POINTS):
        raise Wrong("one_noise")
    for u in (e / 2, e, e**2 / 2):  # beside √ε, √2ε and ε: the forms that are in use
        if abs(pull - u * n) <= allowed and near(spread, 2 * u * n):
            if n == 1 and not are_normal(moved - moved.mean(0)):
                raise Wrong("no_normal")
            return
    for key, (u, b) in {
        "full_pull": (e * n, e * n),
        "half_pull": (e / 2 * n, 2 * e * n),
        "no_root": (e / 2 * n, e * e * n),
        "no_root:full": (e * n, 2 * e * e * n),
        "noise_twice": (e / 2 * n, 4 * e * n),
        "same_noise": (e / 2 * n, e * n * n),
        "same_noise:full": (e * n, 2 * e * n * n),
        "steps": (e / 2 * (n - 1), e * (n - 1)),
        "steps:full": (e * (n - 1), 2 * e * (n - 1)),
        "steps:more": (e / 2 * (n + 1), e * (n + 1)),
        "unit_noise": (e / 2 * n, n),
        "unit_noise:full": (e * n, n),
    }.items():
        if abs(pull - u) <= allowed and near(spread, b):
            raise Wrong(key)
    raise Wrong("else")


def _check_law(answer: object) -> None:
    """On N(m, s²) the variance ends at s²/(1 − ε/4s²), or with the other form at s²/(1 − ε/2s²)."""
    mean, variance, step_size = torch.tensor([1.0, -2.0]), torch.tensor([1.0, 0.5]), 0.5
    gaussian = torch.distributions.Normal(mean, variance.sqrt())
    score = Given(
        lambda x, *_: (mean - x) / variance, log_prob=lambda x: gaussian.log_prob(x).sum(-1)
    )
    x0 = torch.tensor([4.0, 3.0]) + torch.randn(N_POINTS // 2, 2)
    ends = _run(answer, score, x0, step_size, 60)
    if not ends.isfinite().all():
        raise Wrong("else")
    seen = torch.cat([ends, (ends - mean).square()], 1)
    # Of the start (1 − u)^60 is left, 3e-4 for the smallest u: 0.001 and 0.002 of it in a mean.
    for u in (step_size / 2, step_size, step_size**2 / 2):
        law = torch.cat([mean, variance / (1 - u / 2 / variance)])
        if means_agree(seen, law, 0.003).all():
            return
    raise Wrong("law")
