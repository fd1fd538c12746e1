r"""What every format is made of: a theorem in one language and notation, its formulas in TeX."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scorelab import __version__
from scorelab.derivations import printing
from scorelab.derivations.engine.words import phrases
from scorelab.derivations.export.notations import Notation, notation_called, renaming
from scorelab.derivations.export.symbols import in_text

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["Piece", "Theorem", "pieces", "prepared", "source", "written"]


@dataclass(frozen=True)
class Piece:
    """A step, ready to be set; its texts are Markdown with mathematics between dollar signs.

    Attributes:
        name: The step's name.
        label: The label of its equation, as in the book.
        title: What it is, in a few words; its name if it has no title.
        reason: Why it holds.
        tex: The equation in plain TeX.
        checked: `definition`, `cited`, `observed`, `symbolic` or `numeric`.
        mark: The same in the words of the language; empty where no marks are wanted.
        is_result: Whether it is what the theorem is about.
    """

    name: str
    label: str
    title: str
    reason: str
    tex: str
    checked: str
    mark: str
    is_result: bool


@dataclass(frozen=True)
class Theorem:
    """A derivation in one language and notation; its texts are Markdown with mathematics.

    Attributes:
        name: Its stable name.
        title: In one line.
        statement: What it says; empty for a derivation without one.
        assumptions: What it needs.
        sources: Where it is from.
        steps: Those that are shown.
        language: The language of all texts.
        phrases: What every theorem says in this language.
    """

    name: str
    title: str
    statement: str
    assumptions: tuple[str, ...]
    sources: tuple[str, ...]
    steps: tuple[Piece, ...]
    language: str
    phrases: Mapping[str, Any]

    @property
    def source(self) -> str:
        """One line that says what this is and where it comes from, to be cited by."""
        return self.phrases["source"].format(title=self.title, name=self.name, version=__version__)

    def place(self, steps: range) -> str:
        """Say which of the shown steps stand somewhere: `Steps 2–3 of 8`."""
        first, last = steps.start + 1, steps.stop
        shown = f"{first}" if first == last else f"{first}–{last}"
        which = "one" if first == last else "part"
        return self.phrases[which].format(shown=shown, total=len(self.steps))


def prepared(
    derivation: "Derivation",
    *,
    language: str | None = None,
    notation: str | Path | Notation | None = None,
    symbols: Mapping[str, str] | None = None,
    marks: bool = True,
) -> Theorem:
    r"""Return a derivation in the language and the notation of one's choice.

    Args:
        derivation: The derivation.
        language: `"en"` or `"es"`; by default the one in which it is.
        notation: A ready notation (`"song"`), or the path of a file with one's own.
        symbols: New TeX by a symbol's name, for example `{"sigma": r"\sigma_t"}`; they have the
            last word.
        marks: Whether to say how each step was checked.

    Raises:
        OSError: If the file of the notation cannot be read.
        ValueError: If there is no such language or notation, if `symbols` names none of the
            derivation's, or if two things would have one name.
    """
    worded = derivation.in_language(language or derivation.language)
    said = phrases(worded.language)
    printed = [
        printing.latex_equation(step.equation, derivation.notation) for step in derivation.steps
    ]
    texts = [worded.title, worded.statement, *worded.assumptions, *worded.sources]
    texts += [text for step in worded.steps for text in (step.title, step.reason)]
    chosen = notation if isinstance(notation, Notation) else notation_called(notation or "book")
    new = renaming(worded, chosen, symbols or {}, texts, printed)

    def text(markdown: str) -> str:
        return in_text(new.text, markdown)

    def mark(step: Any) -> str:
        if not marks:
            return ""
        how = said["marks"][step.checked]
        return f"{how}, {said['result']}" if step.name in worded.results else how

    pieces = tuple(
        Piece(
            step.name,
            worded.label(step.name),
            text(step.title) or step.name,
            text(step.reason),
            # Printed again, as other names may need other lines.
            printing.latex_equation(step.equation, new.templates, new.symbol) if new.any else tex,
            step.checked,
            mark(step),
            step.name in worded.results,
        )
        for step, tex in zip(worded.steps, printed, strict=True)
    )
    return Theorem(
        worded.name,
        text(worded.title),
        text(worded.statement.strip()),
        tuple(map(text, worded.assumptions)),
        tuple(map(text, worded.sources)),
        pieces,
        worded.language,
        said,
    )


def pieces(derivation: "Derivation", symbols: Mapping[str, str] | None = None) -> list[Piece]:
    """Return the steps with the symbols of one's choice; see `prepared`."""
    return list(prepared(derivation, symbols=symbols).steps)


def source(derivation: "Derivation") -> str:
    """Return one line that says what this is and where it comes from, to be cited by."""
    return phrases(derivation.language)["source"].format(
        title=derivation.title, name=derivation.name, version=__version__
    )


_PARTS = re.compile(r"(\$\$.+?\$\$|\$[^$]+\$|`[^`]+`|\*[^*\n]+\*)", re.DOTALL)


def written(
    markdown: str,
    *,
    text: Callable[[str], str],
    code: Callable[[str], str],
    emphasis: Callable[[str], str],
    formula: Callable[[str], str],
    displayed: Callable[[str], str],
) -> str:
    """Return Markdown of a paragraph or two in another format, each kind by its own function.

    Args:
        markdown: Text with formulas between dollar signs, one or two, code and emphasis.
        text: What is done to plain text.
        code: To what stands between grave accents.
        emphasis: To what stands between asterisks.
        formula: To a formula in a line, without its dollar signs.
        displayed: To a formula on lines of its own, likewise.
    """
    done = []
    for part in _PARTS.split(markdown):
        if part.startswith("$$"):
            done.append(displayed(part[2:-2].strip()))
        elif part.startswith("$"):
            done.append(formula(part[1:-1]))
        elif part.startswith("`"):
            done.append(code(part[1:-1]))
        elif part.startswith("*") and len(part) > 2:
            done.append(emphasis(part[1:-1]))
        else:
            done.append(text(part))
    return "".join(done)
