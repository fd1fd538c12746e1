"""The directive `build-status`, which reports how this book was built.

All it says is taken at build time from where it is true: versions from the environment, times from
the executions that the pages show (kept with the outputs, so a chapter that did not execute again
reports the time of the execution on the page). The page is made anew whenever any of it changed.
"""

from __future__ import annotations

import time
from importlib import metadata
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from scorebook import state
from scorebook.chapters.execution import Executor, executor_of
from scorebook.tables import table

TIMES = ["chapter", "executed (UTC)", "seconds"]
TOOLS = ("jupyter-book", "myst-nb", "Sphinx")


class BuildStatus(SphinxDirective):
    """Tables of the versions and of the chapters' execution times, and the code's digest."""

    option_spec: ClassVar[dict] = {}

    def run(self) -> list[nodes.Node]:
        """Build the tables."""
        executor = executor_of(self.env.app)
        state.of_pages(self.env).status_pages.add(self.env.docname)
        versions = executor.library.versions | {tool: metadata.version(tool) for tool in TOOLS}
        digest = nodes.paragraph()
        digest += [
            nodes.Text("Digest of the package's code and data: "),
            nodes.literal("", executor.library.code_digest[:16]),
            nodes.Text("."),
        ]
        return [
            table(["what", "version"], map(list, versions.items()), "status", title="Versions"),
            table(TIMES, self._times(executor), "status", title="Chapters"),
            digest,
        ]

    def _times(self, executor: Executor) -> list[list[str]]:
        rows, total = [], 0.0
        for name in self._in_order(executor):
            chapter = executor.read(name, Path(self.env.doc2path(name)))
            if chapter is None or not chapter.executable:
                continue
            execution = executor.execution(chapter)
            total += execution.seconds
            finished = time.strftime("%Y-%m-%d %H:%M", time.gmtime(execution.finished))
            rows.append([name.removeprefix("book/"), finished, f"{execution.seconds:.1f}"])
        return [*rows, ["all, one after the other", "", f"{total:.1f}"]]

    def _in_order(self, executor: Executor) -> list[str]:
        """The chapters, in the order of the contents."""
        contents = getattr(self.config, "external_site_map", None)
        order = list(contents) if contents else []
        known = [name for name in order if name in executor.chapters]
        return known + sorted(set(executor.chapters) - set(known))


def outdated_status(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """The pages with the directive, if what they say is no longer so."""
    known = state.of_pages(env)
    return [] if known.status == _status(app) else sorted(known.status_pages & env.found_docs)


def remember_state(app: Sphinx, env: BuildEnvironment, names: list[str]) -> None:
    state.of_pages(env).status = _status(app)


def _status(app: Sphinx) -> tuple:
    executor = executor_of(app)
    return executor.library.code_digest, executor.library.versions, executor.states()


def register(app: Sphinx) -> None:
    """Make known the directive."""
    app.add_directive("build-status", BuildStatus)
