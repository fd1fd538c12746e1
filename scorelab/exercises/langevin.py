"""Exercises of the chapter "Langevin dynamics"."""

from collections.abc import Callable
from functools import cache

import sympy as sp
import torch
from torch import Tensor

from scorelab.conventions import half_step
from scorelab.examples import book_mixture
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Expression, Function, Number, Tensors
from scorelab.langevin import langevin_dynamics
from scorelab.metrics import mode_weights

__all__ = ["EQUATIONS", "EXERCISES"]

EQUATIONS = {
    "eq-langevin": r"""
x \leftarrow x + \frac{\varepsilon}{2}\, s(x) + \sqrt{\varepsilon}\, z,
\qquad z \sim \mathcal N(0, I).
""",
}
epsilon, kappa = sp.symbols("epsilon kappa", positive=True)


def _fixed_variance(factor: sp.Expr, noise: sp.Expr) -> sp.Expr:
    """The fixed point of v ← factor · v + noise."""
    v = sp.Symbol("v", positive=True)
    (fixed,) = sp.solve(sp.Eq(factor * v + noise, v), v)
    return fixed


def _steps(left: int, bias: int) -> sp.Expr:
    """The steps that leave `left` % of the wide mean, where N(0, 1) gets `bias` % too wide."""
    variance = _fixed_variance((1 - epsilon / 2) ** 2, epsilon)
    (step,) = sp.solve(sp.Eq(variance, 1 + sp.Rational(bias, 100)), epsilon)
    return sp.log(sp.Rational(left, 100)) / sp.log(1 - step / (2 * kappa))


def _grows_with_kappa(given: Tensors, truth: Tensors) -> bool:
    ratio = given[0][:, 0] / truth[0][:, 0]
    return bool((ratio > 0).all()) and bool(ratio.max() < 1.03 * ratio.min())


def _temperatures(step: Callable) -> list[Tensor]:
    """The temperature that a step on N(0, 1) has, for two temperatures and two step sizes.

    The law p^(1/T) is stationary if the noise's variance is 2T times the pull's factor.
    """

    def score(x: Tensor) -> Tensor:
        return -x

    zero, one = torch.zeros(1, 1), torch.ones(1, 1)
    found = []
    for temperature in (4.0, 0.25):
        for size in (0.1, 0.02):
            moved = torch.as_tensor(step(one, score, size, temperature, zero))
            shaken = torch.as_tensor(step(zero, score, size, temperature, one))
            found.append(shaken**2 / (2 * (one - moved)))
    return found


@cache
def _far_share(tau: float, n: int = 20_000, seed: int = 0) -> float:
    mixture = book_mixture()
    generator = torch.Generator().manual_seed(seed)
    start = float(tau) * torch.randn(n, 2, generator=generator)
    final = langevin_dynamics(
        mixture.score, start, step_size=0.05, n_steps=400, generator=generator
    ).final
    return float(mode_weights(mixture, final)[2])


EXERCISES = {
    "ex-full-step": Exercise(
        grade="warm-up",
        minutes=5,
        varies={"alpha": (0.01, 0.02, 0.03, 0.04, 0.002, 0.005)},
        expects=Number(),
        truth=lambda alpha: half_step(alpha),
        right="2*alpha",
        mistakes=(
            Mistake("alpha", "this is α itself, but the two forms of the step differ."),
            Mistake("alpha/2", "the factor is applied the wrong way round."),
            Mistake(
                "sqrt(2*alpha)", "this is the standard deviation of the noise; ε is its variance."
            ),
            Mistake(
                "4*alpha",
                "the factor is applied twice: once for the pull and once for the noise. Each of "
                "them alone already gives ε.",
            ),
        ),
        hint="Both terms of the step must agree. Start with the noise: equate its two factors.",
        checked="pull and noise of the two forms agree.",
    ),
    "ex-square-root": Exercise(
        grade="derive",
        minutes=20,
        varies={"target": (1, 2, 3, 4, 9)},
        expects=Expression(symbols={"epsilon": (0.1, 1.9)}),
        truth=lambda target: _fixed_variance((1 - epsilon / (2 * target)) ** 2, epsilon**2),
        right="epsilon*target/(1 - epsilon/(4*target))",
        mistakes=(
            Mistake(
                "epsilon*target",
                "this is its limit for small steps. The fixed point can be solved exactly.",
            ),
            Mistake(
                "target/(1 - epsilon/(4*target))",
                "this is the variance of the right sampler, with √ε z for its noise.",
            ),
            Mistake("sqrt(truth)", "this is the standard deviation."),
            Mistake(
                "epsilon**2",
                "this is the noise of one step. Before it, the step keeps a part of the variance "
                "that was there.",
            ),
            Mistake(
                "2*epsilon*target",
                "the state is multiplied by a factor below one, so its variance is multiplied by "
                "the square of that.",
            ),
            Mistake(
                "epsilon*target/(2 - epsilon/target)",
                "the pull is half a step: of ε times the score, the state moves by one half.",
            ),
        ),
        hint="Write the variance after a step by the variance v before it, and set the two equal.",
        checked="the fixed point of the variance, at five random steps.",
    ),
    "ex-condition": Exercise(
        grade="derive",
        minutes=25,
        varies={"left": (1, 2, 5, 10), "bias": (1, 2)},
        expects=Expression(
            symbols={"kappa": (20.0, 1000.0)},
            rtol=0.03,  # the step to first order in the bias and log(1 − u) ≈ −u are welcome
        ),
        truth=_steps,
        right="50*log(100/left)/bias * kappa",
        mistakes=(
            Mistake(
                "log(left/100) / log(1 - bias/(200*kappa))",
                "this is what one gets with ε = {{bias/100}} s₁². The bias is about ε/(4 s₁²), so "
                "a larger step will do.",
            ),
            Mistake(
                "truth/2",
                "this is half of it: the steps after which the variance is forgotten, or those of "
                "a pull of ε where the step has ε/2.",
            ),
            Mistake(
                "truth/log(100/left)",
                "after so many steps the mean has shrunk to 1/e; to forget means {{left}} % here.",
            ),
            Mistake(
                "truth.subs(kappa, sqrt(kappa))",
                "the wide direction forgets at a rate that its variance decides, not its standard "
                "deviation.",
            ),
            Mistake(
                "truth.subs(kappa, 1)",
                "this is the narrow direction, or a step that was chosen for the wide one. The "
                "narrow direction limits the step, the wide one has to be waited for.",
            ),
            Mistake(
                "kappa",
                "it grows with κ as it should; now find the number in front. Which step does the "
                "bias allow, and by which factor does it shrink the mean?",
                when=_grows_with_kappa,
            ),
        ),
        hint="Two steps: the largest ε that the narrow direction allows, from the law of the bias; "
        "then how often a factor 1 − ε/(2 s₂²) must act to leave {{left}} %.",
        checked="the exact count at five values of κ, to 3 %.",
    ),
    "ex-temperature": Exercise(
        grade="code",
        minutes=20,
        expects=Function(
            signature="tempered_step(x, score, step_size, temperature, z)", observe=_temperatures
        ),
        truth="x + step_size / (2 * temperature) * score(x) + step_size**0.5 * z",
        right="x + step_size / 2 * score(x) + (temperature * step_size) ** 0.5 * z",
        mistakes=(
            Mistake(
                "x + step_size / 2 * score(x) + temperature * step_size**0.5 * z",
                "this law has the *square* of the temperature: a factor of the noise counts "
                "squared.",
            ),
            Mistake(
                "x + step_size / 2 * temperature * score(x) + step_size**0.5 * z",
                "hot and cold are exchanged: a higher temperature must make the law wider.",
            ),
            Mistake(
                "x + step_size / 2 * score(x) + step_size**0.5 * z",
                "the temperature changes nothing: this step samples p itself.",
            ),
            Mistake(
                "x + step_size * score(x) + (temperature * step_size) ** 0.5 * z",
                "the law is twice too cold: a whole step of pull with a noise that belongs to half "
                "of it.",
            ),
            Mistake(
                "x + step_size / 2 * score(x) + (2 * temperature * step_size) ** 0.5 * z",
                "the law is twice too hot: half a step of pull with a noise that belongs to a "
                "whole one.",
            ),
            Mistake(
                "x + step_size / 2 * score(x) + step_size * temperature**0.5 * z",
                "the noise of a step grows with ε where it should grow with √ε, so the law "
                "depends on the step.",
            ),
            Mistake(
                "step_size / 2 * score(x) + (temperature * step_size) ** 0.5 * z",
                "this is the change of the state; the new state is asked for.",
            ),
            Mistake(
                "x - step_size / 2 * score(x) + (temperature * step_size) ** 0.5 * z",
                "the pull points away from the mode.",
            ),
        ),
        hint="The stationary law is p to the power 2u/b². Which pull u ε and noise b √ε does your "
        "step have?",
        checked="the ratio of noise to pull is right at temperatures ¼ and 4, for two step sizes.",
    ),
    "ex-prior": Exercise(
        grade="explore",
        minutes=30,
        varies={"tau": (8, 6, 7)},  # from 10 on the share is near the weight
        expects=Number(
            rtol=0.0,
            atol=0.03,  # 4 SE: 0.007 for 4,000 particles, 0.003 for the 20,000 of the truth
        ),
        helpers={"share": _far_share},
        truth=_far_share,
        right=lambda tau: _far_share(tau, 4_000, seed=1),
        mistakes=(
            Mistake(
                lambda: float(book_mixture().weights[2]),
                "this is the weight that the far mode has under p (or the share for a wider "
                "prior). What share of your particles is in it?",
            ),
            Mistake("share(tau/2)", "this is the share for τ = {{tau/2}}."),
            Mistake("share(tau/4)", "this is the share for τ = {{tau/4}}."),
            Mistake("1 - truth", "this is the share of the near pair."),
        ),
        hint="Multiply standard normal draws by τ, run, and take the last of the three shares that "
        "`mode_weights` gives.",
        checked="within four standard errors of a run of 20,000 particles made just now.",
    ),
}
