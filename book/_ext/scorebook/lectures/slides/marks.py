"""What an author writes to shape the deck of a chapter; the page shows none of it.

    :::{slide} A title
    Prose, formulas or code that stand in the text, and on a slide of their own.
    :::

The title is the section's heading if there is none. With the option `only` the block is on the
slide and not in the text.

    ```{slides}
    question
    fig-density-score: The score points uphill
    mixture-score: density responsibility score
    eq-langevin
    measured: density | score of a sample
    summary
    ```

Once a chapter: what of its own is on the deck, always in the order of the text. A figure by its
name, or an equation with the paragraph before it by its label, each with a title of its own where
the section's heading says too little; steps of a derivation by theirs (all that the chapter shows
if none is named), rows of a table by words of their claims (all of them if there are none), and
the sections `objectives`, `question`, `measured` and `summary`. Slides marked in the text are there
in any case. `{slides} without` takes a list of what is left out instead.
"""

from __future__ import annotations

from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

SECTIONS = ("objectives", "question", "measured", "summary")


class slide(nodes.General, nodes.Element):
    """A block of the text that is a slide too, or, with `only`, a slide alone."""


class slide_title(nodes.Part, nodes.TextElement):
    """The heading of a `slide`."""


class slides(nodes.Invisible, nodes.Element):
    """The list of what is on the deck: `lines`, and whether they are left out, `without`."""


class SlideDirective(SphinxDirective):
    """`:::{slide} Title`."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {"only": directives.flag}

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        node = slide(only="only" in self.options)
        self.set_source_info(node)
        if self.arguments:
            inline, messages = self.state.inline_text(self.arguments[0], self.lineno)
            node += slide_title("", "", *inline, *messages)
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


class SlidesDirective(SphinxDirective):
    """```` ```{slides} ````."""

    has_content = True
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        if self.arguments not in ([], ["without"]):
            raise self.error(f"{{slides}} takes the word 'without' or none: {self.arguments[0]}")
        lines = [line.strip() for line in self.content if line.strip()]
        node = slides(lines=lines, without=bool(self.arguments))
        self.set_source_info(node)
        return [node]


def unmark(doctree: nodes.document) -> None:
    """Leave the chapter as if it had no marks."""
    for node in list(doctree.findall(slides)):
        node.parent.remove(node)
    for node in list(doctree.findall(slide)):
        shown = [] if node["only"] else [n for n in node if not isinstance(n, slide_title)]
        node.replace_self(shown) if shown else node.parent.remove(node)
