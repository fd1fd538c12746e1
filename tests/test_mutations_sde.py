"""Mistakes that live in published code on diffusion models, each made here and each noticed.

See `mutation.py` for how.
"""

import pytest
from mutation import Mutant, by_tier

BACK = "test_every_marginal_on_the_way_back"
OU_BACK = {"process": "OU", "method": "reverse"}
VE_BACK = {"process": "VE", "method": "reverse"}
OU_FLOW = {"process": "OU", "method": "probability flow"}
CORRECTED = "test_each_step_of_predictor_corrector"
OU_CORRECTED = {"process": "OU", "n_corrector": 1, "r": 0.5}

REVERSAL = [
    (
        "reverse sign of the score",
        "self.drift(x, t) - rows(self.diffusion(t), x) ** 2 * score",
        "self.drift(x, t) + self.diffusion(t) ** 2 * score",
        OU_BACK,
    ),
    (
        "the forward drift turned round",
        "self.drift(x, t) - rows(self.diffusion(t), x) ** 2 * score",
        "-self.drift(x, t) - rows(self.diffusion(t), x) ** 2 * score",
        OU_BACK,
    ),
    (
        "missing g²",
        "self.drift(x, t) - rows(self.diffusion(t), x) ** 2 * score",
        "self.drift(x, t) - score",
        VE_BACK,
    ),
    (
        "g for g²",
        "self.drift(x, t) - rows(self.diffusion(t), x) ** 2 * score",
        "self.drift(x, t) - rows(self.diffusion(t), x) * score",
        VE_BACK,
    ),
    (
        "½ in the reverse equation",
        "self.drift(x, t) - rows(self.diffusion(t), x) ** 2 * score",
        "self.drift(x, t) - 0.5 * rows(self.diffusion(t), x) ** 2 * score",
        OU_BACK,
    ),
    (
        "no ½ in the probability flow",
        "- 0.5 * g**2 * self.score",
        "- g**2 * self.score",
        OU_FLOW,
    ),
    (
        "sign of the score in the flow",
        "- 0.5 * g**2 * self.score",
        "+ 0.5 * g**2 * self.score",
        OU_FLOW,
    ),
    (
        "no score on the way back",
        "- rows(self.diffusion(t), x) ** 2 * score(x, t)",
        "",
        OU_BACK,
    ),
    (
        "score of the data at all times",
        "return self.sde.reverse_drift(x, t, self.score)",
        "return self.sde.reverse_drift(x, t, lambda y, _: self.score(y, 1e-3))",
        OU_BACK,
    ),
    (
        "score at the time left to go",
        "return self.sde.reverse_drift(x, t, self.score)",
        "return self.sde.reverse_drift(x, t, lambda y, u: self.score(y, self.T - 0.999 * u))",
        OU_BACK,
    ),
    (
        "no noise on the way back",
        "return self.sde.diffusion(t) if self.noisy else 0.0",
        "return 0.0",
        OU_BACK,
    ),
    (
        "score not scaled back",
        "noise_conditional_score(x / a, std / scale) / a",
        "noise_conditional_score(x / a, std / scale)",
        OU_BACK,
    ),
    (
        "points not scaled",
        "noise_conditional_score(x / a, std / scale) / a",
        "noise_conditional_score(x, std / scale) / a",
        OU_BACK,
    ),
    (
        "σ = b for b / a",
        "noise_conditional_score(x / a, std / scale) / a",
        "noise_conditional_score(x / a, std) / a",
        OU_BACK,
    ),
    (
        "variance for standard deviation",
        "noise_conditional_score(x / a, std / scale) / a",
        "noise_conditional_score(x / a, (std / scale) ** 2) / a",
        OU_BACK,
    ),
]

PROCESSES = [
    ("OU: no ½ in the drift", "return -0.5 * x", "return -x", "OU"),
    ("OU: √2 in the noise", "return 1.0\n\n    def pert", "return 2**0.5\n\n    def pert", "OU"),
    ("the scale's ½", "at.exp(-0.5 * t)", "at.exp(-t)", "OU"),
    ("variance for deviation", "at.sqrt(-at.expm1(-t))", "-at.expm1(-t)", "OU"),
    ("deviation of 2 t", "at.sqrt(-at.expm1(-t))", "at.sqrt(-at.expm1(-2 * t))", "OU"),
    (
        "VE: σ(t) for √(σ(t)² − σ(0)²)",
        "self.sigma_min * at.sqrt(at.expm1(2 * self._rate * t))",
        "self.sigma(t)",
        "VE, T = 3",
    ),
    ("VE: g = σ", "self.sigma(t) * math.sqrt(2 * self._rate)", "self.sigma(t)", "VE, T = 3"),
    (
        "VE: no √2 in g",
        "self.sigma(t) * math.sqrt(2 * self._rate)",
        "self.sigma(t) * math.sqrt(self._rate)",
        "VE, T = 3",
    ),
    ("VP: no ½ in the drift", "return -0.5 * rows(", "return -rows(", "VP"),
    ("VP: β for √β", "self.beta(t) ** 0.5", "self.beta(t)", "VP"),
    ("VP: β t for its integral", "/ (2 * self.T)", "/ self.T", "VP"),
    (
        "VP: T left out of β",
        "(self.beta_max - self.beta_min) * t / self.T",
        "(self.beta_max - self.beta_min) * t",
        "VP, T = 2",
    ),
    ("VP: β constant", "(self.beta_min + half_slope * t) * t", "self.beta_min * t", "VP"),
]

SOLVERS = [
    (
        "Heun: no ½",
        "0.5 * (slope + ahead)",
        "(slope + ahead)",
        "test_heun_corrector::test_heun_s_factor",
        {},
    ),
    (
        "Heun: second slope at the first time",
        "ahead = ode.drift(x + slope * (t_next - t), t_next)",
        "ahead = ode.drift(x + slope * (t_next - t), t)",
        "test_heun_corrector::test_heun_takes_both_ends_of_the_step",
        {"span": (2.0, 0.0)},
    ),
    (
        "Heun: second slope at the first point",
        "ahead = ode.drift(x + slope * (t_next - t), t_next)",
        "ahead = ode.drift(x, t_next)",
        "test_heun_corrector::test_heun_s_factor",
        {},
    ),
    (
        "Heun: second slope at the first time, seen by its order",
        "ahead = ode.drift(x + slope * (t_next - t), t_next)",
        "ahead = ode.drift(x + slope * (t_next - t), t)",
        "test_orders::test_heun_on_the_probability_flow_is_of_order_2",
        {},
    ),
    (
        "Heun lets noise pass",
        "float(ode.diffusion(t)) != 0 or float(ode.diffusion(t_next)) != 0",
        "False",
        "test_heun_corrector::test_heun_refuses_noise",
        {},
    ),
    (
        "Heun looks at the start of the step alone",
        "float(ode.diffusion(t)) != 0 or float(ode.diffusion(t_next)) != 0",
        "t == 0 and float(ode.diffusion(t)) != 0",
        "test_heun_corrector::test_heun_refuses_noise",
        {},
    ),
    (
        "corrector: full step in half form",
        "corrector_step * float(sde.perturbation(t_next)[1]) ** 2",
        "2 * corrector_step * float(sde.perturbation(t_next)[1]) ** 2",
        f"test_heun_corrector::{CORRECTED}",
        OU_CORRECTED,
    ),
    (
        "corrector: b for b²",
        "corrector_step * float(sde.perturbation(t_next)[1]) ** 2",
        "corrector_step * float(sde.perturbation(t_next)[1])",
        f"test_heun_corrector::{CORRECTED}",
        {"process": "VE", "n_corrector": 1, "r": 0.5},
    ),
    (
        "corrector: score at the time before",
        "LangevinDiffusion(lambda y: score(y, t_next))",
        "LangevinDiffusion(lambda y: score(y, t))",
        f"test_heun_corrector::{CORRECTED}",
        {"process": "VE", "n_corrector": 3, "r": 0.2},
    ),
    (
        "one correction whatever is asked",
        "for _ in range(n_corrector)",
        "for _ in range(1)",
        f"test_heun_corrector::{CORRECTED}",
        {"process": "VE", "n_corrector": 3, "r": 0.2},
    ),
    (
        "the same noise for predictor and corrector",
        "dw = _increment(x, epsilon, generator)",
        "dw = dw * math.sqrt(epsilon / abs(t_next - t))",
        f"test_heun_corrector::{CORRECTED}",
        OU_CORRECTED,
    ),
    (
        "increments ignored",
        "if path is None else next(path)",
        "if True else next(path)",
        "test_orders::test_strong_order_1",
        {},
    ),
    (
        "√|Δt| for Δt on the way back",
        "sde.drift(x, t) * dt",
        "-sde.drift(x, t) * math.sqrt(abs(dt))",
        f"test_reversal::{BACK}",
        OU_BACK,
    ),
    (
        "|Δt| for √|Δt| on the way back",
        "math.sqrt(abs(dt)) * z",
        "abs(dt) * z",
        f"test_reversal::{BACK}",
        OU_BACK,
    ),
    (
        "|Δt| in the drift on the way back",
        "sde.drift(x, t) * dt",
        "sde.drift(x, t) * abs(dt)",
        f"test_reversal::{BACK}",
        OU_BACK,
    ),
    (
        "noise of variance 1 and kurtosis 9",
        "math.sqrt(abs(dt)) * z",
        "math.sqrt(abs(dt)) * z * torch.randn(x.shape, generator=generator, dtype=x.dtype)",
        "test_solvers::test_noise_is_gaussian_with_variance_g_squared_dt",
        {"span": (0.25, 0.0)},
    ),
    (
        "time at the start for the time at the end",
        "x = step(x, instants[i], instants[i + 1])",
        "x = step(x, instants[i + 1], instants[i])",
        f"test_reversal::{BACK}",
        OU_BACK,
    ),
    (
        "the end missed by rounding",
        "for i in range(n_steps)] + [end]",
        "for i in range(n_steps)] + [start + n_steps * dt]",
        "test_heun_corrector::test_heun_draws_nothing_and_ends_at_the_end",
        {},
    ),
]

EXACT = "test_exact_score_gives_the_exact_density"
LIKELIHOOD = [
    (
        "sign of the integral",
        "prior(x_end) + integral",
        "prior(x_end) - integral",
        EXACT,
        {"process": "OU"},
    ),
    ("no integral", "prior(x_end) + integral", "prior(x_end)", EXACT, {"process": "VP"}),
    (
        "trace of the reverse drift",
        "lambda z: flow.drift(z, t), y,",
        "lambda z: sde.reverse_drift(z, t, score), y,",
        EXACT,
        {"process": "OU"},
    ),
    (
        "the given prior ignored",
        "prior_log_prob or _gaussian(sde.prior_std)",
        "_gaussian(sde.prior_std)",
        "test_with_the_law_of_the_last_time_no_prior_is_wrong",
        {},
    ),
    (
        "prior of variance c",
        "Normal(x.new_zeros(()), std)",
        "Normal(x.new_zeros(()), std**0.5)",
        EXACT,
        {"process": "VE"},
    ),
    (
        "log density summed over the batch",
        "reshape(len(x), -1).sum(1)",
        "reshape(len(x), -1).sum()",
        EXACT,
        {"process": "OU"},
    ),
    (
        "new probes at each evaluation, another seed for each x",
        "manual_seed(seed)",
        "manual_seed(0)",
        "test_generator_decides_the_probes",
        {},
    ),
    (
        "default span from the middle",
        "_FIRST_TIME = 1e-7",
        "_FIRST_TIME = 1e-3",
        EXACT,
        {"process": "OU"},
    ),
]


def mutants():
    kernel = "test_sde::test_kernel_follows_from_the_coefficients"
    for name, old, new, arguments in REVERSAL:
        yield Mutant(name, "sde", old, new, f"test_reversal::{BACK}", arguments)
    for name, old, new, process in PROCESSES:
        yield Mutant(name, "sde", old, new, kernel, {"process": process})
    yield Mutant(
        "VE: T left out of the rate",
        "sde",
        "math.log(self.sigma_max / self.sigma_min) / self.T",
        "math.log(self.sigma_max / self.sigma_min)",
        "test_sde::test_kernels_of_the_literature",
    )
    for name, *row in SOLVERS:
        yield Mutant(name, "solvers", *row)
    for name, old, new, killer, arguments in LIKELIHOOD:
        yield Mutant(name, "likelihood", old, new, f"test_likelihood::{killer}", arguments)


@pytest.mark.parametrize("mutant", by_tier(list(mutants())), ids=str)
def test_every_mutant_is_killed(mutant):
    mutant.assert_killed()
