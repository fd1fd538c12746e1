r"""The spectrum of the Ornstein-Uhlenbeck process: Hermite polynomials, eigenvalues $-n/2$.

The generator $\mathcal{L} \varphi = \tfrac12 \varphi'' - \tfrac12 x \varphi'$ has the Hermite
polynomials $\mathrm{He}_n$ (the probabilists') for eigenfunctions. One generating function holds
all of them, so every $n$ is proved at once; the first seven are then shown. See Risken (1989),
section 5.5.1, and Bakry, Gentil and Ledoux (2014), section 2.7.1.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Subs, exp, oo

from scorelab import derivations
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation, theorem

x, x0, y, u, v = sp.symbols("x x_0 y u v", real=True)
t = sp.Symbol("t", positive=True)
n = sp.Symbol("n", integer=True, positive=True)
c = sp.symbols("c_1:5", real=True)
G, image, f, p, phi = (Function(name) for name in ("G", "L_G", "f", "p", "phi"))
energy, variance = sp.symbols("E V", real=True)
He = tuple(Function(f"He_{k}") for k in range(7))


def derive() -> Derivation:
    """Derive eigenfunctions, eigenvalues, orthogonality, the gap, and the decay of each mode."""
    stationary = derivations.unchecked("ou-stationarity")
    kernel = derivations.unchecked("ou-transition")["kernel"].equation.rhs
    return theorem(
        "ou-spectrum",
        [
            definition("law", f(x), stationary.unfold(stationary["law"].equation.rhs)),
            definition("transition", p(y, x), kernel.subs({x: y, x0: x}, simultaneous=True)),
            *_all_at_once(),
            *_the_first_seven(),
            *_the_gap(),
        ],
        notation={
            image: r"\mathcal{L} G(#1, #2)",
            p: r"p_t(#1 \mid #2)",
            phi: r"\varphi(#1)",
            **{of: rf"\mathrm{{He}}_{{{k}}}(#1)" for k, of in enumerate(He)},
        },
        results=("all-eigenvalues", "all-modes", "gap"),
        roles={x: "value", y: "integration", t: "time", p: "density"},
    )


def _generator(of: sp.Expr) -> sp.Expr:
    return Derivative(of, (x, 2)) / 2 - x / 2 * Derivative(of, x)


def _all_at_once() -> list[Step]:
    generating = exp(u * x - u**2 / 2)
    return [
        definition("generating", G(x, u), generating),
        Step("derivative", equation(Derivative(G(x, u), x), u * G(x, u))),
        Step("recurrence", equation(Derivative(G(x, u), u), (x - u) * G(x, u))),
        definition("generator", image(x, u), _generator(G(x, u))),
        Step("all-eigenvalues", equation(image(x, u), -u / 2 * Derivative(G(x, u), u))),
        Step("one-eigenvalue", equation(-u / 2 * Derivative(u**n, u), -n / 2 * u**n)),
        Step(
            "orthogonality", equation(Integral(G(x, u) * G(x, v) * f(x), (x, -oo, oo)), exp(u * v))
        ),
        Step(
            "all-modes", equation(Integral(G(y, u) * p(y, x), (y, -oo, oo)), G(x, u * exp(-t / 2)))
        ),
    ]


def _the_first_seven() -> list[Step]:
    series = sp.series(exp(u * x - u**2 / 2), u, 0, len(He)).removeO()
    steps = [
        definition(f"he-{k}", of(x), sp.expand(series.coeff(u, k) * sp.factorial(k)))
        for k, of in enumerate(He)
    ]
    at_zero = [Subs(Derivative(G(x, u), (u, k)) if k else G(x, u), u, 0) for k in range(len(He))]
    steps.append(Step("taylor", equation(sp.Matrix(at_zero), sp.Matrix([of(x) for of in He]))))
    for k, of in enumerate(He):
        value = -sp.Rational(k, 2) * of(x)
        steps.append(Step(f"eigenvalue-{k}", equation(_generator(of(x)), value)))
    for k in range(1, 5):
        left = Integral(He[k](y) * p(y, x), (y, -oo, oo))
        steps.append(Step(f"mode-{k}", equation(left, exp(-k * t / 2) * He[k](x))))
    return steps


def _the_gap() -> list[Step]:
    def mean(of: sp.Expr) -> sp.Expr:
        return Integral(of * f(x), (x, -oo, oo))

    mixed = sum(a * of(x) for a, of in zip(c, He[1:], strict=False))
    squares = [sp.factorial(k) * a**2 for k, a in enumerate(c, 1)]
    first = c[0] * He[1](x)
    spare = sum(sp.Rational(k - 1, 2) * s for k, s in enumerate(squares, 1))
    return [
        definition("function", phi(x), mixed),
        Step("centred", equation(mean(phi(x)), 0)),
        definition("variance", variance, mean(phi(x) ** 2)),
        definition("energy", energy, mean(Derivative(phi(x), x) ** 2) / 2),
        Step("variance-modes", equation(variance, sum(squares))),
        Step("energy-modes", equation(energy, variance / 2 + spare)),
        Step("gap", sp.Ge(energy, variance / 2, evaluate=False)),
        Step("tight", equation(mean(Derivative(first, x) ** 2) / 2, mean(first**2) / 2)),
        Step(
            "autocovariance",
            equation(
                Integral(He[1](x) * He[1](y) * f(x) * p(y, x), (y, -oo, oo), (x, -oo, oo)),
                exp(-t / 2),
            ),
        ),
    ]
