r"""The spectrum of the Ornstein-Uhlenbeck process: Hermite polynomials, eigenvalues $-n/2$.

The generator $\mathcal{L} \varphi = \tfrac12 \varphi'' - \tfrac12 x \varphi'$ has the Hermite
polynomials $\mathrm{He}_n$ (the probabilists') for eigenfunctions. One generating function holds
all of them, so every $n$ is proved at once; the first seven are then shown. See Risken (1989),
section 5.5.1, and Bakry, Gentil and Ledoux (2014), section 2.7.1.
"""

import sympy as sp
from sympy import Derivative, Function, Integral, Subs, exp, oo

from scorelab import derivations
from scorelab.derivations.engine.derivation import Derivation, Step, definition, equation

x, x0, y, u, w = sp.symbols("x x_0 y u w", real=True)
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
    return Derivation(
        "ou-spectrum",
        "The spectrum of the Ornstein-Uhlenbeck process",
        [
            definition(
                "law",
                f(x),
                stationary.unfold(stationary["law"].equation.rhs),
                "The stationary law, which weighs all integrals.",
            ),
            definition(
                "transition",
                p(y, x),
                kernel.subs({x: y, x0: x}, simultaneous=True),
                "The law of $y$, a time $t$ after $x$.",
            ),
            *_all_at_once(),
            *_the_first_seven(),
            *_the_gap(),
        ],
        statement=r"""
For $\mathrm{d}x = -\tfrac12 x \,\mathrm{d}t + \mathrm{d}w$ in $\mathbb{R}^d$ the generator
$\mathcal{L} \varphi = \tfrac12 \Delta \varphi - \tfrac12 x \cdot \nabla \varphi$ has the products
$\mathrm{He}_\alpha(x) = \prod_i \mathrm{He}_{\alpha_i}(x_i)$ for eigenfunctions, with eigenvalue
$-|\alpha|/2$. They are orthogonal in $L^2(\mathcal{N}(0, I))$ and
$\mathbb{E}[\mathrm{He}_\alpha(x_t) \mid x_0] = e^{-|\alpha| t/2}\, \mathrm{He}_\alpha(x_0)$. The
spectral gap is one half: $\tfrac12 \mathrm{Var}[\varphi] \le \tfrac12 \mathbb{E} \lVert \nabla
\varphi \rVert^2$ under $\mathcal{N}(0, I)$, with equality exactly for
$\varphi = c + a \cdot x$.
""",
        assumptions=(
            "The Hermite polynomials are complete in $L^2(\\mathcal{N}(0, 1))$: this is not proved "
            "here. So there are no other eigenvalues, and the inequality, which is proved for "
            "four modes, holds for every function with a finite energy.",
            "The series in $u$ may be differentiated and integrated term by term: it is entire in "
            "$u$ and all its coefficients are square integrable.",
        ),
        sources=(
            "Risken (1989), The Fokker-Planck Equation, 2nd edition, section 5.5.1.",
            "Bakry, Gentil and Ledoux (2014), Analysis and Geometry of Markov Diffusion "
            "Operators, section 2.7.1.",
        ),
        notation={
            image: r"\mathcal{L} G(#1, #2)",
            p: r"p_t(#1 \mid #2)",
            phi: r"\varphi(#1)",
            **{of: rf"\mathrm{{He}}_{{{k}}}(#1)" for k, of in enumerate(He)},
        },
    )


def _generator(of: sp.Expr) -> sp.Expr:
    return Derivative(of, (x, 2)) / 2 - x / 2 * Derivative(of, x)


def _all_at_once() -> list[Step]:
    generating = exp(u * x - u**2 / 2)
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
            equation(Derivative(G(x, u), x), u * G(x, u)),
            "Read at each power of $u$: $\\mathrm{He}_n' = n \\mathrm{He}_{n-1}$.",
        ),
        Step(
            "recurrence",
            equation(Derivative(G(x, u), u), (x - u) * G(x, u)),
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
            equation(-u / 2 * Derivative(u**n, u), -n / 2 * u**n),
            "… which multiplies the power of $\\mathrm{He}_n$ by $-n/2$. So, for every $n$, "
            "$\\mathcal{L} \\mathrm{He}_n = -\\tfrac{n}{2} \\mathrm{He}_n$.",
        ),
        Step(
            "orthogonality",
            equation(Integral(G(x, u) * G(x, w) * f(x), (x, -oo, oo)), exp(u * w)),
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
    first = c[0] * He[1](x)
    spare = sum(sp.Rational(k - 1, 2) * s for k, s in enumerate(squares, 1))
    return [
        definition("function", phi(x), mixed, "A function of four modes, for brevity."),
        Step("centred", equation(mean(phi(x)), 0), "Its mean is zero."),
        definition("variance", variance, mean(phi(x) ** 2), "This is its variance …"),
        definition("energy", energy, mean(Derivative(phi(x), x) ** 2) / 2, "… and its energy."),
        Step("variance-modes", equation(variance, sum(squares)), "Mode by mode the variance is:"),
        Step(
            "energy-modes",
            equation(energy, variance / 2 + spare),
            "the energy counts each mode $n/2$ times, so it is half the variance, and more:",
        ),
        Step(
            "gap",
            sp.Ge(energy, variance / 2, evaluate=False),
            "so half the variance is never more than the energy. This is the spectral gap, one "
            "half: the least eigenvalue besides zero, and the rate of the slowest decay.",
        ),
        Step(
            "tight",
            equation(mean(Derivative(first, x) ** 2) / 2, mean(first**2) / 2),
            "It is no more than that: $\\mathrm{He}_1 = x$ has no energy to spare.",
        ),
        Step(
            "autocovariance",
            equation(
                Integral(He[1](x) * He[1](y) * f(x) * p(y, x), (y, -oo, oo), (x, -oo, oo)),
                exp(-t / 2),
            ),
            "It is the slowest mode: its decay is the autocovariance.",
        ),
    ]
