"""Execute what changed, take the rest from disk.

myst-nb's own cache looks at the notebook alone, so an edit of the package leaves old numbers on the
page. Here a chapter is executed if and only if its cells changed (`chapter`) or something that they
read when they ran (`dependencies`). All such chapters run side by side before Sphinx reads the
first page (`kernels`), and each is kept as soon as it is done (`store`). myst-nb then gets its
outputs from `ChapterClient`, which stands in for its client of the mode `execute_notebooks: cache`.
A page that shows cells of another one (`borrowed`) has them executed there.
"""

from __future__ import annotations

import functools
import time
from pathlib import Path

from myst_nb.core.execute.base import NotebookClientBase
from nbformat import NotebookNode, from_dict
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError
from sphinx.util import logging

from scorebook import patches, state
from scorebook.cache import digest_of
from scorebook.chapters.borrowed import code_cells
from scorebook.chapters.chapter import Chapter, Library
from scorebook.chapters.kernels import execute
from scorebook.chapters.remembered import library_of
from scorebook.chapters.store import Execution, Store
from scorebook.words import told_again

logger = logging.getLogger(__name__)


class BrokenChapter(SphinxError):
    """A cell raised, hung or killed its kernel. Nothing is kept, so the next build fails too."""

    category = "Broken chapter"


class Executor:
    """The chapters of one build and their executions.

    Args:
        library: The state of the code.
        folder: Where executions are kept.
        timeout: Seconds that one cell may take.
    """

    def __init__(self, library: Library, folder: Path, timeout: int) -> None:
        self.root = library.root
        self.library = library
        self.store = Store(folder, library.sources)
        self.timeout = timeout
        self.chapters: dict[str, Chapter] = {}
        self._kept: dict[tuple[str, str], Execution] = {}

    def read(self, name: str, path: Path) -> Chapter | None:
        """The chapter `name` as it stands on disk, and noted; None for a page without code."""
        chapter = self.library.read_chapter(name, path)
        if chapter is not None:
            self.chapters[name] = chapter
        return chapter

    def states(self) -> dict[str, str | None]:
        """For each chapter a digest of all that the outputs on its page come from.

        It is None if the chapter, or one that it borrows from, must be executed first.
        """
        return {name: self._state(chapter) for name, chapter in self.chapters.items()}

    def _state(self, chapter: Chapter) -> str | None:
        executed = [c for c in (chapter, *chapter.sources) if c.executable]
        kept = [self.load(c) for c in executed]
        if None in kept:
            return None
        origins = [(source and source.name, index) for source, index in chapter.origins]
        made = [(c.key, execution.state) for c, execution in zip(executed, kept, strict=True)]
        return digest_of([chapter.key, origins, made])

    def load(self, chapter: Chapter) -> Execution | None:
        """The execution of `chapter` that is kept, if there is one."""
        place = chapter.name, chapter.key
        if place not in self._kept:
            execution = self.store.load(chapter)
            if execution is None:
                return None
            self._kept[place] = execution
        return self._kept[place]

    def execute_missing(self, chapters: list[Chapter]) -> None:
        """Execute those of `chapters`, and of the ones that they borrow from, that are not kept.

        Raises:
            BrokenChapter: After all have ended, with the traceback of every one that failed.
        """
        needed = {c.name: c for chapter in chapters for c in (chapter, *chapter.sources)}
        missing = [c for c in needed.values() if c.executable and self.load(c) is None]
        if not missing:
            return
        # The longest first: one that begins when the others end leaves the other cores idle. Of one
        # that never ran nothing is known, but further down the book there is more to compute.
        missing.reverse()
        missing.sort(key=self.store.seconds, reverse=True)
        start = time.perf_counter()
        logger.info("executing %d of %d chapters …", len(missing), len(needed))
        failures = execute(missing, root=self.root, timeout=self.timeout, done=self._keep)
        if failures:
            reports = (f"{name}\n{trace}" for name, trace in sorted(failures.items()))
            raise BrokenChapter("\n\n".join(reports))
        logger.info("executed %d in %.1f s", len(missing), time.perf_counter() - start)

    def execution(self, chapter: Chapter) -> Execution:
        """The execution of `chapter`, from disk or made now."""
        if self.load(chapter) is None:
            self.execute_missing([chapter])
        return self.load(chapter)

    def fill(self, chapter: Chapter, notebook: NotebookNode) -> list[Execution]:
        """Put the outputs into the code cells of `notebook`, which are those of `chapter`.

        Returns:
            The executions that they are from, its own first.
        """
        own = [chapter] if chapter.executable else []
        made = {source: self.execution(source) for source in (*own, *chapter.sources)}
        for cell, (source, index) in zip(code_cells(notebook), chapter.origins, strict=True):
            outputs = made[source or chapter].outputs[index]
            if source is not None:
                outputs = [told_again(output, chapter.language) for output in outputs]
            cell.outputs = [from_dict(output) for output in outputs]
            cell.execution_count = index + 1
        executions = list(made.values())
        notebook.metadata["language_info"] = from_dict(executions[0].language)
        return executions

    def _keep(self, chapter: Chapter, execution: Execution) -> None:
        """Keep what ran for the next build, and for this one whatever was edited meanwhile."""
        self.store.save(chapter, execution)
        self._kept[chapter.name, chapter.key] = execution
        logger.info("  %-32s %6.1f s", chapter.name, execution.seconds)


class ChapterClient(NotebookClientBase):
    """myst-nb's view of an executed chapter."""

    def __init__(self, executor: Executor, notebook, path, nb_config, logger, **kwargs) -> None:
        super().__init__(notebook, path, nb_config, logger, **kwargs)
        self._executor = executor

    def start_client(self) -> None:
        """Fill the notebook with the outputs of its execution."""
        name = self.path.relative_to(self._executor.root).with_suffix("").as_posix()
        chapter = self._executor.library.chapter(name, self.path, self.notebook)
        executions = self._executor.fill(chapter, self.notebook)
        self.exec_metadata = {
            "mtime": max(execution.finished for execution in executions),
            "runtime": sum(execution.seconds for execution in executions),
            "method": self.nb_config.execution_mode,
            "succeeded": True,
            "error": None,
            "traceback": None,
        }


def executor_of(app: Sphinx) -> Executor:
    """The executor of this build."""
    return state.of_build(app).executor


def _store_folder(app: Sphinx, root: Path) -> Path:
    """Where executions are kept: below the book, unless the site is built elsewhere.

    What is built elsewhere may be so because the book's own folder must not be written.
    """
    if app.config.nb_execution_cache_path:
        return root / app.config.nb_execution_cache_path
    build = Path(app.outdir).resolve().parent
    return (root / "_build" if build.is_relative_to(root) else build) / ".jupyter_cache"


def start_executor(app: Sphinx) -> None:
    library = library_of(app)
    executor = Executor(library, _store_folder(app, library.root), app.config.nb_execution_timeout)
    state.of_build(app).executor = executor
    patches.take_outputs_from(functools.partial(ChapterClient, executor))
    patches.read_notebooks_by(library.read_notebook)


def outdated_chapters(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """The chapters whose state is not the one that their page was made from."""
    executor = executor_of(app)
    for name in env.found_docs:
        executor.read(name, Path(env.doc2path(name)))
    made_from = state.of_pages(env).made_from
    states = executor.states().items()
    return sorted(name for name, now in states if now is None or made_from.get(name) != now)


def execute_outdated(app: Sphinx, env: BuildEnvironment, names: list[str]) -> None:
    executor = executor_of(app)
    chapters = [executor.read(name, Path(env.doc2path(name))) for name in names]
    executor.execute_missing([chapter for chapter in chapters if chapter is not None])
    state.of_pages(env).made_from = executor.states()
