"""Who is measured: functions that prepare a problem and return what is timed.

Each is imported in a process of its own, so that neither thread pools nor the allocator of one
library reach another. What is timed ends with the numbers at hand; its last batch is returned, so
that all can be seen to have sampled the same law.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from . import problems

Run = Callable[[], object]


def scorelab(problem: str) -> Run:
    """The package: whichever copy of it the process finds first."""
    import torch

    from scorelab.langevin import annealed_langevin_dynamics, langevin_dynamics
    from scorelab.mixture import GaussianMixture
    from scorelab.sde import OrnsteinUhlenbeck
    from scorelab.solvers import euler_maruyama

    p = GaussianMixture(*_components(torch))
    x = torch.randn(problems.N_POINTS, 2)
    n, dynamics = problems.N_STEPS, OrnsteinUhlenbeck(T=problems.T)
    if problem == "langevin":
        return lambda: langevin_dynamics(p.score, x, step_size=problems.STEP_SIZE, n_steps=n).final
    if problem == "annealed":
        levels = torch.tensor(problems.SIGMAS)
        return lambda: (
            annealed_langevin_dynamics(
                p.noisy_score,
                x,
                sigmas=levels,
                step_size=problems.ANNEALED_STEP,
                n_steps=n // len(levels),
            ).final
        )
    backward = dynamics.reverse(lambda y, t: dynamics.marginal(p, t).score(y))
    span = (problems.T, problems.T_MIN)
    return lambda: euler_maruyama(backward, x, n_steps=n, t_span=span).final


def autograd(problem: str) -> Run:
    """A loop that differentiates the log-density, as one writes it without knowing the score."""
    import torch

    def prepared(at: problems.Step):
        log_density = _log_terms(torch, at)

        def score(x):
            x = x.detach().requires_grad_()
            return torch.autograd.grad(torch.logsumexp(log_density(x)[0], 1).sum(), x)[0]

        return score

    return _loop(problem, prepared)


def closed_form(problem: str) -> Run:
    """A loop with the score written out, points first, as a formula is typed in."""
    import torch

    def prepared(at: problems.Step):
        log_density = _log_terms(torch, at)

        def score(x):
            logits, pulls = log_density(x)
            return -(torch.softmax(logits, 1)[:, :, None] * pulls).sum(1)

        return score

    run = _loop(problem, prepared)

    def without_grad():
        with torch.no_grad():
            return run()

    return without_grad


def columns(problem: str) -> Run:
    """The same loop by someone who knows the machine: points as columns, and freed memory kept."""
    import torch

    from scorelab._support.allocator import keep_freed_memory

    def prepared(at: problems.Step):
        constants, means, precisions = _parts(torch, at)

        def score(x):
            pulls = [a @ (x - m[:, None]) for a, m in zip(precisions, means, strict=True)]
            logits = torch.stack(
                [
                    c - 0.5 * ((x - m[:, None]) * pull).sum(0)
                    for c, m, pull in zip(constants, means, pulls, strict=True)
                ]
            )
            shares = torch.softmax(logits, 0)
            return -sum(share * pull for share, pull in zip(shares, pulls, strict=True))

        return score

    run = _loop(problem, prepared, lambda x: x.T.contiguous())

    def with_memory():
        keep_freed_memory()
        with torch.no_grad():
            return run().T

    return with_memory


def torchsde(problem: str) -> Run:
    """torchsde's Euler method on the written-out score, with its own Brownian motion."""
    import torch
    import torchsde as library

    steps = problems.steps(problem)
    terms = {at: _log_terms(torch, at) for at in dict.fromkeys(steps)}

    class Equation(torch.nn.Module):
        noise_type, sde_type = "diagonal", "ito"

        def f(self, t, x):
            at = steps[min(int(float(t) + 0.5), len(steps) - 1)]
            logits, pulls = terms[at](x)
            return at.decay * x - at.pull * (torch.softmax(logits, 1)[:, :, None] * pulls).sum(1)

        def g(self, t, x):
            at = steps[min(int(float(t) + 0.5), len(steps) - 1)]
            return torch.full_like(x, at.noise)

    equation, x = Equation(), torch.randn(problems.N_POINTS, 2)
    ends = torch.tensor([0.0, float(len(steps))])

    def run():
        with torch.no_grad():
            return library.sdeint(equation, x, ends, dt=1.0, method="euler")[-1]

    return run


def jax(problem: str) -> Run:
    """jit, scan and automatic differentiation."""
    import jax as library
    import jax.numpy as jnp

    def log_density(x, weights, means, variances):
        y = x - means
        exponents = jnp.einsum("ki,kij,kj->k", y, jnp.linalg.inv(variances), y)
        logits = jnp.log(weights) - 0.5 * (exponents + jnp.linalg.slogdet(variances)[1])
        return library.scipy.special.logsumexp(logits)

    return _scan(problem, library.grad(log_density))


def jax_closed_form(problem: str) -> Run:
    """jit and scan, with the score of one point written out."""
    import jax as library
    import jax.numpy as jnp

    def score(x, weights, means, variances):
        y = x - means
        pulls = jnp.einsum("kij,kj->ki", jnp.linalg.inv(variances), y)
        logdet = jnp.linalg.slogdet(variances)[1]
        logits = jnp.log(weights) - 0.5 * ((y * pulls).sum(1) + logdet)
        return -(library.nn.softmax(logits)[:, None] * pulls).sum(0)

    return _scan(problem, score)


def floor(problem: str) -> Run:
    """What no sampler in this library can do without: its normal numbers and exponentials."""
    import torch

    logits = -torch.rand(len(problems.WEIGHTS), problems.N_POINTS)
    noise, shares = torch.empty(problems.N_POINTS, 2), torch.empty_like(logits)

    def run():
        for _ in range(problems.N_STEPS):
            noise.normal_()
            torch.exp(logits, out=shares)

    return run


def normals(problem: str) -> Run:
    """The normal numbers alone, as one generator draws them."""
    import torch

    noise = torch.empty(problems.N_POINTS, 2)

    def run():
        for _ in range(problems.N_STEPS):
            noise.normal_()

    return run


def fit(network: str) -> Run:
    """The package's training."""
    import torch

    from scorelab.training import fit as train

    model, data, sigmas, settings = _training(torch, network)
    return lambda: train(model, data, sigmas, **settings, learning_rate=1e-3, progress=False).losses


def bare(network: str) -> Run:
    """The same network, batch and optimiser in the shortest loop: no average, no record.

    It keeps freed memory, as `fit` does, so that what is compared is the loops alone.
    """
    import torch

    from scorelab._support.allocator import keep_freed_memory

    model, data, sigmas, settings = _training(torch, network)
    model.train()

    def run():
        keep_freed_memory()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
        n = settings["batch_size"]
        for _ in range(settings["n_steps"]):
            x = data[torch.randint(len(data), (n,))]
            sigma = sigmas[torch.randint(len(sigmas), (n,))]
            column = sigma.reshape(-1, *[1] * (x.ndim - 1))
            z = torch.randn_like(x)
            error = column * model(x + column * z, sigma) + z
            loss = 0.5 * error.square().flatten(1).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return loss.detach()

    return run


TRAININGS = {
    "mlp": "`ScoreMLP`, plane, batches of 256",
    "wide": "`ScoreMLP` of width 128, plane, batches of 1,024",
    "unet": "`ScoreUNet`, images of 28 × 28, batches of 64",
}


def _training(torch, network: str):
    from scorelab.networks import ScoreMLP, ScoreUNet

    torch.manual_seed(0)
    sigmas = torch.logspace(1, -1, 10)
    if network == "unet":
        data = torch.randn(1000, 1, 28, 28)
        return ScoreUNet(), data, sigmas, {"n_steps": 5, "batch_size": 64}
    if network == "wide":
        settings = {"n_steps": 300, "batch_size": 1024}
        return ScoreMLP(2, width=128), torch.randn(5000, 2), sigmas, settings
    return ScoreMLP(2), torch.randn(5000, 2), sigmas, {"n_steps": 1000, "batch_size": 256}


def _components(library):
    parts = (problems.WEIGHTS, problems.MEANS, problems.COVARIANCES)
    make = library.tensor if hasattr(library, "tensor") else library.array
    return tuple(make(part, dtype=library.float32) for part in parts)


def _parts(torch, at: problems.Step):
    """Logarithms of weights over normalising constants (K,), means (K, d), precisions (K, d, d)."""
    weights, means, covariances = _components(torch)
    variances = at.scale**2 * covariances + at.std**2 * torch.eye(2)
    constants = weights.log() - 0.5 * torch.logdet(variances) - math.log(2 * math.pi)
    return constants, at.scale * means, torch.linalg.inv(variances)


def _log_terms(torch, at: problems.Step):
    """x (n, d) -> the logarithms (n, K) of the weighted densities, and Σ⁻¹(x − μ), (n, K, d)."""
    constants, means, precisions = _parts(torch, at)

    def terms(x):
        y = x[:, None] - means
        pulls = torch.einsum("kij,nkj->nki", precisions, y)
        return constants - 0.5 * (y * pulls).sum(-1), pulls

    return terms


def _loop(problem: str, prepared, lay_out=lambda x: x) -> Run:
    import torch

    steps = problems.steps(problem)
    scores = {at: prepared(at) for at in dict.fromkeys(steps)}
    start = lay_out(torch.randn(problems.N_POINTS, 2))

    def run():
        x = start
        for at in steps:
            x = x + at.decay * x + at.pull * scores[at](x) + at.noise * torch.randn_like(x)
        return x

    return run


def _scan(problem: str, score_of_one) -> Run:
    """JAX's compiled loop with a function (x, weights, means, covariances) -> score."""
    import jax as library
    import jax.numpy as jnp
    import numpy

    weights, means, covariances = (jnp.asarray(part) for part in _components(numpy))
    table = jnp.asarray(numpy.array(problems.steps(problem), dtype=numpy.float32))
    scores = library.vmap(score_of_one, in_axes=(0, None, None, None))

    @library.jit
    def sample(x, key):
        def step(carry, row):
            x, key = carry
            key, new = library.random.split(key)
            decay, pull, noise, scale, std = row
            z = library.random.normal(new, x.shape)
            score = scores(x, weights, scale * means, scale**2 * covariances + std**2 * jnp.eye(2))
            return (x + decay * x + pull * score + noise * z, key), None

        return library.lax.scan(step, (x, key), table)[0][0]

    x = library.random.normal(library.random.key(1), (problems.N_POINTS, 2))
    return lambda: sample(x, library.random.key(0)).block_until_ready()
