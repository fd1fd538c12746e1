"""From measurements to a table, worst page first, and to what is below its threshold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

# Scores of Lighthouse that do not depend on how busy the machine is: nothing less will do.
EXACT = {"accessibility": 100, "best-practices": 100, "seo": 100}
# Scores that do: medians of several runs, and targets rather than limits unless asked for.
TARGETS = {"mobile": 95, "desktop": 100}
VIEW = 250_000  # bytes on the wire until a text page stands; pictures and videos come on top
SCREENS = tuple(TARGETS)


@dataclass
class Row:
    """What was measured of one page.

    Attributes:
        name: The page.
        performance: For each screen, the performance score of each run.
        scores: For each of the `EXACT` categories, the lowest score of all runs.
        bytes: What each run on a phone transferred.
        violations: What axe-core found, with the scheme.
        schemes: Those in which axe-core ran.
        faults: What Lighthouse found.
    """

    name: str
    performance: dict[str, list[int]] = field(default_factory=lambda: {s: [] for s in SCREENS})
    scores: dict[str, int] = field(default_factory=dict)
    bytes: list[int] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    schemes: set[str] = field(default_factory=set)
    faults: dict[str, None] = field(default_factory=dict)

    def speed(self, screen: str) -> float:
        """The median performance score on a screen; 0 if it was never measured."""
        return median(self.performance[screen] or [0])

    def broken(self) -> list[str]:
        """What is wrong whatever the machine: nothing measured, a score below 100, a violation."""
        found = [f"{name} {self.scores.get(name, 'not measured')}, wanted {least}"
                 for name, least in EXACT.items() if self.scores.get(name, -1) < least]  # fmt: skip
        found += [f"axe did not run in {scheme}" for scheme in {"light", "dark"} - self.schemes]
        return found + [f"axe: {violation}" for violation in self.violations]

    def slow(self) -> list[str]:
        """Which targets of performance are missed."""
        return [f"performance on {screen} {self.speed(screen):g}, target {least}"
                for screen, least in TARGETS.items() if self.speed(screen) < least]  # fmt: skip


def rows(measurements: Iterable[dict], names: Iterable[str]) -> list[Row]:
    """One row for each of ``names``, worst first; a page that was not measured is the worst."""
    by_name = {name: Row(name) for name in names}
    for measured in measurements:
        row = by_name[measured["name"]]
        if measured["kind"] == "axe":
            row.schemes.add(measured["scheme"])
            row.violations += [f"{measured['scheme']}: {v}" for v in measured["violations"]]
            continue
        row.performance[measured["screen"]].append(measured["scores"]["performance"])
        for name in EXACT:
            score = measured["scores"][name]
            row.scores[name] = min(score, row.scores.get(name, score))
        if measured["screen"] == "mobile":
            row.bytes.append(measured["bytes"])
        row.faults |= dict.fromkeys(f"{measured['screen']}: {f}" for f in measured["faults"])
    return sorted(by_name.values(), key=_goodness)


def table(rows: list[Row]) -> str:
    """The rows as text, one line each below a line of heads."""
    heads = ["page", "mobile", "desktop", "access.", "practices", "SEO", "kB", "axe"]
    lines = [heads]
    for row in rows:
        exact = [str(row.scores.get(name, "–")) for name in EXACT]
        sent = f"{median(row.bytes) / 1000:.0f}" if row.bytes else "–"
        speeds = [f"{row.speed(screen):g}" for screen in SCREENS]
        lines.append([row.name, *speeds, *exact, sent, str(len(row.violations))])
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def verdict(rows: list[Row], *, demand_speed: bool = False) -> list[str]:
    """What makes the audit fail: empty if all is well.

    Args:
        rows: The pages.
        demand_speed: Whether a missed target of performance fails, too.
    """
    return [f"{row.name}: {what}" for row in rows
            for what in row.broken() + row.slow() * demand_speed]  # fmt: skip


def _goodness(row: Row) -> tuple:
    exact = min((row.scores.get(name, -1) for name in EXACT), default=-1)
    return exact, -len(row.broken()), row.speed("mobile"), row.speed("desktop"), row.name
