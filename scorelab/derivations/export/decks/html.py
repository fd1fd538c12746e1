"""The page of a deck. Without its script it is read from top to bottom, as on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Slide", "contents", "page"]

# As on the pages of the book: the reader's choice, else the system's.
_THEME = """<script>
(function (root) {
  var mode = null;
  try { mode = localStorage.getItem("mode"); } catch (error) { /* storage may be forbidden */ }
  var dark = matchMedia("(prefers-color-scheme: dark)").matches;
  if (mode !== "light" && mode !== "dark") mode = dark ? "dark" : "light";
  root.dataset.theme = mode;
})(document.documentElement);
</script>"""
_SWITCH = (
    '<button type="button" id="theme" title="Light or dark" hidden>'
    '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="8"/>'
    '<path class="half" d="M12 4a8 8 0 0 1 0 16z"/></svg>'
    '<span class="sr">Switch between light and dark</span></button>'
)


@dataclass(frozen=True)
class Slide:
    """One slide; all but its name is HTML.

    Attributes:
        title: Its heading.
        body: What stands below.
        kind: The class by which the style knows what is on it.
        name: Its place in the address bar, `#/name`; numbers if empty.
        notes: For the speaker's eyes.
        language: Its own, if that is not the deck's, with what a badge says of it.
        seconds: What it takes, for the clock of the speaker's view.
    """

    title: str
    body: str
    kind: str = ""
    name: str = ""
    notes: str = ""
    language: tuple[str, str] | None = None
    seconds: int = 0


def contents(title: str, entries: Sequence[tuple[str, str, str]], closing: str = "") -> Slide:
    """Return the slide that lists what comes: heading, name of its slide and time of each, in HTML.

    Args:
        title: Of the slide.
        entries: In order; a time may be empty.
        closing: HTML below the list.
    """
    lines = "\n".join(
        f'<li><a href="#/{name}">{heading}</a>'
        + (f' <span class="time">{time}</span>' if time else "")
        + "</li>"
        for heading, name, time in entries
    )
    return Slide(title, f"<ol>\n{lines}\n</ol>{closing}", "contents prose", "contents")


def page(
    title: str,
    slides: Sequence[Slide],
    *,
    description: str,
    language: str = "en",
    styles: str,
    scripts: str,
    tools: str = "",
    icon: str = "data:,",
    minutes: float = 0,
) -> str:
    """Return the page of a deck.

    Args:
        title: In plain text.
        slides: In order.
        description: One sentence, in plain text.
        language: Its code, such as `es`.
        styles: Elements for the head: reveal.js's style sheet and the deck's own.
        scripts: Elements for the end: reveal.js and the deck's own script.
        tools: Links beside the switch of light and dark.
        icon: The address of an SVG; by default none, said so that no browser asks for one.
        minutes: What the whole takes, for the clock of the speaker's view.
    """
    sections = "\n".join(map(_section, slides))
    clock = f' data-seconds="{60 * minutes:.0f}"' if minutes else ""
    return f"""<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<meta name="description" content="{escape(description)}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="{icon}">
{_THEME}
{styles}
</head>
<body>
<main>
<h1 class="sr">{escape(title)}</h1>
<div id="deck"{clock}>
<div class="slides">
{sections}
</div>
</div>
</main>
<nav class="tools" aria-label="Deck">{tools}{_SWITCH}</nav>
{scripts}
</body>
</html>
"""


def _section(slide: Slide) -> str:
    marks = [f' id="{escape(slide.name)}"' if slide.name else "", f' class="{escape(slide.kind)}"']
    badge = ""
    if slide.language:
        code, says = slide.language
        marks.append(f' lang="{code}"')
        badge = f'\n<p class="language" title="{escape(says)}">{code.upper()}</p>'
    if slide.seconds:
        marks.append(f' data-timing="{slide.seconds}"')
    notes = f'\n<aside class="notes">{slide.notes}</aside>' if slide.notes else ""
    return (
        f"<section{''.join(marks)}>\n<h2>{slide.title}</h2>{badge}\n"
        f'<div class="body">\n{slide.body}\n</div>{notes}\n</section>'
    )
