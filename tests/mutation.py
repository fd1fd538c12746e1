"""Mutation testing: break a formula on purpose and see that the test named for it fails.

A `Mutant` is a row of a table: a module of the package, the exact text to replace, what to put in
its place, and the test that must notice. The broken source is compiled into a fresh copy of the
package, in this process; the test's file is loaded anew against that copy, and the test is called
as a plain function. Nothing outside the block sees the broken package.

    @pytest.mark.parametrize("mutant", by_tier(MUTANTS), ids=str)
    def test_every_mutant_is_killed(mutant):
        mutant.assert_killed()

By day the first mutant of each kind is tried for each module, at night all of them.

A killer takes no fixture; the arguments of a parametrised one stand in the row (`arguments`). It
must pass on the unbroken package when it is loaded in the same way: a killer that fails anyhow
kills nothing. An `old` that does not occur exactly once is itself a failure, so that the table
follows the source.
"""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType

import pytest
import torch
from tiers import first_of_each, nightly_but

PACKAGE = "scorelab"
TESTS = Path(__file__).parent

# Kinds of mistakes, by the words that name them; any other mistake is a kind of its own.
KINDS = {
    "sign": r"sign|minus|away|outwards|that adds|backwards",
    "factor": r"½|half|no 2|whole step|full (first )?step|mean over|sum over|√2",
    "power": r"² for|for √|√ for|for σ²|for a²|for b²|for Δt|for √Δt|²$|root|variance for|squared",
    "time": r"time|at the (start|end|begin)|early|late|\bspan\b|\bT\b",
    "transposed": r"Qᵀ|rotat|transposed|exchanged|turned",
    "noise": r"the same noise|for all$|for the whole batch|every row|every coordinate",
    "left out": r"\bno\b|\bnot\b|without|forgotten|left out|ignored|lost|dropped",
}

_passed: set[tuple[str, str]] = set()  # killers that are known to pass on the unbroken package


@dataclass(frozen=True)
class Mutant:
    """One formula, broken.

    Attributes:
        name: what is broken, in words.
        module: the module's name below the package, such as "mixture".
        old: text that occurs exactly once in the module's source.
        new: what replaces it.
        killer: the test that must fail, as "file::function", the file without its suffix and
            relative to the directory of tests.
        arguments: keyword arguments for the killer.
    """

    name: str
    module: str
    old: str
    new: str
    killer: str
    arguments: dict = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.module}: {self.name}"

    def assert_killed(self) -> None:
        """Fail unless the killer passes on the package as it is and fails on the broken one."""
        _require_pass_unbroken(self.killer, self.arguments)
        with broken(f"{PACKAGE}.{self.module}", self.old, self.new):
            killer = load(self.killer)
            try:
                _call(killer, self.arguments)
            except (Exception, pytest.fail.Exception):
                return
        pytest.fail(f"survived: {self} ({self.old!r} → {self.new!r}), {self.killer} passes")


def kind(name: str) -> str:
    """The kind of mistake that the name of a mutant tells of."""
    return next((k for k, words in KINDS.items() if re.search(words, name)), name)


def by_tier(mutants: Sequence[Mutant]) -> list:
    """Parameters: the first mutant of each kind in each module by day, the others at night."""
    return nightly_but(first_of_each(mutants, lambda m: (m.module, kind(m.name))), mutants)


@contextmanager
def broken(module: str, old: str, new: str) -> Iterator[None]:
    """While the block lasts, every import of the package finds `module` with `old` replaced.

    Raises:
        LookupError: if `old` does not occur exactly once in the source.
    """
    path = Path(find_spec(module).origin)
    source = path.read_text()
    if source.count(old) != 1:
        raise LookupError(f"{module} holds {source.count(old)} times, not once: {old!r}")
    code = compile(source.replace(old, new), f"<mutant of {path.name}>", "exec")
    finder = _Finder(module, path, code)
    saved = {name: sys.modules.pop(name) for name in list(sys.modules) if _ours(name)}
    finders = list(sys.meta_path)  # the package, imported anew, adds one of its own
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path[:] = finders
        for name in [name for name in sys.modules if _ours(name)]:
            del sys.modules[name]
        sys.modules.update(saved)


def load(test: str) -> Callable[..., None]:
    """The test function "file::function" from a fresh copy of its file."""
    file, function = test.split("::")
    spec = spec_from_file_location(f"_killer_{Path(file).name}", TESTS / f"{file}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, function)


def _require_pass_unbroken(killer: str, arguments: dict) -> None:
    key = (killer, repr(arguments))
    if key not in _passed:
        _call(load(killer), arguments)
        _passed.add(key)


def _call(test: Callable[..., None], arguments: dict) -> None:
    torch.manual_seed(0)
    test(**arguments)


def _ours(name: str) -> bool:
    return name == PACKAGE or name.startswith(f"{PACKAGE}.")


class _Finder:
    """Finds one module, with the given code in place of its source."""

    def __init__(self, module: str, path: Path, code: CodeType) -> None:
        self.module, self.path, self.code = module, path, code

    def find_spec(self, name: str, path=None, target=None) -> ModuleSpec | None:
        if name != self.module:
            return None
        loader = _Loader(name, str(self.path), self.code)
        packages = [str(self.path.parent)] if self.path.name == "__init__.py" else None
        return spec_from_file_location(
            name, self.path, loader=loader, submodule_search_locations=packages
        )


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code
