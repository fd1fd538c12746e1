"""The page around the text: what the layout needs to know, native folds, scrollable boxes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import admonitionlabels
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

# The theme of the site: this layout, its style sheets and its scripts.
THEME = Path(__file__).resolve().parents[3] / "theme"


class fold(nodes.General, nodes.Element):
    """What a page keeps folded until it is asked for: a native ``<details>``."""


class fold_title(nodes.General, nodes.TextElement):
    """The line of a fold that is always visible."""


class KeepNumbers(SphinxPostTransform):
    """Keeps each number in a table on one line, with its error, its power of ten and its unit."""

    formats = ("html",)
    _ties = re.compile(r"(?<=[\d.]) (?=[±×%])|(?<=[±×≤/]) (?=\S)|(?<=\S) (?=/ ?%)|(?<=\d) (?=SE\b)")

    def run(self, **kwargs: object) -> None:
        for entry in self.document.findall(nodes.entry):
            for text in list(entry.findall(nodes.Text)):
                tied = self._ties.sub("\u00a0", text)
                if tied != text:
                    # Not `replace`: to docutils equal texts of the cell are the same.
                    place = next(i for i, child in enumerate(text.parent) if child is text)
                    text.parent[place] = nodes.Text(tied)


class FoldDropdowns(SphinxPostTransform):
    """Turns each admonition or solution of class ``dropdown`` into a ``<details>``.

    It opens without a script, prints, and search engines and screen readers know it.
    """

    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for node in list(self.document.findall(nodes.Element)):
            if "dropdown" in node.get("classes", ()) and node.parent is not None:
                self._fold(node)

    def _fold(self, node: nodes.Element) -> None:
        folded = fold("", ids=node["ids"], classes=[c for c in node["classes"] if c != "toggle"])
        folded["kind"] = node.tagname
        children = list(node.children)
        if (children and isinstance(children[0], nodes.title)) or _is_title(children):
            head = fold_title("", "", *children.pop(0).children)
        else:
            head = fold_title("", admonitionlabels.get(node.tagname, "More"))
        for link in list(head.findall(nodes.reference)):
            link.replace_self(link.children)  # a control inside a control confuses both
        folded += [head, *children]
        node.replace_self(folded)


def register(app: Sphinx) -> None:
    """Make known the theme, a fold and its title, and a setting that jupyter-book makes."""
    app.add_html_theme("scorebook", str(THEME))
    if "comments_config" not in app.config:
        app.add_config_value("comments_config", {}, "")
    app.add_node(fold, html=(_visit_fold, _depart_fold))
    app.add_node(fold_title, html=(_visit_title, _depart_title))


def inner_contents(toc: str) -> str:
    """The list below the page's own title in Sphinx's table of contents of a page."""
    match = re.search(
        r"^\s*<ul>\s*<li>.*?</a>\s*(<ul>.*</ul>)\s*</li>\s*</ul>\s*$", toc or "", re.S
    )
    return match.group(1) if match else ""


def with_sections(book: str, sections: str) -> str:
    """The contents of the book, with the sections of the page below its title there.

    Those of the home page, which has no title there, stand above; sections of sections nowhere.
    """
    top = BeautifulSoup(sections, "html.parser").ul
    if top is None:
        return book
    links = "".join(f"<li>{item.a}</li>" for item in top.find_all("li", recursive=False))
    below = f'<ul class="sections">{links}</ul>'
    here = re.search(r'<a class="current reference internal" href="#">.*?</a>', book, re.S)
    end = here.end() if here else 0
    return book[:end] + below + book[end:]


def description(doctree: nodes.document | None) -> str:
    """The page's first paragraph, cut at a word near 160 characters."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        words = " ".join(paragraph.astext().split())
        if len(words) > 40:
            return words if len(words) <= 160 else words[:160].rsplit(" ", 1)[0] + " …"
    return ""


def scrollable(body: str) -> str:
    """Code and tables scroll in their own boxes, and the keyboard reaches the boxes."""
    body = re.sub(
        r'<div class="highlight"><pre>', '<div class="highlight"><pre tabindex="0">', body
    )
    body = body.replace("<table", '<div class="table-scroll" tabindex="0"><table').replace(
        "</table>", "</table></div>"
    )
    return body.replace("<th></th>", "<td></td>")


def quiet_code(body: str) -> str:
    """Code without the marks that the style sheet gives no colour, which are kilobytes a page."""
    return re.sub(
        r'(?<=<div class="highlight">)<pre.*?</pre>',
        lambda block: re.sub(
            r'<span class="(\w+)">([^<]*)</span>',
            lambda mark: mark[0] if mark[1] in coloured() else mark[2],
            block[0],
        ),
        body,
        flags=re.S,
    )


@cache
def coloured() -> frozenset[str]:
    """The classes of Pygments that `code.css` tells apart."""
    sheet = THEME / "static/code.css"
    return frozenset(re.findall(r"\.highlight \.(\w+)", sheet.read_text(encoding="utf-8")))


def plain_roles(body: str) -> str:
    """No withdrawn ARIA role, no id that an extension repeats, no label that hides the words."""
    body = body.replace(' aria-label="Toggle hidden content"', "")
    body = re.sub(r' id="(?:exercise|solution)-content"', "", body)
    return body.replace(' role="doc-biblioentry"', "").replace(
        '<div role="list" class="citation-list">', '<div class="citation-list">'
    )


def complete_page(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document
) -> None:
    context["author"] = app.config.author
    context["contents"] = inner_contents(context.get("toc", ""))
    book = context["toctree"](collapse=False, maxdepth=1, titles_only=True, includehidden=True)
    book = book.replace('role="heading"', 'role="heading" aria-level="2"')  # Sphinx names no level
    context["book_contents"] = with_sections(book, context["contents"])
    context["description"] = description(doctree)
    body = context.get("body")
    if body:
        body = re.sub(r"\s*<style[^>]*scoped[^>]*>.*?</style>", "", body, flags=re.S)
        context["body"] = plain_roles(quiet_code(scrollable(body)))


def _is_title(children: list[nodes.Node]) -> bool:
    return bool(children) and children[0].tagname.endswith("title")


def _visit_fold(translator: HTML5Translator, node: fold) -> None:
    translator.body.append(translator.starttag(node, "details", CLASS=f"fold {node['kind']}"))


def _depart_fold(translator: HTML5Translator, node: fold) -> None:
    translator.body.append("</div></details>\n")


def _visit_title(translator: HTML5Translator, node: fold_title) -> None:
    translator.body.append("<summary>")


def _depart_title(translator: HTML5Translator, node: fold_title) -> None:
    translator.body.append('</summary><div class="fold-body">')
