r"""The mechanism: named steps that are checked, then printed.

A step holds a sympy relation and the reason for it in words. A *definition* gives a name to an
expression, and what is *cited* is a known theorem that is used as if it were one; every other step
claims something, and `check` proves the claim: definitions are unfolded, and sympy reduces left −
right to zero, or, where it cannot, both sides are evaluated to 30 digits at random admissible
points and must agree to 20. An inequality is proved by sympy, or it is said to be *observed* at
such points. Nothing is printed that was not checked.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sympy as sp

from scorelab.derivations import export
from scorelab.derivations.engine import checking, choosing, structure
from scorelab.derivations.engine.points import Draw
from scorelab.derivations.engine.stand_ins import Family
from scorelab.derivations.engine.words import Words, words_of

if TYPE_CHECKING:
    from scorelab.derivations.export import Notation

__all__ = [
    "Derivation",
    "DerivationError",
    "Step",
    "cited",
    "definition",
    "equation",
    "observed",
    "theorem",
]


class DerivationError(Exception):
    """A step of a derivation does not hold; the message names the derivation and the step."""


@dataclass(frozen=True)
class Step:
    r"""One line of a derivation.

    Attributes:
        name: Its stable name; the equation's label is `eq-<derivation>-<name>`.
        equation: The sympy relation that is claimed (or agreed on, for a definition).
        reason: Why it holds, in words; mathematics between dollar signs.
        checked: `"definition"`, `"cited"` or `"observed"`, or, after `Derivation.check`,
            `"symbolic"` (formal algebra: it proves no interchange of limits and no convergence) or
            `"numeric"`; `""` before.
        title: What it is, in a few words; mathematics between dollar signs.
    """

    name: str
    equation: sp.Basic
    reason: str = ""
    checked: str = ""
    title: str = ""


def equation(lhs: Any, rhs: Any) -> sp.Equality:
    """Return lhs = rhs, left alone: sympy would turn an obvious equation into `True`."""
    return sp.Eq(_immutable(lhs), _immutable(rhs), evaluate=False)


def definition(name: str, lhs: Any, rhs: Any, reason: str = "") -> Step:
    """Return the step that defines `lhs`, a symbol or a function of symbols, to be `rhs`."""
    return Step(name, equation(lhs, rhs), reason, checked="definition")


def cited(name: str, lhs: Any, rhs: Any, reason: str = "") -> Step:
    """Return the step that takes lhs = rhs from the literature; the derivation names its source."""
    return Step(name, equation(lhs, rhs), reason, checked="cited")


def observed(name: str, inequality: sp.Basic, reason: str = "") -> Step:
    """Return the step that claims an inequality on the evidence of points alone."""
    return Step(name, inequality, reason, checked="observed")


class Derivation:
    r"""A theorem, and a chain of checked equations that leads to it.

    Args:
        name: Its stable name, for example `"mixture-score"`.
        title: One line for people.
        steps: In order. A step may use every definition above it.
        statement: The theorem in Markdown with TeX, in d dimensions with ∇.
        assumptions: What it needs, a sentence each.
        sources: Where it is from, a citation each: author, year, where.
        notation: How to print: a function maps to a TeX template in which `#1`, `#2` … stand for
            its arguments; a tuple of functions or symbols maps to the vector that they form.
        concrete: What undefined functions become when a step has to be evaluated at random
            points: a function maps to a family, such as `stand_ins.density`, of which every point
            draws a new member. A callable that takes a `random.Random` and returns all of them
            may draw what belongs together.
        results: The names of the steps that the theorem is about; the last one if none is named.
        roles: What a symbol or function stands for, such as `"score"`: a notation renames roles.

    Raises:
        DerivationError: If two steps share a name, or a result is no step.
    """

    def __init__(
        self,
        name: str,
        title: str,
        steps: Iterable[Step],
        *,
        statement: str = "",
        assumptions: Iterable[str] = (),
        sources: Iterable[str] = (),
        notation: Mapping[Any, str] = MappingProxyType({}),
        concrete: Mapping[Any, Family] | Draw = MappingProxyType({}),
        results: Iterable[str] = (),
        roles: Mapping[Any, str] = MappingProxyType({}),
    ) -> None:
        self.name = name
        self.title = title
        self.statement = statement
        self.assumptions = tuple(assumptions)
        self.sources = tuple(sources)
        self.steps = tuple(steps)
        self.notation = dict(notation)
        self.concrete = concrete
        self.roles = dict(roles)
        self.language = "en"
        names = [step.name for step in self.steps]
        for twice in {n for n in names if names.count(n) > 1}:
            raise DerivationError(f"{name}: two steps are called {twice!r}")
        self.results = tuple(results) or tuple(names[-1:])
        for missing in set(self.results) - set(names):
            raise DerivationError(f"{name}: the result {missing!r} is no step")

    def __getitem__(self, name: str | slice) -> "Step | Derivation":
        """Return the step called `name`, or, for a slice of names, the part to be shown alone.

        A slice holds its last step too: `d["density":"score"]`. The part keeps the derivation's
        name, so its equations have the same labels.

        Raises:
            KeyError: with the names that there are.
        """
        names = [step.name for step in self.steps]
        ends = (name.start, name.stop) if isinstance(name, slice) else (name,)
        for end in ends:
            if end is not None and end not in names:
                raise KeyError(f"{self.name} has no step {end!r}, it has {', '.join(names)}")
        if not isinstance(name, slice):
            return self.steps[names.index(name)]
        start = 0 if name.start is None else names.index(name.start)
        stop = len(names) if name.stop is None else names.index(name.stop) + 1
        part = copy(self)
        part.steps = self.steps[start:stop]
        return part

    @property
    def equations(self) -> dict[str, sp.Basic]:
        """The equations by the names of their steps."""
        return {step.name: step.equation for step in self.steps}

    @property
    def symbols(self) -> set[str]:
        """The names of the symbols and functions, as `to_latex` and the like take them."""
        return export.names(self)

    @property
    def result(self) -> sp.Basic:
        """The equation of the last step."""
        return self.steps[-1].equation

    def label(self, step: str) -> str:
        """Return the label of a step's equation, the same in the book and in every format."""
        return f"eq-{self.name}-{step}"

    def unfold(self, expression: sp.Basic) -> sp.Basic:
        """Return `expression` with every definition of this derivation written out."""
        return checking.unfold(
            expression, [s.equation for s in self.steps if s.checked in ("definition", "cited")]
        )

    def worded(self, said: Words) -> "Derivation":
        """Return the derivation in other words; where they are silent its own stay.

        Raises:
            ValueError: If they speak of a step that there is not.
        """
        names = [step.name for step in self.steps]
        for step in {**said.titles, **said.reasons}:
            if step not in names:
                raise ValueError(f"{self.name} has no step {step!r}, it has {', '.join(names)}")
        other = copy(self)
        for part in ("title", "statement", "assumptions", "sources"):
            if (text := getattr(said, part)) is not None:
                setattr(other, part, text)
        other.steps = tuple(
            replace(
                step,
                title=said.titles.get(step.name, step.title),
                reason=said.reasons.get(step.name, step.reason),
            )
            for step in self.steps
        )
        return other

    def in_language(self, language: str) -> "Derivation":
        """Return the derivation in the words of a language, `"en"` or `"es"`.

        Raises:
            ValueError: If there is no such language, or it has no words for this derivation.
        """
        if language == self.language:
            return self
        said = words_of(self.name, language)
        shown = {step.name for step in self.steps}
        titles, reasons = (
            {step: text for step, text in part.items() if step in shown}
            for part in (said.titles, said.reasons)
        )
        other = self.worded(replace(said, titles=titles, reasons=reasons))
        other.language = language
        return other

    def check(self) -> "Derivation":
        """Check every step and record how; return the derivation itself.

        Raises:
            DerivationError: If a step does not hold, says nothing, or cannot be evaluated; if
                something is defined twice, by itself, or after it was used; if a function that
                may be any is always the same, or a special one; if what is cited has no source.
        """
        definitions, known, done = [], [], []
        try:
            draw = structure.check(self)
        except checking.CheckError as error:
            raise DerivationError(f"{self.name}, {error}") from error
        for step in self.steps:
            try:
                if _defines(step):
                    structure.check_assumptions(step.equation, definitions, draw)
                    definitions.append(step.equation)
                    done.append(step)
                    continue
                mark = step.checked if step.checked in ("cited", "observed") else ""
                how = checking.check(step.equation, definitions, draw, known, mark)
            except checking.CheckError as error:
                raise DerivationError(f"{self.name}, step {step.name!r}: {error}") from error
            if how == "cited":
                definitions.append(step.equation)
            elif how != "observed":
                known.append(step.equation)
            done.append(replace(step, checked=how))
        try:
            structure.check_citations(self)
        except checking.CheckError as error:
            raise DerivationError(f"{self.name}: {error}") from error
        self.steps = tuple(done)
        return self

    def choose(self, steps: Iterable[str], *, definitions: bool = True) -> "Derivation":
        """Return the part with these steps, in this order, and the definitions that they need.

        Args:
            steps: Names of steps; `first:last` stands for all from one to another.
            definitions: Whether a definition that was left out is brought along.

        Raises:
            KeyError: with the names that there are.
            ValueError: If nothing is chosen, or a step twice.
        """
        names = choosing.chosen(self, list(steps))
        part = copy(self)
        kept = choosing.needed(self, names) if definitions else names
        part.steps = tuple(self[name] for name in kept)
        return part

    def tex(
        self,
        step: str,
        *,
        notation: "str | Path | Notation | None" = None,
        symbols: Mapping[str, str] | None = None,
    ) -> str:
        r"""Return the TeX of one step's equation, without the book's macros.

        Raises:
            KeyError: with the names that there are.
            ValueError: If `symbols` names none of the derivation's, or makes two things one.
        """
        name = self[step].name
        steps = export.prepared(self, notation=notation, symbols=symbols).steps
        return next(piece.tex for piece in steps if piece.name == name)

    def to_markdown(
        self,
        *,
        language: str | None = None,
        notation: "str | Path | Notation | None" = None,
        symbols: Mapping[str, str] | None = None,
        marks: bool = True,
    ) -> str:
        r"""Return MyST Markdown: the theorem, numbered equations `eq-<derivation>-<step>`, sources.

        Every format takes these:

        Args:
            language: `"en"` or `"es"`; by default the derivation's own.
            notation: `"book"`, `"song"`, `"probabilist"`, or the path of a file in TOML with one's
                own names for roles and letters.
            symbols: New TeX by a symbol's name, for example `{"sigma": r"\sigma_t"}`.
            marks: Whether to say how each step was checked.

        Raises:
            OSError: If the file of the notation cannot be read.
            ValueError: If there is no such language or notation, if `symbols` names none of the
                derivation's, or if two things would have one name.
        """
        return export.markdown(
            self, language=language, notation=notation, symbols=symbols, marks=marks
        )

    def to_latex(self, *, bare: bool = False, **look: Any) -> str:
        r"""Return LaTeX with labels as in the book, to be compiled alone or `\input`.

        Args:
            bare: No document, and the environments `theorem` and `proof` of one's own.
            look: `language`, `notation`, `symbols` and `marks`, as for `to_markdown`.
        """
        return export.latex(self, bare=bare, **look)

    def to_beamer(
        self,
        *,
        overlays: bool = False,
        per_frame: int | None = None,
        bare: bool = False,
        **look: Any,
    ) -> str:
        r"""Return Beamer frames, one for a step or two, to be compiled alone or `\input`.

        Args:
            overlays: Uncover the reason first, then the equation.
            per_frame: How many steps share a frame; by default two, where they fit.
            bare: The theorem and the steps without frames.
            look: `language`, `notation`, `symbols` and `marks`, as for `to_markdown`.
        """
        return export.beamer(self, overlays=overlays, per_frame=per_frame, bare=bare, **look)

    def to_reveal(
        self, *, overlays: bool = False, per_frame: int | None = None, **look: Any
    ) -> str:
        r"""Return slides in HTML: one file that any browser shows, without a network.

        Args:
            overlays: Uncover the reason first, then the equation.
            per_frame: How many steps share a slide; by default two, where they fit.
            look: `language`, `notation`, `symbols` and `marks`, as for `to_markdown`.

        Raises:
            ModuleNotFoundError: If a package is missing; the message says how to install it.
        """
        return export.reveal(self, overlays=overlays, per_frame=per_frame, **look)

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        """Markdown, and in its metadata what it is: its name, and its steps by their labels."""
        told = {"derivation": self.name, "steps": {self.label(s.name): s.name for s in self.steps}}
        data = {"text/markdown": export.steps(self), "text/plain": repr(self)}
        return data, {"scorelab": told}

    def __repr__(self) -> str:
        return f"Derivation({self.name!r}, {len(self.steps)} steps)"


def _defines(step: Step) -> bool:
    return step.checked == "definition"


def _immutable(side: Any) -> sp.Basic:
    return side.as_immutable() if isinstance(side, sp.MatrixBase) else sp.sympify(side)


def theorem(name: str, steps: Iterable[Step], **mechanism: Any) -> Derivation:
    """Return a derivation of the catalogue, whose words stand in `text/en` under its name.

    Args:
        name: Its stable name.
        steps: In order, without titles and reasons.
        mechanism: `notation`, `concrete`, `results` and `roles`, as `Derivation` takes them.

    Raises:
        DerivationError: If words or a step are missing.
    """
    try:
        said = words_of(name, "en")
        bare = Derivation(name, said.title or "", steps, **mechanism)
        return bare.worded(said)
    except ValueError as error:
        raise DerivationError(str(error)) from error
