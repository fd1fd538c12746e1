"""A lecture's plan: one file in YAML, read and checked for its form.

    title: Del ruido a los datos
    language: es
    minutes: 45
    notation: song
    items:
      - chapter: sde/diffusions              # slides by the names that decks use
        slides: [question, fig-brownian, {reverse-sde: score family}]
      - section: sde/diffusions#the-code     # or what is told of a section: outline or board
        how: outline
        show: what to put on the screen, for the table of the plan
      - theorem: reverse-sde                 # in the lecture's language and notation
        steps: [score, family]
      - live: reverse                        # a live figure by its preset
      - slide: Una pregunta                  # a slide of the lecturer's own, in Markdown
        text: "¿Qué hace $\\nabla \\log p$?"
      - homework: [ex-ito-square]

Any item may have `minutes`, which then count in place of the estimate, and `notes` for the speaker.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from scorelab._support.extras import needed
from scorelab.derivations.engine.words import LANGUAGES

__all__ = ["Item", "Plan", "did_you_mean", "parsed", "read_plan"]

HOWS = ("outline", "board")
_PLAN = ("title", "language", "minutes", "notation", "after", "items")
_ITEMS: Mapping[str, tuple[str, ...]] = {
    "chapter": ("slides", "show"),
    "section": ("slides", "how", "show"),
    "theorem": ("steps", "per_frame"),
    "live": (),
    "slide": ("text",),
    "homework": (),
}
_ANY = ("minutes", "notes")


@dataclass(frozen=True)
class Item:
    """One item of a plan.

    Attributes:
        kind: `chapter`, `section`, `theorem`, `live`, `slide` or `homework`.
        name: Of the chapter, section (`page#anchor`), theorem or preset; the title of a slide.
        place: Where it stands in the file, for messages.
        slides: Names of a chapter's slides with the steps of a derivation or words of a table's
            rows; None for all that the chapter's own deck shows.
        how: `outline` or `board`, for a section.
        steps: Of a theorem; none for all.
        per_frame: How many steps share a slide; None for as many as fit.
        labels: Of exercises.
        text: Of a slide of one's own.
        show: What a table of the plan says is shown, in Markdown.
        minutes: As the lecturer says; None for the estimate.
        notes: For the speaker, in Markdown.
    """

    kind: str
    name: str
    place: str
    slides: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    how: str = "board"
    steps: tuple[str, ...] = ()
    per_frame: int | None = None
    labels: tuple[str, ...] = ()
    text: str = ""
    show: str = ""
    minutes: float | None = None
    notes: str = ""

    @property
    def chapter(self) -> str:
        """The chapter that it belongs to, for a chapter or a section."""
        return self.name.partition("#")[0]

    @property
    def anchor(self) -> str:
        """The section's anchor; empty for all that is no section."""
        return self.name.partition("#")[2]

    @property
    def n_steps(self) -> int | None:
        """How many steps of derivations `slides` names; None if it names none."""
        count = sum(len(words) for name, words in self.slides or () if name != "measured")
        return count or None


@dataclass(frozen=True)
class Plan:
    """A lecture.

    Attributes:
        title: Its title.
        language: Of the deck.
        minutes: How long it may take, questions included.
        notation: Of its theorems.
        after: What the audience can do afterwards, in Markdown.
        items: In order.
    """

    title: str
    language: str = "en"
    minutes: float = 90
    notation: str | None = None
    after: str = ""
    items: tuple[Item, ...] = field(default=())


def read_plan(path: str | Path) -> Plan:
    """Read a plan; see the module for its form.

    Raises:
        ModuleNotFoundError: If PyYAML is missing; the message says how to install it.
        OSError: If the file cannot be read.
        ValueError: If it is not YAML or not a plan; the message names every place.
    """
    with needed("a lecture's plan needs"):
        import yaml
    try:
        told = yaml.safe_load(Path(path).read_bytes().decode())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        hint = "; a title with a colon needs quotes" if "mapping values" in str(error) else ""
        raise ValueError(f"{path}: {' '.join(str(error).split())}{hint}") from None
    try:
        plan = parsed(told)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    beside = Path(path).parent / (plan.notation or "")
    return replace(plan, notation=str(beside)) if beside.is_file() else plan


def parsed(told: Any) -> Plan:
    """Return the plan that a file says.

    Raises:
        ValueError: If it is not one; the message names every place.
    """
    if not isinstance(told, dict):
        raise ValueError("not a plan, which begins with 'title: '")
    faults = list(_unknown(told, _PLAN, "a plan"))
    for key in ("title", "items"):
        if not told.get(key):
            faults.append(f"{key} is missing")
    language, length = told.get("language", "en"), told.get("minutes", 90)
    if language not in LANGUAGES:
        faults.append(f"language must be one of {', '.join(LANGUAGES)}, got {language!r}")
    if not _is_time(length):
        faults.append(f"minutes must be a positive number, got {length!r}")
    listed = told.get("items") or []
    if not isinstance(listed, list):
        faults.append("items is no list")
        listed = []
    items = []
    for number, entry in enumerate(listed, 1):
        try:
            items.append(_item(entry, f"item {number}"))
        except ValueError as error:
            faults.append(str(error))
    if faults:
        raise ValueError("; ".join(faults))
    notation = told.get("notation")
    return Plan(
        str(told["title"]),
        language,
        float(length),
        None if notation is None else str(notation),
        str(told.get("after", "")),
        tuple(items),
    )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a message about a name that is none of `known`: those that are near."""
    known = list(dict.fromkeys(known))
    near = get_close_matches(name, known, n=3, cutoff=0.5) or known[:12]
    return f"did you mean {', '.join(near)}?" if near else "there are none"


def _item(told: Any, place: str) -> Item:
    """One entry of the list."""
    kinds = [kind for kind in _ITEMS if isinstance(told, dict) and kind in told]
    if len(kinds) != 1:
        raise ValueError(f"{place}: an item has one of {', '.join(_ITEMS)}")
    (kind,) = kinds
    faults = list(_unknown(told, (kind, *_ITEMS[kind], *_ANY), f"an item with {kind!r}"))
    given = {}
    if (minutes := told.get("minutes")) is not None and not _is_time(minutes):
        faults.append(f"minutes must be a positive number, got {minutes!r}")
    per_frame = told.get("per_frame")
    if per_frame is not None and (not isinstance(per_frame, int) or per_frame < 1):
        faults.append(f"per_frame must be a positive integer, got {per_frame!r}")
    if kind == "slide" and not told.get("text"):
        faults.append("a slide of your own needs its text")
    if kind == "section" and "#" not in str(told[kind]):
        faults.append(f"a section is PAGE#SECTION, got {told[kind]!r}")
    if (how := told.get("how", "board")) not in HOWS:
        faults.append(f"how must be one of {', '.join(HOWS)}, got {how!r}")
    try:
        given["slides"] = _slides(told["slides"]) if "slides" in told else None
        given["steps"] = _words(told.get("steps", []))
        given["labels"] = _words(told[kind]) if kind == "homework" else ()
    except ValueError as error:
        faults.append(str(error))
    if faults:
        raise ValueError(f"{place}: {', '.join(faults)}")
    return Item(
        kind,
        "" if kind == "homework" else str(told[kind]),
        place,
        how=how,
        per_frame=per_frame,
        text=str(told.get("text", "")),
        show=str(told.get("show", "")),
        minutes=minutes,
        notes=str(told.get("notes", "")),
        **given,
    )


def _slides(told: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names, each with steps or words if it has any: `fig-a`, `d: score family`, `{d: [score]}`."""
    if not isinstance(told, list):
        raise ValueError(f"slides must be a list, got {told!r}")
    found = []
    for entry in told:
        if isinstance(entry, dict):
            for name, which in entry.items():
                rows = name == "measured" and isinstance(which, str)
                listed = which.split("|") if rows else which
                found.append((str(name), _words(listed)))
        else:
            found.append((str(entry), ()))
    return tuple(found)


def _words(told: Any) -> tuple[str, ...]:
    """A list of names, or one text with blanks or commas between them."""
    if isinstance(told, str):
        return tuple(told.replace(",", " ").split())
    if not isinstance(told, list) or not all(isinstance(word, str) for word in told):
        raise ValueError(f"a list of names is wanted, got {told!r}")
    return tuple(word.strip() for word in told)


def _unknown(told: Mapping, known: Iterable[str], what: str) -> Iterable[str]:
    for key in told:
        if key not in known:
            yield f"{what} has no {key!r}, {did_you_mean(str(key), known)}"


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
