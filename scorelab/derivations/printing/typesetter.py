"""TeX to HTML at build time: MathJax, as the pinned wheel carries it, run in QuickJS.

A reader's browser gets finished glyphs and MathML, and no script at all. There are two kinds of
glyphs: HTML, which needs MathJax's style sheet and fonts beside the page, and SVG, which needs
nothing. Nothing here knows Sphinx.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from html import escape
from importlib.metadata import distribution
from pathlib import Path

import quickjs

from scorelab.derivations.printing.macros import Macros, expand

__all__ = ["Formula", "TexError", "Typesetter", "glyph_sheet", "mathjax_folder"]

CARRIER = "sphinx-mathjax-offline"
OUTPUTS = ("chtml", "svg")
DRIVER = Path(__file__).with_name("typeset.js")


class TexError(ValueError):
    """A formula that MathJax cannot read; the message is MathJax's own."""


@dataclass(frozen=True)
class Formula:
    """One formula, ready for a page.

    Attributes:
        html: The visible glyphs, hidden from assistive technology.
        mathml: The same formula as MathML, with TeX that needs no macros as an annotation.
        width: Natural width in em of the mathematics font.
        glyphs: For SVG, the outline of each glyph that `html` uses, by its id; see `glyph_sheet`.
    """

    html: str
    mathml: str
    width: float
    glyphs: Mapping[str, str] = field(default_factory=dict)


class Typesetter:
    """MathJax with the book's macros.

    Args:
        macros: Name to replacement, or to ``(replacement, number of arguments)``.
        keep: Given all that a formula depends on and what makes it, returns it, kept from before
            if that is so; None to keep formulas in memory only.
        output: `"chtml"` or `"svg"`.
    """

    def __init__(
        self,
        macros: Macros,
        keep: Callable[[object, Callable[[], bytes]], bytes] | None = None,
        *,
        output: str = "chtml",
    ) -> None:
        if output not in OUTPUTS:
            raise ValueError(f"output must be one of {', '.join(OUTPUTS)}, got {output!r}")
        self._output = output
        self._table = dict(macros)
        self._macros = json.dumps(dict(macros), sort_keys=True)
        self._keep = keep
        self._known: dict[tuple[str, bool], Formula] = {}

    def __call__(self, tex: str, *, display: bool) -> Formula:
        """Set one formula.

        Raises:
            TexError: If MathJax finds a mistake, an unknown macro included.
        """
        key = (tex, display)
        if key not in self._known:
            self._known[key] = self._stored(tex, display)
        return self._known[key]

    def style_sheet(self, font_url: str) -> str:
        """All of MathJax's rules, one for each glyph of its fonts: some 300 kB, to be purged.

        Only for the output `"chtml"`: SVG needs none.
        """
        return self._engine.get("styleSheet")(font_url)

    def _stored(self, tex: str, display: bool) -> Formula:
        if self._keep is None:
            return self._typeset(tex, display)
        kept = self._keep(
            [self._recipe, display, tex],
            lambda: json.dumps(asdict(self._typeset(tex, display))).encode(),
        )
        return Formula(**json.loads(kept))

    def _typeset(self, tex: str, display: bool) -> Formula:
        request = json.dumps({"tex": tex, "display": display})
        answer = json.loads(self._engine.get("typeset")(request))
        if "error" in answer:
            raise TexError(answer["error"])
        html, glyphs = _SHAPED[self._output](answer["html"])
        mathml = _annotated(answer["mathml"], expand(tex, self._table))
        return Formula(html, mathml, round(answer["width"], 2), glyphs)

    @cached_property
    def _recipe(self) -> str:
        sources = [file.read_text(encoding="utf-8") for file in (DRIVER, Path(__file__))]
        sources.append(inspect.getsource(expand))
        return "\0".join((distribution(CARRIER).version, self._output, self._macros, *sources))

    @cached_property
    def _engine(self) -> quickjs.Context:
        engine = quickjs.Context()
        engine.eval("var window = globalThis, MathJax = {loader: {load: []}};")
        components = ("loader", "core", "adaptors/liteDOM", "input/tex-full")
        for component in (
            *components,
            f"output/{self._output}",
            f"output/{self._output}/fonts/tex",
        ):
            engine.eval((mathjax_folder() / f"{component}.js").read_text(encoding="utf-8"))
        engine.eval(DRIVER.read_text(encoding="utf-8"))
        engine.get("configure")(self._macros, self._output)
        return engine


def mathjax_folder() -> Path:
    """Where the pinned wheel keeps MathJax."""
    return Path(str(distribution(CARRIER).locate_file(f"{CARRIER}/static/mathjax")))


def glyph_sheet(formulas: Iterable[Formula]) -> str:
    """The hidden SVG that holds each outline once; a page with formulas in SVG needs one."""
    glyphs = {name: path for formula in formulas for name, path in formula.glyphs.items()}
    paths = "".join(f'<path id="{name}" d="{glyphs[name]}"/>' for name in sorted(glyphs))
    return f'<svg class="glyphs" aria-hidden="true" width="0" height="0"><defs>{paths}</defs></svg>'


def _lean(html: str) -> tuple[str, dict[str, str]]:
    """Drops what MathJax writes for its own menu and for invisible operators."""
    html = html.replace('class=" MJX-TEX"', 'class="MJX-TEX"').replace(' class="MathJax"', "")
    html = html.replace(' texclass="ORD"', "")
    html = re.sub(r'<mjx-mo class="mjx-n"><mjx-c class="mjx-c206[1-4]"></mjx-c></mjx-mo>', "", html)
    return html.replace("<mjx-container ", '<mjx-container aria-hidden="true" ', 1), {}


def _drawn(html: str) -> tuple[str, dict[str, str]]:
    """The drawing without its outlines, in em of the text around it, and the outlines by name.

    MathJax gives sizes in ex of a font that it does not know; the view box is exact.
    """
    glyphs = dict(re.findall(r'<path id="MJX-\d+-(TEX-[^"]*)" d="([^"]*)"></path>', html))
    html = re.sub(r"<defs>.*?</defs>", "", html, flags=re.S).replace(' class="MathJax"', "")
    html = re.sub(
        r' (?:data-mml-node|data-c|data-mjx-\w+|role|focusable|xmlns(?::xlink)?)="[^"]*"', "", html
    )
    html = re.sub(r'xlink:href="#MJX-\d+-', 'href="#', html).replace("></use>", "/>")

    def sized(match: re.Match[str]) -> str:
        _, top, width, height = (float(number) / 1000 for number in match[1].split())
        return (
            f'<svg style="vertical-align:{-(top + height):.3f}em" width="{width:.3f}em" '
            f'height="{height:.3f}em" viewBox="{match[1]}">'
        )

    html = re.sub(r'<svg [^>]*viewBox="([^"]*)"[^>]*>', sized, html, count=1)
    return html.replace("<mjx-container ", '<mjx-container aria-hidden="true" ', 1), glyphs


_SHAPED = {"chtml": _lean, "svg": _drawn}


def _annotated(mathml: str, tex: str) -> str:
    """MathML that carries its TeX, the standard way: for copying, and for machines."""
    mathml = re.sub(r">\s+<", "><", mathml).strip()
    mathml = mathml.replace(' data-mjx-texclass="ORD"', "")
    mathml = re.sub(r' data-mjx-[a-z]+="[^"]*"', "", mathml)
    opening, content = re.fullmatch(r"(<math[^>]*>)(.*)</math>", mathml, re.S).groups()
    note = f'<annotation encoding="application/x-tex">{escape(tex, quote=False)}</annotation>'
    return f"{opening}<semantics><mrow>{content}</mrow>{note}</semantics></math>"
