"""From the measurements of `make bench` to tables; imports nothing but the standard library."""

from __future__ import annotations

from statistics import median, quantiles

NAMES = {
    "ours": "**this package**",
    "before": "the package before",
    "autograd": "a loop with autograd",
    "closed_form": "a loop with the score written out",
    "torchsde": "torchsde, Euler's method",
    "jax": "JAX, jit and scan and autodiff",
    "floor": "floor: the normals and one pass of exponentials",
    "bare": "the bare loop",
}


def markdown(results: dict) -> str:
    """All tables, one below the other."""
    parts = [sampler(seconds, f"{task}") for task, seconds in results["samplers"].items()]
    parts += [training(results["training"]), scale(results["scale"])]
    return "\n\n".join(parts)


def sampler(seconds: dict[str, list[float]], title: str) -> str:
    """Seconds and their ratio to ours for everyone who took part, fastest last."""
    rows = [
        [NAMES[name], spread(times), spread(ratios(times, seconds["ours"]))]
        for name, times in sorted(seconds.items(), key=lambda item: -median(item[1]))
    ]
    return table([title, "seconds", "times ours"], rows)


def training(measured: dict[str, dict[str, list[float]]], titles: dict | None = None) -> str:
    """Steps a second of `fit` as a share of the bare loop's, now and before."""
    rows = [
        [
            (titles or {}).get(task, task),
            *(spread(ratios(s["bare"], s[name])) for name in ("ours", "before")),
        ]
        for task, s in measured.items()
    ]
    return table(["network", "`fit` : bare loop", "before"], rows)


def scale(measured: dict[str, dict]) -> str:
    """Seconds at the largest size and exponents."""
    rows = []
    for axis, found in measured.items():
        sizes = found["sizes"]
        cells = [
            f"{found['exponents'][name]:.2f} ({seconds(found['seconds'][name][-1])})"
            for name in found["seconds"]
        ]
        rows.append([f"${axis.split(',')[0]}${axis[1:]}", f"{sizes[0]:,} to {sizes[-1]:,}", *cells])
    return table(["grows", "from … to", "score", "sampler", "loss"], rows)


def ratios(times: list[float], reference: list[float]) -> list[float]:
    """Round by round, so that a slow moment of the machine is in both."""
    return [a / b for a, b in zip(times, reference, strict=True)]


def spread(values: list[float]) -> str:
    """The median, and the quartiles in brackets."""
    low, _, high = quantiles(values, n=4)
    return f"{median(values):.3g} ({low:.3g}–{high:.3g})"


def seconds(value: float) -> str:
    """A time with the unit that suits it."""
    return f"{value:.2g} s" if value >= 1 else f"{1e3 * value:.2g} ms"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown, numbers to the right."""
    lines = [heads, [":--", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
