"""What was derived for Part III, turned into functions, against scipy, torch and simulation."""

import numpy as np
import pytest
import sympy as sp
import torch
from scipy import integrate, special

from scorelab import derivations
from scorelab.mixture import GaussianMixture


def function(expression: sp.Expr, *names: str):
    """Lambdify an expression in all of its free symbols, given by name."""
    symbols = {symbol.name: symbol for symbol in expression.free_symbols}
    assert set(symbols) <= set(names)
    return sp.lambdify([symbols.get(n, sp.Symbol(n)) for n in names], expression, "scipy")


def derived(name: str, step: str, *names: str):
    """The right-hand side of a step, with every definition written out, as a function."""
    derivation = derivations.unchecked(name)
    return function(derivation.unfold(derivation[step].equation.rhs).doit(), *names)


@pytest.mark.parametrize("t", [0.1, 1.0, 3.0])
def test_the_reversed_drift_of_a_mixture_is_the_package_s(t):
    numbers = {"w_1": 0.3, "w_2": 0.7, "m_1": -2.0, "m_2": 1.5, "v_1": 0.2, "v_2": 0.6}
    weights, means, variances = torch.tensor(list(numbers.values()), dtype=torch.float64).view(3, 2)
    mixture = GaussianMixture(weights, means[:, None], variances)
    points = np.linspace(-4, 4, 33)
    drift = derived("reverse-sde", "mixture-pull", "x", "t", *numbers)
    score = mixture.noised((1 - np.exp(-t)) ** 0.5, scale=np.exp(-t / 2)).score(
        torch.tensor(points)[:, None]
    )
    expected = -points / 2 - score.squeeze(1).numpy()
    np.testing.assert_allclose(drift(points, t, *numbers.values()), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("noise", [0.0, 0.5, 1.0, 2.0])
def test_only_the_derived_factor_brings_the_variance_back(noise):
    # Data N(0, v): all is linear, so the variance of the reversed process obeys an equation of
    # its own, which scipy integrates. It must come back to v.
    start, end = 0.25, 2.0
    equation = derivations.unchecked("reverse-sde")["factor"].equation
    symbols = {symbol.name: symbol for symbol in equation.rhs.free_symbols}
    (factor,) = sp.solve(equation.rhs.subs(symbols["eta"], noise), symbols["lambda"])

    def returned(share: float) -> float:
        def slope(tau, variance):
            spread = 1 + (start - 1) * np.exp(-(end - tau))
            return -2 * (-0.5 + share / spread) * variance + noise**2

        first = 1 + (start - 1) * np.exp(-end)
        return integrate.solve_ivp(slope, (0, end), [first], rtol=1e-10, atol=1e-12).y[0, -1]

    assert returned(float(factor)) == pytest.approx(start, rel=1e-8)
    assert returned(float(factor) + 0.5) != pytest.approx(start, rel=0.1)


def test_the_flow_of_a_gaussian_is_what_scipy_integrates():
    mean, variance, start, end = 1.5, 0.3, 2.2, 1.7
    names = ("m_0", "v_0")
    velocity = derived("probability-flow", "flow-velocity", "x", "t", *names)
    solved = integrate.solve_ivp(
        lambda t, x: velocity(x, t, mean, variance), (0, end), [start], rtol=1e-11, atol=1e-12
    )
    flow = derived("probability-flow", "flow", "x", "t", *names)
    assert flow(start, end, mean, variance) == pytest.approx(solved.y[0, -1], rel=1e-9)


def test_log_p_along_the_flow_of_a_mixture():
    # Two Gaussians under OU: integrate x and the claimed rate of log p_t(x_t), by autograd alone.
    weights, means = torch.tensor([0.4, 0.6]).double(), torch.tensor([[-1.5], [1.0]]).double()
    mixture = GaussianMixture(weights / weights.sum(), means, torch.tensor([0.2, 0.5]).double())

    def law(t):
        return mixture.noised((1 - np.exp(-t)) ** 0.5 + 1e-12, scale=np.exp(-t / 2))

    def slope(t, state):
        x = torch.tensor(state[:1], requires_grad=True)[None]
        velocity = -x / 2 - law(t).score(x) / 2
        (divergence,) = torch.autograd.grad(velocity.sum(), x)
        return [velocity.item(), -divergence.item()]

    start, end = 0.3, 2.0
    first = law(0.0).log_prob(torch.tensor([[start]]).double()).item()
    final = integrate.solve_ivp(slope, (0, end), [start, first], rtol=1e-10, atol=1e-12).y[:, -1]
    expected = law(end).log_prob(torch.tensor([[final[0]]])).item()
    assert final[1] == pytest.approx(expected, rel=1e-7)


def test_euler_maruyama_s_bias_is_langevin_s():
    for_any_step = derived("ula-bias", "bias", "varepsilon", "s")
    closed = derived("euler-maruyama-bias", "bias", "h")
    for step in (0.1, 1.0, 3.9):
        assert closed(step) == pytest.approx(for_any_step(step, 1.0), rel=1e-12)


def test_weak_and_strong_errors_of_euler_maruyama_by_simulation():
    step, n_steps, start, paths, fine = 0.5, 4, 1.5, 200_000, 64
    rng = np.random.default_rng(3)
    x = exact = np.full(paths, start)
    for _ in range(n_steps):
        small = rng.normal(size=(fine, paths)) * (step / fine) ** 0.5
        x = x - x / 2 * step + small.sum(0)
        # The stochastic integral over this step, on a grid 64 times as fine, at midpoints.
        ahead = step - (np.arange(fine) + 0.5) * step / fine
        exact = np.exp(-step / 2) * exact + np.exp(-ahead / 2) @ small
    numbers = {"h": step, "n": n_steps, "m_0": start, "v_0": 0.0}
    name = "euler-maruyama-bias"
    mean, variance, strong = (
        derived(name, which, *numbers)(*numbers.values())
        for which in ("mean", "variance", "strong-error")
    )
    # Four standard errors each; the finer grid's own error is below 1e-4 of the strong error.
    assert abs(x.mean() - mean) < 4 * (variance / paths) ** 0.5
    assert abs(x.var() - variance) < 4 * variance * (2 / paths) ** 0.5
    squares = (x - exact) ** 2
    assert abs(squares.mean() - strong) < 4 * squares.std() / paths**0.5


def test_leading_errors_of_euler_maruyama():
    name, numbers = "euler-maruyama-bias", {"t": 1.3, "m_0": 0.7, "v_0": 0.4}
    t, m_0, v_0 = numbers.values()
    names = ("h", *numbers)
    leading = {
        step: derived(name, step, *numbers)(*numbers.values())
        for step in ("weak-mean", "weak-variance", "strong-start", "strong-noise")
    }
    h = 1e-4
    mean, variance = (
        derived(name, f"{of}-error", *names)(h, *numbers.values()) for of in ("mean", "variance")
    )
    # What is left is of the next order: of h against the leading term.
    assert mean / h == pytest.approx(leading["weak-mean"], rel=1e-3)
    assert variance / h == pytest.approx(leading["weak-variance"], rel=1e-3)
    strong = derived(name, "strong-error", "h", "n", "m_0", "v_0")
    h = t / 200
    expected = leading["strong-noise"] + (m_0**2 + v_0) * leading["strong-start"]
    assert strong(h, 200, m_0, v_0) / h**2 == pytest.approx(expected, rel=2e-2)


def test_the_variance_exploding_sde_of_the_paper_s_schedule():
    # Song et al. (2021): σ from 0.01 to 50; each level of a fine schedule adds g² of a time step.
    names = {"sigma_min": 0.01, "sigma_max": 50.0, "T": 1.0}
    diffusion = derived("ncsn-to-sde", "diffusion", "t", *names)
    levels = np.geomspace(0.01, 50.0, 100_001)
    added = np.diff(levels**2)[::10_000] * 100_000
    times = np.linspace(0, 1, 100_001)[:-1][::10_000]
    rate = np.array([diffusion(t, *names.values()) ** 2 for t in times])
    # The growth of a variance over a step is its slope, up to the step times log(50/0.01).
    np.testing.assert_allclose(added, rate, rtol=2e-4)
    total, _ = integrate.quad(lambda t: diffusion(t, *names.values()) ** 2, 0, 0.3)
    variance = levels[30_000] ** 2 - levels[0] ** 2
    assert total == pytest.approx(variance, rel=1e-8)


@pytest.mark.parametrize("t", [0.05, 1.0, 4.0])
def test_one_score_serves_the_ornstein_uhlenbeck_process(t):
    mixture = GaussianMixture(
        torch.tensor([0.25, 0.75], dtype=torch.float64),
        torch.tensor([[-2.0, 1.0], [1.5, 0.0]], dtype=torch.float64),
        torch.tensor([0.25, 0.5], dtype=torch.float64),
    )
    sigma = derived("ncsn-to-sde", "ou-sigma-closed", "t")(t)
    scale, std = np.exp(-t / 2), (1 - np.exp(-t)) ** 0.5
    x = torch.tensor(np.random.default_rng(0).normal(size=(20, 2)))
    expected = mixture.noised(std, scale=scale).score(x)
    # "score-rescaled" in d = 2, with the exact score in the place of the network.
    torch.testing.assert_close(mixture.noisy_score(x / scale, sigma) / scale, expected)


@pytest.mark.parametrize(("m", "v"), [(0.0, 0.1), (1.5, 2.5), (-0.7, 1.0)])
def test_entropy_and_fisher_divergence_of_a_gaussian(m, v):
    law = torch.distributions.Normal(torch.tensor(m).double(), torch.tensor(v).double().sqrt())
    target = torch.distributions.Normal(*torch.tensor([0.0, 1.0]).double())
    expected = torch.distributions.kl_divergence(law, target).item()
    name, names = "ou-entropy-decay", ("m", "v")
    divergence, fisher = (derived(name, step, *names)(m, v) for step in ("kl", "fisher"))
    assert divergence == pytest.approx(expected, rel=1e-7)
    of_gaussians = derived("fisher-gaussians", "closed-form", "m_1", "v_1", "m_2", "v_2")
    assert fisher == pytest.approx(of_gaussians(m, v, 0.0, 1.0), rel=1e-9)


def test_the_entropy_of_a_mixture_falls_at_half_its_fisher_divergence():
    # Not Gaussian, so only the first half of `ou-entropy-decay` speaks of it: by quadrature.
    mixture = GaussianMixture(
        torch.tensor([0.3, 0.7], dtype=torch.float64),
        torch.tensor([[-1.5], [2.0]], dtype=torch.float64),
        torch.tensor([0.3, 0.2], dtype=torch.float64),
    )
    x = torch.linspace(-14, 14, 40_001, dtype=torch.float64)[:, None]
    target = torch.distributions.Normal(*torch.tensor([0.0, 1.0]).double())

    def moments(t: float) -> tuple[float, float]:
        law = mixture.noised((1 - np.exp(-t)) ** 0.5, scale=np.exp(-t / 2))
        log_p = law.log_prob(x)
        ratio = log_p - target.log_prob(x).squeeze(1)
        gap = (law.score(x) + x).squeeze(1)
        grid = x.squeeze(1)
        integrals = (torch.trapezoid(log_p.exp() * f, grid).item() for f in (ratio, gap**2))
        return tuple(integrals)

    t, h = 0.6, 1e-4
    slope = (moments(t + h)[0] - moments(t - h)[0]) / (2 * h)
    divergence, fisher = moments(t)
    assert slope == pytest.approx(-fisher / 2, rel=1e-6)
    assert fisher > 2 * divergence
    assert moments(3.0)[0] < np.exp(-3.0 + t) * divergence


def test_the_hermite_polynomials_are_scipy_s():
    points = np.linspace(-3, 3, 13)
    for n in range(7):
        polynomial = derived("ou-spectrum", f"he-{n}", "x")
        expected = special.eval_hermitenorm(n, points)
        np.testing.assert_allclose(polynomial(points) * np.ones(13), expected, rtol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_modes_of_a_simulated_process_decay_at_their_eigenvalues(n):
    rng = np.random.default_rng(n)
    x0, t, paths = 1.3, 0.8, 400_000
    # The transition law, by simulation: many exact small steps, since the process is Markov.
    x = np.full(paths, x0)
    for _ in range(4):
        x = np.exp(-t / 8) * x + (1 - np.exp(-t / 4)) ** 0.5 * rng.normal(size=paths)
    mode = derived("ou-spectrum", f"mode-{n}", "x", "t")
    values = special.eval_hermitenorm(n, x)
    # Four standard errors of the mean.
    assert abs(values.mean() - mode(x0, t)) < 4 * values.std() / paths**0.5
