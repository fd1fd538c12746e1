"""The integrator: every coefficient and every instant, by exact recursions and by moments."""

import math

import pytest
import torch
import truth

from scorelab.mixture import GaussianMixture
from scorelab.sde import SDE, LangevinDiffusion
from scorelab.solvers import Trajectory, euler_maruyama


class Linear(SDE):
    """dx = a x dt + b dw: the Ornstein-Uhlenbeck process for a = −1/2, b = 1."""

    T = 1.0

    def __init__(self, a: float = -0.5, b: float = 1.0) -> None:
        self.a, self.b = a, b

    def drift(self, x, t):
        return self.a * x

    def diffusion(self, t):
        return self.b


class Clock(SDE):
    """dx = t dt + g t dw: shows at which instants the coefficients are taken."""

    T = 2.0

    def __init__(self, g: float = 0.0) -> None:
        self.g = g

    def drift(self, x, t):
        return torch.full_like(x, t)

    def diffusion(self, t):
        return self.g * t


def zeros(n: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.zeros(n, 1, dtype=dtype)


def assert_variance(x: torch.Tensor, expected: float, errors: float = 5) -> None:
    """The variance of Gaussian samples about 0, whose standard error is σ² √(2/n)."""
    found = float(x.square().mean())
    assert abs(found - expected) <= errors * expected * math.sqrt(2 / x.numel()), (found, expected)


# ------------------------------------------------------------------------------------- the step


def test_without_noise_it_is_eulers_recursion():
    """x_n = (1 + a Δt)ⁿ x₀, to rounding."""
    x0 = torch.randn(5, 3, dtype=torch.float64)
    run = euler_maruyama(Linear(a=-0.7, b=0.0), x0, n_steps=40, t_span=(0.0, 2.0))
    assert torch.allclose(run.final, (1 - 0.7 * 0.05) ** 40 * x0, rtol=1e-13)


def test_first_order_in_the_step():
    x0 = torch.ones(1, 1, dtype=torch.float64)
    errors = [
        abs(float(euler_maruyama(Linear(b=0.0), x0, n_steps=n).final) - math.exp(-0.5))
        for n in (100, 200, 400)
    ]
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.01)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("span", [(0.0, 2.0), (2.0, 0.0), (1.0, 3.0), (3.0, 0.5)])
def test_drift_is_taken_at_the_start_of_the_step(span):
    """The left sum Σ t_i Δt, exactly; backwards it starts from the other end."""
    start, end = span
    n, dt = 8, (end - start) / 8
    run = euler_maruyama(Clock(), zeros(1), n_steps=n, t_span=span, record_every=1)
    expected = torch.tensor([start + i * dt for i in range(n)], dtype=torch.float64) * dt
    assert torch.allclose(run.states[1:, 0, 0], expected.cumsum(0), rtol=1e-13)


@pytest.mark.parametrize("span", [(0.0, 2.0), (2.0, 0.0)])
def test_diffusion_is_taken_at_the_start_of_the_step(span):
    """The variance is Σ g(t_i)² |Δt|, within 5 standard errors; 4 steps, so that ends matter."""
    start, end = span
    dt = (end - start) / 4
    run = euler_maruyama(
        Clock(g=1.5), zeros(100_000), n_steps=4, t_span=span, generator=truth.generator(0)
    )
    times = [start + i * dt for i in range(4)]
    expected = sum((1.5 * t) ** 2 for t in times) * abs(dt)
    assert_variance(run.final - sum(times) * dt, expected)


@pytest.mark.parametrize("span", [(0.0, 0.25), (0.25, 0.0)])
def test_noise_is_gaussian_with_variance_g_squared_dt(span):
    """Increments of g w: variance g² |Δt| and kurtosis 3, within 5 standard errors each.

    The kurtosis of n Gaussian numbers has standard error √(24/n).
    """
    n = 100_000
    run = euler_maruyama(
        Linear(a=0.0, b=1.7), zeros(n), n_steps=5, t_span=span, generator=truth.generator(1)
    )
    assert_variance(run.final, 1.7**2 * 0.25)
    one = euler_maruyama(
        Linear(a=0.0, b=1.7), zeros(n), n_steps=1, t_span=span, generator=truth.generator(2)
    ).final
    assert_variance(one, 1.7**2 * 0.25)
    kurtosis = float((one**4).mean() / one.square().mean() ** 2)
    assert abs(kurtosis - 3) <= 5 * math.sqrt(24 / n)


def test_noise_is_new_at_every_step_and_in_every_coordinate():
    """Correlations of 5·10⁴ increments across steps, coordinates and rows: 0 within 5/√n."""
    n = 50_000
    run = euler_maruyama(
        Linear(a=0.0),
        torch.zeros(n, 2, dtype=torch.float64),
        n_steps=3,
        record_every=1,
        generator=truth.generator(3),
    )
    increments = run.states.diff(dim=0).permute(0, 2, 1).reshape(6, n)
    off = torch.corrcoef(increments) - torch.eye(6, dtype=torch.float64)
    assert float(off.abs().max()) <= 5 / math.sqrt(n)
    rows = increments[0]
    assert abs(float(torch.corrcoef(torch.stack([rows[1:], rows[:-1]]))[0, 1])) <= 5 / math.sqrt(n)


def test_ornstein_uhlenbeck_moments():
    """Mean aⁿ x₀ and variance Δt (1 − a²ⁿ)/(1 − a²) with a = 1 − Δt/2; 5 standard errors."""
    n, steps, dt = 100_000, 20, 0.05
    x0 = torch.full((n, 1), 2.0, dtype=torch.float64)
    x = euler_maruyama(Linear(), x0, n_steps=steps, generator=truth.generator(4)).final
    a = 1 - dt / 2
    mean, variance = 2 * a**steps, dt * (1 - a ** (2 * steps)) / (1 - a**2)
    assert abs(float(x.mean()) - mean) <= 5 * math.sqrt(variance / n)
    assert_variance(x - mean, variance)


def test_langevin_diffusion_is_half_the_score_and_unit_noise():
    p = GaussianMixture([1.0], [[1.0, 2.0]], [4.0])
    sde = LangevinDiffusion(p.score)
    x = torch.randn(5, 2)
    for t in (0.0, 1.0, torch.tensor(2.0)):
        assert torch.allclose(sde.drift(x, t), (torch.tensor([1.0, 2.0]) - x) / 8)
        assert float(sde.diffusion(t)) == 1.0


# ------------------------------------------------------------------------------------ recording


@pytest.mark.parametrize(
    ("n_steps", "every", "kept"),
    [
        (10, None, [0, 10]),
        (10, 1, list(range(11))),
        (10, 5, [0, 5, 10]),
        (10, 3, [0, 3, 6, 9, 10]),
        (10, 100, [0, 10]),
        (1, None, [0, 1]),
        (1, 1, [0, 1]),
    ],
)
def test_recorded_instants(n_steps, every, kept):
    """First and last included, and each state the one that a full recording has there."""
    x0 = torch.randn(6, 2, dtype=torch.float64)
    every_state = euler_maruyama(
        Linear(), x0, n_steps=n_steps, record_every=1, generator=truth.generator(5)
    )
    run = euler_maruyama(
        Linear(), x0, n_steps=n_steps, record_every=every, generator=truth.generator(5)
    )
    assert run.states.shape == (len(kept), 6, 2)
    assert torch.equal(run.states, every_state.states[kept])
    assert torch.equal(run.states[0], x0)
    assert torch.equal(run.final, run.states[-1])
    assert run.times.dtype == torch.float64
    assert torch.allclose(run.times, torch.tensor(kept, dtype=torch.float64) / n_steps, rtol=1e-15)
    assert run.acceptance_rate is None


def test_recorded_states_are_those_of_their_times():
    """Without noise the state is known at every instant: each stands beside its own time."""
    run = euler_maruyama(
        Linear(a=-1.0, b=0.0),
        torch.ones(1, 1, dtype=torch.float64),
        n_steps=6,
        t_span=(3.0, 0.0),
        record_every=4,
    )
    assert run.times.tolist() == [3.0, 1.0, 0.0]
    assert torch.allclose(
        run.states[:, 0, 0], torch.tensor([1.0, 1.5**4, 1.5**6], dtype=torch.float64)
    )


def test_default_span_is_the_process_own():
    run = euler_maruyama(Clock(), zeros(1), n_steps=4)
    assert run.times.tolist() == [0.0, 2.0]


def test_start_is_left_alone():
    x0 = torch.randn(4, 2)
    before = x0.clone()
    run = euler_maruyama(Linear(), x0, n_steps=3, record_every=1)
    run.states.zero_()
    assert torch.equal(x0, before)


def test_any_shape_of_state():
    x0 = torch.randn(2, 3, 4, 5)
    assert euler_maruyama(Linear(), x0, n_steps=3, record_every=2).states.shape == (3, 2, 3, 4, 5)


def test_trajectory_is_frozen():
    run = Trajectory(torch.zeros(2, 1, 1), torch.zeros(2))
    with pytest.raises(AttributeError):
        run.states = torch.ones(1)


# ---------------------------------------------------------------- randomness, dtype, device, bar


def test_generator_decides_everything():
    x0 = torch.randn(10, 2)

    def run(seed):
        return euler_maruyama(Linear(), x0, n_steps=5, generator=truth.generator(seed)).final

    before = torch.get_rng_state()
    first = run(1)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, run(1))
    assert not torch.equal(first, run(2))
    torch.manual_seed(3)
    again = euler_maruyama(Linear(), x0, n_steps=5).final
    torch.manual_seed(3)
    assert torch.equal(again, euler_maruyama(Linear(), x0, n_steps=5).final)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_dtype_follows_the_start(dtype):
    run = euler_maruyama(Linear(), zeros(3, dtype), n_steps=2, record_every=1)
    assert run.states.dtype == dtype


def test_default_device_is_not_used():
    """Whatever is made without a device would land on "meta" and have no numbers."""
    x0 = torch.randn(4, 2)
    with torch.device("meta"):
        run = euler_maruyama(Linear(), x0, n_steps=3, record_every=1)
    assert run.states.device == x0.device
    assert run.states.isfinite().all()


def test_no_graph_is_kept():
    x0 = torch.randn(4, 2, requires_grad=True)
    assert not euler_maruyama(Linear(), x0, n_steps=2).states.requires_grad


@pytest.mark.parametrize("progress", [False, True])
def test_progress_bar_on_request(progress, capsys):
    euler_maruyama(Linear(), zeros(1), n_steps=7, progress=progress)
    err = capsys.readouterr().err
    assert ("7/7" in err) == progress
    assert bool(err) == progress


# -------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(("dtype", "step"), [(torch.float32, 128), (torch.float64, 1024)])
def test_divergence_names_the_step(dtype, step):
    """x ← 2 x from 1: the largest numbers lie just below 2¹²⁸ and 2¹⁰²⁴."""
    message = rf"no longer finite at step {step}: take a smaller step than \|Δt\| = 1$"
    with pytest.raises(FloatingPointError, match=message):
        euler_maruyama(
            Linear(a=1.0, b=0.0),
            torch.ones(1, 1, dtype=dtype),
            n_steps=2000,
            t_span=(0.0, 2000.0),
        )


def test_one_lost_particle_is_enough():
    class Breaks(Linear):
        def drift(self, x, t):
            out = torch.zeros_like(x)
            out[2] = math.nan if t >= 0.5 else 0.0
            return out

    with pytest.raises(FloatingPointError, match="step 6"):
        euler_maruyama(Breaks(), zeros(100), n_steps=10)


def test_a_process_needs_both_coefficients():
    class Half(SDE):
        def drift(self, x, t):
            return x

    with pytest.raises(TypeError, match="diffusion"):
        Half()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x0": torch.zeros(3, 1, dtype=torch.int64)}, "x0 must be a floating-point tensor"),
        ({"x0": [[0.0]]}, "x0 must be a floating-point tensor, got list"),
        ({"n_steps": 0}, "n_steps must be an integer >= 1, got 0"),
        ({"n_steps": -2}, "n_steps must be an integer >= 1"),
        ({"n_steps": 2.0}, "n_steps must be an integer >= 1, got 2.0"),
        ({"n_steps": True}, "n_steps must be an integer >= 1"),
        (
            {"increments": torch.zeros(3, 3, 1)},
            r"increments must have shape \(2, 3, 1\), got \(3, 3, 1\)",
        ),
        ({"record_every": 0}, "record_every must be an integer >= 1"),
        ({"record_every": 0.5}, "record_every must be an integer >= 1"),
        ({"t_span": (1.0, 1.0)}, "t_span must hold two different finite times"),
        ({"t_span": (0.0, math.inf)}, "t_span must hold two different finite times"),
        ({"t_span": (math.nan, 1.0)}, "t_span must hold two different finite times"),
        ({"t_span": (0.0,)}, "t_span must hold two different finite times"),
        ({"t_span": (0.0, 1.0, 2.0)}, "t_span must hold two different finite times"),
        ({"sde": LangevinDiffusion(lambda x: -x)}, "t_span must .*no final time must be given"),
    ],
)
def test_bad_arguments_are_named_before_any_work(change, message):
    class Untouched(Linear):
        def drift(self, x, t):
            raise AssertionError("no work is done on bad arguments")

    arguments = {"sde": Untouched(), "x0": zeros(3), "n_steps": 2} | change
    with pytest.raises(ValueError, match=message):
        euler_maruyama(arguments.pop("sde"), arguments.pop("x0"), **arguments)
