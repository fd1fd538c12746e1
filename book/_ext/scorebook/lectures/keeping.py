"""What the site keeps for lectures, and the book's own lectures, made of it.

For each chapter all that could be a slide is written to `lectures/slides`, and what is common to
`lectures/site.json`, as `scorelab.lectures.site` reads them. The plans of `book/lectures` then
become decks in `lectures` by the code that makes a deck of a lecturer's own plan.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

from docutils import nodes
from scorebook import contents, state
from scorebook.cache import kept
from scorebook.finding import numbers
from scorebook.lectures import minutes
from scorebook.lectures.slides.deck import Writer
from sphinx.application import Sphinx
from sphinx.util import logging

from scorelab import lectures
from scorelab._support.files import write_whole
from scorelab.lectures.plan import read_plan
from scorelab.lectures.site import FOLDER, Chapter, Site

PLANS = "book/lectures"
logger = logging.getLogger(__name__)


def keep_slides(
    app: Sphinx, name: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Write all that could be a slide of the chapter `name`."""
    candidates = getattr(doctree, "slides_kept", [])
    if not candidates:
        return
    page = app.builder.get_target_uri(name)
    writer = Writer(app, page.rpartition("/")[2])
    tree = numbers.once(app.env).get_doctree(name)
    told = {
        part.anchor: {
            "title": _heading(writer, tree, part),
            "outline": part.outline(),
            "board": part.lecture(),
            "text": part.lecture(0),
            "steps": part.count["steps"],
        }
        for part in minutes.sections(tree)
    }
    chapter = Chapter(
        name,
        page,
        writer.inline(app.env.titles[name].children),
        contents.language(app.env, name),
        tuple(writer.kept(candidates)),
        told,
        minutes.exercises(tree),
    )
    _write(Path(app.outdir, FOLDER, "slides", f"{name}.json"), asdict(chapter))


def write_lectures(app: Sphinx, exception: Exception | None) -> None:
    """Write what is common, and a deck for each of the book's plans."""
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir, FOLDER)
    pages = [p for p in contents.order(app.env) if (folder / f"slides/{p}.json").is_file()]
    presets = getattr(app.config, "live_described", {}).get("presets", [])
    index = {
        "title": app.config.html_title or app.config.project,
        "chapters": pages,
        "presets": {p["name"]: {"title": p["title"], "see": p["see"]} for p in presets},
    }
    _write(folder / "site.json", index)
    exports = state.of_build(app).exports  # none in a book without derivations
    shared = [exports.digest if exports else "", *map(_digest, _sources(folder))]

    def deck(file: Path, out: Path) -> bytes:
        from scorelab.lectures.deck import made

        return made(read_plan(file), Site(app.outdir), out, beside=file.parent).html.encode()

    for file in plans(app):
        out, recipe = folder / f"{file.stem}.html", [file.name, _digest(file), *shared]
        make = partial(deck, file, out)
        try:
            write_whole(out, kept(Path(app.outdir).parent / ".lectures", recipe, make))
        except ValueError as error:
            logger.warning("the lecture %s: %s", file.name, error, type="lectures")


def _sources(folder: Path) -> list[Path]:
    """All that a deck is made of, besides its plan and the derivations."""
    package = Path(lectures.__file__).parent
    return [
        *sorted(
            path for path in package.rglob("*") if path.suffix in (".py", ".toml", ".js", ".css")
        ),
        folder / "site.json",
        *sorted(folder.glob("slides/**/*.json")),
    ]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def plans(app: Sphinx) -> list[Path]:
    """The files of the book's lectures."""
    return sorted(Path(app.confdir, PLANS).glob("*.yml"))


def _heading(writer: Writer, tree: nodes.document, part: minutes.Section) -> str:
    """The title of a section, in HTML."""
    section = next(s for s in tree.findall(nodes.section) if part.anchor in s["ids"])
    return writer.inline(section.next_node(nodes.title).children)


def _write(file: Path, told: object) -> None:
    write_whole(file, json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode())
