"""Sphinx side of the mathematics: formulas are set at build time, a bad one is a warning.

A displayed equation becomes its own box, so that no page is wider than a phone. One that may be too
wide for its box is set smaller there, down to three quarters, and then broken into lines
(`breaking`); what is still too wide scrolls, and so each takes the keyboard's focus. The equation
number stands outside the box.
"""

from __future__ import annotations

import re
from functools import partial
from html import escape
from pathlib import Path

from docutils import nodes
from scorebook import state
from scorebook.cache import kept
from scorebook.pages import stylesheets
from scorebook.pages.breaking import breakable
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from scorelab._support.files import write_whole
from scorelab.derivations.printing.macros import MACROS
from scorelab.derivations.printing.typesetter import TexError, Typesetter, mathjax_folder

RENDERER = "typeset"
PHONE_WIDTH_EM = 17.0  # what fits beside an equation number on a screen of 390 px
FOLD_WIDTH_EM = 13.0  # and in a fold there
# The smallest size of the mathematics, in em of the text, as in the style sheet; usual is 1.06.
SMALLEST = 0.795
# Widths of boxes, in em of the text, below which the style sheet turns a table into lines.
STACKED_BELOW = (13, 15, 17, 19, 21, 26, 34)
FOCUS = ' tabindex="0" role="group" aria-label="Formula"'
logger = logging.getLogger(__name__)


def register(app: Sphinx) -> None:
    """Make known the renderer."""
    app.add_html_math_renderer(RENDERER, (_visit_inline, None), (_visit_display, None))


def displayed(tex: str, nowrap: bool) -> str:
    r"""What MathJax is given: as ever in Sphinx, a ``\\`` outside an environment breaks lines."""
    tex = tex.strip()
    if nowrap or not re.search(
        r"\\\\", re.sub(r"\\begin\{(.+?)\}.*?\\end\{\1\}", "", tex, flags=re.S)
    ):
        return tex
    return rf"\begin{{split}}{tex}\end{{split}}"


def choose_renderer(app: Sphinx, config: object) -> None:
    config.html_math_renderer = RENDERER
    config.mathjax_path = ""


def start_typesetter(app: Sphinx) -> None:
    keep = partial(kept, Path(app.outdir).parent / ".formulas")
    state.of_build(app).typesetter = Typesetter(MACROS, keep)


class KeepPunctuation(SphinxPostTransform):
    """Ties a formula to the punctuation after it, which must not begin a line."""

    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for node in list(self.document.findall(nodes.math)):
            after = node.next_node(descend=False, siblings=True)
            if isinstance(after, nodes.Text) and after.parent is node.parent:
                tied = re.match(r"[.,;:!?)\]’”]+|-\w+", after.astext())
                if tied:
                    node["after"] = tied.group()
                    # Not `replace`: to docutils every "." of the paragraph is the same text.
                    place = next(i for i, child in enumerate(node.parent) if child is after)
                    node.parent[place] = nodes.Text(after.astext()[tied.end() :])


def _visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    formula = _set(translator, node, node.astext(), display=False)
    if "after" in node:
        formula = f'<span class="tied">{formula}{escape(node["after"])}</span>'
    translator.body.append(formula)
    raise nodes.SkipNode


def _visit_display(translator: HTML5Translator, node: nodes.math_block) -> None:
    tex = displayed(node.astext(), node.get("nowrap", False))
    box = _set(translator, node, tex, display=True)
    translator.body.append(translator.starttag(node, "div", CLASS="math equation"))
    translator.body.append(box)
    if node.get("number"):
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def _set(translator: HTML5Translator, node: nodes.Element, tex: str, *, display: bool) -> str:
    try:
        formula = state.of_build(translator.builder.app).typesetter(tex, display=display)
    except TexError as error:
        logger.warning("math: %s in the formula: %s", error, tex, location=node, type="math")
        return f'<code class="math math-error">{escape(tex)}</code>'
    speech = f'<span class="mathml">{formula.mathml}</span>'
    if display:
        return _box(formula.html, formula.width, speech)
    wide = formula.width > PHONE_WIDTH_EM
    return f'<span class="math{" wide" * wide}"{FOCUS * wide}>{formula.html}{speech}</span>'


def _box(html: str, width: float, speech: str) -> str:
    """The box of a displayed formula, which tells the style sheet what it is to know."""
    if width <= FOLD_WIDTH_EM:
        return f'<div class="formula">{html}{speech}</div>'
    names = "formula"
    if width * SMALLEST > STACKED_BELOW[0]:
        html = breakable(html)
        if re.search(r"<mjx-math\b[^>]*><mjx-mtable", html):
            below = next((b for b in STACKED_BELOW if width * SMALLEST < b), STACKED_BELOW[-1])
            names += f" stack{below}"
    return f'<div class="{names}" style="--em:{width:.1f}"{FOCUS}>{html}{speech}</div>'


def write_style_sheet(app: Sphinx, exception: Exception | None) -> None:
    """MathJax's style sheet and fonts, cut down to the glyphs that the pages show."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    names: set[str] = set()
    # A lecture may show what is on no page: the titles of steps.
    for page in [*out.rglob("*.html"), *out.glob("lectures/slides/**/*.json")]:
        if page.parent == out / "derivations":  # files to take along, which load nothing
            continue
        names.update(re.findall(r"\bmjx-[\w-]+|\bTEX-\w+", page.read_text(encoding="utf-8")))
    if not names:
        write_whole(out / "_static" / "math.css", b"")
        return
    cache = out.parent / ".fonts"
    whole = state.of_build(app).typesetter.style_sheet("fonts")
    sheet = stylesheets.purge(whole, names, cache=cache)
    characters = stylesheets.characters(sheet)
    for source in sorted((mathjax_folder() / "output/chtml/fonts/woff-v2").glob("*.woff")):
        if source.name not in sheet:
            continue
        target = out / "_static" / "fonts" / f"{source.stem}.woff2"
        stylesheets.subset(source, target, characters, cache=cache)
        sheet = sheet.replace(f'{source.name}") format("woff")', f'{target.name}") format("woff2")')
    sheet = sheet.replace('format("woff2");', 'format("woff2"); font-display: block;')
    write_whole(out / "_static" / "math.css", stylesheets.minified(sheet).encode())
