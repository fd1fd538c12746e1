"""The way back, the flow, the bridge and Girsanov's bound, against numbers not made by sympy."""

import numpy as np
import pytest
import sympy as sp
import torch
from scipy import integrate

from scorelab import derivations
from scorelab.examples import book_mixture
from scorelab.mixture import GaussianMixture
from scorelab.sde import OrnsteinUhlenbeck, VarianceExploding, VariancePreserving
from scorelab.solvers import heun

x = np.linspace(-9, 9, 3_601)


def right_side(name: str, step: str, **meanings) -> sp.Expr:
    """The right side of a step, with functions of (x, t) and symbols put in by name."""
    side = derivations.unchecked(name)[step].equation.rhs
    for known, meaning in meanings.items():
        side = side.replace(sp.Function(known), meaning)
    return side.doit()


def test_the_fokker_planck_equation_of_the_heat_kernel():
    # dx = g dw from a point: the variance is g² t, known without any equation.
    at, t = sp.symbols("x t", real=True)
    g = sp.Rational(7, 5)
    density = sp.exp(-(at**2) / (2 * g**2 * t)) / sp.sqrt(2 * sp.pi * g**2 * t)
    found = right_side(
        "reverse-sde", "fokker-planck", f=lambda *_: 0, g=lambda _: g, p=lambda *_: density
    )
    values = {at: 0.7, t: 1.3}
    assert float(found.subs(values)) == pytest.approx(float(density.diff(t).subs(values)), rel=1e-9)


def test_the_fokker_planck_equation_of_a_mixture_by_differences():
    law = GaussianMixture([0.3, 0.7], [[-2.0], [1.5]], [0.2, 0.6]).to(torch.float64)
    process = OrnsteinUhlenbeck(5)
    points = torch.tensor(x)[:, None]

    def density(t: float) -> np.ndarray:
        return process.marginal(law, t).log_prob(points).exp().numpy()

    t, h = 0.6, 1e-4
    p, step = density(t), x[1] - x[0]
    spread = np.gradient(x / 2 * p, step) + np.gradient(np.gradient(p, step), step) / 2
    change = (density(t + h) - density(t - h)) / (2 * h)
    # Second differences on this grid are good to 1e-4 of the largest slope.
    assert np.abs(spread - change)[5:-5].max() < 1e-4 * np.abs(change).max() + 1e-5


def moments(a: float, b: float, mean: float, variance: float, t: float) -> tuple[float, float]:
    """Mean and variance under dx = (b − a x) dt + dw."""
    fade = np.exp(-a * t)
    return b / a + (mean - b / a) * fade, 1 / (2 * a) + (variance - 1 / (2 * a)) * fade**2


def divergence(m: float, v: float, n: float, w: float) -> float:
    return 0.5 * (v / w + (m - n) ** 2 / w - 1 + np.log(w / v))


ONE, OTHER = (0.5, 0.0, 1.0, 0.4), (0.9, 0.6, 0.2, 1.1)  # a, b, mean and variance at the start


def rates(t: float) -> tuple[float, float]:
    """E_p[Δ ∂ℓ − (∂ℓ)²/2] and E_p[Δ²]/2 of the two, by quadrature."""
    (m, v), (n, w) = moments(*ONE, t), moments(*OTHER, t)
    p = np.exp(-((x - m) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v)
    tilt = -(x - m) / v + (x - n) / w
    gap = (ONE[1] - ONE[0] * x) - (OTHER[1] - OTHER[0] * x)
    return np.trapezoid(p * (gap * tilt - tilt**2 / 2), x), np.trapezoid(p * gap**2 / 2, x)


@pytest.mark.parametrize("t", [0.2, 1.0, 2.5])
def test_the_rate_of_the_divergence_of_two_diffusions(t):
    h = 1e-4
    later, earlier = (divergence(*moments(*ONE, t + s), *moments(*OTHER, t + s)) for s in (h, -h))
    rate, most = rates(t)
    assert rate == pytest.approx((later - earlier) / (2 * h), abs=1e-6)
    assert rate <= most


def test_girsanov_s_bound_over_a_time():
    end = 3.0
    allowed, _ = integrate.quad(lambda t: rates(t)[1], 0, end)
    first = divergence(*moments(*ONE, 0), *moments(*OTHER, 0))
    assert divergence(*moments(*ONE, end), *moments(*OTHER, end)) < first + allowed


def test_a_score_that_is_wrong_by_a_constant():
    # Simulated: 50,000 particles of the way back of N(0, 1), with s = −x + c from t = 4 to 0.
    c, n_steps, n = 0.5, 400, 50_000
    rng = np.random.default_rng(0)
    sde = flow = rng.normal(size=n)
    h = 4 / n_steps
    for _ in range(n_steps):
        sde = sde + h * (sde / 2 + (-sde + c)) + np.sqrt(h) * rng.normal(size=n)
        flow = flow + h * (flow / 2 + (-flow + c) / 2)
    girsanov = derivations.unchecked("girsanov")
    symbols = {"t": 4.0, "c": c}
    for cloud, step in ((sde, "case-mean"), (flow, "case-flow")):
        mean = girsanov[step].equation.rhs
        mean = float(mean.subs({s: symbols[s.name] for s in mean.free_symbols}))
        # Four standard errors; Euler's own error is h/8 of the mean.
        assert cloud.mean() == pytest.approx(mean, abs=4 / n**0.5 + abs(mean) * h / 8)
    assert flow.mean() ** 2 / 2 == pytest.approx(c**2 * 4 / 2, rel=0.02)  # the bound is passed
    assert sde.mean() ** 2 / 2 < 0.8 * c**2 * 4 / 2


def test_a_narrow_error_is_small_and_does_much():
    girsanov = derivations.unchecked("girsanov")
    p = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    for k in (0.5, 2.0, 6.0):
        bump = np.exp(-(k**2) * x**2 / 2)
        moved = (-(k**2) * x - x) * bump * p
        for step, number in (
            ("narrow-error", np.trapezoid(bump**2 * p, x)),
            ("narrow-divergence", np.trapezoid(moved**2 / p, x)),
        ):
            side = girsanov[step].equation.rhs
            (symbol,) = side.free_symbols
            assert float(side.subs(symbol, k)) == pytest.approx(number, rel=1e-8)


def test_one_flow_on_three_clocks():
    # The same y = x/a at σ = 8, followed to σ = 0.5 by three processes.
    law = book_mixture().to(torch.float64)
    start = 6 * torch.randn(20, 2, generator=torch.Generator().manual_seed(1)).double()
    ends = []
    for process, first, last in (
        (OrnsteinUhlenbeck(10), np.log1p(64), np.log1p(0.25)),
        (VariancePreserving(), *(_vp_time(np.log1p(v)) for v in (64, 0.25))),
        (VarianceExploding(0.01, 50.0), _ve_time(8), _ve_time(0.5)),
    ):
        flow = process.probability_flow(process.score_at(law.noisy_score))
        (a, b), (at_last, _) = process.perturbation(first), process.perturbation(last)
        assert b / a == pytest.approx(8, rel=1e-6)
        run = heun(flow, start * a, n_steps=1_000, t_span=(first, last))
        ends.append(run.final / at_last)
    assert torch.allclose(ends[0], ends[1], atol=2e-3)
    assert torch.allclose(ends[0], ends[2], atol=2e-3)


def _vp_time(total: float) -> float:
    """When ∫β = 0.1 t + 9.95 t² has this value."""
    return (-0.1 + np.sqrt(0.01 + 4 * 9.95 * total)) / (2 * 9.95)


def _ve_time(level: float) -> float:
    """When σ_min² (σ_max/σ_min)^(2t) − σ_min² is this level's square."""
    return float(np.log(1 + level**2 / 1e-4) / (2 * np.log(5_000)))


def test_what_a_narrow_bump_of_a_flow_costs_outgrows_its_error():
    """The divergence over h times the mean square tends to h k²/4: by the steps, and by a flow."""
    narrow = derivations.unchecked("girsanov").equations
    k = sp.Symbol("k", positive=True)
    second_order = narrow["narrow-divergence"].rhs / 2 / narrow["narrow-error"].rhs
    assert sp.limit(second_order / k**2, k, sp.oo) == sp.Rational(1, 4)

    width = 400
    h = width**-1.5
    x = np.linspace(-12, 12, 20_001) / width
    start, log_volume = x.copy(), np.zeros_like(x)
    for _ in range(400):  # backwards along the flow, by the midpoint rule
        middle = start - h / 800 * np.exp(-((width * start) ** 2) / 2)
        error = np.exp(-((width * middle) ** 2) / 2)
        log_volume -= h / 400 * -(width**2) * middle * error
        start -= h / 400 * error
    change = (start**2 - x**2) / 2 - log_volume
    divergence = np.trapezoid(np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) * change, x)
    ratio = divergence / (h / np.sqrt(1 + 2 * width**2))
    assert ratio == pytest.approx(h * width**2 / 4, rel=2e-3)


def test_a_ripple_of_a_flow_costs_the_same_however_fine_it_is():
    """On a circle: the density obeys the flow; only the error knows of k, not the divergence."""
    x, t, a, k = sp.symbols("x t A k", positive=True)
    ripple = a / k * sp.sin(k * x)
    density = 1 / (2 * sp.pi * (sp.cosh(a * t) + sp.sinh(a * t) * sp.cos(k * x)))
    flow = sp.diff(density, t) + sp.diff(ripple * density, x)
    assert sp.simplify(flow.rewrite(sp.exp)) == 0
    assert density.subs(t, 0) == 1 / (2 * sp.pi)
    for number in (1, 7, 40):
        at = {a: 1.5, t: 0.8, k: number}
        law, error = (sp.lambdify(x, value.subs(at)) for value in (density, ripple))
        points = 2 * np.pi * np.arange(40_000) / 40_000  # for what is periodic, exact
        divergence = -np.log(2 * np.pi * law(points)).mean()
        assert divergence == pytest.approx(2 * np.log(np.cosh(0.6)), rel=1e-12)
        assert np.square(error(points)).mean() == pytest.approx(1.5**2 / (2 * number**2))
