"""Every formula of the package, broken on purpose: the test named for it must notice.

A new row needs the exact text in the source, what to put in its place, and a test that takes no
fixture; see `mutation.py`. Rows for other modules may stand in files of their own.
"""

import math
import sys

import pytest
import torch
from mutation import Mutant, broken, by_tier

# The killers that are named more than once, with their arguments. SPACE, not PLANE, where Q is
# taken for Qᵀ: in the plane the eigenvectors come as a reflection, which is its own transpose.
SPACE = {"n_components": 8, "dim": 5, "diagonal": False}
PLANE = {"n_components": 3, "dim": 2, "diagonal": False}
FLAT = {"n_components": 3, "dim": 2, "diagonal": True}
HIGH = {"n_components": 3, "dim": 130, "diagonal": False}
GRADIENT = "test_mixture::test_score_is_the_gradient_of_torch"
MASS = "test_mixture::test_density_integrates_to_one"
NOISED = "test_mixture::test_noised_components"
SCALED = {"sigma": 0.3, "scale": 0.4, "diagonal": False}
NOISY = "test_mixture::test_noisy_score_is_the_score_of_the_noised_mixture"
MODES = "test_mixture::test_samples_of_every_component"
MOMENTS = "test_mixture::test_mean_and_covariance_in_closed_form"
TAILS = "test_mixture::test_finite_much_further_out"
FULL = {"diagonal": False}
DOUBLE = {"dtype": torch.float64}
EXACT = "test_mixture::test_exact_ten_thousand_deviations_away"
TWENTY = {"n_components": 3, "dim": 20, "diagonal": False, **DOUBLE, "tolerance": 1e-9}
NOISE = "test_solvers::test_noise_is_gaussian_with_variance_g_squared_dt"
FORWARDS, BACKWARDS = {"span": (0.0, 0.25)}, {"span": (0.25, 0.0)}
EULER = "test_solvers::test_without_noise_it_is_eulers_recursion"
CLOCK = "test_solvers::test_drift_is_taken_at_the_start_of_the_step"
UP, DOWN = {"span": (0.0, 2.0)}, {"span": (2.0, 0.0)}
INSTANTS = "test_solvers::test_recorded_instants"
EVERY_THIRD = {"n_steps": 10, "every": 3, "kept": [0, 3, 6, 9, 10]}
BESIDE = "test_solvers::test_recorded_states_are_those_of_their_times"
HALF = "test_langevin::test_one_step_in_the_half_form"
STEP = {"step_size": 0.4}
INVARIANT = "test_langevin::test_mala_leaves_the_mixture_invariant"
BIG = {"step_size": 1.5}
LINEAR = "test_langevin::test_mala_accepts_everything_on_a_linear_log_density"
RATE = "test_langevin::test_acceptance_rate_is_the_share_of_moves"

Z = "z = torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)"
DRAW = Z.removeprefix("z = ")
HASTINGS = "log_ratio = log_p_new - log_p + 0.5 * z.square().sum(-1) - back"

ROWS = {
    "mixture": [
        (
            "sign of the score",
            "self.means.to(rows)[:, :, None] - rows",
            "rows - self.means.to(rows)[:, :, None]",
            GRADIENT,
            PLANE,
        ),
        ("Σ for Σ⁻¹", "+ noise).rsqrt()", "+ noise).sqrt()", GRADIENT, PLANE),
        (
            "weights of the score not normalised",
            "scale, torch.softmax(logits, 0))",
            "scale, logits.exp())",
            GRADIENT,
            PLANE,
        ),
        (
            "responsibilities normalised over the points",
            "scale, torch.softmax(logits, 0))",
            "scale, torch.softmax(logits, 1))",
            GRADIENT,
            PLANE,
        ),
        (
            "responsibilities not normalised",
            "torch.softmax(self._logits(rows)[0], 0)",
            "self._logits(rows)[0].exp()",
            "test_mixture::test_responsibilities_are_the_posterior",
        ),
        (
            "no log-determinant",
            "(scale / math.sqrt(2 * math.pi)).log()",
            "(torch.ones_like(scale) / math.sqrt(2 * math.pi)).log()",
            MASS,
        ),
        ("no 2π", "(scale / math.sqrt(2 * math.pi)).log()", "scale.log()", MASS),
        ("σ² for σ in the constant", "(scale / math.sqrt(", "(scale**2 / math.sqrt(", MASS),
        (
            "no weights",
            "self.weights.to(rows).log()[:, None]",
            "torch.zeros_like(self.weights.to(rows))[:, None]",
            GRADIENT,
            PLANE,
        ),
        (
            "log of a sum of exponentials",
            "torch.logsumexp(self._logits(rows)[0], 0)",
            "self._logits(rows)[0].exp().sum(0).log()",
            TAILS,
            DOUBLE,
        ),
        (
            "ratio of exponentials",
            "scale, torch.softmax(logits, 0))",
            "scale, logits.exp() / logits.exp().sum(0))",
            TAILS,
            DOUBLE,
        ),
        (
            "Q for Qᵀ",
            "(self._axes.to(y) * scale.mT).mT @ y",
            "(self._axes.to(y) * scale.mT) @ y",
            GRADIENT,
            SPACE,
        ),
        (
            "Q for Qᵀ, one σ a point",
            "scale * (self._axes.to(y).mT @ y)",
            "scale * (self._axes.to(y) @ y)",
            NOISY,
            FULL,
        ),
        (
            "rows scaled for columns",
            "(self._axes.to(y) * scale.mT)",
            "(self._axes.to(y) * scale)",
            GRADIENT,
            SPACE,
        ),
        (
            "pulls not scaled, diagonal",
            "scale.permute(1, 2, 0) @",
            "torch.ones_like(scale).permute(1, 2, 0) @",
            GRADIENT,
            FLAT,
        ),
        (
            "pulls not scaled, diagonal, one σ a point",
            "(weight[:, None] * (scale * z))",
            "(weight[:, None] * z)",
            NOISY,
            {"diagonal": True},
        ),
        ("pulls not scaled, full", "axes = axes * scale.mT", "axes = axes", GRADIENT, SPACE),
        ("pulls not scaled, one σ a point", "z = scale * z", "z = z", NOISY, FULL),
        (
            "Qᵀ for Q",
            "axes.transpose(0, 1).flatten(1)",
            "axes.mT.transpose(0, 1).flatten(1)",
            GRADIENT,
            SPACE,
        ),
        (
            "Qᵀ for Q in high dimension",
            "axes_k @ (weight_k",
            "axes_k.T @ (weight_k",
            GRADIENT,
            HIGH,
        ),
        (
            "Q Λ Q for Q Λ Qᵀ",
            "[:, None, :]) @ self._axes.mT",
            "[:, None, :]) @ self._axes",
            "test_mixture::test_covariances_come_back",
        ),
        (
            "decomposed in float32",
            "exact = covariances.double()",
            "exact = covariances.float()",
            "test_mixture::test_covariances_come_back",
        ),
        (
            "noised: σ for σ²",
            "self._variances + sigma**2",
            "self._variances + sigma",
            NOISED,
            SCALED,
        ),
        (
            "noised: a for a²",
            "scale**2 * self._variances",
            "scale * self._variances",
            NOISED,
            SCALED,
        ),
        ("noised: means not scaled", "scale * self.means", "self.means", NOISED, SCALED),
        (
            "noisy score: σ for σ²",
            "self._score(rows, levels**2)",
            "self._score(rows, levels)",
            NOISY,
            FULL,
        ),
        (
            "noisy score: σ for σ², one a point",
            "self._score, levels**2)",
            "self._score, levels)",
            NOISY,
            FULL,
        ),
        ("sample: no rotation", "noise[chosen] @ axes.T", "noise[chosen]", MODES, FULL),
        ("sample: rotated back", "noise[chosen] @ axes.T", "noise[chosen] @ axes", MODES, FULL),
        (
            "sample: variance for deviation",
            "self._variances.sqrt()[component]",
            "self._variances[component]",
            MODES,
            FULL,
        ),
        (
            "sample: deviation's root",
            "self._variances.sqrt()[component]",
            "self._variances.sqrt().sqrt()[component]",
            MODES,
            {"diagonal": True},
        ),
        (
            "sample: weights ignored",
            "torch.multinomial(self.weights, n",
            "torch.multinomial(torch.ones_like(self.weights), n",
            MODES,
            FULL,
        ),
        ("mean without weights", "self.weights @ self.means", "self.means.mean(0)", MOMENTS),
        (
            "covariance within modes alone",
            "self.covariances) + between",
            "self.covariances)",
            MOMENTS,
        ),
        ("between modes without weights", "(centred.T * self.weights)", "centred.T", MOMENTS),
    ],
    "sde": [
        ("no ½ in the Langevin drift", "0.5 * self.score(x)", "self.score(x)", HALF, STEP),
        ("sign of the Langevin drift", "0.5 * self.score(x)", "-0.5 * self.score(x)", HALF, STEP),
        (
            "√2 in the Langevin noise",
            "return 1.0\n\n\nclass Ornstein",
            "return math.sqrt(2)\n\n\nclass Ornstein",
            HALF,
            STEP,
        ),
        (
            "default span backwards",
            "return 0.0, self.T",
            "return self.T, 0.0",
            "test_solvers::test_default_span_is_the_process_own",
        ),
    ],
    "_support.slices": [
        ("no ½ in the exponent", "value=-0.5", "value=-1.0", MASS),
        ("sign of the exponent", "value=-0.5", "value=0.5", MASS),
        ("no ½, in high dimension", "alpha=0.5", "alpha=1.0", EXACT, TWENTY),
        ("‖z‖ for ‖z‖², in high dimension", "z.square().sum(1)", "z.norm(dim=1)", EXACT, TWENTY),
        (
            "no coordinate",
            "start = torch.addcmul(start,",
            "_ = torch.addcmul(start,",
            MASS,
        ),
    ],
    "solvers": [
        ("Δt for √Δt", "math.sqrt(abs(dt))", "abs(dt)", NOISE, FORWARDS),
        ("|Δt| dropped", "math.sqrt(abs(dt))", "math.sqrt(dt)", NOISE, BACKWARDS),
        ("√Δt for Δt", "sde.drift(x, t) * dt", "sde.drift(x, t) * math.sqrt(abs(dt))", EULER),
        ("sign of the drift", "x + sde.drift(x, t)", "x - sde.drift(x, t)", EULER),
        ("|Δt| in the drift", "sde.drift(x, t) * dt", "sde.drift(x, t) * abs(dt)", CLOCK, DOWN),
        (
            "time at the end of the step",
            "sde.drift(x, t) * dt",
            "sde.drift(x, t + dt) * dt",
            CLOCK,
            UP,
        ),
        ("time from 0", "[start + i * dt for", "[i * dt for", CLOCK, DOWN),
        (
            "n + 1 steps in the span",
            "(end - start) / n_steps",
            "(end - start) / (n_steps + 1)",
            EULER,
        ),
        (
            "g at the end of the step",
            "sde.diffusion(t) *",
            "sde.diffusion(t + dt) *",
            "test_solvers::test_diffusion_is_taken_at_the_start_of_the_step",
            UP,
        ),
        ("no g", "sde.diffusion(t) * dw", "dw", NOISE, FORWARDS),
        ("g² for g", "sde.diffusion(t) *", "sde.diffusion(t) ** 2 *", NOISE, FORWARDS),
        ("a product of two normal numbers", Z, f"{Z} * {DRAW}", NOISE, FORWARDS),
        ("uniform noise", Z, "z = 12**0.5 * (torch.rand_like(x) - 0.5)", NOISE, FORWARDS),
        (
            "the same noise for every row",
            Z,
            Z.replace("x.shape,", "x.shape[1:],"),
            "test_solvers::test_noise_is_new_at_every_step_and_in_every_coordinate",
        ),
        (
            "the same noise in every coordinate",
            Z,
            Z.replace("x.shape,", "x.shape[:1],") + "[:, None]",
            "test_solvers::test_noise_is_new_at_every_step_and_in_every_coordinate",
        ),
        (
            "the generator left out",
            Z,
            Z.replace("generator=generator", "generator=None"),
            "test_solvers::test_generator_decides_everything",
        ),
        ("recorded one step early", "recorder(i + 1, x)", "recorder(i + 2, x)", BESIDE),
        ("recorded one step late", "recorder(i + 1, x)", "recorder(i, x)", BESIDE),
        ("times one step early", "[recorder.steps.long()]", "[recorder.steps.long() - 1]", BESIDE),
        (
            "first state left out",
            "{*range(0, n_steps, every)",
            "{*range(every, n_steps, every)",
            INSTANTS,
            EVERY_THIRD,
        ),
        (
            "last state left out",
            "range(0, n_steps, every), n_steps}",
            "range(0, n_steps, every)}",
            INSTANTS,
            EVERY_THIRD,
        ),
        (
            "final is the first",
            "return self.states[-1]",
            "return self.states[0]",
            INSTANTS,
            EVERY_THIRD,
        ),
        (
            "the step before the one that failed",
            "checks.state(x, i + 1",
            "checks.state(x, step",
            "test_solvers::test_divergence_names_the_step",
            {"dtype": torch.float32, "step": 128},
        ),
    ],
    "langevin": [
        ("half of the time", "n_steps * step_size)", "n_steps * step_size / 2)", HALF, STEP),
        ("no correction", HASTINGS, "log_ratio = log_p_new - log_p", INVARIANT, BIG),
        (
            "sign of the correction",
            HASTINGS,
            "log_ratio = log_p_new - log_p - 0.5 * z.square().sum(-1) + back",
            INVARIANT,
            BIG,
        ),
        ("sign of the ratio", "log_p_new - log_p + 0.5", "log_p - log_p_new + 0.5", INVARIANT, BIG),
        ("no ½ forth", "0.5 * z.square()", "z.square()", INVARIANT, BIG),
        ("no 2 back", "/ (2 * step_size)", "/ step_size", LINEAR),
        (
            "back by the old drift",
            "x - proposal - drift_new",
            "x - proposal - drift",
            INVARIANT,
            BIG,
        ),
        (
            "full step",
            "log_prob(proposal), 0.5 * step_size",
            "log_prob(proposal), step_size",
            LINEAR,
        ),
        ("full first step", "log_prob(x0), 0.5 * step_size", "log_prob(x0), step_size", LINEAR),
        ("ε for √ε", "math.sqrt(step_size) * z", "step_size * z", LINEAR),
        (
            "accepted always",
            "accept = uniform.log() < log_ratio",
            "accept = uniform.log() < log_ratio.abs() + 1",
            INVARIANT,
            BIG,
        ),
        (
            "a number against its logarithm",
            "uniform.log() < log_ratio",
            "uniform < log_ratio",
            INVARIANT,
            BIG,
        ),
        (
            "one uniform number for all",
            "torch.rand(len(x), generator",
            "torch.rand(1, generator",
            INVARIANT,
            BIG,
        ),
        (
            "drift of what was refused",
            "drift = torch.where(accept[:, None], drift_new, drift)",
            "drift = drift_new",
            INVARIANT,
            BIG,
        ),
        (
            "density of what was refused",
            "log_p = torch.where(accept, log_p_new, log_p)",
            "log_p = log_p_new",
            INVARIANT,
            BIG,
        ),
        ("rate a step", "accepted / (n_steps * len(x0))", "accepted / len(x0)", RATE),
        (
            "not a number is accepted",
            "accept = uniform.log() < log_ratio",
            "accept = ~(uniform.log() >= log_ratio)",
            "test_langevin::test_mala_refuses_what_is_not_a_number",
        ),
    ],
    "metrics": [
        (
            "directions not normalised",
            "directions /= directions.norm(dim=0)",
            "directions /= 1",
            "test_metrics::test_sliced_wasserstein_on_the_line_is_the_distance_of_sorted_values",
            DOUBLE,
        ),
        (
            "directions in a cube",
            "torch.randn(shape, generator",
            "torch.rand(shape, generator",
            "test_metrics::test_sliced_wasserstein_of_a_translation",
        ),
        (
            "the first Wasserstein distance",
            "projections=directions)",
            "projections=directions, p=1)",
            "test_metrics::test_sliced_wasserstein_on_the_line_is_the_distance_of_sorted_values",
            DOUBLE,
        ),
        (
            "the nearest mode counted",
            "mixture.responsibilities(x).unbind(-1)",
            "mixture.responsibilities(x).round().unbind(-1)",
            "test_metrics::test_mode_weights_are_unbiased_where_modes_overlap",
        ),
    ],
    "estimate": [
        (
            "standard error without √n",
            " / math.sqrt(len(exact))",
            "",
            "test_measured::test_estimate_is_the_mean_and_its_standard_error",
        ),
        (
            "n for √n",
            "math.sqrt(len(exact))",
            "len(exact)",
            "test_measured::test_standard_error_is_the_spread_of_means",
        ),
        (
            "biased variance",
            "exact.std()",
            "exact.std(correction=0)",
            "test_measured::test_estimate_is_the_mean_and_its_standard_error",
        ),
        (
            "summed in float32",
            "terms.detach().double()",
            "terms.detach()",
            "test_measured::test_estimate_sums_in_float64",
        ),
    ],
    "figures.measured": [
        (
            "not a number holds",
            "if not error <= tolerance or math.isnan(tolerance):",
            "if error > tolerance:",
            "test_measured::test_a_false_claim_raises_and_leaves_no_row",
            {"exact": 1.0, "measured": float("nan"), "tolerance": 1.0},
        ),
        (
            "one side alone",
            "abs(float(measured) - float(exact))",
            "float(measured) - float(exact)",
            "test_measured::test_a_false_claim_raises_and_leaves_no_row",
            {"exact": 1.0, "measured": 0.8, "tolerance": 0.1},
        ),
        (
            "so many units for so many errors",
            "tolerance=errors * measured.standard_error",
            "tolerance=errors",
            "test_measured::test_an_estimate_is_held_to_its_standard_errors",
        ),
    ],
    "_support.checks": [
        (
            "the first row alone is looked at",
            "torch.isfinite(x.sum())",
            "torch.isfinite(x[0].sum())",
            "test_checks::test_state_sees_a_single_bad_entry",
            {"bad": float("inf")},
        ),
        (
            "0 is positive",
            "0 < number",
            "0 <= number",
            "test_checks::test_positive_names_the_argument",
            {"value": 0},
        ),
        (
            "σ of 0 is a noise level",
            "least=smallest, most=largest)",
            "least=0, most=largest)",
            "test_checks::test_noise_level_names_the_component",
            {"sigma": 0.0, "message": "level must be finite and > 0, got 0"},
        ),
        (
            "an infinite σ is a noise level",
            "and high <= most",
            "",
            "test_checks::test_noise_level_names_the_component",
            {"sigma": math.inf, "message": "level must be finite and > 0, got inf"},
        ),
    ],
    "figures.pictures": [
        (
            "contours stay light",
            "artist.set_cmap(ListedColormap(colours))",
            "pass",
            "test_plotting::test_dark_twin_exchanges_every_colour_and_back",
        ),
        (
            "dark for good",
            'figure, _TO_LIGHT, ("scorelab-dark", "scorelab")',
            'figure, _TO_DARK, ("scorelab-dark", "scorelab")',
            "test_plotting::test_dark_twin_exchanges_every_colour_and_back",
        ),
        (
            "transparency lost",
            "(*to_rgba_array(other)[0][:3], row[3])",
            "(*to_rgba_array(other)[0][:3], 1.0)",
            "test_plotting::test_dark_twin_exchanges_every_colour_and_back",
        ),
        (
            "the last frame not held",
            "frames + hold * frames[-1:]",
            "frames",
            "test_plotting::test_film_decodes_frame_by_frame",
        ),
        (
            "always the first poster",
            "Image.fromarray(frames[poster])",
            "Image.fromarray(frames[0])",
            "test_plotting::test_poster_is_the_frame_asked_for",
            {"poster": 4, "shown": 4},
        ),
    ],
    "figures.plotting": [
        (
            "levels of the complement",
            "1 - torch.tensor(sorted",
            "torch.tensor(sorted",
            "test_plotting::test_contours_hold_50_90_and_99_percent",
        ),
        (
            "picture upside down",
            "x, y = np.linspace(left, right, n), np.linspace(bottom, top, n)",
            "x, y = np.linspace(left, right, n), np.linspace(top, bottom, n)",
            "test_plotting::test_density_is_drawn_where_it_is",
        ),
        (
            "arrows turned",
            "arrows = s / norm",
            "arrows = s.flip(1) / norm",
            "test_plotting::test_arrows_point_along_the_score",
        ),
    ],
}
MUTANTS = [Mutant(name, module, *row) for module, rows in ROWS.items() for name, *row in rows]


@pytest.mark.parametrize("mutant", by_tier(MUTANTS), ids=str)
def test_every_mutant_is_killed(mutant):
    mutant.assert_killed()


# ----------------------------------------------------------------------- the mechanism itself


def test_names_are_unique():
    assert len({str(mutant) for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize(("old", "times"), [("no such text", 0), ("torch", None)])
def test_text_that_is_not_there_once_is_a_failure(old, times):
    """The source has changed, or the row is ambiguous."""
    with pytest.raises(LookupError, match="times, not once"):
        Mutant("nothing", "mixture", old, "", MASS).assert_killed()


def test_a_survivor_is_a_failure():
    harmless = Mutant("harmless", "_support.slices", "value=-0.5", "value=-0.50", MASS)
    with pytest.raises(pytest.fail.Exception, match=r"survived: _support\.slices: harmless"):
        harmless.assert_killed()


def test_a_killer_that_fails_anyhow_kills_nothing():
    always = Mutant(
        "any",
        "_support.slices",
        "value=-0.5",
        "value=-1.0",
        "test_measured::test_numbers",
        {"value": 1.0, "shown": "2"},
    )
    with pytest.raises(AssertionError):
        always.assert_killed()


def test_nothing_is_left_behind():
    """After the block the package is the same object, and the broken one is out of reach."""
    import scorelab.mixture as before
    from scorelab.solvers import Trajectory

    path = list(sys.meta_path)
    with broken("scorelab._support.slices", "value=-0.5", "value=-1.0"):
        import scorelab.mixture as during
        import scorelab.solvers

        assert during is not before
        assert scorelab.solvers.Trajectory is not Trajectory
    import scorelab.mixture as after
    import scorelab.solvers

    assert after is before
    assert scorelab.solvers.Trajectory is Trajectory
    assert sys.meta_path == path
