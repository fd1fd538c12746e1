"""How the cost of score, sampler and loss grows with each size.

Prints JSON: for every axis the sizes, the median seconds of each function, and the exponent of a
straight line through the logarithms of the upper half of the sizes, where calls no longer cost more
than the work.
"""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Callable
from functools import partial

import torch

from scorelab.langevin import annealed_langevin_dynamics, langevin_dynamics
from scorelab.matching import ncsn_loss
from scorelab.mixture import GaussianMixture

# axis: its sizes, and what else differs from the defaults of `functions`
AXES = {
    "n": ([10**2, 10**3, 10**4, 10**5, 10**6, 10**7], {"full": True}),
    "d": ([12, 48, 192, 768, 3072], {"n": 2000}),
    "d, full Σ": ([12, 48, 192, 768], {"n": 1000, "full": True}),
    "K": ([1, 10, 100, 1000], {"n": 5000}),
    "L": ([1, 10, 100, 1000], {"n": 1000}),
}
N, D, K = 1000, 2, 3  # where nothing else is said
ROUNDS = 5


def main() -> None:
    """Measure every axis and print what was found."""
    print(json.dumps({axis: measured(axis) for axis in AXES}))


def measured(axis: str) -> dict:
    """Sizes, seconds of each function at each, and exponents."""
    sizes, fixed = AXES[axis]
    seconds: dict[str, list[float]] = {}
    for size in sizes:
        for name, call in functions(**fixed | {axis[0]: size}).items():
            seconds.setdefault(name, []).append(_median_seconds(call))
    given = {"n": N, "d": D, "K": K} | {k: v for k, v in fixed.items() if k != "full"}
    return {
        "sizes": sizes,
        "others": {name: size for name, size in given.items() if name != axis[0]},
        "seconds": seconds,
        "exponents": {name: exponent(sizes, times) for name, times in seconds.items()},
    }


def functions(
    n: int = N, d: int = D, K: int = K, L: int | None = None, full: bool = False
) -> dict[str, Callable[[], object]]:
    """The three functions at one size; with L levels the sampler takes one step at each."""
    source = torch.Generator().manual_seed(0)
    means = torch.randn(K, d, generator=source)
    variances = 0.5 + torch.rand(K, d, generator=source)
    weights = torch.full((K,), 1 / K, dtype=torch.float64)
    p = GaussianMixture(weights, means, torch.diag_embed(variances) if full else variances)
    x = torch.randn(n, d, generator=source)
    sigmas = torch.linspace(2, 1, L or 10) if L != 1 else torch.ones(1)
    if L is None:
        sampler = partial(langevin_dynamics, p.score, x, step_size=0.01, n_steps=3)
    else:
        sampler = partial(
            annealed_langevin_dynamics,
            p.noisy_score,
            x,
            sigmas=sigmas,
            step_size=0.01,
            n_steps=1,
        )
    return {
        "score": lambda: p.score(x),
        "sampler": sampler,
        "loss": lambda: ncsn_loss(p.noisy_score, x, sigmas),
    }


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """The slope of the logarithms, over the upper half of the sizes."""
    upper = len(sizes) // 2
    x = [math.log(size) for size in sizes[upper:]]
    y = [math.log(time) for time in seconds[upper:]]
    return statistics.linear_regression(x, y).slope


def _median_seconds(call: Callable[[], object]) -> float:
    with torch.no_grad():
        call()
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
            if sum(times) > 5:  # seconds: at this size noise is no concern
                break
    return statistics.median(times)


if __name__ == "__main__":
    main()
