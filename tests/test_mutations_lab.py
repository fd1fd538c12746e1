"""The model solution with one mistake in it: a check of `test_lab_solution` must notice."""

from __future__ import annotations

import pytest
from mutation import kind
from test_lab_solution import CHECKS, code, definitions
from tiers import first_of_each, nightly_but

# What a student gets wrong: the sources of the solution with one of these in it.
MUTANTS = {
    "exponent without its half": ("exponents = -0.5 *", "exponents = -1.0 *"),
    "norm without its half": ("log_norms = 0.5 *", "log_norms = 1.0 *"),
    "norm of one dimension": ("self.dim * math.log(2", "math.log(2"),
    "pull away from the mean": (
        "self.means.to(x) - x[..., None, :]",
        "x[..., None, :] - self.means.to(x)",
    ),
    "covariance for precision": ("torch.linalg.inv(covariances)", "covariances"),
    "density without weights": ("self.weights.to(x).log() + exponents", "exponents"),
    "noise of variance σ": ("None, None, None] ** 2", "None, None, None]"),
    "noised by σ": ("sigma ** 2 * identity", "sigma * identity"),
    "scaled once": ("scale ** 2 * self.covariances", "scale * self.covariances"),
    "means not scaled": ("scale * self.means", "self.means"),
    "draws by the covariance": ("self._root[k], z", "self.covariances[k], z"),
    "draws by the transposed root": ("'nij,nj->ni'", "'nji,nj->ni'"),
    "one component for all": (
        "multinomial(self.weights, n, replacement",
        "multinomial(self.weights, 1, replacement",
    ),
    "equal weights": (
        "multinomial(self.weights, n, replacement",
        "multinomial(self.weights**0, n, replacement",
    ),
    "covariance not centred": ("second - torch.outer(self.mean(), self.mean())", "second"),
    "negative weights allowed": ("not (self.weights >= 0).all() or ", ""),
    "asymmetric allowed": (" or not torch.allclose(covariances, covariances.mT)", ""),
    "drift of a whole step": ("step_size / 2 * score(x)", "step_size * score(x)"),
    "noise of variance ε²": ("math.sqrt(step_size) * z", "step_size * z"),
    "step that does not anneal": ("* float(sigma / sigmas[-1]) ** 2", "* 1.0"),
    "step that anneals once": ("float(sigma / sigmas[-1]) ** 2", "float(sigma / sigmas[-1])"),
    "level that does not descend": ("lambda x: score(x, sigma),", "lambda x: score(x, sigmas[0]),"),
    "denoising by σ": ("x + sigmas[-1] ** 2 * score", "x + sigmas[-1] * score"),
    "denoising away": ("x + sigmas[-1] ** 2 * score", "x - sigmas[-1] ** 2 * score"),
    "arithmetic levels": (
        "sigma_max * (sigma_min / sigma_max) ** torch.linspace(0, 1, n_levels)",
        "torch.linspace(sigma_max, sigma_min, n_levels)",
    ),
    "target with the wrong sign": ("+ z / columns(sigma, x)", "- z / columns(sigma, x)"),
    "target without σ": ("+ z / columns(sigma, x)", "+ z"),
    "target over σ²": ("+ z / columns(sigma, x)", "+ z / columns(sigma, x) ** 2"),
    "noise of size σ²": ("x + columns(sigma, x) * z", "x + columns(sigma, x) ** 2 * z"),
    "loss without its half": ("0.5 * residual.square()", "residual.square()"),
    "mean over coordinates": (".flatten(1).sum(1)", ".flatten(1).mean(1)"),
    "loss without its weight": ("(weight(sigma) * dsm_terms", "(dsm_terms"),
    "weight σ": ("weight=lambda sigma: sigma ** 2", "weight=lambda sigma: sigma"),
    "one level for all": ("torch.randint(len(sigmas), (len(x),)", "torch.randint(1, (len(x),)"),
    "the same noise in a batch": (
        "z = torch.randn(x.shape, dtype=x.dtype, generator=generator)\n    residual",
        "z = torch.randn(x.shape[1:], dtype=x.dtype, generator=generator)\n    residual",
    ),
    "no step of the optimiser": ("        optimizer.step()\n        schedule", "        schedule"),
    "no gradient": (
        "        loss.backward()\n        optimizer.step()\n        schedule",
        "        optimizer.step()\n        schedule",
    ),
    "network blind to σ": (
        "return self.layers(torch.cat([x, sigma.log()], 1)) / sigma",
        "return self.layers(torch.cat([x, 0 * sigma], 1))",
    ),
    "reverse drift with g": (
        "self.diffusion(t) ** 2 * score(x, t)",
        "self.diffusion(t) * score(x, t)",
    ),
    "reverse drift with half": (
        "self.diffusion(t) ** 2 * score(x, t)",
        "0.5 * self.diffusion(t) ** 2 * score(x, t)",
    ),
    "reverse drift that adds": (
        "self.drift(x, t) - self.diffusion",
        "self.drift(x, t) + self.diffusion",
    ),
    "score at without 1/a": (
        "return noisy_score(x / a, b / a) / a",
        "return noisy_score(x / a, b / a)",
    ),
    "score at σ = b": ("noisy_score(x / a, b / a)", "noisy_score(x / a, b)"),
    "score at x": ("noisy_score(x / a, b / a)", "noisy_score(x, b / a)"),
    "reversal from 0": ("return (self.T, self.sde.t_min)", "return (self.sde.t_min, self.T)"),
    "OU drift −x": ("return -x / 2", "return -x"),
    "OU drift outwards": ("return -x / 2", "return x / 2"),
    "OU diffusion √2": (
        "return 1.0\n\n    def perturbation(self, t):\n        return (math.exp",
        "return math.sqrt(2)\n\n    def perturbation(self, t):\n        return (math.exp",
    ),
    "OU variance for std": ("math.sqrt(-math.expm1(-t))", "-math.expm1(-t)"),
    "OU scale e^−t": ("math.exp(-t / 2)", "math.exp(-t)"),
    "VE kernel σ(t)": ("math.sqrt(math.expm1(2 * self.rate * t))", "math.exp(self.rate * t)"),
    "VE diffusion σ": (" * math.sqrt(2 * self.rate)\n", "\n"),
    "increment of size Δt": ("math.sqrt(abs(dt)) * z", "abs(dt) * z"),
    "one point too few": ("dt = (end - begin) / n_steps", "dt = (end - begin) / (n_steps + 1)"),
    "coefficients at the end": ("t = begin + i * dt", "t = begin + (i + 1) * dt"),
    "drift that ignores the sign of time": ("sde.drift(x, t) * dt", "sde.drift(x, t) * abs(dt)"),
    "divergence without its square": (
        "(score_p(samples) - score_q(samples)).square()",
        "(score_p(samples) - score_q(samples)).abs()",
    ),
    "VE whose T is 1": ("math.log(sigma_max / sigma_min) / T", "math.log(sigma_max / sigma_min)"),
    "image without bounds": ("torch.tanh(self.last(h))", "self.last(h)"),
    "reversal that stops early": ("t_min = 0.001", "t_min = 0.01"),
    "coefficients at the begin": ("sde.drift(x, t) * dt", "sde.drift(x, begin) * dt"),
    "image score over σ": (
        "(self.denoiser(x, sigma) - x) / columns(sigma, x) ** 2",
        "(self.denoiser(x, sigma) - x) / columns(sigma, x)",
    ),
}


@pytest.mark.parametrize("mutant", nightly_but(first_of_each([*MUTANTS], kind), [*MUTANTS]))
def test_what_is_broken_is_noticed(mutant):
    right, wrong = MUTANTS[mutant]
    source = code()
    assert right in source, "the solution no longer reads like this"
    broken = definitions(source.replace(right, wrong, 1))
    for check in CHECKS:
        try:
            check(broken)
        except (Exception, pytest.fail.Exception):
            return
    pytest.fail(f"{mutant}: no check notices")
