"""Judges of the first part: the class of mixtures, its score, and three Gaussians in the plane."""

from __future__ import annotations

import inspect
import math

import torch
from torch import Tensor

from scorelab.exercises.engine.mixtures import averaged, logits, pulls
from scorelab.exercises.engine.reading import Unanswered
from scorelab.lab.calling import ALIASES, call, find, method, plain, repeatable, shaped
from scorelab.lab.comparing import (
    are_normal,
    class_name,
    close,
    compare,
    means_agree,
    moments,
    on_points,
)
from scorelab.lab.findings import Raised, Unfit, Wrong
from scorelab.mixture import GaussianMixture

__all__ = [
    "mixture_class",
    "mixture_score",
    "parameters_of",
    "three_gaussians",
]

Parameters = tuple[Tensor, Tensor, Tensor]  # weights (K,), means (K, d), covariances (K, d, d)


def _cases() -> list[Parameters]:
    """Mixtures whose components overlap, so that every part of the formulas matters."""
    return [
        (
            torch.tensor([0.5, 0.2, 0.3]),
            torch.tensor([[-1.0, 0.5], [1.5, 1.0], [0.5, -2.0]]),
            torch.tensor(
                [[[1.2, 0.7], [0.7, 0.9]], [[0.5, -0.3], [-0.3, 0.6]], [[2.0, 0.4], [0.4, 0.3]]]
            ),
        ),
        (
            torch.tensor([0.7, 0.3]),
            torch.tensor([[0.0, 1.0, -1.0], [1.0, 0.0, 0.5]]),
            torch.tensor(
                [
                    [[1.0, 0.3, 0.1], [0.3, 0.8, -0.2], [0.1, -0.2, 0.5]],
                    [[0.4, -0.1, 0.0], [-0.1, 1.5, 0.5], [0.0, 0.5, 2.0]],
                ]
            ),
        ),
        (
            torch.tensor([0.4, 0.3, 0.1, 0.2]),
            torch.tensor([[-1.0], [1.5], [0.0], [2.0]]),
            torch.tensor([[[0.5]], [[2.0]], [[0.3]], [[1.0]]]),
        ),
    ]


def _built(answer: object, parameters: Parameters) -> object:
    name = class_name(answer)
    roles = dict(zip(("weights", "means", "covariances"), parameters, strict=True))
    if answer.__init__ is object.__init__ and inspect.signature(answer).parameters == {}:
        raise Unanswered
    return call(answer, roles, needs=list(roles), name=name)


# P1 a


def mixture_class(answer: object) -> list[str]:
    """P1 a: the density, the draws, and whether bad parameters are refused."""
    remarks: list[str] = []
    with repeatable():
        for case in _cases():
            _check_density(_built(answer, case), case, remarks)
        _check_draws(answer)
        if not all(_refuses(answer, *bad) for bad in _bad_parameters()):
            remarks.append("refuse")
    return remarks


def _check_density(law: object, case: Parameters, remarks: list[str]) -> None:
    points = GaussianMixture(*case).sample(40)
    logarithm = find(law, "log_prob", "log_pdf", "log_density", "log_p", "log_probability")
    if logarithm is not None:
        given = on_points(logarithm, points, (), "log_prob", remarks)
        far = on_points(logarithm, 1e3 + points[:1], (), "log_prob", remarks)
        if not far.isfinite().all():
            remarks.append("tails")
    else:
        density = method(law, "pdf", "prob", "density", "densidad", "p", "evaluate", "__call__")
        given = on_points(density, points, (), "pdf", remarks).log()
        remarks.append("logarithm")
    exact = GaussianMixture(*case).log_prob(points)
    mistakes = {
        "plain_density": lambda: exact.exp(),
        "determinant": lambda: _log_density(points, *case, determinant=0.0),
        "determinant_root": lambda: _log_density(points, *case, determinant=1.0),
        "two_pi": lambda: _log_density(points, *case, two_pi=0.0),
        "two_pi_power": lambda: _log_density(points, *case, two_pi=0.5),
        "half": lambda: _log_density(points, *case, half=1.0),
        "inverse": lambda: _log_density(points, *case, inverse=False),
        "weights": lambda: _log_density(points, case[0] * 0 + 1 / len(case[0]), *case[1:]),
        "weights_lost": lambda: _log_density(points, case[0] * 0 + 1, *case[1:]),
        "index": lambda: _log_density(points, *case, index=-1),
        "index:first": lambda: _log_density(points, *case, index=0),
        "mean_of_logs": lambda: (logits(points, *case) - case[0].log()) @ case[0],
        "sum_of_logs": lambda: logits(points, *case).sum(1),
    }
    compare(given, exact, mistakes, otherwise="density")


def _log_density(*parts: Tensor, **changes: object) -> Tensor:
    """The logarithm of the density with one part of the formula changed, (n,)."""
    return _terms(*parts, **changes).logsumexp(1)


def _terms(
    x: Tensor,
    weights: Tensor,
    means: Tensor,
    covariances: Tensor,
    *,
    half: float = 0.5,
    determinant: float = 0.5,
    two_pi: float | None = None,
    inverse: bool = True,
    index: int | None = None,
) -> Tensor:
    """log w_k N(x; μ_k, Σ_k) with one part changed, (n, K); `index` has one exponent for all."""
    apart = means - x[:, None]
    pulled = pulls(x, means, covariances)
    if not inverse:
        pulled = torch.einsum("kij,nkj->nki", covariances, apart)
    squares = (apart * pulled).sum(-1)
    if index is not None:
        squares = squares[:, [index]]
    power = x.shape[1] / 2 if two_pi is None else two_pi
    norms = determinant * torch.logdet(covariances) + power * math.log(2 * math.pi)
    return weights.log() - half * squares - norms


def _drawn(law: object, n: int, dim: int) -> Tensor:
    draw = method(law, "sample", "samples", "rvs", "draw", "sampling", "muestrear", "muestra")
    value = call(draw, {"n_samples": n}, name="sample", needs=["n_samples"])
    if isinstance(value, tuple):  # with the components that made them
        value = value[0]
    return shaped(value, (n, dim), "sample")


def _check_draws(answer: object) -> None:
    """First one Gaussian, whose covariance tells how the noise is made, then a mixture."""
    weights, means, covariances = _cases()[0]
    one = (torch.ones(1), means[:1], covariances[:1])
    draws = _drawn(_built(answer, one), 20_011, 2)
    if not draws.isfinite().all():
        raise Wrong("draws")
    if draws.unique(dim=0).shape[0] < len(draws) / 2:
        raise Wrong("same_draws")
    if torch.equal(draws, _drawn(_built(answer, one), 20_011, 2)):
        raise Wrong("fixed_draws")
    seen, exact = moments(GaussianMixture(*one), draws)
    if not means_agree(seen, exact).all():
        root = torch.linalg.cholesky(covariances[0])
        found = draws.T.cov()
        mistakes = {
            "transposed_root": root.T @ root,
            "covariance_as_root": covariances[0] @ covariances[0],
            "root_of_entries": covariances[0].sqrt() @ covariances[0].sqrt(),
            "diagonal": covariances[0] * torch.eye(2),
            "unit": torch.eye(2),
        }
        # Four standard errors of a variance of 1.5 are 0.06, of one of 2 some 0.08.
        for key, wrong in mistakes.items():
            if (found - wrong).abs().max() < 0.08:
                raise Wrong(key)
        raise Wrong("draws")
    if not all(are_normal(column) for column in draws.unbind(1)):
        raise Wrong("no_normal")
    law = GaussianMixture(weights, means, covariances)
    draws = _drawn(_built(answer, (weights, means, covariances)), 20_011, 2)
    seen, exact = moments(law, draws)
    if means_agree(seen, exact).all():
        return
    centre, spread = draws.mean(0), draws.T.cov()

    def near(found: Tensor, wanted: Tensor) -> bool:
        return close(found, wanted, rtol=0, atol=0.1)  # four standard errors are up to 0.08

    if near(centre, means.mean(0)):
        raise Wrong("equal_draws")
    if any(near(centre, means[k]) and near(spread, covariances[k]) for k in range(3)):
        raise Wrong("one_component")
    if near(centre, law.mean()) and spread.trace() < torch.einsum("kii->k", covariances).min():
        raise Wrong("averaged_draws")
    raise Wrong("draws")


def _bad_parameters() -> list[Parameters]:
    weights, means, covariances = _cases()[0]
    return [
        (weights * 2, means, covariances),
        (torch.tensor([1.2, -0.5, 0.3]), means, covariances),
        (weights[:2], means, covariances),
        (weights, means, -covariances),
    ]


def _refuses(answer: object, *bad: Tensor) -> bool:
    try:
        _built(answer, bad)
    except Raised:
        return True
    return False


# P1 b


def mixture_score(answer: object) -> list[str]:
    """P1 b: the score near the modes, and so far away that every density is 0."""
    remarks: list[str] = []
    with repeatable():
        for case in _cases():
            law = GaussianMixture(*case)
            points = law.sample(40)
            far = 60.0 * (1 + torch.rand(4, law.dim))
            score = find(
                _built(answer, case), "score", "score_function", "get_score", "grad_log_prob",
                "grad_log_p", "grad_log_pdf", "gradient", "puntaje", "score_vector",
            )  # fmt: skip
            if score is None:  # the class of question a, as it was
                raise Unanswered
            given = on_points(score, points, (law.dim,), "score", remarks)
            compare(given, law.score(points), _wrong_scores(points, *case))
            if not close(on_points(score, far, (law.dim,), "score", remarks), law.score(far)):
                raise Wrong("tails")
    return remarks


def _wrong_scores(x: Tensor, weights: Tensor, means: Tensor, covariances: Tensor) -> dict:
    exact = GaussianMixture(weights, means, covariances).score(x)
    terms, towards = logits(x, weights, means, covariances), pulls(x, means, covariances)
    apart = means - x[:, None]
    return {
        "sign": lambda: -exact,
        "gradient": lambda: averaged(terms.exp(), towards),
        "gradient:down": lambda: -averaged(terms.exp(), towards),
        "inverse": lambda: averaged(
            terms.softmax(1), torch.einsum("kij,nkj->nki", covariances, apart)
        ),
        "inverse:both": lambda: averaged(
            _terms(x, weights, means, covariances, inverse=False).softmax(1),
            torch.einsum("kij,nkj->nki", covariances, apart),
        ),
        "no_covariance": lambda: averaged(terms.softmax(1), apart),
        "weights": lambda: averaged((terms - weights.log()).softmax(1), towards),
        "determinant": lambda: averaged(
            (terms + 0.5 * torch.logdet(covariances)).softmax(1), towards
        ),
        "weights_alone": lambda: averaged(weights.expand(len(x), -1), towards),
        "sum": lambda: towards.sum(1),
        "axis": lambda: averaged(terms.softmax(0), towards),
        "half": lambda: exact / 2,
        "twice": lambda: 2 * exact,
        "largest": lambda: towards[torch.arange(len(x)), terms.argmax(1)],
    }


# P1 c


def parameters_of(mixture: object) -> Parameters:
    """The weights, means and covariances of a student's mixture, by their names or by their shapes.

    Raises:
        Unfit: If one of them cannot be found.
    """
    if mixture is ... or mixture is None:
        raise Unanswered
    roles = ("weights", "means", "covariances")
    if isinstance(mixture, tuple | list) and len(mixture) == 3:
        parts = dict(zip(roles, mixture, strict=True))
    else:
        parts = {role: find(mixture, role, *ALIASES[role].split()) for role in roles}
        if any(part is None or callable(part) for part in parts.values()):
            parts = _by_shape(mixture)
    for role in roles:
        if parts.get(role) is None or callable(parts[role]):
            raise Unfit("attribute", attribute=role)
    weights, means, covariances = (plain(parts[role], role) for role in roles)
    means = means.reshape(len(weights), -1)
    if covariances.ndim < 3:
        diagonals = covariances.reshape(len(weights), -1).expand(-1, means.shape[1])
        covariances = torch.diag_embed(diagonals)
    if abs(weights.sum() - 1) < 1e-5:  # in single precision they do not add up to the last digit
        weights = weights / weights.sum()
    return weights, means, covariances


def _by_shape(mixture: object) -> dict[str, Tensor]:
    """The first attributes that look like weights (K,), means (K, d) and covariances (K, d, d)."""
    arrays = []
    for value in [
        *getattr(mixture, "_buffers", {}).values(),
        *getattr(mixture, "__dict__", {}).values(),
    ]:
        try:
            arrays.append(plain(value, ""))
        except Unfit:
            continue
    found: dict[str, Tensor] = {}
    for array in arrays:
        if array.ndim == 1 and len(array) > 1 and abs(array.sum() - 1) < 1e-5:
            found.setdefault("weights", array)
    k = len(found.get("weights", ()))
    for array in arrays:
        if array.ndim == 2 and len(array) == k:
            found.setdefault("means", array)
        if array.ndim == 3 and len(array) == k and torch.allclose(array, array.mT):
            found.setdefault("covariances", array)
    return found


def three_gaussians(answer: object) -> list[str]:
    """P1 c: three Gaussians in the plane, one far from the others, with weights that differ."""
    weights, means, covariances = parameters_of(answer)
    if len(weights) != 3:
        raise Wrong("three")
    if means.shape[1] != 2:
        raise Wrong("plane")
    if (weights <= 0).any() or abs(weights.sum() - 1) > 1e-5:
        raise Wrong("law")
    if not close(covariances, covariances.mT) or (torch.linalg.eigvalsh(covariances) <= 0).any():
        raise Wrong("covariances")
    if weights.max() < 1.5 * weights.min() or weights.min() < 0.02:
        raise Wrong("weights")
    if max(min(_gap(means, covariances, k, j) for j in range(3) if j != k) for k in range(3)) < 2.5:
        raise Wrong("far")
    return []


def _gap(means: Tensor, covariances: Tensor, k: int, j: int) -> float:
    """The distance of two modes, in the sum of their standard deviations along it."""
    apart = means[k] - means[j]
    distance = apart.norm()
    across = apart / distance.clamp(min=1e-12)
    return float(distance / sum((across @ covariances[i] @ across).sqrt() for i in (k, j)))
