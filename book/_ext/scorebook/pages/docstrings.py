"""Docstrings are written for people at a terminal; this turns them into what autodoc reads.

In the source a formula stands between dollar signs and a name between single backticks, as in
Markdown. Before napoleon and autodoc see a docstring, `$…$` becomes a math role, `$$…$$` a math
block, and `name` a literal.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx

_FENCE = re.compile(r"```python\n(.*?)```", re.S)
_BLOCK = re.compile(r"\$\$(.+?)\$\$", re.S)
_PIECE = re.compile(r"\$([^$]+?)\$|(?<![`:\w])`([^`\n]+)`(?!`)", re.S)


def to_restructured_text(text: str) -> str:
    """Return `text` with formulas, names and code fences as reStructuredText.

    Args:
        text: a docstring, with its common indent removed.
    """
    text = _FENCE.sub(lambda m: ".. code-block:: python\n\n" + _indented(m[1]), text)
    text = _BLOCK.sub(lambda m: "\n.. math::\n\n" + _indented(" ".join(m[1].split())) + "\n", text)
    parts = re.split(r"(^\.\. (?:math|code-block)::.*?(?=^\S|\Z))", text, flags=re.S | re.M)
    return "".join(part if i % 2 else _PIECE.sub(_role, part) for i, part in enumerate(parts))


def _role(match: re.Match) -> str:
    formula, name = match.groups()
    if formula is None:
        return f"``{name}``"
    return f":math:`{' '.join(formula.split())}`"


def _indented(block: str) -> str:
    return "".join(f"   {line}\n" for line in block.strip("\n").splitlines())


def rewrite_docstring(_app, _what, _name, _obj, _options, lines: list[str]) -> None:
    lines[:] = to_restructured_text("\n".join(lines)).splitlines()


def join_documents(_app: Sphinx, doctree: nodes.document) -> None:
    """Let every node belong to its page.

    autodoc reads each entry into a document of its own, which would be kept with the page: three
    times as much to load, whenever a page refers to this one.
    """
    for node in doctree.findall():
        node.document = doctree
