"""Tables that the machinery itself puts on a page."""

from __future__ import annotations

from collections.abc import Iterable

from docutils import nodes

Cell = str | nodes.Node | list[nodes.Node]


def table(
    heads: list[Cell], rows: Iterable[list[Cell]], *classes: str, title: str = ""
) -> nodes.table:
    """A table of columns of equal weight; a cell is words, a node, or several of either kind."""
    made = nodes.table(classes=list(classes))
    if title:
        made += nodes.title("", title)
    group = nodes.tgroup(cols=len(heads))
    group += [nodes.colspec(colwidth=1) for _ in heads]
    head, body = nodes.thead(), nodes.tbody()
    head += _row(heads)
    body += [_row(row) for row in rows]
    group += [head, body]
    made += group
    return made


def _row(cells: list[Cell]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        entry = nodes.entry()
        parts = cell if isinstance(cell, list) else [cell]
        parts = [nodes.Text(part) if isinstance(part, str) else part for part in parts]
        if parts and isinstance(parts[0], nodes.paragraph):
            entry += parts
        else:
            entry += nodes.paragraph("", "", *parts)
        row += entry
    return row
