"""What is measured: three samplers on one mixture, as numbers that every contestant is given.

A problem is a list of steps x ← x + a·x + b·s(x) + c·z, where s is the score of the mixture of
N(scale·μ_k, scale²·Σ_k + std²·I). Langevin dynamics, annealed Langevin dynamics and the reversed
Ornstein-Uhlenbeck process differ by these five numbers a step and by nothing else.
"""

from __future__ import annotations

import math
from typing import NamedTuple

WEIGHTS = [0.5, 0.3, 0.2]
MEANS = [[-2.0, 0.0], [2.0, 1.0], [0.0, -2.5]]
COVARIANCES = [
    [[0.5, 0.2], [0.2, 0.4]],
    [[0.3, -0.1], [-0.1, 0.6]],
    [[0.4, 0.05], [0.05, 0.2]],
]
N_POINTS = 100_000
N_STEPS = 100
# Langevin dynamics
STEP_SIZE = 0.05
# annealed Langevin dynamics: so many levels with so many steps each
SIGMAS = [3.0 * (0.3 / 3.0) ** (i / 9) for i in range(10)]
ANNEALED_STEP = 0.02
# the Ornstein-Uhlenbeck process dx = −x/2 dt + dw, backwards from T to T_MIN
T, T_MIN = 5.0, 0.01


class Step(NamedTuple):
    """x ← x + decay·x + pull·s(x) + noise·z, with the score of the mixture at (scale, std)."""

    decay: float
    pull: float
    noise: float
    scale: float
    std: float


def steps(problem: str) -> list[Step]:
    """The steps of a problem, for those who write the loop themselves."""
    if problem == "langevin":
        return [Step(0.0, STEP_SIZE / 2, math.sqrt(STEP_SIZE), 1.0, 0.0)] * N_STEPS
    if problem == "annealed":
        sizes = [(s, ANNEALED_STEP * (s / SIGMAS[-1]) ** 2) for s in SIGMAS]
        every = N_STEPS // len(SIGMAS)
        return [Step(0.0, a / 2, math.sqrt(a), 1.0, s) for s, a in sizes for _ in range(every)]
    if problem == "reverse":
        dt = (T - T_MIN) / N_STEPS
        times = [T - i * dt for i in range(N_STEPS)]
        return [
            Step(dt / 2, dt, math.sqrt(dt), math.exp(-t / 2), math.sqrt(-math.expm1(-t)))
            for t in times
        ]
    raise ValueError(f"no problem of the name {problem!r}")


SAMPLERS = {
    "langevin": "Langevin dynamics",
    "annealed": "annealed Langevin dynamics, ten levels",
    "reverse": "the reversed Ornstein-Uhlenbeck process",
}
