"""What an exercise says, from the texts of the package, with the book's own numbers.

`{ask} LABEL` is the exercise, and `{answer} LABEL`, within its solution, what is said beside the
executed cells. The texts are those of the sheets that leave the book. `{exercise-list}` is a table
of all exercises.
"""

from __future__ import annotations

import inspect
from importlib import import_module

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def exercise_source(label: str) -> str:
    """The Markdown of an exercise: its statement, and the line that checks an answer if any."""
    from scorelab import exercises
    from scorelab.exercises.engine import registry

    about, variant = exercises.about(label), registry.exercise(label)
    body = f"*{about.grade.capitalize()}.* {variant.fill(variant.text.statement)}"
    if variant.exercise.truth is not None:
        body += f"\n\n*Check:* `{about.check}`: {about.expects}."
    return f"`````{{exercise}} {about.title}\n:label: {label}\n\n{body}\n`````"


class _Said(SphinxDirective):
    """What the two directives share."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Read the text where the directive stands; a page is read again if the text changes."""
        from scorelab.exercises.engine import registry, texts  # needs torch

        label = self.arguments[0]
        try:
            chapter = registry.chapter_of(label)
            variant = registry.exercise(label)
        except ValueError as error:
            raise self.error(str(error)) from None
        module = import_module(f"scorelab.exercises.{chapter}")
        self.env.note_dependency(str(texts.FOLDER / "en" / f"{chapter}.md"))
        self.env.note_dependency(inspect.getsourcefile(module))
        return self.parse_text_to_nodes(self.text(label, variant))

    def text(self, label: str, variant: object) -> str:
        """The Markdown to read."""
        raise NotImplementedError


class Ask(_Said):
    """An exercise."""

    def text(self, label: str, variant: object) -> str:
        """The exercise with its grade, and the line that checks an answer if one does."""
        return exercise_source(label)


class Answer(_Said):
    """What a solution says."""

    def text(self, label: str, variant: object) -> str:
        """The solution without the code that the page executes."""
        return variant.told


class ExerciseList(SphinxDirective):
    """All exercises: what each asks for, how hard it is and how long it takes, what varies."""

    def run(self) -> list[nodes.Node]:
        """Write the table; its page is read again if one of the texts changes."""
        from scorelab.exercises.engine import texts

        for path in sorted((texts.FOLDER / "en").glob("*.md")):
            self.env.note_dependency(str(path))
        head = "| exercise | asks for | level | min | varies |\n|---|---|---|---|---|"
        return self.parse_text_to_nodes("\n".join([head, *_rows()]))


def _rows() -> list[str]:
    """The rows of the table of all exercises, in Markdown."""
    from scorelab import exercises  # needs torch

    return [
        f"| {{ref}}`{told.title} <{told.name}>` | {told.expects.replace('|', chr(92) + '|')} "
        f"| {told.grade} | {told.minutes} | {'yes' if told.varies else ''} |"
        for told in exercises.listing()
    ]


def register(app: Sphinx) -> None:
    """Make the directives known."""
    app.add_directive("ask", Ask)
    app.add_directive("answer", Answer)
    app.add_directive("exercise-list", ExerciseList)
