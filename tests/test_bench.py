"""`make bench`: what is timed is the same thing for all, and the tables say what was measured."""

from __future__ import annotations

import re

import pytest
import torch
from bench import __main__ as bench
from bench import contestants, problems, report, scale
from sample import ROOT
from tiers import nightly_but

# Those that need no package of the peers'.
ALONE = ["scorelab", "autograd", "closed_form", "columns"]


@pytest.mark.parametrize("problem", nightly_but([*problems.SAMPLERS][:1], [*problems.SAMPLERS]))
def test_contestants_sample_one_law(problem, monkeypatch):
    """From the same start; 20,000 points, whose means have standard errors of 2 / √n at most."""
    monkeypatch.setattr(problems, "N_POINTS", 20_000)
    torch.manual_seed(0)
    finals = [getattr(contestants, name)(problem)() for name in ALONE]
    means = torch.stack([final.mean(0) for final in finals])
    spreads = torch.stack([final.T.cov().flatten() for final in finals])
    error = 2 / problems.N_POINTS**0.5
    assert (means - means[0]).abs().max() < 5 * 2**0.5 * error
    assert (spreads - spreads[0]).abs().max() < 5 * 2**0.5 * 4 * error  # of squares up to 4


@pytest.mark.nightly
@pytest.mark.parametrize("network", ["mlp", "wide"])
def test_the_bare_loop_trains_what_fit_trains(network):
    """The same network on the same data: after as many steps the losses are alike."""
    losses = contestants.fit(network)()
    assert contestants.bare(network)().item() == pytest.approx(losses[-20:].mean().item(), rel=0.3)


def test_different_laws_void_the_run():
    bench._same_law("task", [[0.0, 1.0], [0.01, 0.99]])
    with pytest.raises(SystemExit, match="different laws in task"):
        bench._same_law("task", [[0.0, 1.0], [0.1, 1.0]])


def test_ratios_are_taken_round_by_round():
    assert report.ratios([2.0, 8.0], [1.0, 2.0]) == [2.0, 4.0]
    assert report.spread([1.0, 2.0, 3.0, 4.0, 5.0]) == "3 (2–\u20604)"
    assert report.spread([1.0, 1.0, 1.0001]) == "1"


def test_a_table_of_a_sampler_has_the_slowest_first_and_ours_at_one():
    names = report.NAMES | {"abc": "the package at `abc`"}
    text = report.sampler({"ours": [1, 1], "floor": [0.5, 0.5], "abc": [3, 4]}, names)
    rows = [line.split(" | ") for line in text.splitlines()[2:]]
    assert [row[0] for row in rows] == ["| the package at `abc`", "| **this package**",
                                        f"| {report.NAMES['floor']}"]  # fmt: skip
    assert [row[2].split()[0] for row in rows] == ["3.5", "1", "0.5"]


def test_an_exponent_is_that_of_the_larger_sizes():
    sizes = [10, 100, 1000, 10_000]
    assert scale.exponent(sizes, [1.0, 1.0, 1e-4 * 1000**2, 1e-4 * 10_000**2]) == pytest.approx(2)


@pytest.mark.parametrize("axis", scale.AXES)
def test_every_axis_grows(axis):
    """At the two smallest sizes each function runs and returns numbers."""
    sizes, fixed = scale.AXES[axis]
    for size in sizes[:2]:
        found = scale.functions(**fixed | {axis[0]: size})
        with torch.no_grad():
            assert found["score"]().isfinite().all()
            assert found["sampler"]().final.isfinite().all()
            assert found["loss"]().isfinite()


def test_peers_run_on_the_versions_of_the_book():
    pins = [
        dict(re.findall(r"(?m)^([\w.-]+)==(\S+)", (ROOT / file).read_text("utf8")))
        for file in ("requirements.txt", "tests/bench/requirements.txt")
    ]
    shared = pins[0].keys() & pins[1].keys()
    assert {"torch", "numpy", "scipy"} <= shared
    assert {name: pins[1][name] for name in shared} == {name: pins[0][name] for name in shared}
    assert {"torchsde", "jax", "jaxlib"} <= pins[1].keys()
