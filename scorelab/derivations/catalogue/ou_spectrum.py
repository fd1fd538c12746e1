r"""The spectrum of the Ornstein-Uhlenbeck process: Hermite polynomials, eigenvalues $-n/2$.

The generator $\mathcal{L} \varphi = \tfrac12 \varphi'' - \tfrac12 x \varphi'$ has the Hermite
polynomials $\mathrm{He}_n$ (the probabilists') for eigenfunctions. One generating function holds
all of them, so every $n$ is proved at once; the first seven are then shown. See Risken (1989),
section 5.5.1, and Bakry, Gentil and Ledoux (2014), section 2.7.1.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Subs, exp, oo

from scorelab.derivations.engine.densities import gaussian, integrate_line
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, y, u, w = sp.symbols("x y u w", real=True)
t = sp.Symbol("t", positive=True)
n = sp.Symbol("n", integer=True, positive=True)
c = sp.symbols("c_1:5", real=True)
G, image, f, p, phi = (Function(name) for name in ("G", "L_G", "f", "p", "phi"))
energy, variance = sp.symbols("E V", real=True)
He = tuple(Function(f"He_{k}") for k in range(7))


def derive() -> Derivation:
    """Derive eigenfunctions, eigenvalues, orthogonality, the gap, and the decay of each mode."""
    law, transition = gaussian(x, 0, 1), gaussian(y, x * exp(-t / 2), 1 - exp(-t))
    return Derivation(
        "ou-spectrum",
        "The spectrum of the Ornstein-Uhlenbeck process",
        [
            definition("law", f(x), law, "The stationary law, which weighs all integrals."),
            definition("transition", p(y, x), transition, "The law of $y$, a time $t$ after $x$."),
            *_all_at_once(law),
            *_the_first_seven(),
            *_the_gap(),
        ],
        notation={
            image: r"\mathcal{L} G(#1, #2)",
            p: r"p_t(#1 \mid #2)",
            phi: r"\varphi(#1)",
            **{of: rf"\mathrm{{He}}_{{{k}}}(#1)" for k, of in enumerate(He)},
        },
    )


def _generator(of: sp.Expr) -> sp.Expr:
    return Derivative(of, (x, 2)) / 2 - x / 2 * Derivative(of, x)


def _all_at_once(law: sp.Expr) -> list[Step]:
    generating = exp(u * x - u**2 / 2)
    slopes = [sp.factor(generating.diff(v) / generating) * G(x, u) for v in (x, u)]
    both = sp.simplify(integrate_line(generating * generating.subs(u, w) * law, x))
    mode = u**n / sp.factorial(n)
    return [
        definition(
            "generating",
            G(x, u),
            generating,
            "One function holds all Hermite polynomials: $G(x, u) = \\sum_n \\mathrm{He}_n(x)\\, "
            "u^n / n!$.",
        ),
        Step(
            "derivative",
            equation(Derivative(G(x, u), x), slopes[0]),
            "Read at each power of $u$: $\\mathrm{He}_n' = n \\mathrm{He}_{n-1}$.",
        ),
        Step(
            "recurrence",
            equation(Derivative(G(x, u), u), slopes[1]),
            "And $\\mathrm{He}_{n+1} = x \\mathrm{He}_n - n \\mathrm{He}_{n-1}$.",
        ),
        definition(
            "generator", image(x, u), _generator(G(x, u)), "The generator of the process, on $G$."
        ),
        Step(
            "all-eigenvalues",
            equation(image(x, u), -u / 2 * Derivative(G(x, u), u)),
            "By both it is a derivative in $u$ alone …",
        ),
        Step(
            "one-eigenvalue",
            equation(-u / 2 * Derivative(mode, u), -n / 2 * mode),
            "… which multiplies the term of $\\mathrm{He}_n$ by $-n/2$. So, for every $n$, "
            "$\\mathcal{L} \\mathrm{He}_n = -\\tfrac{n}{2} \\mathrm{He}_n$.",
        ),
        Step(
            "orthogonality",
            equation(Integral(G(x, u) * G(x, w) * f(x), (x, -oo, oo)), both),
            "Here $u$ and $w$ come with the same power only: different polynomials are "
            "orthogonal, and the square of $\\mathrm{He}_n$ has the mean $n!$.",
        ),
        Step(
            "all-modes",
            equation(Integral(G(y, u) * p(y, x), (y, -oo, oo)), G(x, u * exp(-t / 2))),
            "After a time $t$ every $u$ has become $u e^{-t/2}$: the mean of $\\mathrm{He}_n$ has "
            "fallen by $e^{-nt/2}$.",
        ),
    ]


def _the_first_seven() -> list[Step]:
    series = sp.series(exp(u * x - u**2 / 2), u, 0, len(He)).removeO()
    steps = [
        definition(f"he-{k}", of(x), sp.expand(series.coeff(u, k) * sp.factorial(k)), _ORDER[k])
        for k, of in enumerate(He)
    ]
    at_zero = [Subs(Derivative(G(x, u), (u, k)) if k else G(x, u), u, 0) for k in range(len(He))]
    steps.append(
        Step(
            "taylor",
            equation(sp.Matrix(at_zero), sp.Matrix([of(x) for of in He])),
            "They are the coefficients of $u^n / n!$ in $G$, hence its derivatives at $u = 0$.",
        )
    )
    for k, of in enumerate(He):
        value = -sp.Rational(k, 2) * of(x)
        reason = (
            f"The generator multiplies $\\mathrm{{He}}_{k}$ by ${sp.latex(-sp.Rational(k, 2))}$."
        )
        steps.append(Step(f"eigenvalue-{k}", equation(_generator(of(x)), value), reason))
    for k in range(1, 5):
        left = Integral(He[k](y) * p(y, x), (y, -oo, oo))
        reason = f"The mean of $\\mathrm{{He}}_{k}$ a time $t$ after $x$, from the transition law."
        steps.append(Step(f"mode-{k}", equation(left, exp(-k * t / 2) * He[k](x)), reason))
    return steps


_ORDER = (
    "The first seven are a constant,",
    "a line,",
    "a parabola,",
    "a cubic,",
    "and so on: even or odd as $n$ is,",
    "the leading coefficient one,",
    "$n$ real zeros.",
)


def _the_gap() -> list[Step]:
    def mean(of: sp.Expr) -> sp.Expr:
        return Integral(of * f(x), (x, -oo, oo))

    mixed = sum(a * of(x) for a, of in zip(c, He[1:], strict=False))
    squares = [sp.factorial(k) * a**2 for k, a in enumerate(c, 1)]
    return [
        definition(
            "function", phi(x), mixed, "Some function of mean zero, of four modes for brevity."
        ),
        definition("variance", variance, mean(phi(x) ** 2), "Its variance …"),
        definition("energy", energy, mean(Derivative(phi(x), x) ** 2) / 2, "… and its energy."),
        Step("variance-modes", equation(variance, sum(squares)), "Mode by mode the variance is:"),
        Step(
            "energy-modes",
            equation(energy, sum(k * s / 2 for k, s in enumerate(squares, 1))),
            "the energy counts each mode $n/2$ times:",
        ),
        Step(
            "gap",
            sp.Le(variance / 2, energy, evaluate=False),
            "so half the variance is never more than the energy. This is the spectral gap, one "
            "half: the least eigenvalue besides zero, and the rate of the slowest decay.",
        ),
        Step(
            "autocovariance",
            equation(
                Integral(He[1](x) * He[1](y) * f(x) * p(y, x), (y, -oo, oo), (x, -oo, oo)),
                exp(-t / 2),
            ),
            "The slowest mode is $\\mathrm{He}_1 = x$ itself: its decay is the autocovariance.",
        ),
    ]
