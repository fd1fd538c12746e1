"""The law of noise in D dimensions, and what annealed Langevin dynamics leaves of a width."""

import math
import re
from pathlib import Path

import pytest
import sympy as sp
import torch
from scipy import stats

import scorelab
from scorelab import derivations
from scorelab.derivations.catalogue import annealed_contraction as level
from scorelab.derivations.catalogue import schedule_overlap as shell
from scorelab.examples import book_mixture
from scorelab.langevin import annealed_langevin_dynamics
from scorelab.mixture import GaussianMixture
from scorelab.noise import geometric_sigmas, level_overlap

ETA, STEPS, LAST = 0.2, 100, 0.05


def baseline(n_levels: int = 20) -> list[float]:
    return geometric_sigmas(12, LAST, n_levels).double().tolist()


def width(v: float, sigmas: list[float], eta: float = ETA, n_steps: int = STEPS) -> float:
    """The variance after all levels on N(0, v), by hand."""
    variance = sigmas[0] ** 2
    for sigma in sigmas:
        alpha = eta * sigma**2
        for _ in range(n_steps):
            variance = (1 - alpha / (2 * (v + sigma**2))) ** 2 * variance + alpha
    return variance


@pytest.mark.parametrize(
    ("v", "sampled", "denoised"), [(0.24, 4, 2), (0.66, 9, 7), (1.02, 14, 12), (1.41, 19, 17)]
)
def test_the_baseline_leaves_every_variance_several_sigma_squared_too_large(v, sampled, denoised):
    variance = width(v, baseline())
    shrunk = variance * (v / (v + LAST**2)) ** 2
    assert (variance - v) / LAST**2 == pytest.approx(sampled, abs=0.5)
    assert (shrunk - v) / LAST**2 == pytest.approx(denoised, abs=0.5)


def test_one_step_is_that_of_the_derivation():
    derivation = derivations.unchecked("annealed-contraction")
    moved = derivation.unfold(level.M(level.variance, level.alpha, sp.sqrt(level.v + 0.3**2)))
    by_sympy = moved.subs({level.variance: 1.7, level.v: 0.66, level.alpha: 0.2 * 0.3**2})
    assert float(by_sympy) == pytest.approx(
        (1 - 0.018 / (2 * (0.66 + 0.09))) ** 2 * 1.7 + 0.018, rel=1e-12
    )


def test_the_recursion_is_the_law_of_the_sampler():
    law, n = GaussianMixture([1.0], [[0.0]], [0.66]).to(torch.float64), 20_000
    source = torch.Generator().manual_seed(0)
    sigmas = geometric_sigmas(4, 0.2, 6).double()
    final = annealed_langevin_dynamics(
        law.noisy_score,
        4 * torch.randn(n, 1, dtype=torch.float64, generator=source),
        sigmas=sigmas,
        step_size=ETA * 0.2**2,
        n_steps=15,
        generator=source,
    ).final
    expected = width(0.66, sigmas.tolist(), n_steps=15)
    # Four standard errors are 4 %; v + σ_L² would be 24 % less.
    assert final.var().item() == pytest.approx(expected, rel=4 * math.sqrt(2 / n))
    assert abs(0.66 + 0.2**2 - expected) > 8 * expected * math.sqrt(2 / n)


def test_inside_mode_3_the_recursion_is_what_was_measured():
    variances = torch.linalg.eigvalsh(book_mixture().covariances[2].double())
    expected = sum(width(v, baseline()) for v in variances.tolist()) / 2
    measured, error = 0.7254, 0.0033  # several runs on the mixture
    assert abs(expected - measured) < error
    assert abs(0.7 + LAST**2 - measured) > 6 * error


@pytest.mark.parametrize("v", [0.24, 1.41])
@pytest.mark.parametrize(("n_levels", "n_steps", "eta"), [(400, 5, 0.1), (1000, 4, 0.05)])
def test_what_freezes_is_proportional_to_the_variance(v, n_levels, n_steps, eta):
    """The excess of the derivation, for levels that are close together."""
    sigmas = baseline(n_levels)
    per_fold = n_steps / math.log(sigmas[0] / sigmas[1])
    derivation = derivations.unchecked("annealed-contraction")
    excess = derivation.unfold(level.E(level.u)).subs({level.epsilon: eta, level.last: 1})
    excess = float(excess.subs({level.u: LAST**2, level.v: v, level.kappa: per_fold}).evalf())
    found = width(v, sigmas, eta, n_steps) - v
    # The next order is the square of what is frozen over v, and half of η a level.
    assert excess == pytest.approx(found, rel=0.15)


def test_the_exact_law_of_the_radius():
    derivation = derivations.unchecked("schedule-overlap")
    law = derivation.unfold(shell.p(shell.r))
    for dim in (1, 2, 5):
        density = law.subs({shell.D: dim, shell.sigma: 1, shell.r: 1.3}).evalf()
        assert float(density) == pytest.approx(stats.chi.pdf(1.3, dim), rel=1e-12)
    # The limit says 1.414 and 0.707 in the plane; for an image it is right to 1e-4.
    assert stats.chi.mean(2) == pytest.approx(1.2533, abs=1e-4)
    assert stats.chi.std(2) == pytest.approx(0.6551, abs=1e-4)
    assert stats.chi.mean(3072) == pytest.approx(math.sqrt(3072), rel=1e-4)
    assert stats.chi.std(3072) == pytest.approx(1 / math.sqrt(2), rel=1e-4)


@pytest.mark.parametrize(("dim", "ratio", "error"), [(784, 1.08, 0.02), (3072, 1.0376, 0.01)])
def test_the_criterion_is_near_the_mass_under_the_exact_law(dim, ratio, error):
    low, high = (ratio * (math.sqrt(dim) + n / math.sqrt(2)) for n in (-3, 3))
    exact = stats.chi.cdf(high, dim) - stats.chi.cdf(low, dim)
    assert level_overlap(ratio, dim) == pytest.approx(exact, abs=error)
    assert level_overlap(ratio, dim) != pytest.approx(exact, abs=error / 50)


def test_propositions_of_the_paper_have_one_number():
    """Song and Ermon (2020): the first level, the radius and the variance are 1, 2 and 3."""
    root = Path(scorelab.__file__).parent
    texts = [path.read_text("utf-8") for path in root.rglob("*.py")]
    text = " ".join(" ".join(texts).split())
    cited = re.findall(r"Song and Ermon \(2020\)[^.]*?propositions? (\d)", text)
    assert set(cited) <= {"1", "2", "3"}
    assert "proposition 3" in derivations.unchecked("annealed-contraction").sources[0]
    assert "proposition 2" in derivations.unchecked("schedule-overlap").sources[0]
