"""A text in MyST Markdown as the pieces that its translation must have as well.

Only the source is read, block by block, with the parser of the book. What is said in words is not
among the pieces, but for whole paragraphs (to find those that nobody translated).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.mdit_to_docutils.base import default_slugify
from myst_parser.parsers.directives import parse_directive_text
from myst_parser.parsers.mdit import create_md_parser

EXTENSIONS = {
    *("amsmath", "attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath"),
    *("fieldlist", "linkify", "substitution", "tasklist"),
}
# Directives whose content is no prose.
VERBATIM = {
    *("code", "code-block", "literalinclude", "sourcecode", "raw", "eval-rst", "bibliography"),
    *("slides", "toctree", "build-status", "derivation-index", "figure-index"),
}
# Directives that lead to what stands after their name.
LEADING = {"figure", "image", "literalinclude", "solution", "solution-start"}
# Options that are words, or targets: they are no part of what a directive is.
FREE = {"alt", "caption", "title", "name", "label"}
BLOCKS = {
    "list_item_open": "item of a list",
    "tr_open": "row of a table",
    "dt_open": "term with a definition",
    "blockquote_open": "quotation",
    "hr": "rule",
    "footnote_reference_open": "footnote",
}
_WORDED = re.compile(r"\\(text\w*|mbox|operatorname\*?|mathrm(?=\{[a-zà-ÿ]{3,}\}))\{[^{}]*\}", re.I)


@dataclass(frozen=True)
class Piece:
    """Something that a text and its translation have in common.

    Attributes:
        kind: What it is, in words: `heading`, `number`, …
        value: What tells it from others of its kind.
        line: Where it stands, from 1.
    """

    kind: str
    value: str
    line: int


class _Directive:
    """What `parse_directive_text` is told of every directive."""

    required_arguments = 0
    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = {"options": True}  # noqa: RUF012


def pieces(text: str, page: str = "") -> list[Piece]:
    """The pieces of a text, in its order.

    Args:
        text: MyST Markdown.
        page: The document that it is, for links that are seen from there.
    """
    return list(_Reader(page).blocks(_parser().parse(text), 0))


@cache
def _parser() -> MarkdownIt:
    return create_md_parser(MdParserConfig(enable_extensions=EXTENSIONS), RendererHTML)


class _Reader:
    """Reads the tokens of one text."""

    def __init__(self, page: str) -> None:
        self.page = page
        self.folder = posixpath.dirname(page)
        self.cells = count(1)
        self.slugs: set[str] = set()

    def blocks(self, tokens: list[Token], above: int) -> Iterator[Piece]:
        """The pieces of blocks; `above` is the number of lines before their text."""
        line, within = above + 1, ""
        for token in tokens:
            line = above + token.map[0] + 1 if token.map else line
            kind = token.type
            if kind == "heading_open":
                yield Piece("heading", f"of level {token.tag[1:]}", line)
            elif kind == "inline":
                if within == "heading_open":
                    yield self._slug(token, line)
                yield from self._inline(token, line)
            elif kind in BLOCKS:
                yield Piece(BLOCKS[kind], "", line)
            elif kind == "myst_target":
                yield Piece("target", token.content, line)
            elif kind in ("math_block", "math_block_label", "amsmath"):
                yield from self._formula(token.content, line, token.info)
            elif kind in ("fence", "colon_fence"):
                yield from self._fence(token, line)
            elif kind == "code_block":
                yield Piece("literal block", token.content.strip(), line)
            within = kind

    def _formula(self, tex: str, line: int, label: str = "") -> Iterator[Piece]:
        yield Piece("displayed formula", bare_tex(tex), line)
        if label:
            yield Piece("target", label, line)

    def _slug(self, token: Token, line: int) -> Piece:
        """The heading's anchor as MyST makes it of its words."""
        shown = (c.content for c in token.children or [] if c.type in ("text", "code_inline"))
        slug, number = default_slugify("".join(shown)), count(1)
        while slug in self.slugs:
            slug = f"{slug}-{next(number)}"
        self.slugs.add(slug)
        return Piece("slug", slug, line)

    # Directives

    def _fence(self, token: Token, line: int) -> Iterator[Piece]:
        found = re.fullmatch(r"\{([^}\s]+)\}\s*(.*)", token.info.strip(), re.S)
        if found is None:
            yield Piece("literal block", f"{token.info} {token.content}".strip(), line)
            return
        name, argument = found.groups()
        read = parse_directive_text(_Directive, "", token.content, validate_options=False)
        body, start = "\n".join(read.body), line + read.body_offset
        if name == "code-cell":
            yield self._cell(read.options, line)
            yield from self._figure(read.options.get("mystnb") or {}, line)
            return
        kept = {k: v for k, v in sorted(read.options.items()) if k not in FREE}
        value = " ".join([name, *(f":{k}: {v}" for k, v in kept.items())])
        if name == "math":
            yield from self._formula(body, line, str(read.options.get("label", "")))
            return
        if name in VERBATIM:
            value = "\n".join(filter(None, [value, argument, body.strip()]))
        yield Piece("directive", value, line)
        if name in LEADING:
            yield Piece("reference", self._address(argument), line)
        elif name not in VERBATIM:
            yield from self._words(argument, line)
        yield from self._options(read.options, line)
        if name not in VERBATIM:
            yield from self.blocks(_parser().parse(body), start)

    def _cell(self, options: dict, line: int) -> Piece:
        number = next(self.cells)
        page = self.page
        if "from" in options:
            page = posixpath.normpath(posixpath.join(self.folder, str(options["from"])))
        return Piece("cell", f"{page}:{options.get('cell', number)}", line)

    def _figure(self, options: dict, line: int) -> Iterator[Piece]:
        """What a cell says of the figure that it draws."""
        figure, image = options.get("figure") or {}, options.get("image") or {}
        yield from self._options({**figure, **image}, line)

    def _options(self, options: dict, line: int) -> Iterator[Piece]:
        for key in ("name", "label"):
            if options.get(key):
                yield Piece("target", str(options[key]), line)
        for key in ("caption", "alt", "title"):
            if str(options.get(key) or "").strip():
                yield Piece(key, "", line)
                yield from self._words(str(options[key]), line)

    def _words(self, text: str, line: int) -> Iterator[Piece]:
        for token in _parser().parse(text):
            if token.type == "inline":
                yield from self._inline(token, line)

    # Inline

    def _inline(self, token: Token, line: int) -> Iterator[Piece]:
        yield Piece("paragraph", token.content, line)
        address = ""
        for child in token.children or []:
            kind = child.type
            if kind in ("softbreak", "hardbreak"):
                line += 1
            elif kind == "text" and child.content != address:
                yield from (Piece("number", n, line) for n in numbers(child.content))
            elif kind in ("math_inline", "math_inline_double", "math_single"):
                yield Piece("formula", bare_tex(child.content), line)
            elif kind == "code_inline":
                yield Piece("literal", child.content, line)
            elif kind == "myst_role":
                yield self._role(child.meta["name"], child.content, line)
            elif kind == "link_open":
                address = str(child.attrs.get("href", ""))
                yield Piece("reference", self._address(address), line)
            elif kind == "image":
                yield Piece("image", self._address(str(child.attrs.get("src", ""))), line)
                if child.content.strip():
                    yield Piece("alt", "", line)
            elif kind == "footnote_ref":
                yield Piece("reference", f"footnote {child.meta['label']}", line)

    def _role(self, name: str, content: str, line: int) -> Piece:
        if name == "math":
            return Piece("formula", bare_tex(content), line)
        explicit = re.fullmatch(r".*<([^<>]+)>", content, re.S)
        target = (explicit[1] if explicit else content).strip()
        if name in ("doc", "download"):
            return Piece("reference", self._address(target), line)
        return Piece("reference", f"{name}:{target}", line)

    def _address(self, address: str) -> str:
        """A link as it is seen from everywhere: `folder/page#anchor`, or `#anchor` alone."""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            return address
        path = posixpath.normpath(posixpath.join(self.folder, parts.path)) if parts.path else ""
        return path.removesuffix(".md") + (f"#{parts.fragment}" if parts.fragment else "")


def bare_tex(tex: str) -> str:
    r"""A formula without spaces and without the words in it, such as those of `\text`."""
    return re.sub(r"\s+", "", _WORDED.sub(r"\\\1{}", tex))


def numbers(text: str) -> list[str]:
    """The numbers in a text, those of thousands without what parts them."""
    joined = re.sub(r"(?<=\d)[,\u00a0\u2009\u202f](?=\d{3}(?!\d))", "", text)
    return re.findall(r"\d+(?:\.\d+)*", joined)
