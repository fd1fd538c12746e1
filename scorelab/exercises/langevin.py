"""Exercises of the chapter "Langevin dynamics"."""

from collections.abc import Callable

import sympy as sp
import torch
from torch import Tensor

from scorelab.conventions import half_step
from scorelab.examples import book_mixture
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Expression, Function, Number, Tensors
from scorelab.langevin import langevin_dynamics
from scorelab.metrics import mode_weights

__all__ = ["EXERCISES"]

ALPHA = 1e-2
epsilon, kappa = sp.symbols("epsilon kappa", positive=True)


def _fixed_variance(factor: sp.Expr, noise: sp.Expr) -> sp.Expr:
    """The fixed point of v ← factor · v + noise."""
    v = sp.Symbol("v", positive=True)
    (fixed,) = sp.solve(sp.Eq(factor * v + noise, v), v)
    return fixed


# Narrow and wide: the steps that shrink a mean to 1 %, with s₁ = 1 and s₂² = κ


def _steps(step: sp.Expr, *, variance: sp.Expr = kappa, left: float = 0.01) -> sp.Expr:
    return sp.log(left) / sp.log(1 - step / (2 * variance))


def _largest_step() -> sp.Expr:
    """The step at which the stationary variance of N(0, 1) is 1 % too large."""
    variance = _fixed_variance((1 - epsilon / 2) ** 2, epsilon)
    (step,) = sp.solve(sp.Eq(variance, sp.Rational(101, 100)), epsilon)
    return step


def _grows_with_kappa(given: Tensors, truth: Tensors) -> bool:
    ratio = given[0][:, 0] / truth[0][:, 0]
    return bool((ratio > 0).all()) and bool(ratio.max() < 1.03 * ratio.min())


# A temperature: the law p^(1/T) is stationary if the noise's variance is 2T times the pull's factor


def _temperatures(step: Callable) -> list[Tensor]:
    """The temperature that a step on N(0, 1) has, for two temperatures and two step sizes."""

    def score(x: Tensor) -> Tensor:
        return -x

    zero, one = torch.zeros(1, 1), torch.ones(1, 1)
    found = []
    for temperature in (4.0, 0.25):
        for size in (0.1, 0.02):
            moved = torch.as_tensor(step(one, score, size, temperature, zero))
            shaken = torch.as_tensor(step(zero, score, size, temperature, one))
            pull = one - moved
            found.append(shaken**2 / (2 * pull))
    return found


def _heated(x, score, step_size, temperature, z):
    return x + step_size / 2 * score(x) + (temperature * step_size) ** 0.5 * z


def _heated_slowly(x, score, step_size, temperature, z):
    return x + step_size / (2 * temperature) * score(x) + step_size**0.5 * z


def _temperature_outside_root(x, score, step_size, temperature, z):
    return x + step_size / 2 * score(x) + temperature * step_size**0.5 * z


def _upside_down(x, score, step_size, temperature, z):
    return x + step_size / 2 * temperature * score(x) + step_size**0.5 * z


def _cold(x, score, step_size, temperature, z):
    return x + step_size / 2 * score(x) + step_size**0.5 * z


def _mixed_forms(x, score, step_size, temperature, z):
    return x + step_size * score(x) + (temperature * step_size) ** 0.5 * z


def _mixed_other_way(x, score, step_size, temperature, z):
    return x + step_size / 2 * score(x) + (2 * temperature * step_size) ** 0.5 * z


def _step_outside_root(x, score, step_size, temperature, z):
    return x + step_size / 2 * score(x) + step_size * temperature**0.5 * z


def _increment(x, score, step_size, temperature, z):
    return _heated(x, score, step_size, temperature, z) - x


def _downhill(x, score, step_size, temperature, z):
    return x - step_size / 2 * score(x) + (temperature * step_size) ** 0.5 * z


# The prior decides


def _far_share(tau: float, n: int, seed: int) -> float:
    mixture = book_mixture()
    generator = torch.Generator().manual_seed(seed)
    start = tau * torch.randn(n, 2, generator=generator)
    final = langevin_dynamics(
        mixture.score, start, step_size=0.05, n_steps=400, generator=generator
    ).final
    return float(mode_weights(mixture, final)[2])


EXERCISES = {
    "ex-full-step": Exercise(
        grade="warm-up",
        expects=Number(meaning="the `step_size` that stands for α = 10⁻²"),
        truth=lambda: half_step(ALPHA),
        right=lambda: 0.02,
        mistakes=(
            Mistake(lambda: ALPHA, "this is α itself, but the two forms of the step differ."),
            Mistake(lambda: ALPHA / 2, "the factor is applied the wrong way round."),
            Mistake(
                lambda: (2 * ALPHA) ** 0.5,
                "this is the standard deviation of the noise; ε is its variance.",
            ),
            Mistake(
                lambda: 4 * ALPHA,
                "the factor is applied twice: once for the pull and once for the noise. Each of "
                "them alone already gives ε.",
            ),
        ),
        hint="Both terms of the step must agree. Start with the noise: equate its two factors.",
        checked="pull and noise of the two forms agree.",
    ),
    "ex-square-root": Exercise(
        grade="derive",
        expects=Expression(
            meaning="the stationary variance on N(0, 1) of the step with ε z for its noise",
            symbols={"epsilon": (0.1, 1.9)},
        ),
        truth=lambda: _fixed_variance((1 - epsilon / 2) ** 2, epsilon**2),
        right=lambda: epsilon / (1 - epsilon / 4),
        mistakes=(
            Mistake(
                lambda: epsilon,
                "this is its limit for small steps. The fixed point can be solved exactly.",
            ),
            Mistake(
                lambda: 1 / (1 - epsilon / 4),
                "this is the variance of the right sampler, with √ε z for its noise.",
            ),
            Mistake(
                lambda: sp.sqrt(epsilon / (1 - epsilon / 4)),
                "this is the standard deviation.",
            ),
            Mistake(
                lambda: epsilon**2,
                "this is the noise of one step. Before it, the step keeps a part of the variance "
                "that was there.",
            ),
            Mistake(
                lambda: _fixed_variance(1 - epsilon / 2, epsilon**2),
                "the state is multiplied by 1 − ε/2, so its variance is multiplied by the square "
                "of that.",
            ),
            Mistake(
                lambda: _fixed_variance((1 - epsilon) ** 2, epsilon**2),
                "the pull is half a step: the state is multiplied by 1 − ε/2.",
            ),
        ),
        hint="Write the variance after a step by the variance v before it, and set the two equal.",
        checked="the fixed point of the variance, at five random steps.",
    ),
    "ex-condition": Exercise(
        grade="derive",
        expects=Expression(
            meaning="the number of steps that shrink the start's mean to 1 % in the wide "
            "direction, at the largest step whose bias is 1 % in the narrow one",
            symbols={"kappa": (20.0, 1000.0)},
            rtol=0.03,  # ε ≈ 0.04 s₁² and log(1 − u) ≈ −u are welcome
        ),
        truth=lambda: _steps(_largest_step()),
        right=lambda: 2 * sp.log(100) / sp.Rational(4, 100) * kappa,
        mistakes=(
            Mistake(
                lambda: _steps(sp.Rational(1, 100)),
                "this is what one gets with ε = 0.01 s₁². The bias is about ε/(4 s₁²), so a larger "
                "step will do.",
            ),
            Mistake(
                lambda: _steps(2 * _largest_step()),
                "this is half of it: the steps after which the variance is forgotten, or those of "
                "a pull of ε where the step has ε/2.",
            ),
            Mistake(
                lambda: _steps(_largest_step(), left=float(sp.exp(-1))),
                "after so many steps the mean has shrunk to 1/e; to forget means 1 % here.",
            ),
            Mistake(
                lambda: _steps(_largest_step(), variance=sp.sqrt(kappa)),
                "the wide direction forgets at a rate that its variance decides, not its standard "
                "deviation.",
            ),
            Mistake(
                lambda: _steps(_largest_step(), variance=sp.Integer(1)),
                "this is the narrow direction, or a step that was chosen for the wide one. The "
                "narrow direction limits the step, the wide one has to be waited for.",
            ),
            Mistake(
                lambda: kappa,
                "it grows with κ as it should; now find the number in front. Which step does the "
                "bias allow, and by which factor does it shrink the mean?",
                when=_grows_with_kappa,
            ),
        ),
        hint="Two steps: the largest ε that the narrow direction allows, from the law of the bias; "
        "then how often a factor 1 − ε/(2 s₂²) must act to leave one hundredth.",
        checked="the exact count at five values of κ, to 3 %.",
    ),
    "ex-temperature": Exercise(
        grade="code",
        expects=Function(
            signature="tempered_step(x, score, step_size, temperature, z)",
            meaning="the next state: one step of Langevin dynamics for p to the power "
            "1/temperature, with z for its normal draw",
            observe=_temperatures,
        ),
        truth=lambda: _heated,
        right=lambda: _heated_slowly,
        mistakes=(
            Mistake(
                lambda: _temperature_outside_root,
                "this law has the *square* of the temperature: a factor of the noise counts "
                "squared.",
            ),
            Mistake(
                lambda: _upside_down,
                "hot and cold are exchanged: a higher temperature must make the law wider.",
            ),
            Mistake(lambda: _cold, "the temperature changes nothing: this step samples p itself."),
            Mistake(
                lambda: _mixed_forms,
                "the law is twice too cold: a whole step of pull with a noise that belongs to half "
                "of it.",
            ),
            Mistake(
                lambda: _mixed_other_way,
                "the law is twice too hot: half a step of pull with a noise that belongs to a "
                "whole one.",
            ),
            Mistake(
                lambda: _step_outside_root,
                "the noise of a step grows with ε where it should grow with √ε, so the law "
                "depends on the step.",
            ),
            Mistake(
                lambda: _increment,
                "this is the change of the state; the new state is asked for.",
            ),
            Mistake(lambda: _downhill, "the pull points away from the mode."),
        ),
        hint="The stationary law is p to the power 2u/b². Which pull u ε and noise b √ε does your "
        "step have?",
        checked="the ratio of noise to pull is right at temperatures ¼ and 4, for two step sizes.",
    ),
    "ex-prior": Exercise(
        grade="explore",
        expects=Number(
            meaning="the far mode's share for τ = 8 with step 0.05 and 400 steps",
            rtol=0.0,
            atol=0.03,  # 4 SE: 0.007 for 4,000 particles, 0.003 for the 20,000 of the truth
        ),
        truth=lambda: _far_share(8, 20_000, seed=0),
        right=lambda: _far_share(8, 4_000, seed=1),
        mistakes=(
            Mistake(
                lambda: float(book_mixture().weights[2]),
                "this is the weight that the far mode has under p (or the share for a wider "
                "prior). What share of your particles is in it?",
            ),
            Mistake(lambda: _far_share(4, 20_000, seed=0), "this is the share for τ = 4."),
            Mistake(lambda: _far_share(2, 20_000, seed=0), "this is the share for τ = 2."),
            Mistake(
                lambda: 1 - _far_share(8, 20_000, seed=0),
                "this is the share of the near pair.",
            ),
        ),
        hint="Multiply standard normal draws by τ, run, and take the last of the three shares that "
        "`mode_weights` gives.",
        checked="within four standard errors of a run of 20,000 particles made just now.",
    ),
}
