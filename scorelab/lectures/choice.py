"""Which of a chapter's slides an item shows, and what a plan names that is not there."""

from collections.abc import Iterator
from dataclasses import replace

from scorelab import derivations
from scorelab.lectures.plan import Item, Plan, did_you_mean
from scorelab.lectures.site import Chapter, Kept, Site

__all__ = ["chosen", "faults"]


def faults(plan: Plan, site: Site) -> Iterator[str]:
    """Yield a message for each thing that a plan names and that is not there."""
    for item in plan.items:
        for message in _faults(item, site):
            yield f"{item.place}: {message}"


def chosen(item: Item, chapter: Chapter) -> list[Kept]:
    """Return the slides of an item, in the order of the plan, or of the chapter if it names none.

    The definitions that a step needs, if the chapter shows them, stand before it.
    """
    if item.slides is None:
        found = [s for s in _within(item, chapter) if s.shown]
        # An outline is its pictures and what stands in words: nothing is derived.
        if item.how == "outline" and item.kind == "section":
            found = [s for s in found if not s.derivation] or found[:1]
        found = found or _within(item, chapter)[:1]
        return [_rows(slide, ()) for slide in found]
    found = []
    for name, words in item.slides:
        if _steps(chapter, name):
            for step in _brought(name, words, chapter):
                if step not in found:
                    found.append(step)
        else:
            found += [_rows(slide, words) for slide in chapter.slides if slide.name == name]
    return found


def _faults(item: Item, site: Site) -> Iterator[str]:
    if item.kind in ("chapter", "section"):
        try:
            chapter = site.chapter(item.chapter)
        except ValueError as error:
            yield str(error)
            return
        yield from _in_chapter(item, chapter)
    elif item.kind == "theorem":
        yield from _in_theorem(item)
    elif item.kind == "live":
        if item.name not in site.presets:
            yield f"no preset is called {item.name!r}, {did_you_mean(item.name, site.presets)}"
        elif not site.has_live:
            yield "the site has no embed.html, where a live figure stands alone; build it anew"
    elif item.kind == "homework":
        for label in item.labels:
            if label not in site.exercises:
                yield f"no exercise is called {label!r}, {did_you_mean(label, site.exercises)}"


def _in_chapter(item: Item, chapter: Chapter) -> Iterator[str]:
    if item.anchor and item.anchor not in chapter.sections:
        near = did_you_mean(item.anchor, chapter.sections)
        yield f"{item.chapter} has no section {item.anchor!r}, {near}"
        return
    if item.slides is None and not _within(item, chapter):
        yield f"{item.name} has no slides"
    names = [slide.name for slide in chapter.slides if not slide.derivation]
    names += [slide.derivation for slide in chapter.slides if slide.derivation]
    for name, words in item.slides or ():
        if name not in names:
            yield f"{item.chapter} has no slide {name!r}, {did_you_mean(name, names)}"
        elif steps := _steps(chapter, name):
            for word in words:
                if word not in steps:
                    yield f"{item.chapter} shows no step {word!r} of {name}, " + did_you_mean(
                        word, steps
                    )
        elif words:
            tables = [slide for slide in chapter.slides if slide.name == name]
            claims = [claim for table in tables for claim, _, _ in table.rows]
            for word in words:
                if not any(word in claim for claim in claims):
                    yield f"no row of the table {name} in {item.chapter} says {word!r}"


def _in_theorem(item: Item) -> Iterator[str]:
    known = derivations.available()
    if item.name not in known:
        yield f"no theorem is called {item.name!r}, {did_you_mean(item.name, known)}"
        return
    try:
        if item.steps:
            derivations.unchecked(item.name).choose(item.steps)
    except (KeyError, ValueError) as error:
        yield error.args[0]


def _within(item: Item, chapter: Chapter) -> list[Kept]:
    """The slides of a chapter, or of one of its sections."""
    return [s for s in chapter.slides if item.anchor in ("", s.section)]


def _steps(chapter: Chapter, name: str) -> dict[str, Kept]:
    """The steps of a derivation that a chapter shows, by name."""
    return {s.step: s for s in reversed(chapter.slides) if s.derivation == name}


def _brought(name: str, words: tuple[str, ...], chapter: Chapter) -> list[Kept]:
    """Steps with the definitions that they need, in the order of the text."""
    known = _steps(chapter, name)
    wanted = set(words or known)
    if words and name in derivations.available():
        from scorelab.derivations.engine.choosing import needed

        wanted |= set(needed(derivations.unchecked(name), words))
    return [slide for slide in chapter.slides if slide.derivation == name and slide.step in wanted]


def _rows(slide: Kept, words: tuple[str, ...]) -> Kept:
    """A slide; of a table of measurements the rows that are wanted."""
    if not slide.rows:
        return slide
    kept = [
        html
        for claim, html, shown in slide.rows
        if (any(word in claim for word in words) if words else shown)
    ]
    return replace(slide, body=slide.body.replace("<!--rows-->", "\n".join(kept)), rows=())
