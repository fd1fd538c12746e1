"""From the measurements of `make bench` to tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median, quantiles

from . import contestants, problems

NAMES = {
    "ours": "**this package**",
    "autograd": "a loop with autograd",
    "closed_form": "a loop with the score written out",
    "columns": "a loop in columns, memory kept",
    "torchsde": "torchsde, Euler's method",
    "jax": "JAX: jit, scan, autodiff",
    "jax_closed_form": "JAX: jit, scan, the score written out",
    "floor": "floor: normals and one pass of exponentials",
    "normals": "the normals alone",
}


def markdown(results: dict, past: dict[str, str]) -> str:
    """The tables of all parts that were measured, one below the other.

    Args:
        results: `machine`, `revision`, and the parts.
        past: The revisions that took part, and what was new in each.
    """
    names = NAMES | {name: f"the package at `{name}`{note}" for name, note in past.items()}
    paragraphs = [machine(results["machine"], results["revision"])]
    for task, seconds in results.get("samplers", {}).items():
        paragraphs += [f"**{problems.SAMPLERS[task]}**", sampler(seconds, names)]
    if "training" in results:
        paragraphs += ["**Training**", training(results["training"], past)]
    if "scale" in results:
        paragraphs += ["**Growth**", scale(results["scale"])]
    return "\n\n".join(paragraphs) + "\n"


def machine(found: dict, revision: str) -> str:
    """Where and when, in words."""
    return (
        f"Measured on {found['date']} at revision `{revision}`: {found['cores']} cores of "
        f"{found['processor']}, {found['system']}, with a load of {found['load']:.1f} before the "
        f"start; Python {found['python']}, torch {found['torch']}, torchsde {found['torchsde']}, "
        f"JAX {found['jax']}."
    )


def sampler(seconds: dict[str, list[float]], names: dict[str, str]) -> str:
    """Seconds and their ratio to ours for everyone who took part, fastest last."""
    rows = [
        [names[name], spread(times), spread(ratios(times, seconds["ours"]))]
        for name, times in sorted(seconds.items(), key=lambda item: -median(item[1]))
    ]
    return table(["who", "seconds", "times ours"], rows)


def training(measured: dict[str, dict[str, list[float]]], past: Iterable[str]) -> str:
    """Steps a second of `fit` as a share of the bare loop's, now and before."""
    rows = [
        [contestants.TRAININGS[task], *(spread(ratios(s["bare"], s[n])) for n in ("ours", *past))]
        for task, s in measured.items()
    ]
    heads = ["speed of `fit` (the bare loop: 1)", "now", *(f"at `{name}`" for name in past)]
    return table(heads, rows)


def scale(measured: dict[str, dict]) -> str:
    """Exponents, and the time at the largest size."""
    rows = []
    for axis, found in measured.items():
        sizes, times = found["sizes"], found["seconds"]
        slopes = {name: round(slope, 1) + 0.0 for name, slope in found["exponents"].items()}
        cells = [f"{slopes[name]:.1f} ({unit(t[-1])})" for name, t in times.items()]
        others = ", ".join(f"${name} = {value:,}$" for name, value in found["others"].items())
        size = f"{sizes[0]:,} to {sizes[-1]:,}"
        rows.append([f"${axis[0]}${axis[1:]}", size, others, *cells])
    return table(["grows", "from … to", "at", "score", "sampler", "loss"], rows)


def ratios(times: list[float], reference: list[float]) -> list[float]:
    """Round by round, so that a slow moment of the machine is in both."""
    return [a / b for a, b in zip(times, reference, strict=True)]


def spread(values: list[float]) -> str:
    """The median, and the quartiles in brackets where they differ; no line ends within them."""
    low, _, high = (f"{value:.3g}" for value in quantiles(values, n=4, method="inclusive"))
    return f"{median(values):.3g}" + (f" ({low}–\u2060{high})" if low != high else "")


def unit(value: float) -> str:
    """A time with the unit that suits it."""
    digits = 2 if value < 0.1 else 3
    return f"{value:.{digits}g}\u00a0s" if value >= 1 else f"{1e3 * value:.{digits}g}\u00a0ms"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown, numbers to the right."""
    lines = [heads, [":--", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
