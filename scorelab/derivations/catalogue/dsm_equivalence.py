r"""Explicit and denoising score matching differ by a constant.

Vincent (2011), section 4.2: for data $x \sim p$, a kernel $q(y \mid x)$ and
$q(y) = \int p(x) q(y \mid x) \,\mathrm{d}x$, the losses $\tfrac12 \mathbb{E}|s(y) - \nabla \log
q(y)|^2$ and $\tfrac12 \mathbb{E}|s(y) - \nabla_y \log q(y \mid x)|^2$ have the same minimiser.
First for every $p$, $q$ and model, at every $y$; then for a family of models with three
parameters over a Gaussian mixture, where sympy does every integral.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, log, oo

from scorelab.derivations.engine.densities import gaussian, integrate_line
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation
from scorelab.derivations.engine.stand_ins import density, field

x, y, theta = sp.symbols("x y theta", real=True)
p, k, q, s = Function("p"), Function("k"), Function("q"), Function("s")
explicit, denoising = Function("E"), Function("D")


def derive() -> Derivation:
    """Derive the general identity, then prove it for a family with every integral done."""
    return Derivation(
        "dsm-equivalence",
        "Denoising is score matching",
        [*_in_general(), *_for_a_family()],
        notation={
            k: r"q(#1 \mid #2)",
            s: r"s_{#2}(#1)",
            explicit: r"\ell_{\mathrm{explicit}}(#1, #2)",
            denoising: r"\ell_{\mathrm{denoising}}(#1, #2)",
            data: "p(#1)",
            noise: r"\mathcal{N}(#1; #2, \sigma^2)",
            noisy: "p_{\\sigma}(#1)",
            model: "s(#1)",
        },
        concrete={p: density, k: density, s: field},
    )


def _in_general() -> list[Step]:
    def over_x(of: sp.Expr) -> Integral:
        return Integral(of, (x, -oo, oo))

    score, target = Derivative(log(q(y)), y), Derivative(log(k(y, x)), y)
    of_explicit = q(y) * (s(y, theta) - score) ** 2 / 2
    of_denoising = over_x(p(x) * k(y, x) * (s(y, theta) - target) ** 2 / 2)

    slope = over_x(p(x) * k(y, x)).diff(y)
    cross = over_x(s(y, theta) * p(x) * k(y, x) * target)
    explicit_expanded = sp.expand(of_explicit.doit())
    left_over = sp.expand((q(y) * score**2 / 2).doit()) - over_x(p(x) * k(y, x) * target**2 / 2)
    return [
        definition(
            "noisy", q(y), over_x(p(x) * k(y, x)), "The law of the noisy $y$, for any kernel."
        ),
        definition(
            "explicit",
            explicit(y, theta),
            of_explicit,
            "What explicit score matching adds up over $y$; its target is not known.",
        ),
        definition(
            "denoising",
            denoising(y, theta),
            of_denoising,
            "What denoising adds up: the same, with the known slope of the kernel as the target.",
        ),
        Step(
            "slope",
            equation(Derivative(q(y), y), slope),
            "The derivative goes below the integral over the clean $x$.",
        ),
        Step(
            "cross",
            equation(s(y, theta) * Derivative(q(y), y), cross),
            "So the term that mixes model and target is the same for both targets: the model "
            "does not depend on $x$, and a slope is a density times the slope of its logarithm.",
        ),
        Step(
            "explicit-expanded",
            equation(explicit(y, theta), explicit_expanded),
            "The square of the explicit loss, expanded. The mixed term is the one above.",
        ),
        Step(
            "difference",
            equation(explicit(y, theta) - denoising(y, theta), left_over),
            "The squares of the model are equal as well, as $q$ is the integral of the joint law. "
            "What is left of the difference does not contain the model.",
        ),
        Step(
            "gradient",
            equation(
                Derivative(explicit(y, theta), theta),
                Derivative(denoising(y, theta), theta),
            ),
            "So the gradients agree at every $y$, for every parameter.",
        ),
    ]


# --- a family of models over a mixture of two Gaussians ----------------------------------------

a, b, c, m1, m2 = sp.symbols("a b c m_1 m_2", real=True)
w, u, v1, v2, sigma = sp.symbols("w u v_1 v_2 sigma", positive=True)
data, noise, noisy, model = Function("P"), Function("K"), Function("Q"), Function("S")


def _for_a_family() -> list[Step]:
    mixture = w * gaussian(x, m1, v1) + u * gaussian(x, m2, v2)
    kernel = gaussian(y, x, sigma**2)
    family = a + b * y + c * y**2
    blurred = integrate_line(mixture * kernel, x)
    target = sp.factor(log(kernel).diff(y))

    steps = [
        definition("mixture", data(x), mixture, "Now a mixture of two Gaussians, …"),
        definition("kernel", noise(y, x), kernel, "… the Gaussian kernel …"),
        definition("family", model(y), family, "… and a family of models."),
        definition(
            "blurred",
            noisy(y),
            Integral(data(x) * noise(y, x), (x, -oo, oo)),
            "The noisy law is an integral …",
        ),
        Step("blurred-law", equation(noisy(y), blurred), "… which sympy knows."),
    ]
    for parameter in (a, b, c):
        direction = family.diff(parameter)
        # ∂/∂θ ½(s − t)² = (s − t) ∂s/∂θ, and q·(log q)' = q'.
        explicit_slope = Integral(
            direction * (model(y) * noisy(y) - Derivative(noisy(y), y)), (y, -oo, oo)
        )
        denoising_slope = Integral(
            direction * (model(y) - target) * data(x) * noise(y, x),
            (x, -oo, oo),
            (y, -oo, oo),
        )
        steps.append(
            Step(
                f"gradient-{parameter}",
                equation(explicit_slope, denoising_slope),
                f"The derivative of both losses in ${parameter}$, every integral done: equal.",
            )
        )
    return steps
