"""Runs the cells of a submission, and its checks, in the process that was made for it."""

from __future__ import annotations

import ast
import builtins
import linecache
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
import tqdm
from torch.utils.data import DataLoader

from scorelab.lab.asking import available, check, read
from scorelab.lab.grading.cells import CHECK, Rewriter, parsed, read_cells
from scorelab.lab.wording import words

__all__ = ["run"]


_SHOWN = ("display", "clear_output", "Markdown", "HTML", "Image", "Latex", "Math")


class _OutOfTime(BaseException):
    """A check takes too long. `except Exception` in a student's code does not catch it."""


def run(file: Path, language: str, check_seconds: int, report: Callable[..., None]) -> None:
    """Run all cells of a notebook or script in order, each whether or not the last one failed.

    Args:
        file: The notebook or script.
        language: Of the messages.
        check_seconds: How long one check may take.
        report: Called with `cell=` as a cell begins, `error=` if it fails, `question=`, `verdict=`
            and `message=` after a check, `borrows=` and `checks=` at the end, and `unreadable=`
            instead of all if the file is. With a verdict may come `lent=True`, if the answer is
            scorelab's, and `by_name=True`, if nobody asked for that check.
    """
    try:
        cells = read_cells(file)
    except ValueError as error:
        report(unreadable=str(error))
        return
    _make_plain()
    namespace = _namespace(file)
    checked: set[str] = set()

    def note(**record: object) -> None:
        checked.add(str(record["question"]))
        report(**record)

    namespace[CHECK] = _checker(language, check_seconds, note)
    rewriter = Rewriter(_question)
    for number, source in enumerate(cells, 1):
        report(cell=number)
        name = f"<cell {number}>"
        # Where an error's traceback finds the line.
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        try:
            tree = rewriter.visit(parsed(source, name))
            exec(compile(tree, name, "exec", dont_inherit=True), namespace)
        except BaseException as error:  # SystemExit too: what follows still counts
            report(error=_told(error))
    by_name = _checker(language, check_seconds, partial(report, by_name=True))
    for question in available():
        if question not in checked:
            _check_by_name(question, namespace, by_name)
    report(borrows=sorted(rewriter.borrowed), checks=rewriter.checks)


def _check_by_name(question: str, namespace: dict, record: Callable) -> None:
    """Check what bears the names of the template, if all are there and of the student's making."""
    answer = ast.parse(words("en")[question]["check"], mode="eval")
    names = [node.id for node in ast.walk(answer) if isinstance(node, ast.Name)]
    given = [namespace.get(name, ...) for name in names]
    if not any(value is ... or _is_lent(value) for value in given):
        record(question, lambda: eval(compile(answer, "<check>", "eval"), namespace))


def _is_lent(answer: object) -> bool:
    """Whether an answer, or a part or a base of it, is defined in scorelab."""
    if isinstance(answer, tuple):
        return any(map(_is_lent, answer))
    kinds = answer.__mro__ if isinstance(answer, type) else (answer, *type(answer).__mro__)
    try:
        modules = [str(getattr(kind, "__module__", "")) for kind in kinds]
    except Exception:  # a student's own __getattr__
        return False
    return any(module.startswith("scorelab.") for module in modules)


def _checker(
    language: str, seconds: int, report: Callable[..., None]
) -> Callable[[str, Callable[[], object]], object]:
    """What a submission's checks call: the genuine check, whose result is reported."""
    said = words(language)["grading"]

    def record(question: str, answer: Callable[[], object]) -> object:
        def found(verdict: str, message: str, **more: bool) -> None:
            report(question=question, verdict=verdict, message=message, **more)

        try:
            given = answer()
        except NameError as error:
            frames = error.__traceback__.tb_next  # type: ignore[union-attr]
            if frames is not None and frames.tb_next is not None:  # in the student's own function
                found("missing", _told(error))
                raise
            found("missing", said["undefined"].format(name=error.name))
            return None
        except BaseException as error:
            found("missing", _told(error))
            raise
        try:
            with _within(seconds):
                result = check(question, given, language=language)
        except _OutOfTime:
            found("unchecked", said["late"].format(seconds=seconds))
            return None
        except Exception as error:
            found("unchecked", _told(error))
            return None
        found(result.verdict, result.message, lent=_is_lent(given))
        return result

    return record


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    """Raise `_OutOfTime` when they are over; where there is no alarm clock, never."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(*_: object) -> None:
        raise _OutOfTime

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def _namespace(file: Path) -> dict:
    """Where the cells run: the module `__main__`, with what a notebook has beside Python."""
    main = ModuleType("__main__")
    sys.modules["__main__"] = main
    sys.path.insert(0, str(file.parent))
    nothing = _Nothing()
    main.__dict__.update(__builtins__=builtins, display=nothing, get_ipython=nothing)
    if find_spec("IPython") is None:
        package, shown = ModuleType("IPython"), ModuleType("IPython.display")
        shown.__dict__.update(dict.fromkeys(_SHOWN, nothing))
        package.__dict__.update(display=shown, get_ipython=nothing, __path__=[])
        sys.modules |= {"IPython": package, "IPython.display": shown}
    return main.__dict__


class _Nothing:
    """Stands in for a notebook and what it shows: whatever is called does nothing.

    It is false, by which libraries such as matplotlib see that they are in no notebook.
    """

    def __bool__(self) -> bool:
        return False

    def __call__(self, *_: object, **__: object) -> _Nothing:
        return self

    def __getattr__(self, name: str) -> _Nothing:
        return self


def _make_plain() -> None:
    """One seed, one process, and a bar of progress that needs no notebook."""
    for seed in (torch.manual_seed, np.random.seed, random.seed):
        seed(0)
    sys.modules["tqdm.notebook"] = tqdm  # type: ignore[assignment]
    batches = DataLoader.__iter__

    def in_this_process(self: DataLoader) -> Iterator:
        # Workers would need /dev/shm and sockets, which are outside the scratch folder.
        self.num_workers = 0
        return batches(self)

    DataLoader.__iter__ = in_this_process  # type: ignore[method-assign]


def _question(text: str) -> str | None:
    """The question of that name, written `P1 b`, `p1b` or `P1 · b`."""
    name = read(text)
    return name if name in available() else None


def _told(error: BaseException) -> str:
    try:
        text = str(error).strip().partition("\n")[0]
    except Exception:  # an exception of the student's own
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
