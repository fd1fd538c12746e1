"""The laboratory's questions, and how an answer to one is judged and put into words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module

from scorelab.exercises.engine.judging import in_double_precision
from scorelab.exercises.engine.reading import Unanswered
from scorelab.exercises.engine.results import Result
from scorelab.lab.findings import Raised, Unfit, Wrong
from scorelab.lab.wording import words

__all__ = ["JUDGES", "Question", "about", "available", "check", "read"]

JUDGES = {
    "P1 a": "mixtures.mixture_class",
    "P1 b": "mixtures.mixture_score",
    "P1 c": "mixtures.three_gaussians",
    "P1 d": "langevin.langevin_sampler",
    "P2 a": "matching.fisher_divergence",
    "P2 b": "matching.denoising_loss",
    "P2 c": "annealing.noise_levels",
    "P2 d": "annealing.annealed_sampler",
    "P2 e": "annealing.trained_network",
    "P3 a": "processes.process_class",
    "P3 b": "processes.transition",
    "P3 c": "processes.ornstein_uhlenbeck",
    "P3 d": "solving.solver",
    "P3 e": "generation.generated_samples",
    "P3 f": "generation.generated_images",
}
"""Who judges which question: a function of the answer that returns what could be better, as keys
of remarks, or raises a finding."""


@dataclass(frozen=True)
class Question:
    """What a question's check expects.

    Attributes:
        name: The sheet's letters, such as `P1 b`.
        expects: What to hand to `check`, in words.
        stub: Code to start from, with the place of the answer left open.
        check: The line that checks it.
    """

    name: str
    expects: str
    stub: str
    check: str


def available() -> list[str]:
    """Return the questions, in the order of the sheet."""
    return list(JUDGES)


def about(question: str, *, language: str = "en") -> Question:
    """What the check of a question expects, and code to start from.

    Args:
        question: One of `available()`; `p1b` and `P1 · b` are read as `P1 b`.
        language: `en` or `es`.

    Raises:
        ValueError: If there is no such question or language.
    """
    name = _name(question)
    said = words(language)[name]
    option = "" if language == "en" else f', language="{language}"'
    line = f'sl.lab.check("{name}", {said["check"]}{option})'
    return Question(name, said["expects"], said["stub"].strip(), line)


def check(question: str, answer: object, *, language: str = "en") -> Result:
    """Judge an answer to a question of the laboratory.

    Args:
        question: One of `available()`; `p1b` and `P1 · b` are read as `P1 b`.
        answer: Your own class, function or object, as `about(question).expects` says. While it is
            `...`, or a function that returns nothing, there is nothing to check yet.
        language: In which the result speaks, `en` or `es`.

    Returns:
        A result that prints what was checked, or a hint; true if the answer is right.

    Raises:
        ValueError: If there is no such question or language.
    """
    name = _name(question)
    said = words(language)
    sentences, own = said["sentences"], said[name]

    def result(verdict: str, message: str) -> Result:
        return Result(name, verdict, message, said["verdicts"][verdict.replace(" ", "_")])

    try:
        with in_double_precision():
            remarks = _judge(name)(answer)
    except Unanswered:
        return result("nothing to check yet", own["expects"] + ".")
    except Unfit as found:
        what = said["unfit"][found.key].format(**found.details)
        return result("not yet", sentences["expected"].format(expects=own["expects"], what=what))
    except Raised as found:
        return result("not yet", found.told(sentences))
    except Wrong as found:
        return result("not yet", own["hints"][found.key])
    message = own["right"]
    if remarks:
        listed = "; ".join(own["remarks"][key] for key in dict.fromkeys(remarks))
        message = f"{message} {sentences['remarks'].format(remarks=listed)}"
    return result("right", message)


def _judge(name: str) -> Callable[[object], list[str]]:
    module, _, function = JUDGES[name].partition(".")
    return getattr(import_module(f"scorelab.lab.{module}"), function)


def read(question: str) -> str:
    """The letters of a question as the sheet writes them, whether or not there is such a one."""
    letters = "".join(c for c in str(question).upper() if c.isalnum())
    return f"{letters[:2]} {letters[2:].lower()}"


def _name(question: str) -> str:
    name = read(question)
    if name not in JUDGES:
        near = get_close_matches(name, JUDGES, n=3, cutoff=0.5) or list(JUDGES)
        raise ValueError(f"no question is called {question!r}; did you mean {', '.join(near)}?")
    return name
