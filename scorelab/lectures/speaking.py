"""What a speaker is told: in the words of the lecture's language, beside a slide that proves."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["phrases", "remarks", "time"]

_TEXT = Path(__file__).with_name("text")


@cache
def phrases(language: str) -> Mapping[str, Any]:
    """Return what a lecture itself says in a language, by its English name."""
    return tomllib.loads((_TEXT / f"{language}.toml").read_text(encoding="utf-8"))


def time(minutes: float) -> str:
    """Return minutes as they are printed."""
    return f"{minutes:.0f}" if minutes >= 0.5 else "< 1"


def remarks(
    derivation: "Derivation", shown: Sequence[str], before: Sequence[str] = ()
) -> Iterator[str]:
    """Yield what is not on a slide with some steps, a paragraph of Markdown each.

    Args:
        derivation: The whole derivation, in the language of the lecture.
        shown: The names of the steps on the slide.
        before: Of those on the slides before it.

    Yields:
        The claims that were left out since the last step shown, with their reasons; the definitions
        that the steps rest on and that are not beside them; and where in the derivation they stand.
    """
    from scorelab.derivations.engine.choosing import needed

    said = phrases(derivation.language)
    names = [step.name for step in derivation.steps]
    told = [*before]
    for name in shown:
        last = names.index(name)
        start = max((i for i in map(names.index, told) if i < last), default=-1)
        told.append(name)
        for left in names[start + 1 : last]:
            step = derivation[left]
            if step.checked != "definition" and left not in (*told, *shown):
                told.append(left)
                yield said["left_out"].format(title=_title(step), reason=step.reason)
    rests = [name for name in needed(derivation, shown) if name not in shown]
    if rests:
        titles = ", ".join(_title(derivation[name]) for name in rests)
        yield said["rests"].format(titles=titles)
    numbers = ", ".join(f"{number + 1}" for number in sorted(map(names.index, shown)))
    yield said["place"].format(name=f"`{derivation.name}`", place=f"{numbers}/{len(names)}")


def _title(step: Any) -> str:
    """Of a step: its title, or the name that it goes by."""
    return step.title or f"`{step.name}`"
