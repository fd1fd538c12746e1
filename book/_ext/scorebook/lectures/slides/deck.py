"""A chapter's deck as a page: by Sphinx, so that formulas, numbers and links are the book's."""

from __future__ import annotations

import posixpath
import re
from html import escape
from pathlib import Path

from docutils import nodes
from scorebook.lectures import minutes
from scorebook.lectures.slides.plan import Item
from scorebook.pages.downloads import save
from scorebook.pages.figures import steady_images
from scorebook.pages.layout import plain_roles, scrollable
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

from scorelab._support.files import write_whole
from scorelab.derivations.export.decks import (
    DECK_SCRIPT,
    DECK_STYLE,
    Slide,
    contents,
    page,
    revealjs,
)
from scorelab.lectures.site import Kept
from scorelab.lectures.speaking import phrases

SUFFIX = "-slides"
STYLES = ("reveal.css", "deck.css", "code.css", "math.css")
SCRIPTS = ("reveal.js", "notes.js", "deck.js")
BESIDE = 1.5  # a picture less wide than this, in units of its height, has its caption beside it
CLASSES = {
    "question": "question prose",
    "summary": "prose",
    "text": "prose",
    "prose": "prose",
    "objectives": "prose",
}


def write_deck(
    app: Sphinx, name: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Write the deck of the chapter `name`, and a link to it among the tools of its page."""
    items = getattr(doctree, "slides_plan", [])
    if not items:
        return
    chapter = posixpath.basename(app.builder.get_target_uri(name))
    file = chapter.replace(".html", f"{SUFFIX}.html")
    title, book = app.env.titles[name].astext(), app.config.html_title or app.config.project
    writer = Writer(app, chapter)
    opening = Slide(
        writer.inline(app.env.titles[name].children),
        f'{writer.opening(doctree)}\n<p class="cite">A chapter of {escape(book)}</p>',
        "opening",
    )
    here = app.builder.get_target_uri(name)

    def static(file: str) -> str:
        return relative_uri(here, f"_static/{file}")

    slides = writer.slides(items)
    html = page(
        f"{title}: slides",
        [opening, writer.contents(items, slides), *slides],
        description=f"Slides for a lecture on {title}, a chapter of {book}.",
        styles="\n".join(f'<link rel="stylesheet" href="{static(f)}">' for f in STYLES),
        icon=static("favicon.svg"),
        scripts="\n".join(f'<script src="{static(f)}"></script>' for f in SCRIPTS),
        tools=f'<a href="{chapter}">The chapter</a><a href="?print-pdf">To print</a>',
    )
    write_whole(Path(app.outdir, posixpath.dirname(here), file), html.encode())
    button = {
        "type": "link",
        "url": file,
        "text": "Slides",
        "tooltip": "Slides for a lecture",
        "label": "slides-button",
    }
    context.setdefault("header_buttons", []).append(button)


def copy_sources(app: Sphinx, exception: Exception | None) -> None:
    """What all decks load: reveal.js, and the style with the faces of the book's own fonts."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for file in ("dist/reveal.js", "dist/reveal.css", "plugin/notes/notes.js"):
        write_whole(static / posixpath.basename(file), Path(revealjs(file)).read_bytes())
    write_whole(static / "deck.js", DECK_SCRIPT.read_bytes())
    book = (static / "book.css").read_text(encoding="utf-8")
    faces = "\n".join(re.findall(r"@font-face \{.*?\}", book, flags=re.S))
    style = DECK_STYLE.read_text(encoding="utf-8")
    write_whole(static / "deck.css", f"{faces}\n{style}".encode())


class Writer:
    """Nodes to HTML, and links that lead to slides, or to the chapter if there is no such slide.

    Args:
        app: The application, while it writes the chapter.
        chapter: The file of the chapter's page.
    """

    def __init__(self, app: Sphinx, chapter: str) -> None:
        self.app = app
        self.chapter = chapter
        self.places: dict[str, str] = {}  # the slide of each anchor

    def slides(self, items: list[Item]) -> list[Slide]:
        """The slides, each under a name of its own."""
        names: list[str] = []
        for item in items:
            base = item.name.removeprefix("equation-")
            count = sum(name.rsplit("--", 1)[0] == base for name in names)
            names.append(f"{base}--{count + 1}" if count else base)
        bodies = [self._body(item, name) for item, name in zip(items, names, strict=True)]
        return [
            Slide(
                self.inline(item.title),
                self._linked(body),
                self._kind(item, body),
                name,
                self._linked(self._notes(item)),
            )
            for item, name, body in zip(items, names, bodies, strict=True)
        ]

    def contents(self, items: list[Item], slides: list[Slide]) -> Slide:
        """The list of the chapter's sections that are on the deck, without the goals."""
        entries: dict[str, tuple[str, str, str]] = {}
        for item, made in zip(items, slides, strict=True):
            if item.kind != "objectives":
                heading = self.inline(item.section)
                entries.setdefault(heading, (heading, made.name, ""))
        return contents(phrases("en")["contents"], list(entries.values()))

    def kept(self, candidates: list[tuple[Item, bool]]) -> list[Kept]:
        """All that could be a slide, as the site keeps it; its links lead to the chapter's page."""
        found = []
        for item, shown in candidates:
            body, rows = self._body(item, ""), ()
            step, size = item.step, 0.0
            if item.rows:
                body, rows = _without_rows(body, item.rows)
            if item.kind == "derivation":
                from scorelab.derivations.export.framing import height

                body = f'<div class="step">{body}</div>'
                size = height(item.content[0].astext(), item.content[-1].astext())
            found.append(
                Kept(
                    item.name.removeprefix("equation-"),
                    self._kind(item, body),
                    self.inline(item.title),
                    body,
                    self._notes(item),
                    minutes.holding(item.content).lecture(),
                    item.part,
                    shown,
                    *step,
                    size,
                    self.inline(item.kicker) if item.kicker else "",
                    rows,
                )
            )
        return found

    def opening(self, doctree: nodes.document) -> str:
        """What the chapter says below its title."""
        first = next(iter(doctree.findall(nodes.paragraph)), nodes.paragraph())
        return self._linked(_without_ids(self._html(first)))

    def inline(self, content: list[nodes.Node]) -> str:
        """The HTML of a title."""
        title = nodes.inline("", "", *(node.deepcopy() for node in content))
        html = self._html(nodes.paragraph("", "", title))
        return re.sub(r"^\s*<p[^>]*>\s*<span>(.*)</span>\s*</p>\s*$", r"\1", html, flags=re.S)

    def _body(self, item: Item, name: str) -> str:
        html = "\n".join(map(self._html, item.content))
        for anchor in re.findall(r' id="([^"]*)"', html) if name else []:
            self.places.setdefault(anchor, name)
        if name and item.kicker:
            html = f'<p class="place">{self.inline(item.kicker)}</p>\n{html}'
        html = _without_ids(steady_images(html))
        if item.left_out:
            rest = f"{item.left_out} more in the chapter"
            html += f'\n<p class="rest"><a href="{self.chapter}#{item.anchor}">{rest}</a>.</p>'
        return html

    def _notes(self, item: Item) -> str:
        return _without_ids("\n".join(map(self._html, item.notes))).replace(' tabindex="0"', "")

    def _kind(self, item: Item, body: str) -> str:
        if item.kind != "figure":
            return CLASSES.get(item.kind, item.kind)
        size = re.search(r'width="(\d+)" height="(\d+)"', body)
        beside = size is not None and int(size[1]) < BESIDE * int(size[2])
        return "figure beside" if beside else "figure"

    def _html(self, node: nodes.Node) -> str:
        shown = node.deepcopy()
        for menu in list(shown.findall(save)):
            menu.parent.remove(menu)
        html = self.app.builder.render_partial(shown)["fragment"]
        html = re.sub(r'<a class="headerlink".*?</a>', "", html, flags=re.S)
        # A picture that is as large as the slide leads nowhere.
        html = re.sub(r'<a class="[^"]*image-reference[^>]*>\s*(<img [^>]*>)\s*</a>', r"\1", html)
        return plain_roles(scrollable(html)).strip()

    def _linked(self, html: str) -> str:
        def place(match: re.Match[str]) -> str:
            slide = self.places.get(match[1])
            return f'href="#/{slide}"' if slide else f'href="{self.chapter}#{match[1]}"'

        return re.sub(r'href="#([^"/]+)"', place, html)


def _without_rows(html: str, told: list[tuple[str, bool]]) -> tuple[str, tuple]:
    """A table with a mark in place of its rows, and the rows: claim, HTML, whether shown."""
    body = re.search(r"<tbody>(.*?)</tbody>", html, flags=re.S)
    rows = re.findall(r"<tr.*?</tr>", body[1], flags=re.S)
    made = tuple((claim, row, shown) for (claim, shown), row in zip(told, rows, strict=True))
    return html.replace(body[1], "<!--rows-->"), made


def _without_ids(html: str) -> str:
    return re.sub(r' id="[^"]*"', "", re.sub(r'<span id="[^"]*"></span>', "", html))
