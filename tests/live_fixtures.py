"""The numbers that the live figures must give, computed by the package in float64."""

from functools import cache

import torch
from torch import Tensor

from scorelab.figures import live
from scorelab.langevin import annealed_langevin_dynamics, langevin_dynamics, mala
from scorelab.metrics import mode_weights
from scorelab.mixture import GaussianMixture
from scorelab.noise import geometric_sigmas
from scorelab.sde import OrnsteinUhlenbeck
from scorelab.solvers import euler_maruyama, heun

SEED = 20240229
N = 10

LAWS = {  # the book's three modes; a lone Gaussian; five of very different shapes
    "book": live.PRESETS[0].mixture,
    "one": GaussianMixture(
        torch.ones(1, dtype=torch.float64),
        torch.tensor([[0.5, -0.25]], dtype=torch.float64),
        torch.tensor([[[0.3, -0.1], [-0.1, 0.2]]], dtype=torch.float64),
    ),
    "five": live.from_components(
        [
            {"weight": 0.02, "x": 0, "y": 0, "scale": 0.1, "ratio": 9, "angle": 90},
            {"weight": 0.3, "x": 4, "y": -2, "scale": 1.5, "ratio": 1, "angle": 0},
            {"weight": 0.28, "x": -3, "y": 3, "scale": 0.8, "ratio": 4, "angle": -71},
            {"weight": 0.2, "x": -3, "y": 2, "scale": 0.5, "ratio": 1.3, "angle": 45},
            {"weight": 0.2, "x": 1, "y": 6, "scale": 2, "ratio": 2, "angle": 10},
        ]
    ),
}
STEP, T, T_MIN, N_STEPS = 0.07, 2.5, 0.2, 3
SIGMAS = (5.0, 0.4, 3)


@cache
def numbers() -> dict:
    """One entry a mixture: points, values of its functions there, steps of all samplers."""
    return {name: _of(law) for name, law in LAWS.items()}


def _of(law: GaussianMixture) -> dict:
    generator = torch.Generator().manual_seed(SEED)
    near = law.sample(N - 2, generator=generator)
    x = torch.cat([near, torch.tensor([[40.0, -90.0], [-3e3, 5e3]], dtype=near.dtype)])
    process = OrnsteinUhlenbeck(T)
    return {
        "components": live.components(law),
        "x": x.tolist(),
        "values": [
            {
                "sigma": sigma,
                "scale": scale,
                "log_prob": law.noised(sigma, scale).log_prob(x).tolist(),
                "score": law.noised(sigma, scale).score(x).tolist(),
                "responsibilities": law.noised(sigma, scale).responsibilities(x).tolist(),
            }
            for sigma, scale in ((0.0, 1.0), (0.5, 1.0), (12.0, 1.0), (0.8, 0.6))
        ],
        "times": {str(t): list(process.perturbation(t)) for t in (1e-9, 0.01, 1.0, 10.0)},
        "sigmas": geometric_sigmas(*SIGMAS).double().tolist(),
        "measured": [
            [float(e), e.standard_error]
            for e in (*mode_weights(law, near), live.variance_inside(law, near))
        ],
        "steps": _steps(law, near, process),
    }


def _steps(law: GaussianMixture, x: Tensor, process: OrnsteinUhlenbeck) -> dict:
    """Runs of few steps with the noise that was drawn in them.

    A generator of the same seed gives the same noise once more, to be written down beside.
    """
    score = process.score_at(law.noisy_score)
    span = {"t_span": (T, T_MIN), "n_steps": N_STEPS}
    levels = geometric_sigmas(*SIGMAS).double()
    runs = {
        "langevin": (lambda g: langevin_dynamics(
            law.score, x, step_size=STEP, n_steps=N_STEPS, generator=g), N_STEPS),
        "mala": (lambda g: mala(
            law.log_prob, law.score, x, step_size=STEP * 8, n_steps=N_STEPS, generator=g), N_STEPS),
        "annealed": (lambda g: annealed_langevin_dynamics(
            law.noisy_score, x, sigmas=levels, step_size=STEP, n_steps=2, generator=g), 6),
        "forward": (lambda g: euler_maruyama(process, x, n_steps=N_STEPS, generator=g), N_STEPS),
        "reverse": (lambda g: euler_maruyama(
            process.reverse(score), x, generator=g, **span), N_STEPS),
        "flow-euler": (lambda g: euler_maruyama(process.probability_flow(score), x, **span), 0),
        "flow-heun": (lambda g: heun(process.probability_flow(score), x, **span), 0),
    }  # fmt: skip
    found = {}
    for name, (sample, n_draws) in runs.items():
        result = sample(torch.Generator().manual_seed(SEED))
        again = torch.Generator().manual_seed(SEED)
        normal, uniform = [], []
        for _ in range(n_draws):
            normal.append(torch.randn(x.shape, generator=again, dtype=x.dtype).tolist())
            if name == "mala":
                uniform.append(torch.rand(len(x), generator=again, dtype=x.dtype).tolist())
        found[name] = {"final": result.final.tolist(), "normal": normal, "uniform": uniform}
        if result.acceptance_rate is not None:
            found[name]["acceptance_rate"] = result.acceptance_rate
    return found
