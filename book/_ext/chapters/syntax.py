"""What code says before it runs: which parts execute, which names and strings stand in it.

A tree is walked once: the same modules are asked about for every chapter, and the walks were a
third of a build in which nothing changed.
"""

from __future__ import annotations

import ast
from functools import cache


@cache
def executed(tree: ast.AST) -> tuple[ast.AST, ...]:
    """`ast.walk` without what only a type checker executes, and without docstrings."""
    waiting: list[ast.AST] = [tree]
    found: list[ast.AST] = []
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            waiting.extend(ast.iter_child_nodes(node))
    return tuple(found)


def absolute(node: ast.ImportFrom, package: str) -> str:
    """The dotted name of the module that `node` imports from."""
    if not node.level:
        return node.module or ""
    base = package.split(".")
    base = base[: len(base) - (node.level - 1)]
    return ".".join([*base, *([node.module] if node.module else [])])


@cache
def path_words(tree: ast.AST) -> frozenset[str]:
    """Every component of every short string in `tree` that could be a path."""
    return frozenset(word for text in short_strings(tree) for word in text.split("/"))


@cache
def short_strings(tree: ast.AST) -> frozenset[str]:
    """The one-line string constants of `tree`: what could name a file."""
    return frozenset(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and 0 < len(node.value) < 200
        and "\n" not in node.value
        and "\0" not in node.value
    )


def is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def assigns(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Assign) and any(is_name(target, name) for target in node.targets)
