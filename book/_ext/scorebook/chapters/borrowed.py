"""Code cells that one page executes and others show.

A cell has a name on the page that executes it, and another page shows it by that name:

    ```{code-cell} ipython3
    :cell: mixture
    class GaussianMixture: ...
    ```

    ```{code-cell} ipython3
    :from: lab-solution
    :cell: mixture
    ```

`from` names the other page as seen from the folder of this one. The source comes with the cell,
and so do its tags unless it has some here; captions and the like are each page's own. What is
borrowed can be borrowed again.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from nbformat import NotebookNode
from sphinx.errors import SphinxError

Lender = Callable[[str], NotebookNode | None]  # a page by its name, with what it borrows itself


class BrokenCell(SphinxError):
    """A cell that cannot be what it says: its name is taken, or there is nothing to borrow."""

    category = "Broken cell"


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Its code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_borrowed(cell: NotebookNode) -> bool:
    """Whether another page executes the cell."""
    return "from" in cell.metadata


def own_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells that its page executes itself, in order."""
    return [cell for cell in code_cells(notebook) if not is_borrowed(cell)]


def borrow(notebook: NotebookNode, page: str, lender: Lender) -> None:
    """Give each borrowed cell its source, and note in its metadata which cell it is.

    Args:
        notebook: As it was read, with the lines of its cells; it is changed.
        page: Its name.
        lender: Finds the pages that it borrows from.

    Raises:
        BrokenCell: If there is no such cell, or not one alone.
    """
    _by_name(notebook, page)
    for cell in filter(is_borrowed, code_cells(notebook)):
        origin, name = str(cell.metadata["from"]), cell.metadata.get("cell")
        where = _where(notebook, cell, page)
        if name is None:
            raise BrokenCell(f"{where}: a cell from {origin} that says no name (cell)")
        if cell.source.strip():
            raise BrokenCell(f"{where}: the cell {name} is from {origin}, and has code of its own")
        other = posixpath.normpath(posixpath.join(posixpath.dirname(page), origin))
        lent = lender(other)
        if lent is None:
            raise BrokenCell(
                f"{where}: the cell {name} is from {other}, which is no page with code"
            )
        known = _by_name(lent, other)
        if str(name) not in known:
            raise BrokenCell(f"{where}: {other} has no cell {name} (it has: {', '.join(known)})")
        _lend(lent, other, known[str(name)], cell)
        notebook.metadata.setdefault("kernelspec", lent.metadata.get("kernelspec", {}))


def _lend(lent: NotebookNode, page: str, source: NotebookNode, cell: NotebookNode) -> None:
    cell.source = source.source
    cell.metadata["origin"] = source.metadata.get("origin") or [
        page,
        next(i for i, candidate in enumerate(own_cells(lent)) if candidate is source),
    ]
    if "tags" not in cell.metadata and "tags" in source.metadata:
        cell.metadata["tags"] = list(source.metadata["tags"])


def _by_name(notebook: NotebookNode, page: str) -> dict[str, NotebookNode]:
    """The cells that have a name."""
    found: dict[str, NotebookNode] = {}
    for cell in code_cells(notebook):
        name = cell.metadata.get("cell")
        if name is None:
            continue
        if str(name) in found:
            raise BrokenCell(f"{_where(notebook, cell, page)}: a second cell {name} on this page")
        found[str(name)] = cell
    return found


def _where(notebook: NotebookNode, cell: NotebookNode, page: str) -> str:
    index = next(i for i, candidate in enumerate(notebook.cells) if candidate is cell)
    return f"{page}:{notebook.metadata['source_map'][index]}"
