"""Judges of the second part: the Fisher divergence, and the loss of denoising score matching."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from scorelab.lab.calling import (
    Either,
    Given,
    Network,
    call,
    named,
    names_of,
    plain,
    repeatable,
    shaped,
)
from scorelab.lab.comparing import (
    STANDARD_ERRORS,
    are_normal,
    close,
    compare,
    function_name,
    means_agree,
)
from scorelab.lab.findings import Raised, Unfit, Wrong

__all__ = ["denoising_loss", "fisher_divergence"]


# P2 a


def fisher_divergence(answer: object) -> list[str]:
    """P2 a: E_p ‖s_p − s_q‖² of samples that are given; or its terms, one a row."""
    name = function_name(answer)
    with repeatable():
        x = 1 + torch.randn(60, 3)
        variances = torch.tensor([0.5, 2.0, 4.0])
        p, q = (lambda x, *_: 1 - x), (lambda x, *_: -x / variances)
        s_p, s_q = p(x), q(x)
        roles = {"score_p": Given(p), "score_q": Given(q), "samples": x}
        value = call(answer, roles, needs=list(roles), name=name)
        terms = (s_p - s_q).square().sum(1)
        given = plain(value, name)
        given = given.mean() if given.numel() == len(x) else shaped(given, (), name)
        mistakes = {
            "half": lambda: terms.mean() / 2,
            "coordinates": lambda: terms.mean() / 3,
            "norm": lambda: terms.sqrt().mean(),
            "sum": lambda: terms.sum(),
            "mean_first": lambda: (s_p - s_q).mean(0).square().sum(),
            "sizes": lambda: s_p.square().sum(1).mean() - s_q.square().sum(1).mean(),
            "plus": lambda: (s_p + s_q).square().sum(1).mean(),
            "no_square": lambda: (s_p - s_q).sum(1).mean(),
        }
        compare(given, terms.mean(), mistakes)
    return []


# P2 b


_N = 4_000  # points of a batch: four standard errors of the losses below are up to 9 %


def denoising_loss(answer: object) -> list[str]:
    """P2 b: the loss of models for which it is known, its floor, its noise and its gradient."""
    name = function_name(answer)
    remarks: list[str] = []
    with repeatable():
        several = _takes_levels(answer, name)
        for dim, level in ((1, 0.5), (3, 1.3)):
            levels = [4 * level, level] if several else [level]
            x = math.sqrt(2) * torch.randn(_N, dim)
            losses = {
                model: _Loss(answer, name, function, x, levels, several)
                for model, function in _MODELS.items()
            }
            seen = {model: loss.value() for model, loss in losses.items()}
            loss = losses["best"]
            if loss.value(seed=1) == loss.value(seed=2):
                raise Wrong("fixed_noise")
            _check_noise(losses["silent"])
            if (remark := _fitting(seen, dim, levels)) is None:
                _name_the_mistake(seen, dim, levels)
            elif remark:
                remarks.append(remark)
            if not several and not close(loss.model.calls[-1][1].double(), level):
                raise Wrong("told")
            loss.check_gradient()
    return remarks


_MODELS = {
    "silent": lambda x, s: 0 * x,
    "best": lambda x, s: -x / (2 + s**2),
    "away": lambda x, s: x / (2 + s**2),
}
_WEIGHTS = (lambda sigma: sigma**2, lambda _: 1.0, lambda sigma: sigma**4)


def _fitting(seen: dict[str, float], dim: int, levels: list[float]) -> str | None:
    """What could be better in a loss that is right, "" if nothing; None if it is wrong."""

    def fits(weight: Callable[[float], float], half: float = 0.5) -> bool:
        return all(_near(seen[m], _exact(m, dim, levels, weight, half=half)) for m in seen)

    fitting = [fits(weight) for weight in _WEIGHTS]
    if any(fitting):
        return "weight" if len(levels) > 1 and not fitting[0] else ""
    # Right for each point, and their sum for a batch: the sheet asks for a point.
    return "sum" if fits(lambda _: 1.0, half=0.5 * _N) else None


def _exact(
    model: str,
    dim: int,
    levels: list[float],
    weight,
    *,
    half: float = 0.5,
    sign: float = 1.0,
    target: float = 1.0,
    noise: float = 1.0,
    known: float = 1.0,
) -> float:
    """(1/T) Σ λ(σ) ½ E‖s(x + σz) + z/σ‖² for x ~ N(0, 2 I) and s(x) = −c x/(2 + σ²).

    c is 0, 1 or −1. With a mistake: `half` for ½, `sign` of the target, z/σ^`target`, and the noise
    σ^`noise` z, while the model is told σ^`known`.
    """
    factor = {"silent": 0.0, "best": 1.0, "away": -1.0}[model]
    total = 0.0
    for sigma in levels:
        spread = sigma**noise
        slope = factor / (2 + sigma ** (2 * known))
        size = sign / sigma**target
        square = slope**2 * (2 + spread**2) - 2 * slope * spread * size + size**2
        total += weight(sigma) * half * dim * square / len(levels)
    return total


def _near(value: float, exact: float) -> bool:
    """Within 9 %: four standard errors of ½‖z‖² in one dimension, a mean over 4,000 rows."""
    return abs(value - exact) <= 0.09 * abs(exact)


def _name_the_mistake(seen: dict[str, float], dim: int, levels: list[float]) -> None:
    known = {
        "half": {"half": 1.0},
        "quarter": {"half": 0.25},
        "coordinates": {"half": 0.5 / dim},
        "coordinates:half": {"half": 1.0 / dim},
        "rows": {"half": 1.0 * _N},
        "coordinates:sum": {"half": 0.5 * _N / dim},
        "sign": {"sign": -1.0},
        "sign:half": {"sign": -1.0, "half": 1.0},
        "target": {"target": 0.0},
        "target:half": {"target": 0.0, "half": 1.0},
        "target_square": {"target": 2.0},
        "target_square:half": {"target": 2.0, "half": 1.0},
        "no_noise": {"noise": 100.0},
        "variance": {"noise": 0.5, "target": 0.5},
        "variance:known": {"noise": 0.5, "target": 0.5, "known": 0.5},
        "root": {"noise": 0.5, "target": 1.0},
        "square": {"noise": 2.0, "target": 1.0},
    }
    gaps = {}
    for key, change in known.items():
        for i, weight in enumerate(_WEIGHTS[:2]):
            wrong = {m: _exact(m, dim, levels, weight, **change) for m in seen}
            gaps[f"{key}:{i}"] = max(abs(seen[m] / wrong[m] - 1) for m in seen)
    nearest = min(gaps, key=gaps.get)
    if gaps[nearest] < 0.09:
        raise Wrong(nearest)
    if any(not math.isfinite(value) for value in seen.values()):
        raise Wrong("finite")
    raise Wrong("else")


class _Loss:
    """A student's loss of one model, on one batch."""

    def __init__(self, answer, name: str, function, x: Tensor, levels, several: bool) -> None:
        self.answer, self.name, self.x, self.several = answer, name, x, several
        self.levels = torch.tensor(levels)
        self.model = Network(function, levels[0])

    def __call__(self, x: Tensor) -> Tensor:
        self.model.calls.clear()
        roles = {"model": self.model, "x": x}
        role = "sigmas" if self.several else "sigma"
        level, rows = self.levels[0], len(torch.atleast_2d(x))
        roles[role] = self.levels if self.several else Either(float(level), level.expand(rows))
        roles["weight"] = Either(lambda sigma: sigma**2, self.levels**2, 1.0)
        value = call(self.answer, roles, needs=["model", "x", role], name=self.name)
        if isinstance(value, Tensor) and value.numel() == len(x) > 1:
            raise Wrong("rows")
        return value

    def value(self, seed: int = 10) -> float:
        torch.manual_seed(seed)  # not that with which x was drawn
        try:
            return float(shaped(self(self.x), (), self.name))
        except (Raised, Unfit):
            if self.several:
                raise
        points = [float(shaped(self(point), (), self.name)) for point in self.x]
        return math.fsum(points) / len(points)

    def check_gradient(self) -> None:
        """Whether there is a gradient with respect to the model's parameter."""
        value = self(self.x)
        if not (isinstance(value, Tensor) and value.requires_grad):
            raise Wrong("gradient")
        value.sum().backward()
        if self.model.scale.grad is None:
            raise Wrong("gradient")


def _check_noise(loss: _Loss) -> None:
    """Each row and coordinate must have noise of its own, and normal noise."""
    torch.manual_seed(4)
    try:
        values = torch.tensor([float(plain(loss(loss.x[:500]), loss.name)) for _ in range(20)])
    except Raised:  # it takes one point at a time
        return
    # Of ‖z‖² standard deviation and mean are √(2 d) and d, of a mean over 500 rows 0.06 at d = 1,
    # and 0.1 if the rows have levels of their own. With one z for all it is 1.4, or 0.8 at d = 3.
    if values.std() > 0.4 * values.mean().abs():
        raise Wrong("shared_noise")
    loss(loss.x)
    seen = loss.model.calls[-1][0]
    if loss.several or seen.shape != loss.x.shape:  # or one point
        return
    z = seen.double() - loss.x
    found = z.T.cov().reshape(z.shape[1], -1)
    limit = STANDARD_ERRORS * found.diagonal().mean() / math.sqrt(len(z))
    if z.abs().max() > 0 and (
        not are_normal(z)
        or not means_agree(z, torch.zeros(z.shape[1])).all()
        or (found - found.diagonal().diag()).abs().max() > limit
    ):
        raise Wrong("no_normal")


def _takes_levels(answer: object, name: str) -> bool:
    """Whether the loss is that of equation (1), for a sequence of levels."""
    model = Network(lambda x, s: 0 * x, 0.5)
    if named(answer, names_of("sigmas") - names_of("sigma")):
        return True
    roles = {"model": model, "x": torch.zeros(4, 2), "sigma": 0.5, "weight": lambda s: s**2}
    try:
        call(answer, roles, needs=["model", "x", "sigma"], name=name)
    except Raised:
        roles = {**roles, "sigmas": torch.tensor([0.5, 0.5])}
        del roles["sigma"]
        call(answer, roles, needs=["model", "x", "sigmas"], name=name)
        return True
    return False
