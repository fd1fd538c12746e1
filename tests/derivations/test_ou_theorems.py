"""Right values for the Ornstein-Uhlenbeck process and its discretisation, and false theorems."""

import numpy as np
import pytest
import sympy as sp
from scipy import integrate
from scipy.stats import norm
from spoiling import spoilt
from tiers import nightly_but

from scorelab import derivations
from scorelab.derivations import DerivationError


@pytest.mark.nightly
def test_a_spectral_gap_of_one_is_refused():
    with pytest.raises(DerivationError, match="gap"):
        spoilt("ou-spectrum", "gap", right=lambda half: 2 * half).check()


@pytest.mark.nightly
def test_no_larger_gap_is_tight_either():
    with pytest.raises(DerivationError, match="tight"):
        spoilt("ou-spectrum", "tight", right=lambda half: 2 * half).check()


@pytest.mark.parametrize("step", ["mean-start", "variance-start"])
def test_a_doubled_start_is_refused(step):
    with pytest.raises(DerivationError, match=step):
        spoilt("ou-moments", step, right=lambda start: 2 * start).check()


def test_the_wrong_clock_is_refused_where_the_kernel_is_derived():
    t = sp.Symbol("t", positive=True)
    with pytest.raises(DerivationError):
        spoilt("ou-transition", "kernel", right=lambda law: law.subs(t, 2 * t)).check()


@pytest.mark.parametrize(
    "name", ["ou-stationarity", "ou-autocovariance", "ou-reversibility", "ou-spectrum"]
)
def test_the_transition_law_is_the_derived_one(name):
    x, x0, y = sp.symbols("x x_0 y", real=True)
    kernel = derivations.unchecked("ou-transition")["kernel"].equation.rhs
    if name != "ou-stationarity":
        kernel = kernel.subs({x: y, x0: x}, simultaneous=True)
    assert derivations.unchecked(name)["transition"].equation.rhs == kernel


@pytest.mark.parametrize("factor", nightly_but([1.5], [1.5, 2.5]))
def test_a_stronger_log_sobolev_inequality_is_refused(factor):
    stronger = spoilt("ou-entropy-decay", "log-sobolev", left=lambda kl: sp.Rational(factor) * kl)
    with pytest.raises(DerivationError, match="log-sobolev"):
        stronger.check()


@pytest.mark.parametrize(("mean", "variance", "t"), [(1.3, 0.2, 0.7), (0.0, 4.0, 1.5)])
def test_what_the_decay_of_a_gaussian_spares(mean, variance, t):
    """The bound and what it spares, by quadrature of the entropy."""

    def divergence(m, v):
        law, end = norm(m, v**0.5), norm(0, 1)

        def integrand(x):
            return law.pdf(x) * (law.logpdf(x) - end.logpdf(x))

        return integrate.quad(integrand, -14, 14, epsabs=1e-12)[0]

    share = np.exp(-t)
    now = divergence(mean * share**0.5, variance * share + 1 - share)
    spread = variance * share + 1 - share
    spared = np.log(spread) / 2 - share * np.log(variance) / 2
    assert share * divergence(mean, variance) - now == pytest.approx(spared, rel=1e-8)
    assert spared > 0


def test_the_second_derivative_of_the_entropy_of_a_mixture():
    """dI/dt = −I − E[(∂² log(p/π))²], for a law that is not Gaussian, on a lattice."""
    x = np.linspace(-14, 14, 40_001)

    def rates(t):
        share = np.exp(-t)
        parts = [(0.3, -1.5, 0.3), (0.7, 2.0, 0.6)]
        p = sum(
            w * norm.pdf(x, m * share**0.5, (v * share + 1 - share) ** 0.5) for w, m, v in parts
        )
        slope = np.gradient(np.log(p) + x**2 / 2, x, edge_order=2)
        bend = np.gradient(slope, x, edge_order=2)
        return [np.trapezoid(p * of, x) for of in (slope**2, bend**2)]

    t, h = 0.5, 1e-3
    fisher, lost = rates(t)
    slope = (rates(t + h)[0] - rates(t - h)[0]) / (2 * h)
    # The lattice and the difference quotient leave errors of the order of 1e-6.
    assert slope == pytest.approx(-fisher - lost, rel=1e-5)


@pytest.mark.parametrize("start", [0.0, 1.5])
def test_the_leading_strong_error_of_euler_maruyama(start):
    """By the exact recursion of the pair (method, process), without the closed form."""
    t, n = 1.3, 4_000
    h = t / n
    a, b = 1 - h / 2, np.exp(-h / 2)
    method = process = both = 0.0
    for _ in range(n):
        method, process = a * a * method + h, b * b * process + 1 - b * b
        both = a * b * both + 2 - 2 * b
    error = method - 2 * both + process + start**2 * (a**n - b**n) ** 2
    e = np.exp(-t)
    leading = 5 * (1 - e) / 96 + t * e / 32 - t**2 * e / 64 + start**2 * t**2 * e / 64
    # The next order is h times a number of order one.
    assert error / h**2 == pytest.approx(leading, rel=5e-3)
