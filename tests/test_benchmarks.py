"""Speed and memory, which are promises too.

Times are compared within one process, in turn and many times, and what counts is the median of the
ratios: a busy machine slows both sides. A measurement that falls short is repeated, since noise can
only be ruled out by measuring again; code that is really too slow fails every time. Memory is
measured in a process of its own, which has nothing else to free.
"""

import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import truth
from bench import contestants, problems
from tiers import nightly_but

from scorelab.mixture import GaussianMixture

ATTEMPTS = 4


def speed_ratio(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> float:
    """How many times as long `theirs` takes: the median over rounds that alternate."""
    ours(), theirs()
    ratios = []
    for _ in range(rounds):
        start = time.perf_counter()
        ours()
        middle = time.perf_counter()
        theirs()
        ratios.append((time.perf_counter() - middle) / (middle - start))
    return statistics.median(ratios)


def demand(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    rounds: int,
    at_least: float = 0.0,
    at_most: float = math.inf,
) -> None:
    """Fail unless one of a few attempts finds `speed_ratio` within bounds."""
    ratios = []
    for _ in range(ATTEMPTS):
        ratios.append(speed_ratio(ours, theirs, rounds))
        if at_least <= ratios[-1] <= at_most:
            return
    pytest.fail(f"theirs takes {ratios} times as long, promised are {at_least} to {at_most}")


@pytest.mark.alone
@pytest.mark.parametrize(
    ("n_components", "dim", "n", "at_least"),
    [
        (3, 2, 100_000, 5.0),  # the promise of the book's own figures
        (3, 2, 1_000, 1.0),
        (10, 2, 20_000, 1.0),
        (3, 64, 4_000, 1.0),
        (50, 16, 1_000, 1.0),
        (10, 784, 100, 1.0),
    ],
)
def test_score_is_faster_than_autograd(n_components, dim, n, at_least):
    """Full covariances in float32, against autograd through MixtureSameFamily."""
    c = truth.components(n_components, dim).to(torch.float32)
    c = c._replace(weights=c.weights / c.weights.sum())
    p, q = GaussianMixture(*c), truth.torch_mixture(c)
    x = p.sample(n, generator=truth.generator(0))
    demand(lambda: p.score(x), lambda: truth.autograd_score(q, x), rounds=11, at_least=at_least)


@pytest.mark.alone
@pytest.mark.parametrize(("per_point", "at_most"), [(False, 1.5), (True, 6.0)])
def test_noise_costs_little_more_than_the_score(per_point, at_most):
    """One σ for all: the same work. One σ a point: K·d logarithms a point on top."""
    _, means, covariances = truth.components(3, 2).to(torch.float32)
    p = GaussianMixture([0.5, 0.25, 0.25], means, covariances)
    x = p.sample(50_000, generator=truth.generator(0))
    sigma = torch.rand(len(x)) + 0.1 if per_point else 0.5
    demand(lambda: p.score(x), lambda: p.noisy_score(x, sigma), rounds=11, at_most=at_most)


@pytest.mark.alone
@pytest.mark.parametrize("problem", nightly_but([*problems.SAMPLERS][:1], [*problems.SAMPLERS]))
def test_samplers_keep_up(problem, monkeypatch):
    """Five times as fast as autograd is promised; measured are 11, with one thread.

    A loop with the score written out for this mixture, in columns, takes as long, give or take a
    tenth; what the package checks and slices must not cost more than a third.
    """
    monkeypatch.setattr(problems, "N_STEPS", 20)
    ours = contestants.scorelab(problem)
    demand(ours, contestants.autograd(problem), rounds=7, at_least=5.0)
    demand(ours, contestants.columns(problem), rounds=7, at_least=0.75)


@pytest.mark.alone
@pytest.mark.nightly
def test_fit_keeps_up_with_a_bare_loop():
    """At steps of 0.6 ms: measured are .93 to .96, and .84 when each step checked its levels."""
    demand(contestants.fit("mlp"), contestants.bare("mlp"), rounds=5, at_least=0.88)


# --------------------------------------------------------------------------------------- memory

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="the peak of memory is read from Linux"
)

# Not getrusage: its peak survives exec, so that a large parent would hide what the child needs.
PROLOGUE = """
import torch
from scorelab.langevin import langevin_dynamics, mala
from scorelab.mixture import GaussianMixture

torch.set_num_threads(1)

def megabytes(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(name))

def forget():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak starts anew from what is held now
    global before
    before = megabytes("VmRSS")

def growth():
    print(megabytes("VmHWM") - before)
"""


def growth(script: str) -> float:
    """The last number that the script prints, from a process of its own; in MB."""
    root = str(Path(sys.modules["scorelab"].__file__).parent.parent)
    # Large blocks go back to the system at once, or else the gaps between them would count.
    exact = {"MALLOC_MMAP_THRESHOLD_": "65536"}
    environment = os.environ | exact | {"PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROLOGUE + script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout.split()[-1])


@needs_proc
@pytest.mark.parametrize(
    "sampler",
    [
        pytest.param(
            "langevin_dynamics(s, x, step_size=0.1, n_steps=1000)", marks=pytest.mark.nightly
        ),
        "mala(lambda x: -x.square().sum(1) / 2, s, x, step_size=0.1, n_steps=100)",
    ],
)
def test_a_long_run_needs_no_more_memory_than_a_few_states(sampler):
    """10⁵ particles × 10³ steps: one state is 0.8 MB, all of them would be 800.

    Fifteen are allowed; measured are 4.6 MB, for MALA 8.9. For MALA 100 steps are enough, whose
    states would be 80 MB.
    """
    script = f"""
s = torch.neg
x = torch.randn(100_000, 2)
langevin_dynamics(s, x[:10], step_size=0.1, n_steps=2)
forget()
run = {sampler}
growth()
"""
    assert 1.6 <= growth(script) <= 12


@pytest.mark.nightly
@needs_proc
def test_recording_costs_only_what_is_recorded():
    """Every 5th of 200 steps: 41 states of 0.8 MB, and fifteen more; 200 would be 160 MB."""
    script = """
x = torch.randn(100_000, 2)
langevin_dynamics(torch.neg, x[:10], step_size=0.1, n_steps=2)
forget()
run = langevin_dynamics(torch.neg, x, step_size=0.1, n_steps=200, record_every=5)
assert len(run.states) == 41
growth()
"""
    assert 41 * 0.75 <= growth(script) <= 41 * 0.8 + 12


@needs_proc
@pytest.mark.parametrize(
    "function",
    nightly_but(
        ["p.noisy_score(x, sigma)"], ["p.score(x)", "p.log_prob(x)", "p.noisy_score(x, sigma)"]
    ),
)
def test_no_large_temporary(function):
    """K = 50, d = 16, n = 25,000: n·K·d·d numbers are 1,280 MB and n·K·d are 80.

    Measured are 19 MB for the noisy score: points as rows, result, and the slice that is worked on.
    """
    script = f"""
covariances = 2 * torch.eye(16).expand(50, -1, -1)
p = GaussianMixture(torch.full((50,), 0.02), torch.randn(50, 16), covariances)
x = torch.randn(25_000, 16)
sigma = torch.rand(25_000) + 0.1
p.noisy_score(x[:100], sigma[:100])
forget()
{function}
growth()
"""
    assert growth(script) <= 32


PEAKS = {
    "p.score(x)": 700,
    "langevin_dynamics(p.score, x, step_size=0.1, n_steps=2)": 1000,
    "ncsn_loss(p.noisy_score, x, torch.tensor([3.0, 1.0]))": 1200,
}


@pytest.mark.nightly
@needs_proc
@pytest.mark.parametrize("call", PEAKS)
def test_ten_million_points_fit_into_little_more_than_their_batches(call):
    """K = 3, d = 2: a batch is 80 MB. The peak of the whole process in MB, torch and all.

    Measured are 505, 810 and 963; in one slice it would be 1191, 1420 and 1955.
    """
    script = f"""
from scorelab.matching import ncsn_loss
means = torch.tensor([[-2.0, 0.0], [2.0, 1.0], [0.0, -2.5]])
p = GaussianMixture(torch.tensor([0.5, 0.3, 0.2]), means, 0.5 * torch.eye(2).expand(3, 2, 2))
x = torch.randn(10_000_000, 2)
with torch.no_grad():
    {call}
print(megabytes("VmHWM"))
"""
    assert growth(script) <= PEAKS[call]
