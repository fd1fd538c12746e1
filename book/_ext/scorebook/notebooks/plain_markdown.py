"""A page of the book as plain Markdown and the places of its code cells.

It is written from the resolved page, so that numbers, titles and references are those that the
reader of the page sees. Blocks are strings; the index of a code cell, or a new cell, stands between
them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from docutils import nodes
from nbformat import NotebookNode
from scorebook.notebooks.tex import Macros, display, expand
from sphinx import addnodes

Piece = str | int | NotebookNode  # a block of Markdown, the index of a code cell, or a new cell


class PlainMarkdown:
    """Turns the nodes of one page into blocks.

    Args:
        number: The number of a figure, table, equation or the like, given its kind and node.
        link: The address of a reference as it works outside the site, or None.
        cite: The words for a citation node, or None if it is not one.
        picture: Takes the path of an image and returns the address to use for it.
        macros: The book's TeX macros.
        figure: The word before the number of a figure.
    """

    def __init__(
        self,
        *,
        number: Callable[[str, nodes.Element], str | None],
        link: Callable[[nodes.reference], str | None],
        cite: Callable[[nodes.Node], str | None],
        picture: Callable[[str], str],
        macros: Macros,
        figure: str = "Figure",
    ) -> None:
        self.number = number
        self.figure = figure
        self.link = link
        self.cite = cite
        self.picture = picture
        self.macros = macros

    # Blocks

    def blocks(self, parent: nodes.Node, level: int = 1) -> list[Piece]:
        """The pieces of all children of `parent`; `level` is that of the next heading."""
        return [piece for node in parent.children for piece in self.block(node, level)]

    def block(self, node: nodes.Node, level: int) -> list[Piece]:
        """The pieces of one block."""
        name = _dropdown_part(node) or type(node).__name__
        if isinstance(node, nodes.Invisible | nodes.system_message) or name in _SKIPPED:
            return []
        if isinstance(node, nodes.container) and node.get("nb_element") == "cell_code":
            return [node["cell_index"], *self._captions(node)]
        method = getattr(self, f"_{name}", None)
        if method is not None:
            return method(node, level)
        if isinstance(node, nodes.Admonition):
            return self._boxed(node, level)
        if isinstance(node, nodes.TextElement | nodes.Text):
            text = self.inline(node).strip()
            return [text] if text else []
        return self.blocks(node, level)

    def _section(self, node: nodes.section, level: int) -> list[Piece]:
        if not (node.children and isinstance(node.children[0], nodes.title)):
            return self.blocks(node, level)  # the body of an exercise
        title, *rest = node.children
        pieces: list[Piece] = [f"{'#' * min(level, 6)} {self.inline(title).strip()}"]
        return pieces + [piece for child in rest for piece in self.block(child, level + 1)]

    def _math_block(self, node: nodes.math_block, level: int) -> list[Piece]:
        tag = self.number("displaymath", node)
        bare = bool(node.get("nowrap") or node.get("no-wrap"))
        return [display(expand(node.astext(), self.macros), tag, bare=bare)]

    def _literal_block(self, node: nodes.literal_block, level: int) -> list[Piece]:
        text = node.astext().rstrip("\n")
        fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", text)), default=0))
        language = node.get("language", "")
        return [f"{fence}{'' if language in _NO_LANGUAGE else language}\n{text}\n{fence}"]

    def _bullet_list(self, node: nodes.bullet_list, level: int) -> list[Piece]:
        return self._list(node, ("- " for _ in node), level)

    def _enumerated_list(self, node: nodes.enumerated_list, level: int) -> list[Piece]:
        first = int(node.get("start", 1))
        return self._list(node, (f"{first + i}. " for i in range(len(node))), level)

    def _list(self, node: nodes.Element, marks: Iterable[str], level: int) -> list[Piece]:
        items = [(mark, self.blocks(item, level)) for mark, item in zip(marks, node, strict=False)]
        if any(_has_code(pieces) for _, pieces in items):
            return [piece for _, pieces in items for piece in pieces]
        tight = all(_LIST.match(str(piece)) for _, pieces in items for piece in pieces[1:])
        gap = "\n" if tight else "\n\n"
        return [
            gap.join(
                mark + _indent(gap.join(map(str, pieces)), len(mark)) for mark, pieces in items
            )
        ]

    def _definition_list_item(self, node: nodes.Element, level: int) -> list[Piece]:
        terms = " / ".join(self.inline(n) for n in node if isinstance(n, nodes.term))
        body = [p for n in node if isinstance(n, nodes.definition) for p in self.blocks(n, level)]
        if _has_code(body):
            return [f"**{terms}**", *body]
        return ["- " + _indent("\n\n".join([f"**{terms}**", *map(str, body)]), 2)]

    def _field(self, node: nodes.Element, level: int) -> list[Piece]:
        name, body = node.children
        return [f"**{self.inline(name)}:** " + "\n\n".join(map(str, self.blocks(body, level)))]

    def _block_quote(self, node: nodes.Element, level: int) -> list[Piece]:
        pieces = self.blocks(node, level)
        return pieces if _has_code(pieces) else [_quote(pieces)]

    def _transition(self, node: nodes.Element, level: int) -> list[Piece]:
        return ["---"]

    def _rubric(self, node: nodes.Element, level: int) -> list[Piece]:
        return [f"**{self.inline(node).strip()}**"]

    def _line_block(self, node: nodes.Element, level: int) -> list[Piece]:
        return ["  \n".join(self.inline(line) for line in node.findall(nodes.line))]

    def _figure(self, node: nodes.Element, level: int) -> list[Piece]:
        twins = [
            image for image in node.findall(nodes.image) if "only-dark" not in image["classes"]
        ]
        images = [self._picture(image) for image in twins]
        return [*images, *self._captions(node)]

    def _image(self, node: nodes.image, level: int) -> list[Piece]:
        return [self._picture(node)]

    def _table(self, node: nodes.table, level: int) -> list[Piece]:
        rows = [
            [self._table_entry(entry, level) for entry in row.findall(nodes.entry)]
            for row in node.findall(nodes.row)
        ]
        titles = [self.inline(t) for t in node.children if isinstance(t, nodes.title)]
        head, *body = [f"| {' | '.join(row)} |" for row in rows]
        rule = f"|{' --- |' * len(rows[0])}"
        number = self.number("table", node)
        caption = [f"**Table {number}.** {t}" if number else f"**{t}**" for t in titles]
        return [*caption, "\n".join([head, rule, *body])]

    def _table_entry(self, node: nodes.entry, level: int) -> str:
        text = " ".join(str(piece) for piece in self.blocks(node, level))
        return re.sub(r"\s*\n\s*", " ", text).replace("|", r"\|")

    def _footnote(self, node: nodes.footnote, level: int) -> list[Piece]:
        label, *rest = node.children
        text = " ".join(str(p) for child in rest for p in self.block(child, level))
        return [f"[{label.astext()}] {text}"]

    # Boxes: notes, exercises, solutions, dropdowns

    def _boxed(self, node: nodes.Element, level: int) -> list[Piece]:
        """A titled box: a quotation; folded, `<details>`; with code inside, a heading."""
        title, children = "", list(node.children)
        if children and isinstance(children[0], nodes.title):
            first = children.pop(0)
            title = self.inline(first).strip()
            if "title" in first:  # `Exercise %s`, which the theme fills in
                title = f"{first['title'] % (self.number('exercise', node) or '')} {title}".strip()
        kind = node.get("realtype") or (
            "" if isinstance(node, nodes.admonition) else node.tagname.removesuffix("_node")
        )
        if kind and kind not in _TITLED:
            number = self.number(node.get("countertype", kind), node)
            name = " ".join(filter(None, [kind.capitalize(), number]))
            title = f"{name} {title}".strip()
        body = [piece for child in children for piece in self.block(child, level + 1)]
        folded = {"dropdown", "toggle"} & set(node.get("classes", []))
        return _box(title, body, folded=bool(folded), level=level)

    def _dropdown(self, node: nodes.Element, level: int) -> list[Piece]:
        title, *rest = node.children
        words = [n for n in title.findall(nodes.inline) if "sd-summary-text" in n["classes"]]
        body = [piece for child in rest for piece in self.block(child, level + 1)]
        name = "".join(self.inline(n) for n in words).strip()
        return _box(name or "Details", body, folded=True, level=level)

    def _fold(self, node: nodes.Element, level: int) -> list[Piece]:
        """What `page` makes of a folded box: its title, then its body."""
        title, *rest = node.children
        body = [piece for child in rest for piece in self.block(child, level + 1)]
        return _box(self.inline(title).strip(), body, folded=True, level=level)

    def _captions(self, node: nodes.Element) -> list[str]:
        captions = []
        for caption in node.findall(nodes.caption):
            number = self.number("figure", caption.parent)
            prefix = f"**{self.figure} {number}.** " if number else ""
            captions.append(prefix + self.inline(caption).strip())
        return captions

    def _picture(self, node: nodes.image) -> str:
        return f"![{node.get('alt', '')}]({self.picture(node['uri'])})"

    # Inline

    def inline(self, node: nodes.Node) -> str:
        """The Markdown of text with its marks."""
        if isinstance(node, nodes.Text):
            return _escape(node.astext()).replace("\n", " ")
        cited = self.cite(node)
        if cited is not None:
            return cited
        if isinstance(node, nodes.math):
            # `mathematics.KeepPunctuation` keeps the punctuation after a formula with the formula.
            return f"${expand(node.astext(), self.macros)}${node.get('after', '')}"
        if isinstance(node, nodes.literal):
            text = node.astext()
            return f"`` {text} ``" if "`" in text else f"`{text}`"
        if isinstance(node, nodes.image):
            return self._picture(node)
        if isinstance(node, nodes.Invisible | nodes.raw | nodes.system_message):
            return ""
        if isinstance(node, nodes.footnote_reference):
            return f"[{node.astext()}]"
        text = "".join(self.inline(child) for child in node.children)
        mark = _MARKS.get(type(node))
        if mark and text.strip():
            return f"{mark}{text}{mark}"
        if isinstance(node, nodes.reference):
            address = self.link(node)
            return f"[{text}]({address})" if address else text
        return text


_LIST = re.compile(r"(- |\d+\. )")
_MARKS = {nodes.emphasis: "*", nodes.strong: "**", addnodes.literal_emphasis: "*"}
_SKIPPED = {"raw", "toctree", "index", "meta", "substitution_definition", "compact_paragraph"}
_NO_LANGUAGE = {"default", "none", "text", "ipython3"}
_TITLED = {"exercise", "exercise_enumerable", "solution"}  # their titles say what they are


def _box(title: str, body: list[Piece], *, folded: bool, level: int) -> list[Piece]:
    if _has_code(body):
        return [f"{'#' * min(level, 6)} {title}", *body]
    if folded:
        summary = f"<details>\n<summary>{title.replace('*', '')}</summary>"
        return ["\n\n".join([summary, *map(str, body), "</details>"])]
    return [_quote([*([f"**{title}**"] if title else []), *body])]


def _dropdown_part(node: nodes.Node) -> str | None:
    """The name under which sphinx-design's dropdown is handled."""
    return "dropdown" if type(node).__name__ == "dropdown_main" else None


def _has_code(pieces: list[Piece]) -> bool:
    return any(not isinstance(piece, str) for piece in pieces)


def _indent(text: str, width: int) -> str:
    return re.sub(r"\n(?=[^\n])", "\n" + " " * width, text)


def _quote(pieces: list[Piece]) -> str:
    return "\n".join(f"> {line}".rstrip() for line in "\n\n".join(map(str, pieces)).split("\n"))


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_$<\[\]])", r"\\\1", text)
