"""The code of a submission: its cells, its checks, and what it borrows from the package."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path

__all__ = ["CHECK", "Rewriter", "parsed", "read_cells"]

CHECK = "__check__"
"""What a call of the lab's `check` calls instead."""

_RUN = {"%%time", "%%timeit", "%%capture", "%%prun"}  # cell magics around code of the student's
_MAGIC = re.compile(
    r"(?P<indent>\s*)(?:%time\s+(?P<code>.+)|[%!?].*|.*\?\s*|[\w., ]+=\s*[%!].*)", re.DOTALL
)


def read_cells(file: Path) -> list[str]:
    """The code cells of a notebook, or of a script that `# %%` divides, without the empty ones.

    Raises:
        ValueError: If the file cannot be read.
    """
    try:
        text = file.read_text("utf-8-sig")
        if file.suffix.lower() == ".py":
            cells = re.split(r"(?m)^# ?(?:%%|In\[).*$", text)
        else:
            found = [c["source"] for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
            cells = ["".join(source) for source in found]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None
    return [cell for cell in cells if cell.strip()]


def parsed(source: str, name: str) -> ast.Module:
    """The syntax tree of a cell, without the lines that only IPython understands.

    Where Python stumbles over a magic command, that line is taken out: so a line that begins with
    `%` inside an expression stays. What `%time` and `%%time` measure is code, and is kept.

    Raises:
        SyntaxError: If the cell is no Python even so.
    """
    lines = source.strip("\n").split("\n")
    if lines[0].startswith("%%"):
        if lines[0].split()[0] not in _RUN:
            return ast.Module([], [])
        lines[0] = ""
    while True:
        try:
            return ast.parse("\n".join(lines), name)
        except SyntaxError as error:
            at = (error.lineno or 0) - 1
            magic = _MAGIC.fullmatch(lines[at]) if 0 <= at < len(lines) else None
            if magic is None:
                raise
            lines[at] = magic["indent"] + (magic["code"] or "pass")


class Rewriter(ast.NodeTransformer):
    """Lets a submission's checks call `CHECK(question, lambda: answer)`, and notes what it borrows.

    The function that is called stands in the syntax tree, so it does not matter what the submission
    binds to `sl.lab.check`.

    Args:
        question: The name of the question that a text means, `None` if it means none.

    Attributes:
        borrowed: The public names of scorelab, all but `lab`, that the code has used so far.
        checks: Whether it has called a check so far.
    """

    def __init__(self, question: Callable[[str], str | None]) -> None:
        self.borrowed: set[str] = set()
        self.checks = False
        self._question = question
        self._checks = {"check"}
        self._package: set[str] = set()

    def visit_Import(self, node: ast.Import) -> ast.Import:
        """`import scorelab as sl`, `import scorelab.mixture as m`."""
        for alias in node.names:
            package, _, rest = alias.name.partition(".")
            if package == "scorelab":
                if not rest or alias.asname is None:
                    self._package.add(alias.asname or package)
                self._borrow(rest.partition(".")[0])
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        """`from scorelab import GaussianMixture`, `from scorelab.lab import check as c`."""
        package, _, rest = (node.module or "").partition(".")
        if package == "scorelab" and not node.level:
            for alias in node.names:
                if rest.partition(".")[0] != "lab":
                    self._borrow(alias.name)
                elif alias.name == "check":
                    self._checks.add(alias.asname or "check")
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`sl.GaussianMixture`."""
        if isinstance(node.value, ast.Name) and node.value.id in self._package:
            self._borrow(node.attr)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`sl.lab.check("P1 b", GaussianMixture)`, by any name of the function."""
        self.generic_visit(node)
        match node.func:
            case ast.Attribute(attr="check"):
                pass
            case ast.Name(id=name) if name in self._checks:
                pass
            case _:
                return node
        given = dict(zip(("question", "answer"), node.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in node.keywords}
        match given:
            case {"question": ast.Constant(value=str() as text), "answer": answer}:
                question = self._question(text)
            case _:
                return node
        if question is None:
            return node
        self.checks = True
        nothing = ast.arguments([], [], None, [], [], None, [])
        arguments = [ast.Constant(question), ast.Lambda(nothing, answer)]
        call = ast.Call(ast.Name(CHECK, ast.Load()), arguments, [])
        return ast.fix_missing_locations(ast.copy_location(call, node))

    def _borrow(self, name: str) -> None:
        if name and name != "lab" and not name.startswith("_"):
            self.borrowed.add(name)
