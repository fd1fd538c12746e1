"""What the extension knows: of this build, on the application; of the pages, in the environment.

Sphinx keeps the environment from build to build. What is in a `Build` is gone when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

if TYPE_CHECKING:
    from scorebook.chapters.chapter import Library
    from scorebook.chapters.execution import Executor
    from scorebook.finding.glossary import Entry
    from scorebook.finding.numbers import Remembering
    from scorebook.lectures.derivations import Place
    from scorebook.lectures.exports import Exports
    from scorebook.lectures.minutes import Section
    from scorelab.derivations.printing.typesetter import Typesetter


@dataclass
class Build:
    """One build.

    Attributes:
        library: The state of the book's sources.
        executor: What runs the chapters and keeps their outputs.
        typesetter: What sets formulas.
        exports: The derivations as they leave the book.
        read_once: The pages, for those who only look at them.
        reads_anything: Whether a page is read or dropped.
        glossary_entries: The glossary's words.
        glossary_definitions: The HTML of each definition, by the anchor of its word.
        sections: What a lecture can be made of, by chapter.
        wheel: Where in the site the package lies, if it is offered.
        answers: By the file of a page, the anchors of what an edition without answers leaves out.
    """

    library: Library | None = None
    executor: Executor | None = None
    typesetter: Typesetter | None = None
    exports: Exports | None = None
    read_once: Remembering | None = None
    reads_anything: bool = False
    glossary_entries: list[Entry] | None = None
    glossary_definitions: dict[str, str] | None = None
    sections: dict[str, list[Section]] | None = None
    wheel: str = ""
    answers: dict[str, set[str]] = field(default_factory=dict)


@dataclass
class Pages:
    """What was found when the pages were read and written.

    Attributes:
        made_from: For each page, the state of the executions that it shows.
        status: What the page about the build said.
        status_pages: The pages that say it.
        headings: The anchors and titles of each page.
        heading_links: For each page with links to sections, the pages that they lead to.
        translations: For each page, what it is called in other languages.
        index_pages: The pages with an index.
        figure_files: For each page, the files in which its figures leave it.
        code_places: Where code is shown and called.
        derivation_places: Where each derivation stands.
        derivation_indexes: The pages that list all of them.
        derivations_listed: What these lists said.
        questions: What the templates say of the lab's checks.
    """

    made_from: dict[str, str | None] = field(default_factory=dict)
    status: tuple | None = None
    status_pages: set[str] = field(default_factory=set)
    headings: dict[str, dict] = field(default_factory=dict)
    heading_links: dict[str, set[str]] = field(default_factory=dict)
    translations: dict[str, dict[str, str]] = field(default_factory=dict)
    index_pages: set[str] = field(default_factory=set)
    figure_files: dict[str, dict[str, str]] = field(default_factory=dict)
    code_places: dict[str, dict] = field(default_factory=dict)
    derivation_places: dict[str, list[Place]] = field(default_factory=dict)
    derivation_indexes: set[str] = field(default_factory=set)
    derivations_listed: dict | None = None
    questions: dict | None = None


def of_build(app: Sphinx) -> Build:
    """What is known of this build."""
    if not hasattr(app, "scorebook"):
        app.scorebook = Build()
    return app.scorebook


def of_pages(env: BuildEnvironment) -> Pages:
    """What is known of the pages; nothing yet if it was kept by another version of this file."""
    kept = getattr(env, "scorebook", None)
    if kept is None or vars(kept).keys() != {f.name for f in fields(Pages)}:
        env.scorebook = Pages()
    return env.scorebook
