"""The machinery of the book: one Sphinx extension, and in this file what it does and when.

`register` of a module makes known its directives, nodes and settings. Everything else happens at a
moment of the build, and stands in one of two tables, in the order in which it happens. Among equals
in priority the first in the table goes first; what Sphinx, the theme and other extensions do
without a priority has 500.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import ModuleType

from sphinx.application import Sphinx

from scorebook import contents, patches, translations
from scorebook.chapters import execution, status, strict
from scorebook.finding import earlier, glossary, indices, numbers, sections, things
from scorebook.lectures import derivations, exercises, keeping, slides, timetables
from scorebook.lectures.slides import deck
from scorebook.notebooks import buttons, template, wheel, writing
from scorebook.pages import (
    assets,
    boxes,
    citing,
    docstrings,
    downloads,
    edition,
    figures,
    layout,
    live,
    mathematics,
    sharing,
)
from scorebook.translations import check
from scorebook.translations import pages as translated

# A part is a module with its helpers; each is of use without the others, but for `contents`.
PARTS: dict[ModuleType, tuple[ModuleType, ...]] = {
    contents: (),
    strict: (),
    execution: (),
    writing: (buttons, edition, template),
    edition: (),
    wheel: (),
    status: (),
    docstrings: (),
    mathematics: (),
    assets: (),
    figures: (downloads,),
    downloads: (),
    citing: (),
    derivations: (citing,),
    exercises: (),
    layout: (),
    boxes: (),
    timetables: (),
    slides: (deck, keeping),
    numbers: (),
    things: (),
    glossary: (),
    earlier: (),
    indices: (),
    sections: (),
    translations: (check, translated),
    sharing: (),
    live: (),
}

HOOKS: tuple[tuple[str, int, Callable], ...] = (
    # The settings are read.
    ("config-inited", 0, strict.forget_unfinished),
    ("config-inited", 500, writing.read_repository),
    ("config-inited", 500, edition.withhold_sources),
    ("config-inited", 500, wheel.offer_wheel),
    ("config-inited", 500, mathematics.choose_renderer),
    ("config-inited", 500, figures.prefer_films),
    ("config-inited", 500, derivations.open_exports),
    ("config-inited", 500, glossary.watch_glossary),
    ("config-inited", 500, sharing.take_address),
    ("builder-inited", 500, execution.start_executor),
    ("builder-inited", 500, mathematics.start_typesetter),
    # Which pages are read, and what runs before they are.
    ("env-get-outdated", 0, strict.mark_begun),
    ("env-get-outdated", 500, contents.count_removed),
    ("env-get-outdated", 500, execution.outdated_chapters),
    ("env-get-outdated", 800, status.outdated_status),  # when the chapters are known
    ("env-before-read-docs", 500, contents.count_read),
    ("env-before-read-docs", 500, execution.execute_outdated),
    ("env-before-read-docs", 800, status.remember_state),  # when they have run
    # A page is read.
    ("env-purge-doc", 500, downloads.forget_page),
    ("env-purge-doc", 500, derivations.forget_page),
    ("env-purge-doc", 500, sections.forget_page),
    # Napoleon, at 500, would cut formulas at their colons.
    ("autodoc-process-docstring", 400, docstrings.rewrite_docstring),
    ("doctree-read", 500, docstrings.join_documents),
    ("doctree-read", 500, downloads.find_files),
    ("doctree-read", 500, derivations.find_derivations),
    ("doctree-read", 500, things.unlist_words),
    ("doctree-read", 500, sections.collect_links),
    ("doctree-read", 600, timetables.tell_reading_times),  # when outputs are known as derivations
    # All pages are read: which others are written anew.
    ("env-updated", 500, derivations.pages_with_an_index),
    ("env-updated", 500, timetables.pages_with_tables),
    ("env-updated", 500, indices.pages_with_an_index),
    ("env-updated", 500, template.pages_to_write),
    ("env-updated", 500, edition.find_answers),
    ("env-updated", 500, sections.pages_to_write),
    ("env-updated", 500, translated.pages_to_write),
    ("env-check-consistency", 500, check.check),
    # A page is resolved: marks are taken and tables filled in before the notebook is made of it.
    ("doctree-resolved", 40, edition.leave_out_answers),
    ("doctree-resolved", 50, slides.choose_slides),
    ("doctree-resolved", 90, timetables.fill_tables),
    ("doctree-resolved", 100, writing.write_notebooks),
    ("doctree-resolved", 100, template.write_template),
    ("doctree-resolved", 500, figures.demand_words),
    ("doctree-resolved", 600, downloads.add_menus),  # when decks have taken theirs
    ("doctree-resolved", 600, derivations.write_lines),
    # A page becomes HTML.
    ("html-page-context", 500, live.load_script),
    ("html-page-context", 700, buttons.add_buttons),
    ("html-page-context", 900, figures.steady_page_images),
    ("html-page-context", 920, deck.write_deck),
    ("html-page-context", 930, keeping.keep_slides),
    ("html-page-context", 950, layout.complete_page),
    ("html-page-context", 960, glossary.add_definitions),
    ("html-page-context", 970, sharing.describe_page),
    ("html-page-context", 972, citing.describe),
    ("html-page-context", 975, translated.describe),
    ("html-page-context", 990, assets.choose_assets),
    # All is written.
    ("build-finished", 500, writing.copy_beside),
    ("build-finished", 500, wheel.write_wheel),
    ("build-finished", 500, mathematics.write_style_sheet),
    ("build-finished", 500, assets.copy_own),
    ("build-finished", 500, assets.drop_theirs),
    ("build-finished", 500, assets.write_fonts),
    ("build-finished", 500, figures.copy_media),
    ("build-finished", 500, figures.drop_old_pictures),
    ("build-finished", 500, downloads.write_files),
    ("build-finished", 500, derivations.write_files),
    ("build-finished", 500, deck.copy_sources),
    ("build-finished", 500, sharing.write_icon),
    ("build-finished", 500, sharing.write_map),
    ("build-finished", 500, citing.write_index),
    ("build-finished", 600, live.write_scripts),  # after the theme's files are copied
    ("build-finished", 700, keeping.write_lectures),  # when all that they refer to is there
    ("build-finished", 1000, strict.mark_ended),
)

TRANSFORMS: tuple[tuple[int, type], ...] = (
    # Before the hooks on `doctree-resolved`. Sphinx resolves references at 10.
    (5, indices.WriteIndices),
    (200, sections.QuoteHeadings),
    (300, translated.SpeakLanguage),  # after MyST-NB has folded its cells
    (600, glossary.LinkFirstUses),
    (900, earlier.FromBefore),  # when words are linked
    (900, live.TakePlace),
    (950, layout.FoldDropdowns),
    (950, layout.KeepNumbers),
    (960, mathematics.KeepPunctuation),
)


def setup(app: Sphinx) -> dict[str, object]:
    """Connect all parts to Sphinx."""
    return connect(app, PARTS)


def connect(app: Sphinx, parts: Iterable[ModuleType]) -> dict[str, object]:
    """Connect some parts to Sphinx, as a small book in a test does."""
    modules = {contents, *parts, *(helper for part in parts for helper in PARTS[part])}
    names = {module.__name__ for module in modules}
    if figures in modules:
        patches.render_outputs_by(figures.BookRenderer)
    for module in PARTS:
        if module in modules and hasattr(module, "register"):
            module.register(app)
    for event, priority, hook in HOOKS:
        if hook.__module__ in names:
            app.connect(event, hook, priority=priority)
    for priority, transform in TRANSFORMS:
        if transform.__module__ in names:
            transform.default_priority = priority
            app.add_post_transform(transform)
    return {"env_version": 1, "parallel_read_safe": False, "parallel_write_safe": True}
