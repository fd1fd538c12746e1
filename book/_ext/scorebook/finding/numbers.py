"""References by number (``{numref}``) that read each page they lead to once.

Sphinx unpickles the whole page again for every single reference, only to see whether a figure, a
table or a section bears the label: 40 ms each, and a list of figures has some hundred.
"""

from __future__ import annotations

from docutils import nodes
from scorebook import state
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.domains.std import StandardDomain
from sphinx.environment import BuildEnvironment
from sphinx.util.build_phase import BuildPhase


class Remembering:
    """The environment, but for pages that it reads once. They are looked at, never changed."""

    def __init__(self, env: BuildEnvironment) -> None:
        self._env = env
        self._trees: dict[str, nodes.document] = {}

    def __getattr__(self, name: str) -> object:
        return getattr(self._env, name)

    def get_doctree(self, page: str) -> nodes.document:
        """The page as it was read, unpickled at the first call."""
        if page not in self._trees:
            self._trees[page] = self._env.get_doctree(page)
        return self._trees[page]


def once(env: BuildEnvironment) -> Remembering:
    """The pages of a build, once all of them are read."""
    build = state.of_build(env.app)
    if build.read_once is None:
        build.read_once = Remembering(env)
    return build.read_once


class Standard(StandardDomain):
    """Sphinx's own domain, which is given pages that are read once when all of them are there."""

    def resolve_xref(self, env: BuildEnvironment, page: str, builder: Builder, kind: str, *rest):
        if kind == "numref" and env.app.phase == BuildPhase.RESOLVING:
            env = once(env)
        return super().resolve_xref(env, page, builder, kind, *rest)


def register(app: Sphinx) -> None:
    """Put the domain in the place of Sphinx's own."""
    app.add_domain(Standard, override=True)
