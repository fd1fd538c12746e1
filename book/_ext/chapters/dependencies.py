"""Which files decide the outputs of a chapter.

A chapter imports names of the package; a module imports other modules. Both are read with `ast`,
nothing is run. `from scorelab import GaussianMixture` is followed through the re-exports of
`scorelab/__init__.py` to the one module that defines the name, so that an edit of `solvers.py` does
not touch a chapter that uses the mixture only. An entry point, as `"scorelab.x:name"`, that
is loaded when its time comes, counts for the chapters that say `name`. What cannot be resolved
(`import *`, the package passed around as a value, a computed name) depends on everything: too much
work, never a stale page.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from .syntax import absolute, assigns, executed, is_name, path_words, short_strings

# Functions of a package that import the module of the name they are given.
LOADERS = ("get", "check", "about")


class Package:
    """The importable files below one package folder, and what each of them depends on.

    Args:
        folder: The package's folder, `…/scorelab`; its name is the package's name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        self._trees: dict[Path, ast.Module] = {}
        self._direct: dict[Path, set[Path]] = {}
        self._data = sorted(
            path
            for path in folder.rglob("*")
            if path.is_file() and path.suffix not in {".py", ".pyc"}
        )

    def files_behind(self, tree: ast.Module) -> set[Path]:
        """The modules and data files that the code `tree` (a chapter's cells) can reach."""
        reached: set[Path] = set()
        said = ast.unparse(tree)
        waiting = self._imports(tree, self.name)
        while waiting:
            module = waiting.pop()
            if module in reached or not module.is_file():
                continue
            reached.add(module)
            if module.suffix == ".py":
                waiting |= self._behind_module(module) | self._entries(module, said)
        return reached

    def everything(self) -> set[Path]:
        """All modules and data files of the package."""
        return {*self.folder.rglob("*.py"), *self._data}

    def initial_code(self) -> str:
        """What `__init__.py` does apart from re-exporting: it runs before any import."""
        path = self.folder / "__init__.py"
        if not path.is_file():
            return ""
        return "\n".join(
            ast.dump(node)
            for node in self._tree(path).body
            if not isinstance(node, ast.Import | ast.ImportFrom)
            and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
            and not assigns(node, "__all__")
        )

    # One module

    def _behind_module(self, path: Path) -> set[Path]:
        """What the module at `path` depends on directly."""
        if path not in self._direct:
            tree = self._tree(path)
            package = path.parent.relative_to(self.folder.parent).parts
            self._direct[path] = self._imports(tree, ".".join(package)) | self._data_of(tree)
        return self._direct[path]

    def _entries(self, path: Path, said: str) -> set[Path]:
        """What entry points in the module at `path` load; `d.to_reveal()` says `reveal`."""
        pattern = re.compile(rf"({self.name}(?:\.\w+)+):(\w+)")
        matches = map(pattern.fullmatch, short_strings(self._tree(path)))
        wanted = [self._named_by_string(m[1]) for m in matches if m and m[2] in said]
        return set().union(*wanted)

    def _data_of(self, tree: ast.Module) -> set[Path]:
        """The data files that strings of this module name, by file, stem or folder.

        A data file that no module names belongs to all of them.
        """
        named = path_words(tree)
        return {
            path
            for path in self._data
            if self._words(path) & named or not self._words(path) & self._all_words()
        }

    def _words(self, path: Path) -> set[str]:
        return {path.stem, *path.relative_to(self.folder).parts}

    def _all_words(self) -> set[str]:
        if not hasattr(self, "_named_anywhere"):
            modules = self.folder.rglob("*.py")
            self._named_anywhere = set().union(*(path_words(self._tree(m)) for m in modules))
        return self._named_anywhere

    def _tree(self, path: Path) -> ast.Module:
        if path not in self._trees:
            self._trees[path] = ast.parse(path.read_text("utf8"), filename=str(path))
        return self._trees[path]

    # Import statements

    def _imports(self, tree: ast.Module, package: str) -> set[Path]:
        """The files that the import statements of `tree` name, `tree` being a module of `package`.

        A name bound to a package (`import scorelab`, `from scorelab import derivations`) is
        followed to the attributes that are taken from it.
        """
        found: set[Path] = set()
        for node in executed(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if not self._is_ours(alias.name):
                        continue
                    bound = alias.asname or self.name
                    target = alias.name if alias.asname else self.name
                    found |= self._module(alias.name) - {self.folder / "__init__.py"}
                    found |= self._uses(tree, bound, target)
            elif isinstance(node, ast.ImportFrom):
                origin = absolute(node, package)
                if not self._is_ours(origin):
                    continue
                for alias in node.names:
                    found |= self._member(origin, alias.name, tree, alias.asname or alias.name)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= self._named_by_string(node.value)
            elif isinstance(node, ast.List | ast.Tuple) and self._runs_package(node):
                found |= self.everything()
        return found

    def _member(self, origin: str, name: str, tree: ast.Module | None, bound: str) -> set[Path]:
        """What `from origin import name` depends on; `bound` is its name in `tree`."""
        if name == "*":
            return self.everything() if origin == self.name else self._whole(origin)
        if self._file(f"{origin}.{name}"):
            return self._module(f"{origin}.{name}") | self._uses(tree, bound, f"{origin}.{name}")
        here = self._file(origin)
        if here is None:
            return self.everything()
        if here.name != "__init__.py":
            return {here}
        found = set() if origin == self.name else {here}
        if origin != self.name and name in LOADERS and tree is not None:
            found |= self._re_export(here, origin, name) or set()
            return found | self._loaded_by_name(tree, origin, lambda f: is_name(f, bound))
        home = self._re_export(here, origin, name)
        if home is not None:
            return found | home
        return self._whole(origin)  # defined in `__init__.py` itself: it may load anything

    def _re_export(self, init: Path, origin: str, name: str) -> set[Path] | None:
        for node in executed(self._tree(init)):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        source = absolute(node, origin)
                        return self._member(source, alias.name, None, name)
        return None

    def _uses(self, tree: ast.Module | None, bound: str, target: str) -> set[Path]:
        """What the uses of the name `bound`, which stands for the package `target`, depend on."""
        here = self._file(target)
        if here is None or here.name != "__init__.py":
            return set()
        if tree is None:
            return self._whole(target)
        found: set[Path] = set()
        as_base: set[int] = set()
        for node in executed(tree):
            if isinstance(node, ast.Attribute) and is_name(node.value, bound):
                as_base.add(id(node.value))
                if target != self.name and node.attr in LOADERS:
                    found |= self._re_export(here, target, node.attr) or set()
                    continue
                found |= self._member(target, node.attr, None, node.attr)
        bare = any(is_name(node, bound) and id(node) not in as_base for node in executed(tree))
        if bare:
            return self._whole(target)
        if target != self.name:
            found |= self._loaded_by_name(
                tree,
                target,
                lambda f: (
                    isinstance(f, ast.Attribute) and f.attr in LOADERS and is_name(f.value, bound)
                ),
            )
        return found

    def _loaded_by_name(
        self, tree: ast.Module, package: str, is_get: Callable[[ast.AST], bool]
    ) -> set[Path]:
        """Modules loaded by `get("some-name", …)`: those of a literal name, else all of them."""
        calls = [n for n in executed(tree) if isinstance(n, ast.Call) and is_get(n.func)]
        mentions = sum(is_get(n) for n in executed(tree))
        if mentions > len(calls):
            return self._whole(package)
        found: set[Path] = set()
        for call in calls:
            name = call.args[0] if call.args else None
            literal = name.value if isinstance(name, ast.Constant) else None
            found |= self._homes(package, literal) or self._whole(package)
        return found

    def _homes(self, package: str, name: object) -> set[Path]:
        """The module called like the literal `name`, else those that hold it as a string."""
        path = self._file(f"{package}.{str(name).replace('-', '_')}")
        if path:
            return {path}
        return {m for m in self._whole(package) if name in short_strings(self._tree(m))}

    def _named_by_string(self, text: str) -> set[Path]:
        """`importlib.import_module("scorelab.x")`, and shell lines that run the package."""
        if re.search(rf"-m\s+{self.name}\b", text):
            return self.everything()
        if re.fullmatch(rf"{self.name}(\.\w+)+", text) and self._file(text):
            return self._module(text) | self._uses(None, "", text)
        return set()

    def _runs_package(self, node: ast.List | ast.Tuple) -> bool:
        """Whether `node` is like `[sys.executable, "-m", "scorelab", …]`."""
        words = [item.value if isinstance(item, ast.Constant) else None for item in node.elts]
        return any(
            flag == "-m" and isinstance(name, str) and self._is_ours(name)
            for flag, name in pairwise(words)
        )

    # Dotted names and files

    def _is_ours(self, dotted: str) -> bool:
        return dotted == self.name or dotted.startswith(f"{self.name}.")

    def _file(self, dotted: str) -> Path | None:
        base = self.folder.parent.joinpath(*dotted.split("."))
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                return path
        return None

    def _module(self, dotted: str) -> set[Path]:
        path = self._file(dotted)
        if path is None or path == self.folder / "__init__.py":
            return set()
        return {path}

    def _whole(self, dotted: str) -> set[Path]:
        if dotted == self.name:
            return self.everything()
        path = self._file(dotted)
        if path is None:
            return self.everything()
        return set(path.parent.rglob("*.py")) if path.name == "__init__.py" else {path}
