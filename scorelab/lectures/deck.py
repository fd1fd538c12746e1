"""The deck of a plan: checked whole against the site, then made of its slides and of theorems."""

import os
import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path

from scorelab import __version__
from scorelab._support.extras import needed
from scorelab.derivations.engine.words import words_of
from scorelab.lectures.choice import chosen, faults
from scorelab.lectures.pace import QUESTIONS, estimate, minutes
from scorelab.lectures.plan import Item, Plan
from scorelab.lectures.site import Chapter, Kept, Site
from scorelab.lectures.speaking import phrases, remarks, time

with needed("a lecture needs"):
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    from scorelab.derivations.export.decks import Slide, contents, page
    from scorelab.derivations.export.decks.writer import Writer, theorem_slides, tied
    from scorelab.derivations.printing.typesetter import TexError, glyph_sheet

__all__ = ["Deck", "made"]

STYLES = ("reveal.css", "deck.css", "code.css", "math.css")
SCRIPTS = ("reveal.js", "notes.js", "deck.js")
ROOM = 12.5  # in lines, of a slide with steps


@dataclass(frozen=True)
class Deck:
    """A lecture that can be written.

    Attributes:
        html: The page.
        items: The heading of each item, in HTML, and its minutes.
        slides: How many there are.
        english: How many of them are in English in a deck of another language.
        book_notation: How many keep the book's notation in a deck with another one.
    """

    html: str
    items: list[tuple[str, float]] = field(default_factory=list)
    slides: int = 0
    english: int = 0
    book_notation: int = 0

    @property
    def minutes(self) -> float:
        """What the items take together."""
        return sum(minutes for _, minutes in self.items)

    def too_long(self, plan: Plan) -> str:
        """Say that the plan leaves too little time for questions; empty if it leaves enough."""
        taken = sum(max(1, round(minutes)) for _, minutes in self.items)
        if plan.minutes - taken >= QUESTIONS:
            return ""
        return (
            f"the plan {plan.title!r} takes {taken} of {plan.minutes:g} minutes: "
            f"{QUESTIONS} are wanted for questions"
        )


def made(plan: Plan, site: Site, out: Path, *, beside: Path | None = None) -> Deck:
    """Return the deck of a plan.

    Args:
        plan: The plan.
        site: What its slides are taken from.
        out: Where the page will be written: addresses in it are relative to that place.
        beside: The folder of the plan, which the addresses in the lecturer's texts start from.

    Raises:
        ValueError: If the plan names what there is not, in all places at once, or holds a formula
            that cannot be set.
    """
    if wrong := list(faults(plan, site)):
        raise ValueError("; ".join(wrong))
    return _Maker(plan, site, Path(out), beside or Path()).deck()


class _Maker:
    """Makes the slides of one plan."""

    def __init__(self, plan: Plan, site: Site, out: Path, beside: Path) -> None:
        self.plan, self.site = plan, site
        self.said = phrases(plan.language)
        self.writer = Writer()
        self.root = _relative(site.folder, out.parent)
        self.beside = _relative(beside, out.parent)
        self.names: set[str] = set()
        self.english = self.book_notation = 0
        markdown = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")
        self.markdown = markdown.use(dollarmath_plugin, allow_labels=False)
        # In place of the plugin's own rules, whose boxes the style would lay out.
        for kind in ("math_inline", "math_inline_double", "math_block"):
            self.markdown.renderer.rules[kind] = self._formula

    def deck(self) -> Deck:
        """Make all of it."""
        made: list[tuple[str, float, list[Slide]]] = []
        for item in self.plan.items:
            slides = [self._named(slide) for slide in self._slides(item)]
            taken = item.minutes or self._minutes(item, slides)
            notes = self._text(item.notes) if item.notes else ""
            told = f"<p>{self.said['time'].format(minutes=time(taken))}</p>"
            slides[0] = replace(slides[0], notes=f"{told}{notes}{slides[0].notes}")
            each = max(1, round(60 * taken / len(slides)))
            slides = [replace(slide, seconds=each) for slide in slides]
            made.append((self._heading(item, slides[0]), taken, slides))
        slides = [slide for _, _, some in made for slide in some]
        entries = [
            (heading, some[0].name, self.said["min"].format(minutes=time(taken)))
            for heading, taken, some in made
        ]
        left = self.plan.minutes - sum(max(1, round(taken)) for _, taken, _ in made)
        closing = f'<p class="rest">{self.said["questions"]}: ' + (
            self.said["min"].format(minutes=f"{left:.0f}") + "</p>" if left > 0 else "0</p>"
        )
        opening = Slide(
            self._inline(self.plan.title),
            f'<p class="kicker">{self.said["opening"].format(minutes=f"{self.plan.minutes:g}")}</p>'
            f'<p class="cite">{self.said["made"].format(version=__version__)}</p>',
            "opening",
        )
        total = [opening, contents(self.said["contents"], entries, closing), *slides]
        return Deck(
            self._page(total),
            [(heading, taken) for heading, taken, _ in made],
            len(total),
            self.english,
            self.book_notation,
        )

    def _page(self, slides: list[Slide]) -> str:
        title = re.sub(r"[$*`]", "", self.plan.title)
        static = posixpath.join(self.root, "_static")
        return page(
            title,
            slides,
            description=f"{title}. {self.said['made'].format(version=__version__)}.",
            language=self.plan.language,
            styles="\n".join(f'<link rel="stylesheet" href="{static}/{f}">' for f in STYLES),
            icon=f"{static}/favicon.svg",
            scripts=glyph_sheet(self.writer.formulas)
            + "\n".join(f'<script src="{static}/{f}"></script>' for f in SCRIPTS),
            tools=f'<a href="{posixpath.join(self.root, "index.html")}">{escape(self.site.title)}'
            f'</a><a href="?print-pdf">{self.said["print"]}</a>',
            minutes=self.plan.minutes,
        )

    def _slides(self, item: Item) -> Iterator[Slide]:
        kinds: dict[str, Callable[[Item], Iterator[Slide]]] = {
            "chapter": self._of_chapter,
            "section": self._of_chapter,
            "theorem": self._theorem,
            "live": self._live,
            "slide": self._own,
            "homework": self._homework,
        }
        return kinds[item.kind](item)

    # What the site keeps

    def _of_chapter(self, item: Item) -> Iterator[Slide]:
        chapter = self.site.chapter(item.chapter)
        english = None
        if chapter.language != self.plan.language:
            english = (chapter.language, self.said["english"])
        for group in _grouped(chosen(item, chapter)):
            head = group[0]
            body = "\n".join(slide.body for slide in group)
            title = " — ".join(dict.fromkeys(slide.title for slide in group))
            if head.kicker:
                body = f'<p class="place">{head.kicker}</p>\n{body}'
            notes = "\n".join(slide.notes for slide in group if slide.notes)
            self.english += english is not None
            self.book_notation += self._renamed and head.derivation != ""
            yield Slide(
                self._moved(title, chapter),
                self._moved(body, chapter),
                head.kind,
                head.name,
                self._moved(notes, chapter),
                english,
            )

    def _moved(self, html: str, chapter: Chapter) -> str:
        """With addresses relative to the deck instead of the chapter's page."""
        folder = posixpath.join(self.root, posixpath.dirname(chapter.page))
        return _readdressed(html, folder, posixpath.basename(chapter.page))

    # Theorems

    @property
    def _renamed(self) -> bool:
        return self.plan.notation not in (None, "book")

    def _theorem(self, item: Item) -> Iterator[Slide]:
        from scorelab.derivations.engine.proofs import recall
        from scorelab.derivations.export.parts import prepared

        language = self.plan.language if _speaks(item.name, self.plan.language) else "en"
        whole = recall(item.name).in_language(language)
        part = whole.choose(item.steps) if item.steps else whole
        look = {"notation": self.plan.notation, "language": language}
        theorem, full = prepared(part, **look), prepared(whole, **look)
        # What the speaker is told is in the notation of the slides.
        told = whole.worded(
            _said(
                {p.name: p.title for p in full.steps if p.title != p.name},
                {p.name: p.reason for p in full.steps},
            )
        )
        told.language = language
        marks = {piece.name: piece.mark for piece in theorem.steps}

        def notes(shown: Sequence[str], before: Sequence[str]) -> str:
            lines = [*remarks(told, shown, before)]
            lines.append(", ".join(f"`{name}`: {marks[name]}" for name in shown))
            return "".join(f"<p>{self.writer.text(line)}</p>" for line in lines)

        english = None if language == self.plan.language else (language, self.said["english"])
        sources = "".join(f"<p>{self.writer.text(source)}</p>" for source in theorem.sources)
        for slide in theorem_slides(theorem, self.writer, item.per_frame, notes=notes):
            self.english += english is not None
            own = {"theorem": item.name}.get(slide.name, f"{item.name}-{slide.name}")
            yield replace(
                slide,
                name=own,
                language=english,
                notes=slide.notes or sources,
            )

    # The rest

    def _live(self, item: Item) -> Iterator[Slide]:
        preset = self.site.presets[item.name]
        words = self.said.get("presets", {}).get(item.name)
        english = None
        if words is None:
            words = preset
            if self.plan.language != "en":
                english = ("en", self.said["english"])
                self.english += 1
        address = posixpath.join(self.root, f"embed.html#{item.name}")
        title = escape(words["title"])
        frame = (
            f'<iframe class="live-frame" src="{address}" title="{title}" lang="en" '
            f'allow="fullscreen" loading="lazy"></iframe>'
        )
        notes = f"<p>{self.said['guess']}</p><p>{escape(words['see'])}</p>"
        body = f"<p>{escape(words['see'])}</p>\n{frame}"
        if english is None and self.said["controls"]:
            body += f'\n<p class="place">{escape(self.said["controls"])}</p>'
        yield Slide(title, body, "live", item.name, notes, english)

    def _own(self, item: Item) -> Iterator[Slide]:
        name = re.sub(r"\W+", "-", item.name.lower()).strip("-") or "slide"
        yield Slide(self._inline(item.name), self._text(item.text), "prose", name)

    def _homework(self, item: Item) -> Iterator[Slide]:
        lines = []
        foreign = False
        for label in item.labels:
            chapter, kept = self.site.exercises[label]
            title, language, taken = _exercise(label, kept, self.plan.language)
            address = f"{posixpath.join(self.root, chapter.page)}#{label}"
            badge = ""
            if language != self.plan.language:
                foreign = True
                says = escape(self.said["english"])
                badge = f' <span class="badge" title="{says}">{language.upper()}</span>'
            time_ = self.said["min"].format(minutes=time(taken))
            lines.append(
                f'<li><a href="{address}" lang="{language}">{title}</a>{badge} '
                f'<span class="time">{time_} · <code>{label}</code></span></li>'
            )
        self.english += foreign
        yield Slide(self.said["homework"], f"<ul>{''.join(lines)}</ul>", "prose", "homework")

    def _heading(self, item: Item, first: Slide) -> str:
        """Of an item, in the contents: its section's title, or that of its first slide."""
        if item.kind in ("chapter", "section"):
            chapter = self.site.chapter(item.chapter)
            title = chapter.sections[item.anchor]["title"] if item.anchor else chapter.title
            if chapter.language != self.plan.language:
                return f'<span lang="{chapter.language}">{title}</span>'
            return title
        if first.language:
            return f'<span lang="{first.language[0]}">{first.title}</span>'
        return first.title

    def _minutes(self, item: Item, slides: list[Slide]) -> float:
        """The estimate for an item."""
        if item.kind == "section":
            section = self.site.chapter(item.chapter).sections[item.anchor]
            if item.how == "outline":
                return section["outline"]
            steps = section["steps"] if item.n_steps is None else item.n_steps
            return section["text"] + minutes(steps=steps)
        if item.kind == "chapter":
            return sum(slide.minutes for slide in chosen(item, self.site.chapter(item.chapter)))
        steps = sum(slide.body.count('class="step"') for slide in slides)
        return estimate(item, steps)

    def _named(self, slide: Slide) -> Slide:
        """Under a name that no other slide has."""
        name, number = slide.name, 1
        while name in self.names:
            number += 1
            name = f"{slide.name}--{number}"
        self.names.add(name)
        return replace(slide, name=name)

    def _text(self, markdown: str) -> str:
        """A text of the lecturer's, whose addresses start from the folder of the plan."""
        # A formula between double dollars stands alone, also where no empty line is around it.
        markdown = re.sub(r"\s*\$\$(.+?)\$\$[ \t]*", r"\n\n$$\n\1\n$$\n\n", markdown, flags=re.S)
        return _readdressed(tied(self.markdown.render(markdown)), self.beside, "")

    def _inline(self, markdown: str) -> str:
        return tied(self.markdown.renderInline(markdown))

    def _formula(self, tokens: Sequence, index: int, *_: object) -> str:
        """A rule for markdown-it."""
        tex = tokens[index].content.strip()
        try:
            if tokens[index].type == "math_block":
                return self.writer.displayed(tex)
            return self.writer.formula(tex)
        except TexError as error:
            raise ValueError(f"the formula {tex!r}: {error}") from None


def _grouped(slides: Sequence[Kept]) -> Iterator[list[Kept]]:
    """Steps of one derivation that follow one another, two on a slide where they fit."""
    waiting: list[Kept] = []
    for slide in slides:
        fits = (
            len(waiting) == 1
            and slide.derivation
            and waiting[0].derivation == slide.derivation
            and waiting[0].section == slide.section
            and waiting[0].height + slide.height <= ROOM
        )
        if waiting and not fits:
            yield waiting
            waiting = []
        waiting.append(slide)
    if waiting:
        yield waiting


def _readdressed(html: str, folder: str, own: str) -> str:
    """Put `folder` before each relative address; `#name` alone leads to the page `own`."""

    def moved(match: re.Match[str]) -> str:
        attribute, address = match[1], match[2]
        if re.match(r"[a-z][a-z0-9+.-]*:|/", address, re.IGNORECASE) or not address:
            return match[0]
        if address.startswith("#"):
            if not own or address.startswith("#/"):
                return match[0]
            address = own + address
        path, mark, anchor = address.partition("#")
        return f'{attribute}="{posixpath.normpath(posixpath.join(folder, path))}{mark}{anchor}"'

    return re.sub(r'\b(href|src|poster)="([^"]*)"', moved, html)


def _relative(folder: Path, start: Path) -> str:
    """The address of a folder from another one."""
    return Path(os.path.relpath(folder, start)).as_posix()


def _speaks(name: str, language: str) -> bool:
    """Whether a theorem has words in a language."""
    try:
        words_of(name, language)
    except ValueError:
        return False
    return True


def _said(titles: dict[str, str], reasons: dict[str, str]):
    from scorelab.derivations.engine.words import Words

    return Words(titles=titles, reasons=reasons)


def _exercise(label: str, kept: dict, language: str) -> tuple[str, str, float]:
    """The title of an exercise in HTML, its language, and its minutes: by the package's texts."""
    from scorelab import exercises

    if label in exercises.available():
        about = exercises.about(label, language=language)
        if about.title != label:
            return escape(about.title), language, about.minutes
    return kept["title"], "en", kept["minutes"]
