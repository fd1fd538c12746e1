"""Exercises of the chapter "Denoising score matching"."""

import sympy as sp
import torch
from torch import Tensor

from scorelab import derivations
from scorelab.exercises.engine.judging import Exercise, Mistake
from scorelab.exercises.engine.kinds import Choice, Expression, Function
from scorelab.matching import NoisyScore, dsm_target
from scorelab.mixture import GaussianMixture

__all__ = ["EQUATIONS", "EXERCISES"]

EQUATIONS = {
    "eq-excess": r"""
\begin{aligned}
&\underbrace{\tfrac12 \mathbb E \Bigl\lVert s_\theta(\tilde x, \sigma) + \frac{\tilde x - x}{\sigma^2} \Bigr\rVert^2}_{\text{denoising loss}} \\
&= \underbrace{\tfrac12 \mathbb E \bigl\lVert s_\theta(\tilde x, \sigma) - \nabla \log p_\sigma(\tilde x) \bigr\rVert^2}_{\text{excess, } F/2} \\
&\quad + \text{floor}(\sigma) .
\end{aligned}
""",  # noqa: E501
    "eq-sheet-kernel": r"""
\frac{1}{\sigma \sqrt{(2\pi)^d}} \exp\Bigl(-\frac{\lVert \tilde x - x \rVert^2}{2\sigma}\Bigr) .
""",
}
d, h = sp.symbols("d h", positive=True)


def _loss_of(multiple: int) -> sp.Expr:
    """σ² times the loss of a multiple of the score, if h is what there is to learn.

    The floor is d/2 − h, and E‖s‖²/2 is h/σ².
    """
    floor = d / 2 - h
    excess = (multiple - 1) ** 2 * h
    return floor + excess


def _sheet_over_standard() -> sp.Expr:
    """The score of the printed kernel over that of the standard one."""
    steps = derivations.get("dsm-target")
    slopes = [steps[name].equation.rhs for name in ("printed-slope", "standard-slope")]
    return sp.cancel(slopes[0] / slopes[1])


def _pairs() -> list[tuple]:
    """A score in three dimensions, and clean points with their noise at two levels."""
    law = GaussianMixture([0.3, 0.7], [[1.0, -1.0, 0.0], [-2.0, 0.0, 2.0]], [1.0, 0.3])
    generator = torch.Generator().manual_seed(0)
    x = law.sample(20, generator=generator)
    z = torch.randn(20, 3, generator=generator)
    return [(law.noisy_score, x, level, z) for level in (0.4, 2.5)]


def _term(score: Tensor, target: Tensor) -> Tensor:
    return 0.5 * (score - target).square().sum(1)


def _by_package(model: NoisyScore, x: Tensor, sigma: float, z: Tensor) -> Tensor:
    both = [x + sigma * z, x - sigma * z]
    return sum(_term(model(noisy, sigma), dsm_target(noisy, x, sigma)) for noisy in both) / 2


def _both(model: NoisyScore, x: Tensor, sigma: float, z: Tensor, spread: float, slope: float):
    """The terms at x ± spread · z with the targets ± slope · z."""
    return sum(_term(model(x + spread * n, sigma), slope * n) for n in (z, -z)) / 2


_WEIGHTS = {"1": 0, "sigma**2": 2, "sigma": 1}
_OTHER_WEIGHT = "this is right but for a power of σ in front: look at the weight that is asked for."

EXERCISES = {
    "ex-missing-minus": Exercise(
        grade="warm-up",
        minutes=15,
        varies={"m": (1, 2, 3, 4)},
        expects=Expression(symbols={"d": (1.0, 9.0), "h": (0.1, 0.5)}),
        truth=lambda m: _loss_of(-m),
        right="d/2 + m*(m + 2)*h",
        mistakes=(
            Mistake(
                "d/2 - h",
                "this is the floor of the right target. Here the network is held against that "
                "target, and it has learned another one.",
            ),
            Mistake(
                "d/2",
                "this is the loss of a network that says zero. This one says something, and the "
                "contrary of what it should.",
            ),
            Mistake(
                "(m + 1)**2*h", "this is the excess alone. The loss is the floor and the excess."
            ),
            Mistake(
                "truth - d/2",
                "so far it stands above the line of the zero network. The loss itself is asked "
                "for.",
            ),
            Mistake(
                "d/2 + (m + 1)**2*h",
                "the excess stands on the floor, and not on the line of the zero network.",
            ),
            Mistake(
                "d/2 + m*h",
                "the network is wrong by {{m + 1}} times the score, and the excess is a square: is "
                "the {{m + 1}} squared?",
            ),
            Mistake(
                "d/2 - h + 2*(m + 1)**2*h",
                "this counts the excess without its ½: the loss has one, and so has h.",
            ),
        ),
        hint="Write the loss as floor and excess. The floor is d/2 − h; for the excess, ask by "
        "what the network differs from the right score.",
        checked="the floor and the excess of a network that has learned a wrong multiple of s.",
    ),
    "ex-sheet-sigma": Exercise(
        grade="derive",
        minutes=15,
        expects=Expression(symbols={"sigma": (0.1, 3.0)}),
        truth=_sheet_over_standard,
        right=lambda: sp.Eq(sp.Symbol("k"), sp.Symbol("sigma")),
        mistakes=(
            Mistake(
                "1/sigma",
                "the wrong way round: at σ = 0.1, is the target of the sheet longer than the right "
                "one, or shorter?",
            ),
            Mistake("sigma**2", "this is one σ too many. Divide the one target by the other."),
            Mistake(
                "1/sigma**2",
                "this is one σ too many, and the wrong way round. Divide the target of the sheet "
                "by the right one.",
            ),
            Mistake(
                "sqrt(sigma)",
                "this is the standard deviation of the sheet's kernel as it stands. But the noise "
                "that was added is σ z, whatever the sheet says.",
            ),
            Mistake("-sigma", "the sign is right in the sheet: both targets point back."),
            Mistake("1", "then nothing would be wrong. Compare the two targets at one (x, x̃)."),
            Mistake("1/10", "this is a number for σ = 0.1. A formula is asked for, for every σ."),
            Mistake(
                "10",
                "this is a number for σ = 0.1, and the wrong way round. A formula is asked for, "
                "for every σ.",
            ),
        ),
        hint="The best network gives the mean of its target at x̃. By what constant do the two "
        "targets differ?",
        checked="the score of the sheet's kernel over that of the standard one.",
    ),
    "ex-antithetic": Exercise(
        grade="code",
        minutes=30,
        varies={"weight": tuple(_WEIGHTS), "power": tuple(_WEIGHTS.values())},
        admits=lambda weight, power: _WEIGHTS[weight] == power,
        expects=Function(
            signature="mirrored_terms(model, x, sigma, z)", arguments=_pairs, rtol=1e-4
        ),
        helpers={"average": _by_package, "both": _both, "term": _term},
        truth="sigma**power * average(model, x, sigma, z)",
        right="""sigma**power / 4 * sum(
        (model(x + sigma * n, sigma) + n / sigma).square().sum(1)
        for n in (z, -z)
    )""",
        mistakes=(
            Mistake(
                "sigma**power * both(model, x, sigma, z, sigma, 1 / sigma)",
                "the sign of the target: it points from the noisy point to the clean one.",
            ),
            Mistake(
                "sigma**power * both(model, x, sigma, z, sigma, -1)",
                "the target is σ times too long or short: the *variance* stands below x̃ − x, and "
                "x̃ − x is σ z.",
            ),
            Mistake(
                "sigma**power * both(model, x, sigma, z, sigma, -1 / sigma**2)",
                "the target is divided by σ once too often: x̃ − x holds a σ already.",
            ),
            Mistake(
                "sigma**power * both(model, x, sigma, z, sigma**0.5, -1 / sigma)",
                "the noise is too strong or too weak: σ is a standard deviation, and here it is "
                "used as a variance.",
            ),
            Mistake(
                "2 * truth(model, x, sigma, z)",
                "twice too large: either the ½ is missing, or the two terms are added where their "
                "mean is asked for.",
            ),
            Mistake(
                "4 * truth(model, x, sigma, z)",
                "four times too large: the ½ is missing, and so is the mean of the two terms.",
            ),
            Mistake(
                "truth(model, x, sigma, z) / x.shape[1]",
                "the squares are averaged over the coordinates; the loss adds them up. The two "
                "differ by the dimension.",
            ),
            Mistake("truth(model, x, sigma, z).mean()", "a mean over the rows: one term a row."),
            Mistake("sigma * truth(model, x, sigma, z)", _OTHER_WEIGHT),
            Mistake("sigma**2 * truth(model, x, sigma, z)", _OTHER_WEIGHT),
            Mistake("truth(model, x, sigma, z) / sigma", _OTHER_WEIGHT),
            Mistake("truth(model, x, sigma, z) / sigma**2", _OTHER_WEIGHT),
            Mistake(
                "sigma**power * term(model(x + sigma * z, sigma), -z / sigma)",
                "this is the plain loss: −z does not occur.",
            ),
            Mistake(
                "sigma**power * sum(term(model(x + sigma * z, sigma), n / sigma) "
                "for n in (z, -z)) / 2",
                "the target is mirrored and the noisy point is not: each noise needs its own call "
                "of the model.",
            ),
            Mistake(
                "sigma**power * sum(term(model(x + sigma * n, sigma), -z / sigma) "
                "for n in (z, -z)) / 2",
                "the noisy point is mirrored and the target is not: the way back from the other "
                "side is another one.",
            ),
        ),
        hint="Compare with `dsm_terms` at one row: first the noisy point, then the target, then "
        "the square.",
        checked="equal to the package's terms for 20 rows in three dimensions, at two levels.",
    ),
    "ex-small-sigma": Exercise(
        grade="explore",
        minutes=30,
        expects=Choice(),
        truth="c",
        right={"C"},
        mistakes=(
            Mistake(
                "a",
                "it is the closest, but that says what one would like to learn and not how well "
                "one can. Measure it.",
            ),
            Mistake(
                "b",
                "the weight makes the *losses* alike. Which share of each of them can be learned?",
            ),
            Mistake(
                "d",
                "the target is −z/σ: at which end is it the largest, against the score?",
            ),
        ),
        hint="Run the trainings, and ask at each level which share of the loss can be learned.",
        checked="at small σ, what there is to learn is a share of the loss proportional to σ².",
    ),
}
