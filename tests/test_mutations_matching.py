"""Mistakes that live in published code on score matching, each made here and each noticed.

See `mutation.py` for how.
"""

import pytest
from mutation import Mutant, by_tier

# The killer of most rows on a finite data set, with its arguments.
BLURRED = "test_empirical_score_is_the_slope_of_the_log_density_of_the_blurred_points"
ROWS = {"shape": (3,)}
MATCHING = [
    (
        "missing minus in the target",
        "return -difference / _rows",
        "return difference / _rows",
        "test_target_is_the_gradient_of_the_kernel",
    ),
    (
        "σ for σ² in the target",
        "return -difference / _rows(levels, x) ** 2",
        "return -difference / _rows(levels, x)",
        "test_target_is_the_gradient_of_the_kernel",
    ),
    (
        "no ½ in the loss",
        "return 0.5 * weights * squares",
        "return weights * squares",
        "test_loss_is_the_mean_of_its_terms_and_takes_a_level_a_row",
    ),
    (
        "mean over coordinates for their sum",
        "x.shape[1:].numel()).square().sum(1)",
        "x.shape[1:].numel()).square().mean(1)",
        "test_loss_is_the_mean_of_its_terms_and_takes_a_level_a_row",
    ),
    (
        "Gaussian normalised for d = 1",
        "exponent - 0.5 * dim * (",
        "exponent - 0.5 * (",
        "test_kernel_integrates_to_one_in_the_plane",
    ),
    (
        "σ for σ² in the kernel's exponent",
        "_squared_norm(difference) / levels**2",
        "_squared_norm(difference) / levels",
        "test_kernel_integrates_to_one_in_the_plane",
    ),
    (
        "σ² for σ in the noise",
        "noisy = x + std * z",
        "noisy = x + std**2 * z",
        "test_loss_is_the_mean_of_its_terms_and_takes_a_level_a_row",
    ),
    (
        "σ for σ² in the loss",
        "(noisy - x) / std**2)",
        "(noisy - x) / std)",
        "test_loss_is_the_mean_of_its_terms_and_takes_a_level_a_row",
    ),
    (
        "the target's sign in the loss",
        "score + (noisy - x)",
        "score - (noisy - x)",
        "test_loss_is_the_mean_of_its_terms_and_takes_a_level_a_row",
    ),
    (
        "noise and its mirror image the same",
        "torch.cat([z, -z])",
        "torch.cat([z, z])",
        "test_antithetic_noise_steadies_the_gradient_at_small_sigma",
    ),
    (
        "one level for the whole batch",
        "torch.arange(n_rows + n_levels, device=self._sigmas.device) %",
        "torch.arange(n_rows + n_levels, device=self._sigmas.device) // n_rows %",
        "test_every_level_comes_equally_often_in_a_batch_and_for_a_sample",
    ),
    (
        "always the same start of the levels",
        "piece = slice(u, u + len(x))",
        "piece = slice(0, len(x))",
        "test_every_level_comes_equally_often_in_a_batch_and_for_a_sample",
    ),
    (
        "weights forgotten",
        "return 0.5 * weights * squares",
        "return 0.5 * squares",
        "test_one_level_a_sample_is_unbiased_for_all_levels",
    ),
    (
        "sum over levels for their mean",
        "return (weights * torch.stack(losses)).mean()",
        "return (weights * torch.stack(losses)).sum()",
        "test_one_level_a_sample_is_unbiased_for_all_levels",
    ),
    (
        "λ(σ) = σ by default",
        "return sigma**2\n",
        "return sigma\n",
        "test_weighted_loss_of_the_exact_score",
        {"levels": "all"},
    ),
    (
        "spread within a component forgotten in the floor",
        "(spread[k] + _squared_norm(shift))",
        "_squared_norm(shift)",
        "test_floor_of_a_gaussian_in_closed_form",
        {"sigma": 0.35},
    ),
    (
        "spread between components forgotten in the floor",
        "second_moment - _squared_norm(",
        "spread[0] - 0 * _squared_norm(",
        "test_floor_is_what_the_score_leaves_of_the_target",
        {"sigma": 1.9},
    ),
    (
        "½ in the Fisher divergence",
        "Estimate.of_mean(_squared_norm(score_p",
        "Estimate.of_mean(0.5 * _squared_norm(score_p",
        "test_fisher_divergence_of_gaussians_in_closed_form",
    ),
    (
        "away from the points",
        "exponents.softmax(1) @ points - rows",
        "exponents.softmax(1) @ points + rows",
        BLURRED,
        ROWS,
    ),
    (
        "σ for σ² in the exponent",
        "(squares - squares.amin(1, keepdim=True)) / std / std / 2",
        "(squares - squares.amin(1, keepdim=True)) / std / 2",
        BLURRED,
        ROWS,
    ),
    (
        "no 2 in the exponent of a data point",
        "/ std / std / 2",
        "/ std / std",
        BLURRED,
        ROWS,
    ),
    (
        "σ for σ² below the way back",
        "@ points - rows) / std / std",
        "@ points - rows) / std",
        BLURRED,
        ROWS,
    ),
    (
        "distances not squared",
        'mode="donot_use_mm_for_euclid_dist") ** 2',
        'mode="donot_use_mm_for_euclid_dist")',
        BLURRED,
        ROWS,
    ),
    (
        "nothing taken from the exponents",
        "squares - squares.amin(1, keepdim=True)",
        "squares",
        "test_empirical_score_where_the_noise_is_tiny_or_the_point_far",
    ),
    (
        "the levels of the first piece in every piece",
        "levels.split(size), strict",
        "[levels[:size]] * 3, strict",
        "test_empirical_score_does_not_depend_on_how_the_batch_is_cut",
    ),
]
MIXTURE = [
    (
        "σ for √(σ² + σ₀²) in the annealed mixture",
        "variances = scale**2 * self._variances + sigma**2",
        "variances = 0 * self._variances + sigma**2",
    ),
    (
        "σ + σ₀ for √(σ² + σ₀²) in the annealed mixture",
        "variances = scale**2 * self._variances + sigma**2",
        "variances = (scale * self._variances.sqrt() + sigma) ** 2",
    ),
]
ANNEALED = [
    (
        "α without its square",
        "levels[-1].double()) ** 2",
        "levels[-1].double())",
        "test_moments_level_by_level",
    ),
    (
        "half a step for a full one",
        "step_size=float(step),",
        "step_size=0.5 * float(step),",
        "test_moments_level_by_level",
    ),
    (
        "score of the last level at all levels",
        "sigma=sigma: score(y, sigma)",
        "sigma=sigma: score(y, levels[-1])",
        "test_moments_level_by_level",
    ),
    (
        "every level from the first start",
        "        x = run.final\n",
        "        x = x0\n",
        "test_moments_level_by_level",
    ),
    (
        "σ for σ² in the last denoising",
        "x = x + levels[-1] ** 2 * score",
        "x = x + levels[-1] * score",
        "test_last_denoising_is_the_posterior_mean",
    ),
    (
        "recorded one step late",
        "recorder(i * n_steps + j * (every or n_steps), run.states[j])",
        "recorder(i * n_steps + j * (every or n_steps), run.states[j - 1])",
        "test_it_is_langevin_dynamics_level_by_level",
    ),
]
ANNEALED_VARIANCE = "test_annealed_variance_is_what_start_and_noise_have_become"
NOISE = [
    (
        "annealed variance: no ½ in the step",
        "step_ratio * sigma**2 / (2 * (variance",
        "step_ratio * sigma**2 / ((variance",
        ANNEALED_VARIANCE,
    ),
    (
        "annealed variance: width of the data forgotten",
        "(2 * (variance + sigma**2))",
        "(2 * sigma**2)",
        ANNEALED_VARIANCE,
    ),
    (
        "annealed variance: factor not squared",
        "left = kept**2 * left",
        "left = kept * left",
        ANNEALED_VARIANCE,
    ),
    (
        "annealed variance: σ for σ² of the noise",
        "* left + step_ratio * sigma**2",
        "* left + step_ratio * sigma",
        ANNEALED_VARIANCE,
    ),
    (
        "annealed variance: σ for σ² at the start",
        "left = levels[0] ** 2",
        "left = levels[0]",
        ANNEALED_VARIANCE,
    ),
    (
        "full-step λ in the half form",
        "limit = 1 / (1 - step_ratio / 4)",
        "limit = 1 / (1 - step_ratio / 2)",
        "test_variance_after_is_what_langevin_dynamics_leaves",
        {"step_ratio": 0.4},
    ),
    (
        "full step in the half form",
        "(1 - step_ratio / 2) ** (2",
        "(1 - step_ratio) ** (2",
        "test_variance_after_is_what_langevin_dynamics_leaves",
        {"step_ratio": 0.4},
    ),
    (
        "γ for γ²",
        "(ratio**2 - limit)",
        "(ratio - limit)",
        "test_variance_after_is_what_langevin_dynamics_leaves",
        {"step_ratio": 0.05},
    ),
    (
        "D for 2D in the overlap",
        "shift = math.sqrt(2 * dim) *",
        "shift = math.sqrt(dim) *",
        "test_overlap_of_the_released_levels",
        {"name": "cifar10"},
    ),
    (
        "one level too few",
        "n_levels = 1 + max(1,",
        "n_levels = max(2,",
        "test_schedule_for_images_follows_the_overlap",
    ),
]
NETWORKS = [
    (
        "skip connection without the noise's variance",
        "total = sigma**2 + self.data_variance",
        "total = sigma**2 * 0 + self.data_variance",
        "test_untrained_it_is_the_score_of_a_gaussian",
        {"sigma": 1.0},
    ),
    (
        "input not scaled",
        "scaled = centred * total.rsqrt()",
        "scaled = centred",
        "test_scales_of_input_and_output",
    ),
    (
        "output not over σ",
        ".sqrt() / sigma * self.last",
        ".sqrt() * self.last",
        "test_scales_of_input_and_output",
    ),
    (
        "no root in the output's scale",
        "(self.data_variance / total).sqrt() / sigma * self.last",
        "(self.data_variance / total) / sigma * self.last",
        "test_scales_of_input_and_output",
    ),
]
TRAINING = [
    (
        "average without warm-up",
        "keep = min(ema, (1 + self.step) / (10 + self.step))",
        "keep = ema",
        "test_average_follows_its_formula",
    ),
    (
        "average the wrong way round",
        "self.parameters, 1 - keep)",
        "self.parameters, keep)",
        "test_average_follows_its_formula",
    ),
]
BATCHES = [
    (
        "rows drawn with replacement",
        "again = torch.randperm(len(self.data), generator=generator, device=device)",
        "again = torch.randint(len(self.data), (len(self.data),), generator=generator)",
        "test_every_row_is_seen_once_before_any_is_seen_twice",
    ),
]


def mutants():
    files = {
        "matching": ("test_matching", MATCHING),
        "mixture": (
            "test_annealed",
            [(*row, "test_it_is_langevin_dynamics_level_by_level") for row in MIXTURE],
        ),
        "langevin": ("test_annealed", ANNEALED),
        "noise": ("test_noise", NOISE),
        "networks.mlp": ("test_networks", NETWORKS),
        "training.fitting": ("test_training", TRAINING),
        "training.batches": ("test_training", BATCHES),
    }
    for module, (file, rows) in files.items():
        for name, old, new, killer, *arguments in rows:
            yield Mutant(name, module, old, new, f"{file}::{killer}", *arguments)


@pytest.mark.parametrize("mutant", by_tier(list(mutants())), ids=str)
def test_every_mutant_is_killed(mutant):
    mutant.assert_killed()
