"""Live figures: ``{live}`` puts a ``<score-lab>`` on a page, which then loads its script.

The script and the style sheet are the files of ``book/theme/static/live``, joined as they are: a
page asks for one file, and fourteen compress better together.

The element holds what is seen without scripts and in print: a figure of the page that it takes the
place of (``:replaces: fig-name``), or a line that refers to one nearby (``:still: fig-name``).
``{live-list}`` lists the presets with links that open them in a live figure of the page.
The presets are those of ``scorelab.figures.live``; the scripts find them in the same file.
``embed.html`` in the site's root shows one figure alone, for a frame in any page.
"""

from __future__ import annotations

import json
import shutil
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from scorebook.chapters.remembered import remembered
from scorebook.pages import stylesheets
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri
from sphinx.writers.html5 import HTML5Translator

from scorelab._support.files import write_whole

SOURCE = Path(__file__).resolve().parents[3] / "theme/static/live"
EMBED = SOURCE.parents[1] / "embed.html"
SCRIPTS = (
    "random", "mixture", "samplers", "run", "settings", "ground", "particles", "panel",
    "handles", "drawing", "controls", "colours", "player", "element",
)  # fmt: skip
logger = logging.getLogger(__name__)


class live_figure(nodes.General, nodes.Element):
    """A live figure: ``preset``, the id ``element``, and what it shows without scripts."""


class Live(SphinxDirective):
    """``{live} preset`` with ``:name:``, and ``:still:`` or ``:replaces:`` a figure's name."""

    required_arguments = 1
    option_spec = {  # noqa: RUF012, so docutils wants it
        "name": directives.unchanged,
        "still": directives.unchanged,
        "replaces": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        preset, presets = self.arguments[0], _presets(self.env)
        if preset not in presets:
            raise self.error(f"there is no preset {preset!r}; there are {', '.join(presets)}")
        still, replaces = self.options.get("still"), self.options.get("replaces")
        if bool(still) == bool(replaces):
            raise self.error("a live figure needs :still: or :replaces: with a figure's name")
        name = self.options.get("name", f"live-{preset}")
        node = live_figure(preset=preset, element=name, replaces=replaces or "")
        self.set_source_info(node)
        if still:
            text = (
                f"*{presets[preset]['title']}* moves here in a browser that runs scripts; "
                f"{{numref}}`{still}` stands still."
            )
            self.state.nested_parse(StringList([text]), self.content_offset, node)
        return [node]


class LiveList(SphinxDirective):
    """``{live-list} name``: the presets, each with its sentence and a link into the figure."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        figure = self.arguments[0]
        items = []
        for name, preset in _presets(self.env).items():
            link = f"#live={figure}&preset={name}"
            kind, word = ("works", "(right)") if preset["works"] else ("fails", "(wrong)")
            items.append(
                f'<li class="{kind}"><a href="{escape(link)}">{escape(preset["title"])}</a> '
                f'<span class="sr">{word}</span><p>{escape(preset["see"])}</p></li>'
            )
        html = f'<ul class="live-list">{"".join(items)}</ul>'
        return [nodes.raw("", html, format="html")]


class TakePlace(SphinxPostTransform):
    """Fetches the figure that a live figure replaces, and puts its pictures into the live one.

    So the caption stands below the live figure, and a cell's source stays where the cell is.
    """

    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for node in list(self.document.findall(live_figure)):
            if not node["replaces"]:
                continue
            found = [
                f for f in self.document.findall(nodes.figure) if node["replaces"] in f["names"]
            ]
            if not found:
                logger.warning(
                    "no figure %r to replace", node["replaces"], location=node, type="live"
                )
                continue
            figure = found[0]
            figure.parent.remove(figure)
            node.replace_self(figure)
            words = nodes.Titular | nodes.caption | nodes.legend
            for picture in [child for child in figure.children if not isinstance(child, words)]:
                figure.remove(picture)
                node.append(picture)
            figure.insert(0, node)


def register(app: Sphinx) -> None:
    """Make known the directives; a page is read again when a preset of its figures changes."""
    app.add_node(live_figure, html=(_visit, _depart))
    app.add_directive("live", Live)
    app.add_directive("live-list", LiveList)
    app.add_config_value("live_described", remembered(app, "live", _described), "env", dict)


def _described() -> dict:
    from scorelab.figures import live  # needs torch

    return live.described()


def _presets(env: BuildEnvironment) -> dict[str, dict]:
    """The presets by their names."""
    return {preset["name"]: preset for preset in env.config.live_described["presets"]}


def script(described: dict) -> str:
    """The presets, and all scripts in the order in which they need each other."""
    texts = {name: (SOURCE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS}
    joined = "\n".join(f"// ---- {name}.js\n{text}" for name, text in texts.items())
    presets = f"(globalThis.ScoreLab ??= {{}}).described = {json.dumps(described)};\n"
    return presets + joined


def load_script(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document
) -> None:
    if doctree is None or not any(doctree.findall(live_figure)):
        return
    app.add_css_file("live.css")


def write_scripts(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    shutil.rmtree(static / SOURCE.name, ignore_errors=True)
    sheet = (SOURCE / "live.css").read_text(encoding="utf-8")
    write_whole(static / "live.css", stylesheets.minified(sheet).encode())
    write_whole(static / "live.js", script(app.config.live_described).encode())
    book = app.config.html_title or app.config.project
    alone = app.builder.templates.render_string(EMBED.read_text(encoding="utf-8"), {"book": book})
    write_whole(Path(app.outdir, EMBED.name), alone.encode())


def _visit(translator: HTML5Translator, node: live_figure) -> None:
    # book.js loads the script when the figure comes near: a tenth of what the first view may weigh.
    page = translator.builder.get_target_uri(translator.builder.current_docname)
    translator.body.append(
        f'<score-lab id="{escape(node["element"])}" preset="{escape(node["preset"])}" '
        f'data-script="{relative_uri(page, "_static/live.js")}">'
    )


def _depart(translator: HTML5Translator, node: live_figure) -> None:
    translator.body.append("</score-lab>\n")
