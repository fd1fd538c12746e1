"""What was derived, turned into functions, against numpy, torch's autograd and simulation."""

import numpy as np
import pytest
import sympy as sp
import torch
from scipy import integrate, stats

from scorelab import derivations
from scorelab.derivations.catalogue import mixture_score

WEIGHTS = np.array([0.6, 0.3, 0.1])


def symbols_of(expression: sp.Expr) -> dict[str, sp.Symbol]:
    return {symbol.name: symbol for symbol in expression.free_symbols}


def value(expression: sp.Expr, **numbers: float) -> float:
    """Lambdify an expression and evaluate it; every free symbol has to be given."""
    names = symbols_of(expression)
    assert set(names) <= set(numbers)
    function = sp.lambdify([names[n] for n in names], expression, ["scipy", "numpy"])
    return float(function(*(numbers[n] for n in names)))


def with_three_components(expression: sp.Expr, table: dict) -> sp.Expr:
    """Write the sum over three components out and put their parameters in."""
    finite = expression.subs(mixture_score.K, 3).doit()
    return finite.subs({base[index]: number for (base, index), number in table.items()})


def test_the_score_of_a_mixture_on_the_line_is_autograd_s():
    means, variances = np.array([-2.0, 0.5, 4.0]), np.array([0.5, 2.0, 0.1])
    derivation = derivations.unchecked("mixture-score")
    m = mixture_score
    table = {
        (base, k + 1): array[k]
        for base, array in ((m.w, WEIGHTS), (m.mu, means), (m.v, variances))
        for k in range(3)
    }
    score = with_three_components(derivation.unfold(derivation["score"].equation.rhs), table)
    points = np.linspace(-5, 6, 41)
    derived = sp.lambdify(m.x, score, "numpy")(points)
    normal = torch.distributions.Normal(torch.tensor(means), torch.tensor(variances).sqrt())
    weights = torch.distributions.Categorical(torch.tensor(WEIGHTS))
    mixture = torch.distributions.MixtureSameFamily(weights, normal)
    x = torch.tensor(points, requires_grad=True)
    (gradient,) = torch.autograd.grad(mixture.log_prob(x).sum(), x)
    np.testing.assert_allclose(derived, gradient.numpy(), rtol=1e-10)


def mixture_in_the_plane():
    means = np.array([[0.0, 0.0], [2.0, 1.0], [-3.0, 4.0]])
    covariances = np.array([[[1.0, 0.3], [0.3, 0.5]], [[0.4, -0.2], [-0.2, 0.6]], np.eye(2)])
    m = mixture_score
    table = {}
    for k in range(3):
        table |= {(m.w, k + 1): WEIGHTS[k], (m.a, k + 1): covariances[k, 0, 0]}
        table |= {(m.b, k + 1): covariances[k, 0, 1], (m.c, k + 1): covariances[k, 1, 1]}
        table |= {(m.mean, (i + 1, k + 1)): means[k, i] for i in range(2)}
    derivation = derivations.unchecked("mixture-score")
    score = derivation.unfold(derivation["score-2d"].equation.rhs)
    entries = [with_three_components(entry, table) for entry in score]
    points = np.random.default_rng(0).normal(size=(40, 2)) * 3
    derived = sp.lambdify((m.x1, m.x2), entries, "numpy")(*points.T)
    return means, covariances, points, np.stack(derived, axis=-1)


def test_the_score_of_a_mixture_in_the_plane_is_autograd_s():
    means, covariances, points, derived = mixture_in_the_plane()
    normal = torch.distributions.MultivariateNormal(torch.tensor(means), torch.tensor(covariances))
    weights = torch.distributions.Categorical(torch.tensor(WEIGHTS))
    mixture = torch.distributions.MixtureSameFamily(weights, normal)
    x = torch.tensor(points, requires_grad=True)
    (gradient,) = torch.autograd.grad(mixture.log_prob(x).sum(), x)
    np.testing.assert_allclose(derived, gradient.numpy(), rtol=1e-9, atol=1e-9)


def test_the_score_of_a_mixture_in_the_plane_is_the_package_s():
    module = pytest.importorskip("scorelab.mixture")
    means, covariances, points, derived = mixture_in_the_plane()
    mixture = module.GaussianMixture(
        *(torch.tensor(array, dtype=torch.float64) for array in (WEIGHTS, means, covariances))
    )
    score = mixture.score(torch.tensor(points)).numpy()
    np.testing.assert_allclose(derived, score, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("step", [0.1, 1.0, 3.0, 7.0])
def test_the_bias_of_langevin_dynamics_is_the_fixed_point_of_its_recursion(step):
    s, variance = 1.5, 1.0
    factor = 1 - step / (2 * s**2)
    for _ in range(2000):
        variance = factor**2 * variance + step
    bias = derivations.unchecked("ula-bias")["bias"].equation.rhs
    assert value(bias, s=s, varepsilon=step) == pytest.approx(variance, rel=1e-9)
    # The closed form as the literature prints it.
    assert variance == pytest.approx(s**2 / (1 - step / (4 * s**2)), rel=1e-9)


def test_the_fisher_divergence_of_gaussians_is_its_integral():
    numbers = {"m_1": 0.3, "m_2": -1.0, "v_1": 0.8, "v_2": 2.5}
    p = stats.norm(numbers["m_1"], numbers["v_1"] ** 0.5)

    def integrand(x):
        gap = (numbers["m_1"] - x) / numbers["v_1"] - (numbers["m_2"] - x) / numbers["v_2"]
        return p.pdf(x) * gap**2

    closed = derivations.unchecked("fisher-gaussians").unfold(
        derivations.unchecked("fisher-gaussians")["closed-form"].equation.rhs
    )
    expected, _ = integrate.quad(integrand, -12, 12)
    assert value(closed, **numbers) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("apart", [0.5, 2.0, 4.0])
def test_the_bound_of_fisher_blindness_is_above_the_integral(apart):
    w, u = 0.8, 0.3

    def integrand(x):
        left, right = stats.norm(-apart).pdf(x), stats.norm(apart).pdf(x)
        p, q = w * left + (1 - w) * right, u * left + (1 - u) * right
        gap = 2 * apart * ((1 - w) * right / p - (1 - u) * right / q)
        return p * gap**2

    divergence, _ = integrate.quad(integrand, -12, 12, points=[0.0], limit=200)
    bound = derivations.unchecked("fisher-blindness")["bound-vanishes"].equation.lhs.args[0]
    upper = value(bound, a=apart, w=w, u=u, w_1=1 - w, u_1=1 - u)
    # Above the divergence, and not idly so.
    assert divergence <= upper * (1 + 1e-9)
    assert upper < 50 * divergence


@pytest.mark.parametrize(("tau", "sigma"), [(1.0, 0.1), (2.0, 3.0)])
def test_the_floor_of_denoising_is_what_simulation_gives(tau, sigma):
    rng = np.random.default_rng(1)
    n = 400_000
    x, z = tau * rng.normal(size=n), rng.normal(size=n)
    noisy = x + sigma * z
    losses = 0.5 * (-noisy / (sigma**2 + tau**2) + z / sigma) ** 2
    floor = value(
        derivations.unchecked("dsm-floor")["closed-form"].equation.rhs, tau=tau, sigma=sigma
    )
    # Four standard errors of the mean.
    assert abs(losses.mean() - floor) < 4 * losses.std() / n**0.5


@pytest.mark.parametrize("d", [1, 2, 3, 10])
def test_the_mass_of_the_sheet_s_kernel(d):
    sigma = 0.7
    one, _ = integrate.quad(lambda u: np.exp(-(u**2) / (2 * sigma)), -15, 15)
    expected = one**d / (sigma * (2 * np.pi) ** (d / 2))
    mass = derivations.unchecked("dsm-target")["printed-integral"].equation.rhs
    assert value(mass, sigma=sigma, d=d) == pytest.approx(expected, rel=1e-9)
    assert (abs(expected - 1) < 1e-9) == (d == 2)


def test_tweedie_is_bayes_rule_on_a_mixture():
    # Clean data: two points, ±1 with weights 0.7 and 0.3; all of Bayes' rule in one line.
    sigma, y = 0.8, torch.tensor(0.35, dtype=torch.float64, requires_grad=True)
    atoms, weights = torch.tensor([1.0, -1.0]).double(), torch.tensor([0.7, 0.3]).double()
    kernels = weights * torch.exp(-((y - atoms) ** 2) / (2 * sigma**2))
    (score,) = torch.autograd.grad(kernels.sum().log(), y)
    posterior_mean = float((kernels * atoms).sum() / kernels.sum())
    derivation = derivations.unchecked("tweedie")
    rhs = derivation["tweedie"].equation.rhs
    (slope,) = rhs.atoms(sp.Derivative)
    derived = value(rhs.subs(slope, sp.Symbol("g")), y=float(y), sigma=sigma, g=float(score))
    assert derived == pytest.approx(posterior_mean, rel=1e-9)


@pytest.mark.parametrize(
    ("side", "sigma_max", "levels"), [(32, 50, 232), (64, 90, 500), (128, 190, 1086)]
)
def test_the_overlap_of_the_released_schedules(side, sigma_max, levels):
    # Song and Ermon (2020): CIFAR-10, CelebA, LSUN bedroom; the smallest noise is 0.01.
    dimension = 3 * side**2
    gamma = (sigma_max / 0.01) ** (1 / (levels - 1))
    derivation = derivations.unchecked("schedule-overlap")
    criterion = derivation.unfold(derivation["criterion"].equation.rhs)
    overlap = value(criterion, D=dimension, gamma=gamma)
    assert 0.56 < overlap < 0.57
    root = np.sqrt(2 * dimension)
    by_scipy = stats.norm.cdf(root * (gamma - 1) + 3 * gamma) - stats.norm.cdf(
        root * (gamma - 1) - 3 * gamma
    )
    assert overlap == pytest.approx(by_scipy, rel=1e-9)


@pytest.mark.parametrize(("full_step", "n_steps"), [(6.2e-6, 5), (3.3e-6, 5)])
def test_the_contraction_is_that_of_the_paper_s_full_step(full_step, n_steps):
    sigma_l, gamma = 0.01, 1.04
    # The paper's chain, step by step, at a level σ = 1 that starts from the level γ.
    alpha = full_step / sigma_l**2
    variance = gamma**2
    for _ in range(n_steps):
        variance = (1 - alpha) ** 2 * variance + 2 * alpha
    derivation = derivations.unchecked("annealed-contraction")
    contraction = derivation.unfold(derivation["variance"].equation.rhs)
    # Twice the step size in the half form.
    numbers = {"T": n_steps, "gamma": gamma, "sigma_L": sigma_l, "varepsilon": 2 * full_step}
    assert value(contraction, **numbers) == pytest.approx(variance, rel=1e-9)


def test_denoising_and_explicit_gradients_agree_in_numbers():
    # ∂/∂b ½E(s − target)² for s = a + b y + c y², over two points with Gaussian noise.
    a, b, c, width = 0.3, -0.8, 0.1, 0.7
    atoms, weights = np.array([-1.0, 2.0]), np.array([0.4, 0.6])

    def parts(y):
        joint = weights * stats.norm.pdf(y, atoms, width)
        targets = (atoms - y) / width**2
        score = (joint @ targets) / joint.sum()
        return joint, targets, score, a + b * y + c * y**2

    def explicit(y):
        joint, _, score, model = parts(y)
        return y * (model - score) * joint.sum()

    def denoising(y):
        joint, targets, _, model = parts(y)
        return y * (joint @ (model - targets))

    first, second = (integrate.quad(f, -12, 12)[0] for f in (explicit, denoising))
    assert first == pytest.approx(second, rel=1e-9)


def test_the_implicit_objective_differs_by_constant_and_boundary():
    # p uniform on (−A, A), s = −x: no derivative of p, so the constant is zero.
    half = 1.7
    explicit, _ = integrate.quad(lambda x: x**2 / (4 * half), -half, half)
    implicit, _ = integrate.quad(lambda x: (x**2 / 2 - 1) / (2 * half), -half, half)
    boundary = derivations.unchecked("implicit-score-matching")["cut-off"].equation.rhs
    assert explicit == pytest.approx(implicit - float(boundary), rel=1e-12)
