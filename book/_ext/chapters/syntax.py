"""What code says before it runs: which parts execute, which names and strings stand in it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator


def executed(tree: ast.AST) -> Iterator[ast.AST]:
    """`ast.walk` without what only a type checker executes, and without docstrings."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            waiting.extend(ast.iter_child_nodes(node))


def absolute(node: ast.ImportFrom, package: str) -> str:
    """The dotted name of the module that `node` imports from."""
    if not node.level:
        return node.module or ""
    base = package.split(".")
    base = base[: len(base) - (node.level - 1)]
    return ".".join([*base, *([node.module] if node.module else [])])


def path_words(tree: ast.AST) -> set[str]:
    """Every component of every short string in `tree` that could be a path."""
    return {word for text in short_strings([tree]) for word in text.split("/")}


def short_strings(trees: Iterable[ast.AST]) -> Iterator[str]:
    """The one-line string constants of `trees`: what could name a file."""
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                if 0 < len(text) < 200 and "\n" not in text and "\0" not in text:
                    yield text


def is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def assigns(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Assign) and any(is_name(target, name) for target in node.targets)
