"""Exercises that leave the book: a sheet of problems and one of solutions, each complete in itself.

A sheet is a list of blocks of Markdown. An equation that a block cites is printed below it, with a
number of its own; what cannot be printed there, such as a reference to a figure, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import import_module

from scorelab import __version__, derivations
from scorelab.derivations.export.tex import latex_text
from scorelab.derivations.printing.macros import definitions, expand, fold
from scorelab.exercises.engine import registry
from scorelab.exercises.engine.texts import LANGUAGES, chapter_title

__all__ = ["FORMATS", "WORDS", "overview", "sheet"]

FORMATS = ("latex", "markdown")
WORDS = {
    "en": {
        "problems": "Problems",
        "solutions": "Solutions",
        "exercise": "Exercise",
        "variant": "variant",
        "minutes": "minutes",
        "check": "Check",
        "warm-up": "Warm-up",
        "derive": "Derive",
        "code": "Code",
        "explore": "Explore",
    },
    "es": {
        "problems": "Problemas",
        "solutions": "Soluciones",
        "exercise": "Ejercicio",
        "variant": "variante",
        "minutes": "minutos",
        "check": "Verificación",
        "warm-up": "Calentamiento",
        "derive": "Deducción",
        "code": "Programación",
        "explore": "Exploración",
    },
}
_FENCE = re.compile(r"^```\w*\n(.*?)\n```$", re.S)
_DISPLAY = re.compile(r"^\$\$(.*?)\$\$$", re.S)
_ROLE = re.compile(r"\{([\w:]+)\}`([^`]+)`")
_LINK = re.compile(r"\[([^\]]*)\]\((?:[^()\s]+)\)")
# What pdfLaTeX does not know by itself, with what it is in mathematics.
_CHARACTERS = dict(
    part.split(" ")
    for part in r"""α \alpha|β \beta|γ \gamma|δ \delta|ε \varepsilon|η \eta|θ \theta|κ \kappa
λ \lambda|μ \mu|ν \nu|ξ \xi|π \pi|ρ \rho|σ \sigma|τ \tau|φ \varphi|χ \chi|ψ \psi|ω \omega
Γ \Gamma|Δ \Delta|Θ \Theta|Λ \Lambda|Σ \Sigma|Φ \Phi|Ψ \Psi|Ω \Omega
− -|≈ \approx|≤ \leq|≥ \geq|≠ \neq|→ \to
∞ \infty|√ \surd|∇ \nabla|∂ \partial|∫ \int|∈ \in|‖ \Vert|ᵀ ^{\mathsf{T}}|⁰ ^0|⁴ ^4|⁵ ^5|⁶ ^6|⁷ ^7
⁸ ^8|⁹ ^9|⁻ ^-|₀ _0|₁ _1|₂ _2|₃ _3|₄ _4|₅ _5|₆ _6|₇ _7|₈ _8|₉ _9""".replace("\n", "|").split("|")
)


def sheet(
    select: Sequence[str],
    *,
    to: str = "latex",
    language: str = "en",
    seed: int | None = None,
    title: str = "",
    checks: bool = True,
) -> tuple[str, str]:
    """A sheet of problems and one of their solutions, each of which stands alone.

    Args:
        select: Labels of exercises, or of chapters for all of theirs, in the order of the sheet.
        to: `latex`, which pdfLaTeX compiles as it is, or `markdown`.
        language: `en` or `es`.
        seed: Of the variant; by default the book's own numbers.
        title: Of the problems, in place of that word.
        checks: Whether each problem says how an answer is checked, which nobody can in an exam.

    Returns:
        The problems and the solutions.

    Raises:
        ValueError: If `select` is empty or names no exercise, the format or the language is
            unknown, or `seed` is no integer.
    """
    if to not in FORMATS:
        raise ValueError(f"to must be one of {', '.join(FORMATS)}, got {to!r}")
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, got {language!r}")
    labels = _selected(select)
    problems, solutions = _Blocks("problems", language, seed), _Blocks("solutions", language, seed)
    if title:
        problems.blocks[0] = f"# {title}"
    for number, label in enumerate(labels, 1):
        variant = registry.exercise(label, seed, language)
        words = WORDS[language]
        heading = f"## {words['exercise']} {number}: {variant.text.title}"
        kind = f"*{words[variant.grade]}, {variant.minutes} {words['minutes']}.*"
        problems.add(label, f"{heading}\n\n{kind} {variant.fill(variant.text.statement)}")
        if checks and variant.exercise.truth is not None:
            about = registry.about(label, seed=seed, language=language)
            problems.add(label, f"*{words['check']}:* `{about.check}`: {about.expects}.")
        solutions.add(label, f"{heading}\n\n{variant.solution}")
    write = _latex if to == "latex" else _markdown
    return write(problems.blocks), write(solutions.blocks)


def overview(language: str = "en") -> str:
    """A table in plain text: each exercise's label, level, minutes, title, and what it asks."""
    lines, chapter = [], ""
    for about in registry.listing(language):
        if about.chapter != chapter:
            chapter = about.chapter
            lines += ["", chapter_title(chapter, language)]
        level = WORDS[language][about.grade]
        varies = "*" if about.varies else " "
        head = f"  {about.name:26}{varies} {level:14}{about.minutes:3} min  "
        lines += [f"{head}{about.title}: {about.expects}"]
    return "\n".join(lines[1:]) + "\n"


def _selected(select: Sequence[str]) -> list[str]:
    labels: list[str] = []
    for name in [select] if isinstance(select, str) else select:
        labels += registry.CHAPTERS.get(name.replace("-", "_"), (name,))
    if not labels:
        raise ValueError("select must name at least one exercise")
    if twice := {label for label in labels if labels.count(label) > 1}:
        raise ValueError(f"select names {', '.join(sorted(twice))} twice")
    return labels


class _Blocks:
    """The blocks of a sheet, and the numbers of the equations that it has printed."""

    def __init__(self, kind: str, language: str, seed: int | None) -> None:
        words = WORDS[language]
        of = "" if seed is None else f", {words['variant']} {seed}"
        self.blocks = [f"# {words[kind]}{of}", f"*The Score Lab {__version__}*"]
        self.numbers: dict[str, int] = {}

    def add(self, label: str, text: str) -> None:
        """Add blocks of an exercise, each with the equations that it is the first to cite."""
        for block in re.split(r"\n{2,}(?=\S)", text.strip()):
            known = len(self.numbers)
            if _FENCE.match(block):
                self.blocks.append(block)
                continue
            cited = _ROLE.sub(lambda match: self._cited(label, match), block)
            self.blocks.append(_expanded(_LINK.sub(r"\1", cited)))
            for cited, number in list(self.numbers.items())[known:]:
                tex = _equation(registry.chapter_of(label), cited)
                self.blocks.append(f"$$\n{expand(tex)} \\tag{{{number}}}\n$$")

    def _cited(self, label: str, match: re.Match) -> str:
        role, name = match.groups()
        if role != "eq":
            raise ValueError(f"{label}: a sheet cannot print {match[0]}")
        return f"({self.numbers.setdefault(name, len(self.numbers) + 1)})"


def _equation(chapter: str, label: str) -> str:
    """The TeX of an equation, by its label in the book."""
    own = getattr(import_module(f"scorelab.exercises.{chapter}"), "EQUATIONS", {})
    if label in own:
        return own[label].strip()
    for name in derivations.available():
        if label.startswith(f"eq-{name}-"):
            return derivations.unchecked(name).tex(label.removeprefix(f"eq-{name}-"))
    raise ValueError(f"no equation is called {label!r}: add it to EQUATIONS of {chapter}")


def _expanded(text: str) -> str:
    return re.sub(r"\$[^$]+\$", lambda match: expand(match[0]), text)


def _markdown(blocks: Iterable[str]) -> str:
    return "\n\n".join(blocks) + "\n"


def _latex(blocks: Iterable[str]) -> str:
    body = "\n\n".join(map(_block, blocks))
    declared = [
        rf"\DeclareUnicodeCharacter{{{ord(character):04X}}}{{\ensuremath{{{tex}}}}}"
        for character, tex in _CHARACTERS.items()
        if character in body
    ]
    return "\n".join(
        [
            r"\documentclass[11pt]{article}",
            r"\usepackage[utf8]{inputenc}",
            r"\usepackage[T1]{fontenc}",
            r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}",
            r"\usepackage[a4paper,margin=2.5cm]{geometry}",
            r"\usepackage{amsmath,amssymb}",
            r"\setlength{\parindent}{0pt}\setlength{\parskip}{6pt}\tolerance=9999\emergencystretch=8em",
            *declared,
            definitions(used_by=body) + r"\begin{document}",
            body,
            r"\end{document}",
            "",
        ]
    )


def _block(block: str) -> str:
    """One block of Markdown as LaTeX."""
    if found := _FENCE.match(block):
        return f"\\begin{{verbatim}}\n{found[1]}\n\\end{{verbatim}}"
    if found := _DISPLAY.match(block):
        return f"\\[\n{fold(found[1].strip())}\n\\]"
    if block.startswith("# "):
        return rf"\section*{{{latex_text(block[2:])}}}"
    if block.startswith("## "):
        return rf"\subsection*{{{latex_text(block[3:])}}}"
    if block.startswith("- "):
        items = [item for item in re.split(r"^- ", block, flags=re.M) if item]
        marked = [re.sub(r"^\((\w)\) ", r"\1. ", item.strip()) for item in items]
        lines = "\n".join(rf"\item[] {latex_text(item)}" for item in marked)
        return f"\\begin{{itemize}}\n{lines}\n\\end{{itemize}}"
    return latex_text(block)
