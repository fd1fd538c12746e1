"""Note what a Python process reads of the book, as it reads it.

Python imports a module of this name by itself when it starts. The kernel of a chapter, and every
Python process that it starts, has this folder on its path and is told by two variables of the
environment which folder to watch and where to write. Each line written is one fact, in JSON:

    ["read", file, digest]              opened to be read; null if it was not there
    ["listed", folder, digest]          its entries were asked for
    ["sought", folder, module, found]   a module was looked for in it
    ["written", file]                   opened to be written: a product, not a source

Paths are relative to the watched folder. The digest is of what stood there when the process read
it, so an edit while a chapter runs leaves the record of what ran. What leaves no trace: a file
that is only asked about (`exists`), and one that is opened by a library without Python's knowing.
"""

import hashlib
import json
import os
import sys
import threading
from functools import cache
from importlib.machinery import all_suffixes
from importlib.util import source_from_cache

ROOT = "SCOREBOOK_ROOT"
RECORD = "SCOREBOOK_RECORD"

EVENTS = {"open", "os.listdir", "os.scandir", "os.rename"}


def file_digest(path: str) -> str | None:
    """The digest of the file at `path`; None if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None


def listing_digest(path: str) -> str | None:
    """The digest of the names in the folder at `path`; None if there is no such folder."""
    try:
        names = sorted(name for name in os.listdir(path) if not _passing(name))
    except OSError:
        return None
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()


def is_importable(folder: str, module: str) -> bool:
    """Whether a module or a package of this name lies in `folder`."""
    path = os.path.join(folder, module)
    return os.path.isdir(path) or any(os.path.isfile(path + suffix) for suffix in all_suffixes())


def _is_in(path: str, folder: str) -> bool:
    return (path + os.sep).startswith(folder + os.sep)


def _passing(name: str) -> bool:
    """Whether a file or folder is no source: hidden, or made by a run of the code."""
    return name.startswith(".") or name in ("__pycache__", "_build")


class Recorder:
    """An audit hook and a finder of modules, both of which only watch.

    Args:
        root: The folder to watch.
        record: Where to write, a folder that exists.
    """

    def __init__(self, root: str, record: str) -> None:
        self.root = os.path.realpath(root)
        environment = os.path.realpath(sys.prefix)
        # A book may lie below the environment of the whole system; then this says nothing.
        self.environment = environment if _is_in(environment, self.root) else None
        # Lines that are appended at once are whole, even from the children of a fork.
        name = os.path.join(record, f"{os.getpid()}-{os.urandom(4).hex()}.jsonl")
        self.file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.known: set[tuple] = set()
        self.own = threading.local()

    def audit(self, event: str, args: tuple) -> None:
        """Note what is opened and what is listed."""
        if event not in EVENTS or getattr(self.own, "busy", False):
            return
        self.own.busy = True
        try:
            if event == "open":
                self._opened(*args)
            elif event == "os.rename":
                self._made(self._inside(args[1]))
            # Python's own search lists folders too; `find_spec` notes what it looks for in them.
            elif not sys._getframe(1).f_code.co_filename.startswith("<frozen importlib"):
                path = self._inside("." if args[0] is None else args[0])
                if path is not None:
                    self._note(("listed", path), lambda: listing_digest(self._whole(path)))
        except Exception:  # whatever goes wrong here, the program goes on
            pass
        finally:
            self.own.busy = False

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """Note that a module is looked for, and leave finding it to the others."""
        self.own.busy = True
        try:
            module = fullname.rpartition(".")[2]
            for entry in sys.path if path is None else path:
                folder = self._inside(entry or ".")
                if folder is not None:
                    key = ("sought", folder, module)
                    self._note(key, lambda f=folder: is_importable(self._whole(f), module))
        except Exception:
            pass
        finally:
            self.own.busy = False

    def _opened(self, name: object, mode: str | None, flags: int) -> None:
        path = self._inside(name)
        if flags & (os.O_WRONLY | os.O_RDWR):
            self._made(path)
        elif path is not None:
            source = source_from_cache(path) if path.endswith(".pyc") else path
            self._note(("read", source), lambda: file_digest(self._whole(source)))

    def _made(self, path: str | None) -> None:
        if path is not None and not path.endswith(".pyc"):
            self._note(("written", path))

    def _inside(self, name: object) -> str | None:
        """The path below the watched folder; None if it is outside or no source."""
        return None if isinstance(name, int) else self._below(os.path.abspath(os.fsdecode(name)))

    @cache  # noqa: B019
    def _below(self, path: str) -> str | None:
        if not _is_in(path, self.root):
            path = os.path.realpath(path)
        if not _is_in(path, self.root):
            return None
        if self.environment and _is_in(path, self.environment):
            return None
        path = os.path.relpath(path, self.root).replace(os.sep, "/")
        parts = [] if path == "." else path.split("/")
        return None if any(_passing(part) for part in parts if part != "__pycache__") else path

    def _whole(self, path: str) -> str:
        return os.path.join(self.root, path)

    def _note(self, key: tuple, *found: object) -> None:
        if key not in self.known:
            self.known.add(key)
            line = json.dumps([*key, *(find() for find in found)]) + "\n"
            os.write(self.file, line.encode())


def _start() -> None:
    if os.environ.get(ROOT) and os.environ.get(RECORD):
        recorder = Recorder(os.environ[ROOT], os.environ[RECORD])
        sys.meta_path.insert(0, recorder)
        sys.addaudithook(recorder.audit)


_start()
