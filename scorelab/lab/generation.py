"""Judges of the third part: samples of the reversed process, and images."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from scorelab.exercises.engine.reading import Unanswered
from scorelab.lab.calling import Given, call, final, number, plain, repeatable
from scorelab.lab.comparing import function_name, means_agree
from scorelab.lab.findings import Unfit, Wrong
from scorelab.lab.mixtures import parameters_of
from scorelab.metrics import mode_weights
from scorelab.mixture import GaussianMixture

__all__ = ["generated_images", "generated_samples"]


# P3 e


_N = 4_001


def generated_samples(answer: object) -> list[str]:
    """P3 e: the law of samples that are made with the exact score of a mixture; or of samples that
    a network has made, if they come with their mixture."""
    if isinstance(answer, tuple) and len(answer) == 2:
        _check_samples(*answer)
        return ["network"]
    name = function_name(answer)
    law = GaussianMixture([0.6, 0.4], [[-2.0, 0.5], [2.5, -1.0]], [[0.7, 0.4], [0.5, 0.9]])
    score = Given(lambda x, s: law.noisy_score(x, number(s)))
    with repeatable():
        roles = {"score": score, "n_samples": _N, "dim": 2}
        value = call(answer, roles, needs=["score", "n_samples"], name=name)
        draws = final(value, _N, 2, name)
        _check_ladder(score)
        seen, exact = _within(law, draws)
        # What steps, the first law and the last level add: 1 % in a share, a tenth in a variance.
        allowed = torch.tensor([0.01] * 2 + [0.02] * 4 + [0.04] * 4)
        if draws.isfinite().all() and means_agree(seen, exact, allowed).all():
            return []
        _name_the_mistake(law, draws, [number(rest[0]) for _, *rest in score.calls if rest])
    return []


def _check_ladder(score: Given) -> None:
    """The reversed process goes down through the levels, and asks for hardly any one twice."""
    asked = [number(rest[0]) for x, *rest in score.calls if rest and x.ndim == 2]
    if asked and len(set(asked)) == 1:
        raise Wrong("data_score")
    if asked and len(set(asked)) < 0.3 * len(asked):
        raise Wrong("annealed")


def _within(law: GaussianMixture, draws: Tensor) -> tuple[Tensor, Tensor]:
    """What the draws are judged by, (n, m), and its expectations, (m,).

    The shares r_k of the components; and, as E[r_k g(x)] = w_k E_k[g(x)] for each of them, r_k
    times the coordinates of x − μ_k and of (x − μ_k)², the means and variances within it.
    """
    shares = law.responsibilities(draws)[..., None]
    apart = draws[:, None] - law.means
    variances = law.weights[:, None] * law.covariances.diagonal(dim1=1, dim2=2)
    seen = [shares, shares * apart, shares * apart.square()]
    exact = [law.weights, torch.zeros_like(law.means), variances]
    return torch.cat([v.flatten(1) for v in seen], 1), torch.cat([v.flatten() for v in exact])


def _name_the_mistake(law: GaussianMixture, draws: Tensor, levels: list[float]) -> None:
    if not draws.isfinite().all():
        raise Wrong("finite")
    if not levels:
        raise Wrong("no_score")
    if 0.9 < max(levels) <= 1.001:  # b comes near 1 and never exceeds it, b/a does
        raise Wrong("no_rescaling")
    wrong = {
        "no_factor": lambda x, a, b: law.noisy_score(x / a, b / a),
        "factor_twice": lambda x, a, b: law.noisy_score(x / a, b / a) / a**2,
        "times_factor": lambda x, a, b: law.noisy_score(x / a, b / a) * a,
        "no_x": lambda x, a, b: law.noisy_score(x, b / a) / a,
        "variance": lambda x, a, b: law.noisy_score(x / a, (b / a) ** 2) / a,
        "half": lambda x, a, b: law.noisy_score(x / a, b / a) / a / 2,
        "twice": lambda x, a, b: law.noisy_score(x / a, b / a) / a * 2,
        "no_noise": None,
    }
    if draws.std() > 1e3:
        raise Wrong("explodes")
    gaps = {key: _gap(draws, _reversed(law, score)) for key, score in wrong.items()}
    nearest = min(gaps, key=gaps.get)
    if gaps[nearest] < 0.15:
        raise Wrong(nearest)
    if levels[0] < levels[-1]:
        raise Wrong("other_way")
    if min(levels) > 0.7:
        raise Wrong("early")
    if max(levels) < 5:
        raise Wrong("late")
    raise Wrong("else")


def _gap(draws: Tensor, others: Tensor) -> float:
    """How far means and standard deviations are apart, in the latter (and a tenth)."""
    spread = others.std(0)
    gaps = torch.stack([draws.mean(0) - others.mean(0), draws.std(0) - spread])
    return float((gaps.abs() / (spread + 0.1)).max())


def _reversed(law: GaussianMixture, score) -> Tensor:
    """Draws by the reversed process with a wrong score; without one, by the right one and no noise.

    Other grids than this one end in nearly the same law.
    """
    x, n = torch.randn(1_001, 2), 400
    begin, end = 10.0, math.log1p(0.05**2)
    dt = (end - begin) / n
    for i in range(n):
        t = begin + i * dt
        a, b = math.exp(-t / 2), math.sqrt(-math.expm1(-t))
        s = score(x, a, b) if score else law.noisy_score(x / a, b / a) / a
        x = x + (-x / 2 - s) * dt + (math.sqrt(-dt) * torch.randn_like(x) if score else 0.0)
    return x


def _check_samples(samples: object, mixture: object) -> None:
    """Samples of a learned score: the shares within 0.1, since a network errs, and the widths."""
    if samples is ...:
        raise Unanswered
    draws = plain(samples, "samples")
    law = GaussianMixture(*parameters_of(mixture))
    if draws.ndim != 2 or draws.shape[1] != law.dim or len(draws) < 200:
        raise Unfit("samples", given=tuple(draws.shape), d=law.dim)
    if not draws.isfinite().all():
        raise Wrong("finite")
    shares = torch.tensor([float(share) for share in mode_weights(law, draws)])
    spread, exact = draws.std(0), law.covariance().diagonal().sqrt()
    if ((spread / exact - 1).abs() > 0.25).any():
        raise Wrong("spread")
    if ((shares - law.weights).abs() > 0.1 + 2 / math.sqrt(len(draws))).any():
        raise Wrong("shares")
    if (law.log_prob(draws) < law.log_prob(law.means).max() - 12).double().mean() > 0.15:
        raise Wrong("gaps")


# P3 f


def generated_images(answer: object) -> list[str]:
    """P3 f: whether a classifier of digits is sure of them, and whether they are new and varied."""
    # Reading the digits takes a second, so it waits until there are images.
    from scorelab.training.mnist.data import load_mnist
    from scorelab.training.mnist.judge import load_classifier

    if answer is ... or answer is None:
        raise Unanswered
    images = plain(answer, "images").float()
    form = tuple(images.shape[1:])
    if form not in ((28, 28), (1, 28, 28), (28, 28, 1), (784,)) or len(images) < 50:
        raise Unfit("images", given=tuple(images.shape))
    images = _grey(images.reshape(-1, 1, 28, 28)[:500])
    if not images.isfinite().all():
        raise Wrong("finite")
    classifier, _ = load_classifier()

    def sure(x: Tensor) -> float:
        return float((classifier.probabilities(x).amax(1) > 0.9).float().mean())

    flat = images.flatten(1)
    apart = torch.cdist(flat, flat).fill_diagonal_(math.inf).amin(1)
    nearest = torch.cdist(flat, load_mnist().images.flatten(1)).amin(1)
    share = sure(images)
    if images.mean() > 0.5 and sure(1 - images) > share:
        raise Wrong("inverted")
    # Real digits that were not trained on are 4.7 away from the nearest that were, and 6 from each
    # other; noise is 15 away.
    if apart.mean() < 1:
        raise Wrong("same")
    if nearest.median() < 1.5:
        raise Wrong("copies")
    if nearest.median() > 8 and share < 0.6:
        raise Wrong("noise")
    if sure(images.mT) > share + 0.15:
        raise Wrong("turned")
    if share < 0.3:  # of real digits it is 0.97, of noise 0.01, of two digits on top of another 0.5
        raise Wrong("unclear")
    if float(classifier.probabilities(images).argmax(1).bincount().max()) > 0.6 * len(images):
        raise Wrong("one_digit")
    return []


def _grey(images: Tensor) -> Tensor:
    """From 0 to 1, of values from −1 to 1, from 0 to 1 or from 0 to 255."""
    if images.max() > 10:
        images = images / 255
    elif images.min() < -0.1:
        images = (images + 1) / 2
    return images.clamp(0, 1)
