"""Right answers to the lab as others write them: in numpy, point by point, with other names."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from scipy.stats import multivariate_normal


class PointByPoint:
    """numpy, one point at a time, densities instead of logarithms, the weights last."""

    def __init__(self, medias, covarianzas, pesos):
        self.medias = [np.array(m) for m in medias]
        self.covarianzas = [np.array(c) for c in covarianzas]
        self.pesos = np.array(pesos)

    def pdf(self, x):
        return sum(
            w * multivariate_normal(m, c).pdf(np.asarray(x))
            for w, m, c in zip(self.pesos, self.medias, self.covarianzas, strict=True)
        )

    def sample(self, n):
        ks = np.random.choice(len(self.pesos), size=n, p=self.pesos)  # noqa: NPY002
        draw = np.random.multivariate_normal
        return np.array([draw(self.medias[k], self.covarianzas[k]) for k in ks])

    def score(self, x):
        x = np.asarray(x)
        logs = np.array(
            [
                np.log(w) + multivariate_normal(m, c).logpdf(x)
                for w, m, c in zip(self.pesos, self.medias, self.covarianzas, strict=True)
            ]
        )
        shares = np.exp(logs - logs.max())
        shares = shares / shares.sum()
        pulls = [
            np.linalg.solve(c, m - x) for m, c in zip(self.medias, self.covarianzas, strict=True)
        ]
        return sum(share * pull for share, pull in zip(shares, pulls, strict=True))


class WithDistributions:
    """torch.distributions, the score by automatic differentiation."""

    def __init__(self, alphas, mus, Sigmas):
        components = torch.distributions.MultivariateNormal(mus, Sigmas)
        mixing = torch.distributions.Categorical(alphas)
        self.law = torch.distributions.MixtureSameFamily(mixing, components)

    def log_prob(self, x):
        return self.law.log_prob(x)

    def sample(self, n_samples):
        return self.law.sample((n_samples,))

    def score(self, x):
        x = x.clone().requires_grad_(True)
        return torch.autograd.grad(self.log_prob(x).sum(), x)[0]


class SinglePrecision(torch.nn.Module):
    """Buffers in single precision, other attributes, draws in the default precision."""

    def __init__(self, w, m, S):
        super().__init__()
        for name, part in (("w", w), ("m", m), ("S", S)):
            self.register_buffer(name, part.float())

    def log_prob(self, x):
        terms = torch.distributions.MultivariateNormal(self.m, self.S).log_prob(x[:, None])
        return torch.logsumexp(terms + self.w.log(), 1)

    def sample(self, n):
        k = torch.multinomial(self.w, n, True)
        root = torch.linalg.cholesky(self.S)[k]
        return self.m[k] + (root @ torch.randn(n, self.m.shape[1], 1)).squeeze(-1)

    def score(self, x):
        x.requires_grad_(True)
        self.log_prob(x).sum().backward()
        return x.grad


def langevin_in_place(score, prior, n, eps, T):
    """Writes into the points that it is given, from a prior that is a function."""
    x = prior(n)
    for _ in range(T):
        x += eps / 2 * score(x)
        x += np.sqrt(eps) * torch.randn_like(x)
    return x


def langevin_with_its_own_seed(score, x0, step_size, n_steps, seed=0):
    """The noise has a generator of its own, with the seed that everybody takes."""
    generator, x = torch.Generator().manual_seed(seed), x0
    for _ in range(n_steps):
        z = torch.randn(x.shape, dtype=x.dtype, generator=generator)
        x = x + step_size / 2 * score(x) + np.sqrt(step_size) * z
    return x


def langevin_from_points(score, prior, eps, T):
    """The prior is the starting points; the step is ε²/2 beside ε."""
    x = prior
    for _ in range(T):
        x = x + eps**2 / 2 * score(x) + eps * torch.randn_like(x)
    return x


def langevin_full_form(mixture, x_0, eps, T):
    """The other form of the step; returns all states; takes the mixture itself."""
    xs = [x_0]
    for _ in range(T):
        x = xs[-1]
        xs.append(x + eps * mixture.score(x) + np.sqrt(2 * eps) * torch.randn_like(x))
    return torch.stack(xs)


def langevin_by_particle(score, prior, epsilon, n_pasos, n_muestras):
    """One particle after the other, in numpy, from a prior."""
    starts = np.asarray(prior.sample(n_muestras))
    ends = []
    for x in starts:
        for _ in range(n_pasos):
            z = np.random.randn(*x.shape)  # noqa: NPY002
            x = x + epsilon / 2 * score(x) + np.sqrt(epsilon) * z
        ends.append(x)
    return np.array(ends)


def langevin_pair(score_fn, x0, n_steps=100, step_size=0.1):
    """Returns the ends and the path."""
    x, path = x0.clone(), [x0]
    for _ in range(n_steps):
        x = x + 0.5 * step_size * score_fn(x) + step_size**0.5 * torch.randn_like(x)
        path.append(x)
    return x, torch.stack(path, dim=1)


def fisher(s_p, s_q, x):
    return torch.mean(torch.norm(s_p(x) - s_q(x), dim=1) ** 2)


def loss_of_song(scorenet, samples, sigma):
    perturbed = samples + torch.randn_like(samples) * sigma
    target = -1 / sigma**2 * (perturbed - samples)
    scores = scorenet(perturbed, torch.full((len(samples), 1), float(sigma)))
    target = target.view(target.shape[0], -1)
    scores = scores.view(scores.shape[0], -1)
    return 0.5 * ((scores - target) ** 2).sum(dim=-1).mean(dim=0)


def loss_of_levels(x, model, sigmas):
    """Equation (1), weights σ², a level for each row."""
    s = sigmas[torch.randint(len(sigmas), (len(x),))].view(-1, 1)
    z = torch.randn_like(x)
    return (s**2 * 0.5 * ((model(x + s * z, s) + z / s) ** 2).sum(1, keepdim=True)).mean()


def loss_of_all_levels(model, x, niveles):
    """Equation (1), the sum over all levels, weights 1."""
    total = 0
    for sigma in niveles:
        z = torch.randn_like(x)
        total = total + 0.5 * ((model(x + sigma * z, sigma) + z / sigma) ** 2).sum(1).mean()
    return total / len(niveles)


def loss_of_one_point(model, x, sigma):
    """Of a data point: no mean over a batch."""
    z = torch.randn_like(x)
    return 0.5 * ((model(x + sigma * z) + z / sigma) ** 2).sum()


def annealed_of_song(scorenet, x_mod, sigmas, n_steps_each=100, step_lr=2e-5):
    for sigma in sigmas:
        labels = torch.ones(len(x_mod), 1) * sigma
        size = step_lr * (sigma / sigmas[-1]) ** 2
        for _ in range(n_steps_each):
            noise = torch.randn_like(x_mod) * torch.sqrt(size * 2)
            x_mod = x_mod + size * scorenet(x_mod, labels) + noise
    return x_mod


def annealed_in_numpy(score, x0, sigmas, eps, T):
    x = np.array(x0)
    for sigma in sigmas:
        alpha = eps * sigma**2 / sigmas[-1] ** 2
        for _ in range(T):
            z = np.random.randn(*x.shape)  # noqa: NPY002
            x = x + alpha / 2 * np.asarray(score(x, sigma)) + np.sqrt(alpha) * z
    return x


class LossModule(torch.nn.Module):
    """A loss that is an object."""

    def forward(self, red, x, sigma, λ=1):
        z = torch.randn_like(x)
        return λ / 2 * (red(x + sigma * z, sigma) + z / sigma).square().sum(1).mean()


class Returned(torch.nn.Module):
    """The drift of the reversed process as a function."""

    def __init__(self, drift, diffusion, T):
        super().__init__()
        self.drift, self.diffusion, self.T = drift, diffusion, T

    def reverse_drift(self, score):
        return lambda x, t: self.drift(x, t) - self.diffusion(t) ** 2 * score(x, t)


class Functions:
    """A process that is made of its coefficients."""

    def __init__(self, f, g, T=1):
        self.f, self.g, self.T = f, g, T

    def reverse_drift(self, x, t, score):
        return self.f(x, t) - self.g(t) ** 2 * score(x, t)


class Abstract:
    """A process whose subclasses write `f` and `g`, which takes the score's value."""

    def f(self, x, t):
        raise NotImplementedError

    def g(self, t):
        raise NotImplementedError

    def drift_inverso(self, x, t, score_x):
        return self.f(x, t) - self.g(t) ** 2 * score_x


class OU(Abstract):
    def f(self, x, t):
        return -0.5 * x

    def g(self, t):
        return torch.ones_like(t) if isinstance(t, torch.Tensor) else 1


def euler_maruyama_forward(sde, x0, N):
    """Forward alone, on the grid of the process."""
    dt = sde.T / N
    x = x0
    for i in range(N):
        x = x + sde.f(x, i * dt) * dt + sde.g(i * dt) * np.sqrt(dt) * torch.randn_like(x)
    return x


def euler_maruyama_on_times(sde, x0, ts):
    """On a grid that is given, in place."""
    x = x0
    for t, later in itertools.pairwise(ts):
        x += sde.drift(x, t) * (later - t)
        x += sde.diffusion(t) * abs(later - t) ** 0.5 * torch.randn_like(x)
    return x


def euler_maruyama_between(proceso, x0, t0, t1, n_pasos):
    """From one time to another, times as tensors, all states."""
    times = torch.linspace(t0, t1, n_pasos + 1)
    xs = [x0]
    for t, later in itertools.pairwise(times):
        x, dt = xs[-1], later - t
        noise = torch.randn_like(x) * dt.abs().sqrt()
        xs.append(x + proceso.drift(x, t) * dt + proceso.diffusion(t) * noise)
    return torch.stack(xs)


THREE = (
    [0.6, 0.1, 0.3],
    [[-2.0, -1.0], [1.5, 0.5], [7.0, 6.0]],
    [[[1.0, 0.5], [0.5, 0.8]], [[0.4, -0.2], [-0.2, 0.5]], [[0.8, 0.3], [0.3, 0.6]]],
)
STYLES = [
    ("P1 a", PointByPoint),
    ("P1 a", WithDistributions),
    ("P1 a", SinglePrecision),
    ("P1 b", SinglePrecision),
    ("P1 c", SinglePrecision(*(torch.tensor(part) for part in THREE))),
    ("P1 b", PointByPoint),
    ("P1 b", WithDistributions),
    ("P1 d", langevin_full_form),
    ("P1 d", langevin_by_particle),
    ("P1 d", langevin_pair),
    ("P1 d", langevin_in_place),
    ("P1 d", langevin_from_points),
    ("P1 d", langevin_with_its_own_seed),
    ("P2 a", fisher),
    ("P2 b", loss_of_song),
    ("P2 b", loss_of_levels),
    ("P2 b", loss_of_all_levels),
    ("P2 b", loss_of_one_point),
    ("P2 b", LossModule()),
    ("P2 d", annealed_of_song),
    ("P2 d", annealed_in_numpy),
    ("P3 a", Functions),
    ("P3 a", Abstract),
    ("P3 a", Returned),
    ("P3 c", OU),
    ("P3 d", euler_maruyama_forward),
    ("P3 d", euler_maruyama_between),
    ("P3 d", euler_maruyama_on_times),
]
