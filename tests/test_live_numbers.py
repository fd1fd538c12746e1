"""The live figures' numbers against the package: in the browser, from the sources that pages load.

Values and single steps are compared with what the package gives; laws by statistics, from fixed
seeds, with tolerances of standard errors. At the end each formula is broken on purpose, and the
check named for it must notice.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable

import live_browser
import live_fixtures
import pytest
import torch
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab
from scipy import stats
from tiers import first_of_each, nightly_but

from scorelab.figures import live

RELATIVE = 1e-9
# Replays the noise of a fixture: point by point, as the scripts ask for it.
REPLAY = """(normal, uniform) => {
    const z = normal.flat(2), u = uniform.flat();
    let i = 0, j = 0;
    return {normal: () => z[i++], uniform: () => u[j++], left: () => z.length - i + u.length - j};
}"""


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Tab:
    return browser.new_page()


@pytest.fixture
def tab(blank: Tab) -> Tab:
    live_browser.load_numbers(blank)
    return blank


# --------------------------------------------------------------------------------- values and steps


def check_values(tab: Tab) -> None:
    """Densities, scores and responsibilities at every level of noise."""
    for name, law in live_fixtures.numbers().items():
        for expected in law["values"]:
            found = tab.evaluate(
                """({components, x, sigma, scale}) => {
                    const law = new ScoreLab.Law(components, sigma, scale);
                    const shares = new Float64Array(components.length);
                    return {
                        log_prob: x.map(([a, b]) => law.logDensity(a, b)),
                        score: x.map(([a, b]) => Array.from(law.score(a, b)).slice(0, 2)),
                        responsibilities: x.map(([a, b]) =>
                            Array.from(law.responsibilities(a, b, shares))),
                    };
                }""",
                {**expected, "components": law["components"], "x": law["x"]},
            )
            for what, values in found.items():
                assert_close(values, expected[what], f"{name}, σ = {expected['sigma']}: {what}")


def check_schedules(tab: Tab) -> None:
    """The levels of noise, and scale and deviation of the Ornstein-Uhlenbeck process."""
    for law in live_fixtures.numbers().values():
        sigmas = tab.evaluate("s => ScoreLab.geometricSigmas(...s)", list(live_fixtures.SIGMAS))
        assert_close(sigmas, law["sigmas"], "sigmas", 1e-6)  # the package's are float32
        for t, expected in law["times"].items():
            found = tab.evaluate("t => ScoreLab.ornsteinUhlenbeck(t)", float(t))
            assert_close([found["scale"], found["sigma"]], expected, f"process at t = {t}")


def check_measure(tab: Tab) -> None:
    """Weights of the modes and the variance inside them, each with its standard error."""
    for name, law in live_fixtures.numbers().items():
        found = tab.evaluate(
            """({components, x}) => {
                const points = Float64Array.from(x.flat());
                const {weights, variance} = ScoreLab.measure(points, new ScoreLab.Law(components));
                return [...weights, variance].map(({value, error}) => [value, error]);
            }""",
            {"components": law["components"], "x": law["x"][:-2]},
        )
        assert_close(found, law["measured"], f"{name}: measured", atol=1e-12)


SETTINGS = {
    "langevin": {"sampler": "langevin", "step_size": live_fixtures.STEP},
    "mala": {"sampler": "mala", "step_size": 8 * live_fixtures.STEP},
    "annealed": {
        "sampler": "annealed",
        "step_size": live_fixtures.STEP,
        "n_steps": 2,
        "sigma_max": live_fixtures.SIGMAS[0],
        "sigma_min": live_fixtures.SIGMAS[1],
        "n_levels": live_fixtures.SIGMAS[2],
    },
    "forward": {"sampler": "forward"},
    "reverse": {"sampler": "reverse"},
    "flow-euler": {"sampler": "flow", "solver": "euler"},
    "flow-heun": {"sampler": "flow", "solver": "heun"},
}


def check_steps(tab: Tab, sampler: str) -> None:
    """A few steps of a sampler from given noise."""
    common = {"T": live_fixtures.T, "t_min": live_fixtures.T_MIN, "n_steps": live_fixtures.N_STEPS}
    for name, law in live_fixtures.numbers().items():
        expected = law["steps"][sampler]
        settings = {
            **live.DEFAULTS, **common, **SETTINGS[sampler], "components": law["components"],
            "n": len(law["x"]) - 2, "seed": 1,
        }  # fmt: skip
        found = tab.evaluate(
            """([settings, x, normal, uniform, replay]) => {
                const run = new ScoreLab.Run(settings);
                run.points.set(x.flat());
                run.random = eval(replay)(normal, uniform);
                while (!run.done) run.advance();
                const final = [];
                for (let i = 0; i < run.points.length; i += 2)
                    final.push([run.points[i], run.points[i + 1]]);
                return {final, left: run.random.left(), rate: run.accepted / run.proposed};
            }""",
            [settings, law["x"][:-2], expected["normal"], expected["uniform"], REPLAY],
        )
        # The package's annealed levels are float32 (see check_schedules).
        rtol = 1e-6 if sampler == "annealed" else RELATIVE
        assert found["left"] == 0, f"{name}: {sampler} left {found['left']} draws unused"
        assert_close(found["final"], expected["final"], f"{name}: {sampler}", rtol)
        if "acceptance_rate" in expected:
            assert found["rate"] == pytest.approx(expected["acceptance_rate"], rel=1e-12)


def test_values(tab: Tab) -> None:
    check_values(tab)


def test_schedules(tab: Tab) -> None:
    check_schedules(tab)


def test_measure(tab: Tab) -> None:
    check_measure(tab)


@pytest.mark.parametrize("sampler", SETTINGS)
def test_steps_from_given_noise(tab: Tab, sampler: str) -> None:
    check_steps(tab, sampler)


def test_the_mistake_squares_the_noise_of_a_step(tab: Tab) -> None:
    step = tab.evaluate(
        """settings => {
            const run = new ScoreLab.Run(settings);
            run.random = {normal: () => 1};
            run.advance();
            return Array.from(run.points);
        }""",
        {**live.DEFAULTS, "noise": "variance", "prior": "point", "n": 1, "seed": 1,
         "components": [{"weight": 1, "x": 0, "y": 0, "scale": 1, "ratio": 1, "angle": 0}]},
    )  # fmt: skip
    assert step == pytest.approx([live.DEFAULTS["step_size"]] * 2, rel=1e-12)


# ------------------------------------------------------------------------------------------- laws


def check_normal(tab: Tab) -> None:
    """Normal draws: Kolmogorov's distance, moments and the tail beyond the ziggurat's edge."""
    x = draws(tab, "normal", 400_000)
    assert stats.kstest(x, "norm").pvalue > 1e-3
    root = math.sqrt(len(x))
    # Each moment within 4 standard errors: Var x^k = E x^2k - (E x^k)².
    for k, exact, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs(float(x.pow(k).mean()) - exact) < 4 * math.sqrt(variance) / root, f"moment {k}"
    for edge in (3.4426, 4.0):  # where an algorithm of its own begins, and far inside of its reach
        share = 2 * stats.norm.sf(edge)
        count = int((x.abs() > edge).sum())
        assert abs(count - share * len(x)) < 4 * math.sqrt(share * len(x))
    serial = x[1:] * x[:-1]
    assert abs(float(serial.mean())) < 4 / root  # neighbours are uncorrelated: Var = 1


def check_uniform(tab: Tab) -> None:
    u = draws(tab, "uniform", 100_000)
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    assert float(u.min()) > 0
    assert float(u.max()) < 1


def check_prior(tab: Tab) -> None:
    """The start has the standard deviation that was asked for, not its square."""
    x = final(tab, {"prior_std": 3.0, "n": 20_000})
    eye = torch.eye(2, dtype=torch.float64)
    assert_moments(x, torch.zeros(2, dtype=torch.float64), 9 * eye, "prior")


def check_exact_draws(tab: Tab) -> None:
    """Draws of the mixture have its weights, and the moments of all coordinates."""
    for name in ("book", "five"):
        components = live_fixtures.numbers()[name]["components"]
        law = live.from_components(components)
        x = final(tab, {"prior": "data", "n": 20_000, "components": components})
        assert_moments(x, law.mean(), law.covariance(), name)


def check_invariance(tab: Tab, sampler: str) -> None:
    """From exact samples the law stays: weights and variance inside within 4 standard errors.

    The step of plain Langevin dynamics is so small that its bias, about ε/(4 s²) = 0.2 % of the
    narrowest variance, is below one standard error.
    """
    step = {"langevin": 0.002, "mala": 0.7}[sampler]
    settings = {"sampler": sampler, "step_size": step, "n_steps": 600, "prior": "data", "n": 10_000}
    assert_modes(*run(tab, settings))


def check_reversal(tab: Tab, sampler: str) -> None:
    """From N(0, I) at T = 10 back to the mixture, by the reverse SDE or by the flow."""
    settings = {"sampler": sampler, "n_steps": 1_000, "solver": "heun", "n": 5_000}
    assert_modes(*run(tab, settings), variance=0.03)  # bias of Δt = 0.01 and of t_min; 2 SE


def check_forward(tab: Tab) -> None:
    """Forwards the mean becomes e^{-T/2} m, the covariance e^{-T} C + (1 - e^{-T}) I.

    The bias of Δt = 0.01 in them is below 0.5 %, less than one standard error.
    """
    law = live.PRESETS[0].mixture
    x = final(tab, {"sampler": "forward", "T": 2.0, "n_steps": 200, "prior": "data", "n": 20_000})
    shrink = math.exp(-2.0)
    eye = torch.eye(2, dtype=torch.float64)
    noised = shrink * law.covariance() + (1 - shrink) * eye
    assert_moments(x, math.sqrt(shrink) * law.mean(), noised, "forward")


def check_langevin_bias(tab: Tab) -> None:
    """On N(0, s²) the chain ends with variance s²/(1 − ε/(4 s²)), far from s² at a large step."""
    s2, step = 0.25, 0.5
    one = [{"weight": 1, "x": 0, "y": 0, "scale": math.sqrt(s2), "ratio": 1, "angle": 0}]
    x = final(tab, {"step_size": step, "n_steps": 60, "n": 20_000, "components": one})
    exact = s2 / (1 - step / (4 * s2))
    # Var of a sample variance of a normal law: 2 v² / n, over both coordinates.
    error = exact * math.sqrt(2 / x.numel())
    assert abs(float(x.square().mean()) - exact) < 4 * error


def check_annealing(tab: Tab) -> None:
    """The preset finds all modes with the package's own weights, which lag a little behind."""
    found, _ = run(tab, {**preset("annealed"), "n": 4_000})
    for share, exact in zip(found["weights"], (0.6, 0.1, 0.3), strict=True):
        # 4 standard errors and the lag of about 0.01 that the chapter on schedules measures.
        assert abs(share["value"] - exact) < 4 * share["error"] + 0.012


def test_normal_draws(tab: Tab) -> None:
    check_normal(tab)


def test_uniform_draws(tab: Tab) -> None:
    check_uniform(tab)


def test_equal_seeds_give_equal_draws(tab: Tab) -> None:
    first, second, other = (
        tab.evaluate(
            "s => { const r = new ScoreLab.Random(s); return [r.normal(), r.normal()]; }", s
        )
        for s in (1, 1, 2)
    )
    assert first == second
    assert first != other


def test_prior(tab: Tab) -> None:
    check_prior(tab)


def test_exact_draws(tab: Tab) -> None:
    check_exact_draws(tab)


@pytest.mark.parametrize("sampler", ["langevin", "mala"])
def test_invariant_law(tab: Tab, sampler: str) -> None:
    check_invariance(tab, sampler)


@pytest.mark.parametrize("sampler", ["reverse", "flow"])
def test_the_way_back(tab: Tab, sampler: str) -> None:
    check_reversal(tab, sampler)


def test_the_way_forth(tab: Tab) -> None:
    check_forward(tab)


def test_the_bias_of_a_large_step(tab: Tab) -> None:
    check_langevin_bias(tab)


def test_annealing(tab: Tab) -> None:
    check_annealing(tab)


# The presets whose samples can be compared; one diverges, and one ends in another law.
COMPARED = {
    p.name: p["sampler"] for p in live.PRESETS if p.name not in ("step-too-large", "forward")
}


@pytest.mark.parametrize("name", nightly_but(first_of_each([*COMPARED], COMPARED.get), [*COMPARED]))
def test_a_preset_does_in_the_browser_what_it_does_in_the_package(tab: Tab, name: str) -> None:
    shown = next(p for p in live.PRESETS if p.name == name)
    generator = torch.Generator().manual_seed(0)
    x = live.run(shown, live.prior(shown, 3_000, generator=generator), generator=generator).final
    variance = live.variance_inside(shown.mixture, x)
    expected = [*live_fixtures.mode_weights(shown.mixture, x), variance]
    found, diverged = run(tab, {**preset(name), "n": 3_000})
    assert not diverged
    for mine, theirs in zip([*found["weights"], found["variance"]], expected, strict=True):
        # 4 standard errors of the difference of two independent estimates; where neither has a
        # particle in a mode both errors are next to 0, and a few particles are no difference.
        error = math.hypot(mine["error"], theirs.standard_error)
        assert abs(mine["value"] - theirs) < 4 * error + 2e-3


def test_a_diverging_run_says_so(tab: Tab) -> None:
    _, diverged = run(tab, {**preset("step-too-large"), "n": 500})
    assert diverged


# --------------------------------------------------------------------------------------- mutations

MUTANTS: list[tuple[str, str, str, Callable[..., None], tuple]] = [
    # script, what is replaced, by what, the check that must fail, its arguments
    ("mixture", "- Math.log(2 * Math.PI)", "- 0.5 * Math.log(2 * Math.PI)", check_values, ()),
    ("mixture", "scale * scale * v + sigma * sigma", "scale * scale * v + sigma", check_values, ()),
    ("mixture", "scale * scale * v + sigma", "scale * v + sigma", check_values, ()),
    ("mixture", "scale * c.x", "c.x", check_values, ()),
    ("mixture", "0.5 * (dx * px + dy * py)", "(dx * px + dy * py)", check_values, ()),
    ("mixture", "cos * sin * (1 / along - 1 / across)", "0", check_values, ()),
    ("mixture", "(cos * cos) / along + (sin * sin) / across,\n          cos",
     "(cos * cos) / across + (sin * sin) / along,\n          cos", check_values, ()),
    ("mixture", "Math.log(c.weight / total)", "c.weight / total", check_values, ()),
    ("mixture", "out[0] = sx / total", "out[0] = sx", check_values, ()),
    ("mixture", "numbers[at + 1] - x, dy", "x - numbers[at + 1], dy", check_values, ()),
    ("mixture", "const term = numbers[at] - 0.5", "const term = numbers[at] + 0.5",
     check_values, ()),
    ("mixture", "cos * u - sin * v", "cos * u + sin * v", check_exact_draws, ()),
    ("mixture", "variances(c).map(Math.sqrt)", "variances(c)", check_exact_draws, ()),
    ("mixture", "left -= components[k].weight", "left -= 1", check_exact_draws, ()),
    ("samplers", "const coefficients = [0, 0.5 * step, Math.sqrt(step)]",
     "const coefficients = [0, step, Math.sqrt(step)]", check_steps, ("langevin",)),
    ("samplers", "const coefficients = [0, 0.5 * step, Math.sqrt(step)]",
     "const coefficients = [0, 0.5 * step, Math.sqrt(2 * step)]", check_steps, ("langevin",)),
    ("samplers", "const coefficients = [0, 0.5 * step, Math.sqrt(step)]",
     "const coefficients = [0, 0.5 * step, step]", check_langevin_bias, ()),
    ("samplers", "const coefficients = [0, 0.5 * step, Math.sqrt(step)]",
     "const coefficients = [0, -0.5 * step, Math.sqrt(step)]", check_invariance, ("langevin",)),
    ("samplers", "root = Math.sqrt(step);\n    let accepted", "root = step;\n    let accepted",
     check_steps, ("mala",)),
    ("samplers", "+ 0.5 * (zx * zx + zy * zy) - (bx", "- 0.5 * (zx * zx + zy * zy) - (bx",
     check_invariance, ("mala",)),
    ("samplers", "/ (2 * step)", "/ step", check_invariance, ("mala",)),
    ("samplers", "then[2] + Math.log(then[3]) - before", "before - then[2] - Math.log(then[3])",
     check_invariance, ("mala",)),
    ("samplers", "const then = law.score(x2, y2)", "const then = [...now]", check_steps, ("mala",)),
    ("samplers", "(sigmas[level(i)] / last) ** 2", "(sigmas[level(i)] / last)",
     check_steps, ("annealed",)),
    ("samplers", "[0, 0.5 * alpha, Math.sqrt(alpha)]", "[0, alpha, Math.sqrt(alpha)]",
     check_steps, ("annealed",)),
    ("samplers", "(n - 1);\n", "n;\n", check_schedules, ()),
    ("samplers", "Math.sqrt(-Math.expm1(-t))", "-Math.expm1(-t)", check_schedules, ()),
    ("samplers", "Math.sqrt(-Math.expm1(-t))", "Math.sqrt(1 - Math.exp(-t))", check_schedules, ()),
    ("samplers", "scale: Math.exp(-0.5 * t)", "scale: Math.exp(-t)", check_schedules, ()),
    ("samplers", "[-0.5 * dt, 0, Math.sqrt(dt)]", "[-dt, 0, Math.sqrt(dt)]", check_forward, ()),
    ("samplers", "[-0.5 * dt, 0, Math.sqrt(dt)]", "[-0.5 * dt, 0, dt]", check_steps, ("forward",)),
    ("samplers", "[-0.5 * dt, -dt, Math.sqrt(-dt)]", "[-0.5 * dt, dt, Math.sqrt(-dt)]",
     check_steps, ("reverse",)),
    ("samplers", "[-0.5 * dt, -dt, Math.sqrt(-dt)]", "[-0.5 * dt, -0.5 * dt, Math.sqrt(-dt)]",
     check_reversal, ("reverse",)),
    ("samplers", "[-0.5 * dt, -0.5 * dt, 0]", "[-0.5 * dt, -dt, 0]", check_steps, ("flow-euler",)),
    ("samplers", "const gx = -0.5 * (x + fx * dt + ahead[0])", "const gx = -0.5 * (x + ahead[0])",
     check_steps, ("flow-heun",)),
    ("samplers", "law(i), law(i + 1), plan.dt", "law(i), law(i), plan.dt", check_steps,
     ("flow-heun",)),
    ("samplers", "points[i] = x + 0.5 * (fx + gx) * dt", "points[i] = x + fx * dt",
     check_steps, ("flow-heun",)),
    ("run", "points[i] = std * random.normal()", "points[i] = std * std * random.normal()",
     check_prior, ()),
    ("run", "spread += 0.5 * shares[k]", "spread += shares[k]", check_measure, ()),
    ("run", "Math.sqrt(rest / n)", "Math.sqrt(rest)", check_measure, ()),
    ("run", "squares[k] - sum * value", "squares[k]", check_measure, ()),
    ("random", "edge[i + 1] * edge[i + 1] - x * x", "edge[i + 1] * edge[i + 1]", check_normal, ()),
    ("random", "if (i === 0) return this.tail(u < 0);", "if (i === 0) return u * edge[0];",
     check_normal, ()),
    ("random", "return negative ? x - TAIL : TAIL - x", "return negative ? -TAIL : TAIL",
     check_normal, ()),
    ("random", "const u = this.bits() / 2147483648", "const u = Math.abs(this.bits()) / 2147483648",
     check_normal, ()),
    ("random", "+ 0.5) / 4294967296", "+ 0.5) / 8589934592", check_uniform, ()),
]  # fmt: skip


@pytest.mark.parametrize(
    "mutant",  # by day the first that each check must notice in each script
    nightly_but(first_of_each(MUTANTS, lambda m: (m[0], m[3:])), MUTANTS),
    ids=[f"{m[0]}: {m[1][:40]} → {m[2][:40]}".replace("\n", " ") for m in MUTANTS],
)
def test_every_mutant_is_killed(blank: Tab, mutant) -> None:
    script, old, new, check, arguments = mutant
    live_browser.load_numbers(blank, (script, old, new))
    with pytest.raises(AssertionError):
        check(blank, *arguments)


# ----------------------------------------------------------------------------------------- helpers


def preset(name: str) -> dict:
    shown = next(p for p in live.described()["presets"] if p["name"] == name)
    return shown["settings"]


def run(tab: Tab, settings: dict) -> tuple[dict, bool]:
    """A run to its end without drawing; what the figure would show, and whether it diverged."""
    return tab.evaluate(
        """settings => {
            const run = new ScoreLab.Run(settings);
            while (!run.done) run.advance();
            return [run.measure(), run.diverged];
        }""",
        complete(settings),
    )


def final(tab: Tab, settings: dict) -> torch.Tensor:
    """The points at the end of a run; where it starts, if no sampler is named."""
    steps = "while (!run.done) run.advance();" if {"sampler", "n_steps"} & set(settings) else ""
    start = f"const run = new ScoreLab.Run({json.dumps(complete(settings))});"
    return numbers(tab, f"(() => {{ {start} {steps} return run.points; }})()").reshape(-1, 2)


def draws(tab: Tab, kind: str, n: int) -> torch.Tensor:
    return numbers(
        tab,
        f"(r => Float64Array.from({{length: {n}}}, () => r.{kind}()))(new ScoreLab.Random(5))",
    )


def numbers(tab: Tab, expression: str) -> torch.Tensor:
    """A Float64Array from the browser, as bytes: number by number it would take a minute."""
    text = tab.evaluate(
        f"""() => {{
            const bytes = new Uint8Array(({expression}).buffer);
            let text = "";
            for (let i = 0; i < bytes.length; i += 8192)
                text += String.fromCharCode(...bytes.subarray(i, i + 8192));
            return btoa(text);
        }}"""
    )
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float64)


def complete(settings: dict) -> dict:
    book = live.components(live.PRESETS[0].mixture)
    return {**live.DEFAULTS, "components": book, "seed": 7, **settings}


def assert_modes(found: dict, diverged: bool, *, variance: float = 0.0) -> None:
    """Weights of the book's mixture and variance 1 inside, within 4 standard errors."""
    assert not diverged
    for share, exact in zip(found["weights"], (0.6, 0.1, 0.3), strict=True):
        assert abs(share["value"] - exact) < 4 * share["error"]
    inside = found["variance"]
    assert abs(inside["value"] - 1) < 4 * inside["error"] + variance


def assert_moments(
    x: torch.Tensor, mean: torch.Tensor, covariance: torch.Tensor, what: str
) -> None:
    """Mean and covariance within 4 standard errors, each estimated from the sample itself."""
    centred = x - mean
    products = centred[:, :, None] * centred[:, None, :]
    for terms, exact in ((x, mean), (products, covariance)):
        error = terms.std(0) / math.sqrt(len(x))
        assert ((terms.mean(0) - exact).abs() < 4 * error).all(), what


def assert_close(found, expected, what: str, rtol: float = RELATIVE, atol: float = 0.0) -> None:
    """Two nestings of numbers, vectors compared by their norms: a component may be near 0."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), what
        for key in expected:
            assert_close(found[key], expected[key], f"{what}: {key}", rtol, atol)
        return
    if isinstance(expected, list) and expected and isinstance(expected[0], dict):
        assert len(found) == len(expected), what
        for one, two in zip(found, expected, strict=True):
            assert_close(one, two, what, rtol, atol)
        return
    if not isinstance(expected, list):
        assert found == pytest.approx(expected, rel=rtol, abs=1e-12 + atol), what
        return
    one, two = (torch.tensor(v, dtype=torch.float64) for v in (found, expected))
    assert one.shape == two.shape, what
    if not one.numel():
        return
    scale = two.norm(dim=-1, keepdim=True) if two.ndim > 1 else two.abs()
    assert ((one - two).abs() <= rtol * scale + atol).all(), f"{what}: {found} ≠ {expected}"
