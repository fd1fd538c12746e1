"""Boxes that open and hold code cells, which a `dropdown` cannot: cells stand in no directive.

    :::{box-start} The title, which says what is in it
    :::

    ```{code-cell} ipython3
    2 + 2
    ```

    :::{box-end}
    :::

What stands between the two becomes the content of a `dropdown`. No heading may stand there, and no
other such box; options are those of `dropdown`.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx_design.dropdown import DropdownDirective

logger = logging.getLogger(__name__)


class box_end(nodes.Invisible, nodes.Element):
    """Where a box ends."""


class BoxStart(DropdownDirective):
    """The box, as yet empty."""

    required_arguments, optional_arguments, has_content = 1, 0, False

    def run_with_defaults(self) -> list[nodes.Node]:
        """Make it, marked as unfinished."""
        (box,) = super().run_with_defaults()
        box["unfinished"] = True
        return [box]


class BoxEnd(SphinxDirective):
    """The mark where it ends."""

    def run(self) -> list[nodes.Node]:
        """Put the mark."""
        end = box_end()
        self.set_source_info(end)
        return [end]


class FillBoxes(SphinxTransform):
    """Moves what follows a box into it, up to its end."""

    default_priority = 10  # as with solutions: before anything looks at what is folded

    def apply(self, **kwargs: object) -> None:
        """Fill all boxes of the page."""
        for box in list(self.document.findall(nodes.container)):
            if box.attributes.pop("unfinished", False):
                self._fill(box)
        for end in list(self.document.findall(box_end)):
            logger.warning("a box ends that does not begin in this section", location=end)
            end.parent.remove(end)

    def _fill(self, box: nodes.container) -> None:
        siblings = box.parent.children
        content = siblings[siblings.index(box) + 1 :]
        ends = [i for i, node in enumerate(content) if isinstance(node, box_end)]
        if not ends or any(node.get("unfinished") for node in _elements(content[: ends[0]])):
            logger.warning("a box begins that has no end (box-end) in its section", location=box)
            return
        for node in content[: ends[0] + 1]:
            box.parent.remove(node)
        box += content[: ends[0]]


def _elements(content: list[nodes.Node]) -> list[nodes.Element]:
    return [node for node in content if isinstance(node, nodes.Element)]


def register(app: Sphinx) -> None:
    """Make known the two directives and what joins them."""
    app.add_node(box_end)
    app.add_directive("box-start", BoxStart)
    app.add_directive("box-end", BoxEnd)
    app.add_transform(FillBoxes)
