# ruff: noqa: E501 (tables of code, a mistake a line)
"""The lab's checks: right answers are right in whatever style they are written, and the usual
mistakes are named. The right code is the model solution's, a wrong one is it with one mistake."""

from __future__ import annotations

import math
from functools import cache
from operator import itemgetter
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lab_styles import STYLES, THREE
from test_lab_solution import code, definitions
from tiers import first_of_each, nightly_but

import scorelab as sl
from scorelab.lab.wording import LANGUAGES, words
from scorelab.training.mnist.data import load_mnist


@cache
def solution(*change: str) -> SimpleNamespace:
    """What the model solution defines, with one thing in it replaced."""
    source = code()
    if change:
        assert change[0] in source, "the solution no longer reads like this"
        source = source.replace(*change, 1)
    return definitions(source)


NAMES = {
    "P1 a": "GaussianMixture",
    "P1 b": "GaussianMixture",
    "P1 d": "langevin_dynamics",
    "P2 a": "fisher_divergence",
    "P2 b": "dsm_loss",
    "P2 d": "annealed_langevin_dynamics",
    "P3 a": "SDE",
    "P3 c": "OrnsteinUhlenbeck",
    "P3 d": "euler_maruyama",
}


def mixture():
    return solution().GaussianMixture(*THREE)


def levels() -> torch.Tensor:
    return solution().geometric_sigmas(20.0, 0.05, 20)


def generator_of(lab: SimpleNamespace, *, T: float = 10.0, end: float = 0.05, bridge=None):
    """The solution's P3 e as a function of the score."""

    def generate(score, n):
        process = lab.OrnsteinUhlenbeck()
        at = (bridge or (lambda p, s: p.score_at(s)))(process, score)
        x0 = torch.randn(n, 2)
        span = (T, math.log1p(end**2))
        return lab.euler_maruyama(process.reverse(at), x0, n_steps=1_000, t_span=span).final

    return generate


def at(value, scale=lambda a: a):
    """A bridge that asks for the score with other arguments."""

    def bridge(process, score):
        return lambda x, t: value(score, x, *process.perturbation(t))

    return bridge


def annealed_instead(score, n):
    """Annealed Langevin dynamics, whose samples have the right law."""
    x0, sigmas = 20 * torch.randn(n, 2), solution().geometric_sigmas(20.0, 0.05, 20)
    sampler = solution().annealed_langevin_dynamics
    return sampler(score, x0, sigmas=sigmas, step_size=5e-4, n_steps=50).final


def langevin_instead(score, n):
    """Langevin dynamics at one level, which crosses where the modes are near."""
    x0 = 10 * torch.randn(n, 2)
    sampler = solution().langevin_dynamics
    return sampler(lambda x: score(x, 0.05), x0, step_size=0.1, n_steps=1_000).final


def transition(x0, t):
    return math.exp(-t / 2) * x0, math.sqrt(1 - math.exp(-t))


@cache
def network():
    """The solution's, trained for a quarter of its time."""
    lab = solution()
    torch.manual_seed(0)
    model = lab.ScoreNetwork(dim=2)
    data = mixture().sample(20_000, generator=torch.Generator().manual_seed(0)).float()
    lab.train(model, data, levels(), n_steps=1_000, batch_size=256, learning_rate=3e-3)
    return model


@cache
def digits() -> torch.Tensor:
    """Digits that are in no training set, as a generator of images would make them at its best."""
    return load_mnist().test_images[:100]


RIGHT = {
    **{question: lambda name=name: getattr(solution(), name) for question, name in NAMES.items()},
    "P1 c": mixture,
    "P2 c": lambda: (mixture(), levels()),
    "P2 e": lambda: (network(), mixture(), levels()),
    "P3 b": lambda: transition,
    "P3 e": lambda: generator_of(solution()),
    "P3 f": digits,
}


def test_there_is_a_right_answer_to_each_question():
    assert set(RIGHT) == set(sl.lab.available())


@pytest.mark.parametrize("question", sl.lab.available())
def test_the_model_solution_is_right(question):
    result = sl.lab.check(question, RIGHT[question]())
    assert result, result
    assert result.verdict == "right"


@pytest.mark.parametrize("question", NAMES)
def test_the_package_is_right(question):
    result = sl.lab.check(question, getattr(sl, NAMES[question]))
    assert result, result


SLOW = ("PointByPoint", "langevin_by_particle")  # a loop over points
BY_DAY = [style for style in STYLES if getattr(style[1], "__name__", "") not in SLOW]


@pytest.mark.parametrize(
    "style",
    nightly_but(BY_DAY, STYLES),
    ids=lambda style: f"{style[0]} {getattr(style[1], '__name__', 'object')}",
)
def test_another_style_is_right(style):
    question, answer = style
    result = sl.lab.check(question, answer)
    assert result, result


# One mistake in the solution: question, hint, what is replaced and by what.
MUTANTS = [
    ("P1 a", "half", "exponents = -0.5 *", "exponents = -1.0 *"),
    ("P1 a", "determinant", "torch.logdet(covariances) + self.dim", "self.dim"),
    ("P1 a", "determinant_root", "torch.logdet(covariances)", "2 * torch.logdet(covariances)"),
    ("P1 a", "two_pi_power", "self.dim * math.log(2", "math.log(2"),
    ("P1 a", "inverse", "torch.linalg.inv(covariances)", "covariances"),
    ("P1 a", "weights_lost", "self.weights.to(x).log() + exponents", "exponents"),
    ("P1 a", "mean_of_logs", "[0].logsumexp(-1)", "[0].sub(self.weights.log()) @ self.weights"),
    ("P1 a", "sum_of_logs", "[0].logsumexp(-1)", "[0].sum(-1)"),
    ("P1 a", "plain_density", "[0].logsumexp(-1)", "[0].exp().sum(-1)"),
    ("P1 a", "index", "- log_norms", "* 0 + exponents[..., -1:] - log_norms"),
    ("P1 a", "covariance_as_root", "self._root[k], z", "self.covariances[k], z"),
    ("P1 a", "transposed_root", "'nij,nj->ni'", "'nji,nj->ni'"),
    ("P1 a", "unit", "torch.einsum('nij,nj->ni', self._root[k], z)", "z"),
    ("P1 a", "root_of_entries", "self._root[k], z", "self.covariances[k].abs().sqrt(), z"),
    ("P1 a", "one_component", "(self.weights, n, replacement", "(self.weights, 1, replacement"),
    ("P1 a", "equal_draws", "(self.weights, n, repl", "(self.weights**0, n, repl"),
    ("P1 a", "same_draws", "return self.means[k] +", "return self.means[k] + 0 *"),
    ("P1 a", "no_normal", "z = torch.randn(n, self.dim, dtype=self.means.dtype, generator=generator)", "z = math.sqrt(12) * (torch.rand(n, self.dim, dtype=self.means.dtype) - 0.5)"),
    ("P1 a", "fixed_draws", "k = torch.multinomial(", "generator = torch.Generator().manual_seed(0)\n        k = torch.multinomial("),
    ("P1 b", "sign", "* pulls).sum(-2)", "* -pulls).sum(-2)"),
    ("P1 b", "gradient", "log_terms.softmax(-1)", "log_terms.exp()"),
    ("P1 b", "inverse", "torch.linalg.inv(covariances)", "covariances"),
    ("P1 b", "weights", "self.weights.to(x).log() + exponents", "exponents"),
    ("P1 b", "weights_alone", "log_terms.softmax(-1)", "self.weights.expand_as(log_terms)"),
    ("P1 b", "determinant", "torch.logdet(covariances) + self.dim", "self.dim"),
    ("P1 b", "sum", "log_terms.softmax(-1)[..., None] * pulls", "pulls"),
    ("P1 b", "axis", "log_terms.softmax(-1)", "log_terms.softmax(0)"),
    ("P1 b", "tails", "log_terms.softmax(-1)", "(lambda p: p / p.sum(-1, keepdim=True))(log_terms.exp())"),
    ("P1 b", "else", "exponents = -0.5 *", "exponents = -1.0 *"),
    ("P1 d", "full_pull", "step_size / 2 * score(x)", "step_size * score(x)"),
    ("P1 d", "half_pull", "math.sqrt(step_size) * z", "math.sqrt(2 * step_size) * z"),
    ("P1 d", "no_root", "math.sqrt(step_size) * z", "step_size * z"),
    ("P1 d", "sign", "x + step_size / 2 * score(x)", "x - step_size / 2 * score(x)"),
    ("P1 d", "no_noise", "math.sqrt(step_size) * z", "0 * z"),
    ("P1 d", "unit_noise", "math.sqrt(step_size) * z", "z"),
    ("P1 d", "steps", "range(1, n_steps + 1)", "range(1, n_steps)"),
    ("P1 d", "no_pull", "x + step_size / 2 * score(x)", "x"),
    ("P1 d", "law", "step_size / 2 * score(x)", "step_size / 2 * score(x0)"),
    ("P1 d", "no_normal", "z = torch.randn(x.shape, dtype=x.dtype, generator=generator)", "z = torch.randn(x.shape, dtype=x.dtype).sign()"),
    ("P1 d", "no_noise", "randn(x.shape, dtype", "randn(x.shape[1:], dtype"),
    ("P1 d", "one_noise", "randn(x.shape, dtype", "randn((len(x), 1), dtype"),
    ("P2 a", "no_square", "(score_p(samples) - score_q(samples)).square()", "(score_p(samples) - score_q(samples))"),
    ("P2 a", "norm", "score_q(samples)).square().sum(-1)", "score_q(samples)).norm(dim=-1)"),
    ("P2 a", "plus", "(score_p(samples) - score_q(samples))", "(score_p(samples) + score_q(samples))"),
    ("P2 a", "half", "return (score_p(samples) - score", "return 0.5 * (score_p(samples) - score"),
    ("P2 a", "coordinates", "score_q(samples)).square().sum(-1)", "score_q(samples)).square().mean(-1)"),
    ("P2 a", "mean_first", "score_q(samples)).square()", "score_q(samples)).mean(0).square()"),
    ("P2 a", "sizes", "(score_p(samples) - score_q(samples)).square().sum(-1)", "(score_p(samples).square() - score_q(samples).square()).sum(-1)"),
    ("P2 b", "sign", "+ z / columns(sigma, x)", "- z / columns(sigma, x)"),
    ("P2 b", "target", "+ z / columns(sigma, x)", "+ z"),
    ("P2 b", "target_square", "+ z / columns(sigma, x)", "+ z / columns(sigma, x) ** 2"),
    ("P2 b", "square", "x + columns(sigma, x) * z", "x + columns(sigma, x) ** 2 * z"),
    ("P2 b", "root", "x + columns(sigma, x) * z", "x + columns(sigma, x).sqrt() * z"),
    ("P2 b", "half", "0.5 * residual.square()", "residual.square()"),
    ("P2 b", "coordinates", ".flatten(1).sum(1)", ".flatten(1).mean(1)"),
    ("P2 b", "no_noise", "x + columns(sigma, x) * z", "x"),
    ("P2 b", "shared_noise", "randn(x.shape, dtype=x.dtype, generator=generator)\n    residual", "randn(x.shape[1:], dtype=x.dtype, generator=generator)\n    residual"),
    ("P2 b", "gradient", "residual = model(", "residual = model.eval().requires_grad_(False)("),
    ("P2 b", "no_normal", "z = torch.randn(x.shape, dtype=x.dtype, generator=generator)\n    residual", "z = torch.randn((len(x), 1), dtype=x.dtype).expand(x.shape)\n    residual"),
    ("P2 b", "no_normal", "z = torch.randn(x.shape, dtype=x.dtype, generator=generator)\n    residual", "z = torch.randn(x.shape, dtype=x.dtype).abs()\n    residual"),
    ("P2 b", "told", "residual = model(x + columns(sigma, x) * z, sigma)", "residual = model(x + columns(sigma, x) * z, sigma ** 2)"),
    ("P2 b", "gradient", "return dsm_terms(model, x, sigma, generator=generator).mean()", "return dsm_terms(model, x, sigma, generator=generator).mean().detach().requires_grad_()"),
    ("P2 b", "coordinates", ".flatten(1).sum(1)\n\ndef dsm_loss(model, x, sigma, *, generator=None):\n    \"\"\"l(θ; σ).\"\"\"\n    return dsm_terms(model, x, sigma, generator=generator).mean()", ".sum(0)\n\ndef dsm_loss(model, x, sigma, *, generator=None):\n    return dsm_terms(model, x, sigma, generator=generator).mean()"),
    ("P2 b", "rows", "generator=generator).mean()\n\ndef ncsn", "generator=generator)\n\ndef ncsn"),
    ("P2 b", "variance", ".expand(len(x))\n    z =", ".expand(len(x)).sqrt()\n    z ="),
    ("P2 d", "constant_step", "* float(sigma / sigmas[-1]) ** 2", "* 1.0"),
    ("P2 d", "no_square", "float(sigma / sigmas[-1]) ** 2", "float(sigma / sigmas[-1])"),
    ("P2 d", "first_level", "float(sigma / sigmas[-1]) ** 2", "float(sigma / sigmas[0]) ** 2"),
    ("P2 d", "inverse", "float(sigma / sigmas[-1]) ** 2", "float(sigmas[-1] / sigma) ** 2"),
    ("P2 d", "level_alone", "float(sigma / sigmas[-1]) ** 2", "float(sigma) ** 2"),
    ("P2 d", "levels_left_out", "lambda x: score(x, sigma),", "lambda x: score(x, sigmas[0]),"),
    ("P2 d", "other_levels", "lambda x: score(x, sigma),", "lambda x: score(x, sigma ** 2),"),
    ("P2 d", "order", "for sigma in sigmas:", "for sigma in sigmas.flip(0):"),
    ("P2 d", "full_pull", "step_size / 2 * score(x)", "step_size * score(x)"),
    ("P2 d", "no_root", "math.sqrt(step_size) * z", "step_size * z"),
    ("P2 d", "sign", "x + step_size / 2 * score(x)", "x - step_size / 2 * score(x)"),
    ("P2 d", "steps", "range(1, n_steps + 1)", "range(0, n_steps + 1)"),
    ("P2 d", "no_normal", "z = torch.randn(x.shape, dtype=x.dtype, generator=generator)", "z = math.sqrt(12) * (torch.rand(x.shape, dtype=x.dtype) - 0.5)"),
    ("P2 d", "no_noise", "math.sqrt(step_size) * z", "0 * z"),
    ("P3 a", "no_square", "self.diffusion(t) ** 2 * score(x, t)", "self.diffusion(t) * score(x, t)"),
    ("P3 a", "half", "self.diffusion(t) ** 2 * score", "0.5 * self.diffusion(t) ** 2 * score"),
    ("P3 a", "plus", "self.drift(x, t) - self.diffusion", "self.drift(x, t) + self.diffusion"),
    ("P3 a", "towards", "return self.drift(x, t) - self.diffusion(t) ** 2", "return -self.drift(x, t) + self.diffusion(t) ** 2"),
    ("P3 a", "data_score", "** 2 * score(x, t)", "** 2 * score(x, 0.0)"),
    ("P3 a", "other_time", "** 2 * score(x, t)", "** 2 * score(x, self.T - t)"),
    ("P3 a", "forward", "self.drift(x, t) - self.diffusion(t) ** 2 * score(x, t)", "self.drift(x, t)"),
    ("P3 a", "no_diffusion", "self.diffusion(t) ** 2 * score", "score"),
    ("P3 a", "no_drift", "self.drift(x, t) - self.diffusion(t)", "-self.diffusion(t)"),
    ("P3 c", "drift_half", "return -x / 2", "return -x"),
    ("P3 c", "drift_sign", "return -x / 2", "return x / 2"),
    ("P3 c", "drift_no_x", "return -x / 2", "return 0 * x - 0.5"),
    ("P3 c", "diffusion_root", "return 1.0\n\n    def perturbation(self, t):\n        return (math.exp", "return math.sqrt(2)\n\n    def perturbation(self, t):\n        return (math.exp"),
    ("P3 c", "diffusion_time", "return 1.0\n\n    def perturbation(self, t):\n        return (math.exp", "return math.sqrt(t)\n\n    def perturbation(self, t):\n        return (math.exp"),
    ("P3 c", "variance", "math.sqrt(-math.expm1(-t))", "-math.expm1(-t)"),
    ("P3 c", "scale", "math.exp(-t / 2)", "math.exp(-t)"),
    ("P3 c", "reverse_drift", "self.drift(x, t) - self.diffusion", "self.drift(x, t) + self.diffusion"),
    ("P3 d", "no_root", "math.sqrt(abs(dt)) * z", "abs(dt) * z"),
    ("P3 d", "negative", "math.sqrt(abs(dt)) * z", "torch.tensor(dt).sqrt() * z"),
    ("P3 d", "points", "dt = (end - begin) / n_steps", "dt = (end - begin) / (n_steps - 1)"),
    ("P3 d", "points", "for i in range(n_steps):\n        t = begin", "for i in range(n_steps - 1):\n        t = begin"),
    ("P3 d", "end_of_step", "t = begin + i * dt", "t = begin + (i + 1) * dt"),
    ("P3 d", "index", "t = begin + i * dt", "t = i"),
    ("P3 d", "other_way", "t = begin + i * dt", "t = sde.T - (begin + i * dt)"),
    ("P3 d", "frozen", "t = begin + i * dt", "t = begin"),
    ("P3 d", "backwards", "sde.drift(x, t) * dt", "sde.drift(x, t) * -dt"),
    ("P3 d", "backwards", "sde.drift(x, t) * dt", "sde.drift(x, t) * abs(dt)"),
    ("P3 d", "no_step", "sde.drift(x, t) * dt", "sde.drift(x, t)"),
    ("P3 d", "start", "sde.drift(x, t) * dt", "sde.drift(x0, t) * dt"),
    ("P3 d", "no_noise", "math.sqrt(abs(dt)) * z", "0 * z"),
    ("P3 d", "no_normal", "z = torch.randn(x.shape, dtype=x.dtype, generator=generator)\n        x = x + sde", "z = torch.randn(x.shape, dtype=x.dtype).sign()\n        x = x + sde"),
    ("P3 d", "default", "sde.t_span if t_span is None", "(0.0, 1.0) if t_span is None"),
    ("P3 d", "g_square", "sde.diffusion(t) * math.sqrt", "sde.diffusion(t) ** 2 * math.sqrt"),
    ("P3 d", "no_diffusion", "sde.diffusion(t) * math.sqrt", "math.sqrt"),
    ("P3 d", "frozen_noise", "sde.diffusion(t) * math.sqrt", "sde.diffusion(begin) * math.sqrt"),
    ("P3 d", "unit_noise", "* math.sqrt(abs(dt)) * z", "* z"),
]  # fmt: skip


def named(question: str, answer: object) -> str | None:
    """The hint that an answer gets, None if it is right."""
    result = sl.lab.check(question, answer)
    if result:
        return None
    (key,) = [k for k, hint in words("en")[question]["hints"].items() if hint == result.message]
    return key


@pytest.mark.parametrize(
    "mutant",
    nightly_but(first_of_each(MUTANTS, itemgetter(0)), MUTANTS),
    ids=lambda m: f"{m[0]} {m[1]} {m[3].strip()[:20]}",
)
def test_a_mistake_in_code_is_named(mutant):
    question, hint, *change = mutant
    assert named(question, getattr(solution(*change), NAMES[question])) == hint


def law(weights=THREE[0], means=THREE[1], covariances=THREE[2]):
    return SimpleNamespace(weights=weights, means=means, covariances=covariances)


def scored(target):
    """A network that is exactly this function of the score, of x and of σ."""

    def answer(x, sigma):
        sigma = torch.as_tensor(sigma, dtype=x.dtype).reshape(-1, 1)
        return target(mixture().noisy_score(x, sigma[:, 0]), x, sigma)

    return answer, mixture(), levels()


def network_of(weights, modes):
    """The exact score of some modes of the mixture alone."""
    part = solution().GaussianMixture(weights, *([law[k] for k in modes] for law in THREE[1:]))
    return part.noisy_score


def blurred(images: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(images, 9, stride=1, padding=4)


def noisy(images: torch.Tensor) -> torch.Tensor:
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    return images + 0.8 * noise


def ones() -> torch.Tensor:
    digits = load_mnist()
    return digits.test_images[digits.test_labels == 1][:100]


# What is no function: question, hint, the wrong answer.
WRONG = [
    ("P1 c", "three", lambda: law(*(part[:2] for part in ([0.7, 0.3], *THREE[1:])))),
    ("P1 c", "plane", lambda: law(means=np.eye(3) * 9, covariances=[1.0, 1.0, 1.0])),
    ("P1 c", "law", lambda: law(weights=[0.6, 0.1, 0.6])),
    ("P1 c", "law", lambda: law(weights=[1.2, -0.5, 0.3])),
    ("P1 c", "weights", lambda: law(weights=[1 / 3] * 3)),
    ("P1 c", "far", lambda: law(means=[[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]])),
    ("P1 c", "covariances", lambda: law(covariances=[np.eye(2), np.eye(2), -np.eye(2)])),
    ("P2 c", "order", lambda: (mixture(), levels().flip(0))),
    ("P2 c", "geometric", lambda: (mixture(), torch.linspace(20, 0.05, 20))),
    ("P2 c", "few", lambda: (mixture(), solution().geometric_sigmas(20.0, 0.05, 4))),
    ("P2 c", "low", lambda: (mixture(), solution().geometric_sigmas(1.0, 0.05, 20))),
    ("P2 c", "high", lambda: (mixture(), solution().geometric_sigmas(2e3, 0.05, 40))),
    ("P2 c", "wide", lambda: (mixture(), solution().geometric_sigmas(20.0, 1.0, 10))),
    ("P2 c", "positive", lambda: (mixture(), [3.0, 1.0, 0.0])),
    ("P2 c", "positive", lambda: (mixture(), [3.0, 1.0, math.nan])),
    ("P2 e", "else", lambda: (network_of([0.8, 0.2], [0, 1]), mixture(), levels())),
    ("P2 e", "else", lambda: scored(lambda s, x, sigma: 0.6 * s)),
    ("P2 e", "sign", lambda: scored(lambda s, x, sigma: -s)),
    ("P2 e", "noise", lambda: scored(lambda s, x, sigma: -sigma * s)),
    ("P2 e", "denoiser", lambda: scored(lambda s, x, sigma: x + sigma**2 * s)),
    ("P2 e", "untrained", lambda: (solution().ScoreNetwork(dim=2), mixture(), levels())),
    ("P2 e", "no_sigma", lambda: scored(lambda s, x, sigma: mixture().score(x))),
    ("P2 e", "small", lambda: scored(lambda s, x, sigma: s * (sigma > 0.5))),
    ("P2 e", "large", lambda: scored(lambda s, x, sigma: s * (sigma < 1))),
    ("P3 b", "variance", lambda: lambda x0, t: (math.exp(-t / 2) * x0, 1 - math.exp(-t))),
    ("P3 b", "mean_rate", lambda: lambda x0, t: (math.exp(-t) * x0, math.sqrt(1 - math.exp(-t)))),
    ("P3 b", "mean_grows", lambda: lambda x0, t: (math.exp(t / 2) * x0, math.sqrt(1 - math.exp(-t)))),
    ("P3 b", "brownian", lambda: lambda x0, t: (math.exp(-t / 2) * x0, math.sqrt(t))),
    ("P3 b", "spread_rate", lambda: lambda x0, t: (math.exp(-t / 2) * x0, math.sqrt(1 - math.exp(-2 * t)))),
    ("P3 b", "spread_mean", lambda: lambda x0, t: (math.exp(-t / 2) * x0, 1 - math.exp(-t / 2))),
    ("P3 b", "stationary", lambda: lambda x0, t: (math.exp(-t / 2) * x0, 1.0)),
    ("P3 e", "no_rescaling", lambda: generator_of(solution(), bridge=at(lambda s, x, a, b: s(x, b)))),
    ("P3 e", "no_factor", lambda: generator_of(solution(), bridge=at(lambda s, x, a, b: s(x / a, b / a)))),
    ("P3 e", "no_x", lambda: generator_of(solution(), bridge=at(lambda s, x, a, b: s(x, b / a) / a))),
    ("P3 e", "data_score", lambda: generator_of(solution(), bridge=at(lambda s, x, a, b: s(x, 0.01)))),
    ("P3 e", "variance", lambda: generator_of(solution(), bridge=at(lambda s, x, a, b: s(x / a, (b / a) ** 2) / a))),
    ("P3 e", "half", lambda: generator_of(solution("self.diffusion(t) ** 2 * score", "0.5 * self.diffusion(t) ** 2 * score"))),
    ("P3 e", "no_noise", lambda: generator_of(solution("math.sqrt(abs(dt)) * z", "0 * z"))),
    ("P3 e", "explodes", lambda: generator_of(solution("self.drift(x, t) - self.diffusion", "self.drift(x, t) + self.diffusion"))),
    ("P3 e", "annealed", lambda: annealed_instead),
    ("P3 e", "data_score", lambda: langevin_instead),
    ("P3 e", "early", lambda: generator_of(solution(), end=1.5)),
    ("P3 e", "late", lambda: generator_of(solution(), T=0.5)),
    ("P3 e", "no_score", lambda: lambda score, n: torch.randn(n, 2)),
    ("P3 e", "shares", lambda: (mixture().sample(2_000)[:, [0, 1]] * 0.999, law(weights=[0.3, 0.4, 0.3]))),
    ("P3 f", "noise", lambda: torch.rand(60, 28, 28)),
    ("P3 f", "noise", lambda: noisy(digits())),
    ("P3 f", "inverted", lambda: 1 - digits()),
    ("P3 f", "copies", lambda: 255 * load_mnist().images[:100]),
    ("P3 f", "same", lambda: digits()[:1].expand(60, 1, 28, 28)),
    ("P3 f", "turned", lambda: digits().mT),
    ("P3 f", "unclear", lambda: blurred(digits())),
    ("P3 f", "one_digit", ones),
]  # fmt: skip


# By day the question whose answers are whole samplers is asked once.
ASKED = first_of_each(WRONG, lambda w: w[:1] if w[0] == "P3 e" else w)


@pytest.mark.parametrize("wrong", nightly_but(ASKED, WRONG), ids=lambda w: f"{w[0]} {w[1]}")
def test_a_wrong_answer_gets_its_hint(wrong):
    question, hint, answer = wrong
    assert named(question, answer()) == hint


def test_each_question_knows_at_least_five_mistakes():
    tried = [question for question, *_ in (*MUTANTS, *WRONG)]
    assert [q for q in sl.lab.available() if tried.count(q) < 5] == []


@pytest.mark.parametrize("question", sl.lab.available())
def test_what_is_not_filled_in_is_no_mistake(question):
    assert sl.lab.check(question, ...).verdict == "nothing to check yet"
    names: dict = {}
    exec("mixture = sigmas = SDE = object\n" + sl.lab.about(question).stub, names)
    if question in NAMES and "class" not in sl.lab.about(question).stub:
        answer = names.get(NAMES[question])
        if answer is not None:
            assert sl.lab.check(question, answer).verdict == "nothing to check yet"


def test_an_error_in_the_students_code_is_told_with_its_line():
    def langevin_dynamics(score, x0, step_size, n_steps):
        return x0 + undefined_name  # noqa: F821

    result = sl.lab.check("P1 d", langevin_dynamics)
    assert "NameError" in result.message
    assert "return x0 + undefined_name" in result.message


@pytest.mark.parametrize(
    ("question", "answer", "told"),
    [
        ("P1 a", 3, "no class"),
        ("P1 c", object(), "`weights`"),
        ("P1 d", 3, "cannot be called"),
        ("P1 d", lambda score, x0, step_size: x0, "`n_steps`"),
        ("P1 d", lambda score, x0, step_size, n_steps, colour: x0, "`colour`"),
        ("P1 d", lambda score, x0, step_size, n_steps: x0[:3], "(3, 2)"),
        ("P2 e", 3, "something else"),
        ("P3 f", torch.zeros(3, 28, 28), "(3, 28, 28)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_cannot_be_compared_is_told(question, answer, told):
    result = sl.lab.check(question, answer)
    assert not result
    assert told in result.message
    assert sl.lab.about(question).expects in result.message


def test_a_question_that_is_none_is_refused():
    with pytest.raises(ValueError, match="did you mean P1 "):
        sl.lab.check("P1 g", 1)
    with pytest.raises(ValueError, match="language must be one of en, es"):
        sl.lab.check("P1 a", ..., language="de")
    assert sl.lab.about("p1·b") == sl.lab.about("P1 b")


def test_both_languages_say_the_same():
    def keys(value: object) -> object:
        return {k: keys(v) for k, v in value.items()} if isinstance(value, dict) else None

    assert LANGUAGES == ("en", "es")
    assert keys(words("en")) == keys(words("es"))
    spanish = sl.lab.check("P1 d", solution("math.sqrt(step_size) * z", "step_size * z").langevin_dynamics, language="es")  # fmt: skip
    assert str(spanish).startswith("Todavía no: ")


def test_single_precision_is_no_mistake():
    three = law(*(torch.tensor(part) for part in THREE))
    assert sl.lab.check("P1 c", three)
    assert sl.lab.check("P2 c", (three, levels()))


def test_a_check_leaves_no_trace():
    torch.manual_seed(3)
    np.random.seed(3)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    sl.lab.check("P1 d", solution().langevin_dynamics)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()  # noqa: NPY002
    assert torch.get_default_dtype() == torch.float32
