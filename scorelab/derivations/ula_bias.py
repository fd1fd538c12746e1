r"""The bias of unadjusted Langevin dynamics, exactly, for a Gaussian target.

The step is the half form of Song and Ermon (2019), $x \leftarrow x + \tfrac{\varepsilon}{2}
\nabla \log p(x) + \sqrt{\varepsilon}\, z$, on the target $\mathcal N(0, s^2)$. The step is linear
there, so mean and variance obey closed recursions, which `rsolve` solves. The chain has a
stationary law for $\varepsilon < 4 s^2$ only, and its variance is never $s^2$; compare
Roberts and Tweedie (1996), section 1.4.
"""

import sympy as sp
from sympy import Function, Limit, exp, log, oo, rsolve, sqrt
from sympy.stats import Normal, density

from scorelab.derivations.derivation import Derivation, Step, definition, equation

x, z, m0 = sp.symbols("x z m_0", real=True)
s, epsilon, v0, h = sp.symbols("s varepsilon v_0 lambda", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
a = sp.Symbol("a", real=True)
p, F = Function("p"), Function("F")
m, v = Function("m"), Function("v")


def derive() -> Derivation:
    """Derive mean and variance of the chain at every step, their limits and the threshold."""
    target = density(Normal("X", 0, s))(x)
    score = sp.simplify(log(target).diff(x))
    move = x + epsilon / 2 * score + sqrt(epsilon) * z

    # The move is a·x + √ε·z: its coefficients move the mean and the variance.
    factor = sp.expand(move).coeff(x)
    noise = sp.expand(move).coeff(z)
    mean_next = a * m(n)
    variance_next = a**2 * v(n) + noise**2

    mean_n = rsolve(m(n + 1) - mean_next, m(n), {m(0): m0})
    variance_n = rsolve(v(n + 1) - variance_next, v(n), {v(0): v0})
    w = sp.Symbol("v", positive=True)
    (fixed,) = sp.solve(sp.Eq(variance_next.subs(v(n), w), w), w)
    variance_n = fixed + sp.factor(sp.simplify(variance_n - fixed))

    # Stable means a² < 1, that is a² = exp(−λ) for some λ > 0.
    decaying = variance_n.subs(a, exp(-h / 2))
    fixed_in_step = sp.factor(fixed.subs(a, factor))
    relative = 1 / sp.expand(sp.cancel(s**2 / fixed_in_step))
    (threshold,) = (e for e in sp.solve(sp.Eq(factor**2, 1), epsilon) if e != 0)
    critical = variance_n.subs(a, factor)
    return Derivation(
        "ula-bias",
        "The bias of Langevin dynamics with a fixed step",
        [
            definition("target", p(x), target, "The target is a centred Gaussian."),
            Step(
                "score",
                equation(sp.Derivative(log(p(x)), x), score),
                "Its score is linear.",
            ),
        ],
    )
