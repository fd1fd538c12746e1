"""Judges of the second part: noise levels, annealed Langevin dynamics, and a trained network."""

from __future__ import annotations

import math
from itertools import product

import torch
from torch import Tensor, nn

from scorelab.exercises.engine.reading import Unanswered
from scorelab.lab.calling import Either, Given, call, final, number, plain, repeatable, shaped
from scorelab.lab.comparing import are_normal, function_name
from scorelab.lab.findings import Unfit, Wrong
from scorelab.lab.mixtures import parameters_of
from scorelab.mixture import GaussianMixture
from scorelab.noise import largest_distance

__all__ = ["annealed_sampler", "noise_levels", "trained_network"]


# P2 c


def noise_levels(answer: object) -> list[str]:
    """P2 c: levels that descend geometrically from the size of the data to below their width."""
    pair = isinstance(answer, tuple) and len(answer) == 2
    mixture, sigmas = answer if pair else (None, answer)
    if sigmas is ... or mixture is ...:
        raise Unanswered
    sigmas = plain(sigmas, "sigmas").flatten()
    if len(sigmas) < 2 or not ((sigmas > 0) & sigmas.isfinite()).all():
        raise Wrong("positive")
    ratios = sigmas[:-1] / sigmas[1:]
    if (ratios <= 1).any():
        raise Wrong("order")
    # Of a sequence that is not geometric, such as one with equal differences, they differ by more.
    if ratios.max() > 1.5 * ratios.min():
        raise Wrong("geometric")
    if ratios.max() > 5:
        raise Wrong("few")
    if not pair:
        return ["mixture"]
    parameters = parameters_of(mixture)
    with repeatable():
        reach = largest_distance(GaussianMixture(*parameters).sample(2_000))[0]
    width = float(torch.linalg.eigvalsh(parameters[2]).min().sqrt())
    if sigmas[0] < 0.5 * reach:
        raise Wrong("low")
    if sigmas[0] > 10 * reach:
        raise Wrong("high")
    # A variance that is a quarter larger is still a variance that one can see.
    if sigmas[-1] > 0.5 * width:
        raise Wrong("wide")
    return []


# P2 d


_LEVELS = (3.0, 1.0, 0.5)


def annealed_sampler(answer: object) -> list[str]:
    """P2 d: order of the levels, pull and noise at each, and where the last one ends."""
    name = function_name(answer)
    with repeatable():
        score = Given(lambda x, s: torch.zeros_like(x))
        x0 = torch.randn(10_007, 2)
        moved = _annealed(answer, name, score, x0) - x0
        if not moved.isfinite().all():
            raise Wrong("else")
        z = _one_step(answer, name)
        if z.std() > 1e-6 and not are_normal(z):
            raise Wrong("no_normal")
        order = [number(rest[0]) for _, *rest in score.calls if rest]
        _check_order(order)
        spread = float(moved.square().mean())
        pulls = [_pull(answer, name, x0, level) for level in _LEVELS]
        _check_annealed_steps(pulls, spread)
    return []


_EPSILON, _STEPS = 0.02, 4


def _annealed(
    answer: object,
    name: str,
    score: Given,
    x0: Tensor,
    levels: tuple[float, ...] = _LEVELS,
    n_steps: int = _STEPS,
) -> Tensor:
    roles = {
        "score": score,
        "x0": x0,
        "sigmas": torch.tensor(levels),
        "step_size": _EPSILON,
        "n_steps": n_steps,
        "T": n_steps,
    }
    needs = ["score", "x0", "sigmas", "step_size", "n_steps|T"]
    return final(call(answer, roles, needs=needs, name=name), *x0.shape, name)


def _one_step(answer: object, name: str) -> Tensor:
    """The noise of a single step at a single level, in three dimensions."""
    x0 = torch.randn(4_003, 3)
    score = Given(lambda x, s: torch.zeros_like(x))
    return _annealed(answer, name, score, x0, _LEVELS[-1:], 1) - x0


def _check_order(order: list[float]) -> None:
    """The levels, as the score was asked for them."""
    if not order:
        raise Wrong("no_sigma")
    visited = [s for i, s in enumerate(order) if i == 0 or s != order[i - 1]]
    if any(all(abs(s - level) > 1e-4 for level in _LEVELS) for s in visited):
        raise Wrong("other_levels")
    if len(visited) > 1 and visited[0] < visited[-1]:
        raise Wrong("order")
    if len(visited) > len(_LEVELS) and len(order) < 1_000:  # else points are moved one by one
        raise Wrong("loops")
    if len(visited) < len(_LEVELS):
        raise Wrong("levels_left_out")
    if len(order) < 1_000:
        steps = [sum(abs(s - level) < 1e-4 for s in order) for level in _LEVELS]
        if any(n not in (_STEPS, _STEPS + (i == 2)) for i, n in enumerate(steps)):
            raise Wrong("steps")


def _pull(answer: object, name: str, x0: Tensor, level: float) -> float:
    """What the pull at one level adds up to, in a field that is constant there and 0 elsewhere."""
    size = 200 / level**2

    def field(x: Tensor, sigma: Tensor) -> Tensor:
        there = (torch.as_tensor(sigma, dtype=x.dtype) - level).abs() < 1e-4
        return size * there * torch.ones_like(x)

    torch.manual_seed(0)
    moved = _annealed(answer, name, Given(field), x0) - x0
    return float(moved.mean()) / size


def _check_annealed_steps(pulls: list[float], spread: float) -> None:
    e, n, last = _EPSILON, _STEPS, _LEVELS[-1]
    sizes = {
        "": [e * (s / last) ** 2 for s in _LEVELS],
        "constant_step": [e] * 3,
        "no_square": [e * s / last for s in _LEVELS],
        "first_level": [e * (s / _LEVELS[0]) ** 2 for s in _LEVELS],
        "inverse": [e * (last / s) ** 2 for s in _LEVELS],
        "level_alone": [e * s**2 for s in _LEVELS],
    }
    noises = {  # the variance of a step of size a, beside the pull u·a
        "": lambda a, u: 2 * u * a,
        "full_pull": lambda a, u: a,
        "half_pull": lambda a, u: 2 * a,
        "no_root": lambda a, u: a**2,
        "no_root:full": lambda a, u: 2 * a**2,
        "no_noise": lambda a, u: 0.0,
        "unit_noise": lambda a, u: 1.0,
    }
    if min(pulls) < 0:
        raise Wrong("sign")
    # Four standard errors: of the means 0.04 × the scatter, of the variances 2.8 %.
    for (key, steps), u, (noise, variance), denoised in product(
        sizes.items(), (0.5, 1.0), noises.items(), (0.0, last**2)
    ):
        total = n * sum(variance(a, u) for a in steps)
        expected = [n * u * a for a in steps]
        expected[-1] += denoised
        scatter = 4 * math.sqrt(total / 10_007 / 2)
        if abs(spread - total) <= 0.04 * total + 1e-9 and all(
            abs(p - x) <= scatter / (200 / s**2) + 1e-6
            for p, x, s in zip(pulls, expected, _LEVELS, strict=True)
        ):
            if key or noise:
                raise Wrong(key or noise)
            return
    raise Wrong("else")


# P2 e


def trained_network(answer: object) -> list[str]:
    """P2 e: how far the network's loss is above its floor, at each level and in the mean."""
    if not (isinstance(answer, tuple) and len(answer) == 3):
        if answer is ...:
            raise Unanswered
        raise Unfit("triple")
    network, mixture, sigmas = answer
    if sigmas is ...:
        raise Unanswered
    name = function_name(network)
    law = GaussianMixture(*parameters_of(mixture))
    sigmas = plain(sigmas, "sigmas").flatten()
    if isinstance(network, nn.Module):
        network.eval()
    with repeatable(), torch.no_grad():
        exact, given, points = [], [], []
        for sigma in sigmas:
            x = law.sample(2_000) + sigma * torch.randn(2_000, law.dim)
            given.append(sigma * _output(network, x, float(sigma), name))
            exact.append(sigma * law.noisy_score(x, float(sigma)))
            points.append(x)
    apart = torch.stack([(g - s).square().sum(1).mean() for g, s in zip(given, exact, strict=True)])
    if not apart.isfinite().all():
        raise Wrong("finite")
    # With the weight σ² a network that says 0 has an excess of 1 at large σ. Small networks that
    # have learned for some hundred steps have 0.02 to 0.05 in the mean; with a mode missing from
    # the data, or after a hundred steps, it is 0.08. At the last levels the excess is small for
    # every network, but one that has learned points to the right side there.
    excess = apart / law.dim
    sizes = [torch.stack([v.square().sum(1).mean() for v in vs]).sqrt() for vs in (given, exact)]
    products = [(g * s).sum(1).mean() for g, s in zip(given, exact, strict=True)]
    alike = torch.stack(products) / (sizes[0] * sizes[1]).clamp(min=1e-12)
    if excess.mean() <= 0.06 and alike.min() >= 0.3:
        return []
    _name_the_network(sigmas, given, exact, points, law)
    half = len(sigmas) // 2
    if excess[:half].mean() <= 0.06 and alike[-1] < 0.6:
        raise Wrong("small")
    if alike[half:].mean() >= 0.6 and excess[0] > 0.3:
        raise Wrong("large")
    raise Wrong("untrained" if alike.mean() < 0.5 else "else")


def _output(network: object, x: Tensor, sigma: float, name: str) -> Tensor:
    """The network's output, whether it takes σ as (n,), as (n, 1) or as a number."""
    levels = torch.full((len(x),), sigma)
    roles = {"x": x, "sigma": Either(levels, levels[:, None], sigma)}
    return shaped(call(network, roles, needs=["x", "sigma"], name=name), x.shape, name)


def _name_the_network(sigmas, given, exact, points, law) -> None:
    def fits(target) -> bool:
        """Whether the network is near another function, weighed as a score is."""
        apart, whole = 0.0, 0.0
        for sigma, g, s, x in zip(sigmas, given, exact, points, strict=True):
            wanted = sigma * target(x, sigma, s / sigma)
            apart += float((g - wanted).square().sum(1).mean())
            whole += float(wanted.square().sum(1).mean())
        return apart <= 0.15 * whole

    known = {
        "sign": lambda x, sigma, s: -s,
        "noise": lambda x, sigma, s: -sigma * s,
        "noise:sign": lambda x, sigma, s: sigma * s,
        "denoiser": lambda x, sigma, s: x + sigma**2 * s,
        "no_sigma": lambda x, sigma, s: law.score(x),
    }
    for key, target in known.items():
        if fits(target):
            raise Wrong(key)
