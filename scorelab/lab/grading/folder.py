"""The submissions in a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Submission", "remove", "submissions"]

_SUFFIXES = (".ipynb", ".py")


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes:
        name: As the table calls it.
        file: The notebook or script; `None` if there is none, or it is a link.
        folder: The student's own folder, `None` if the file lies beside those of others.
        lack: Why there is no file, by its name among the words.
    """

    name: str
    file: Path | None
    folder: Path | None = None
    lack: str = "nothing"

    def copy_to(self, scratch: Path) -> Path:
        """Copy it, with what lies in the student's folder, and return where the file is then.

        Links are not followed and not copied, nor is what is no plain file.

        Raises:
            OSError: If something cannot be copied.
        """
        assert self.file is not None
        if self.folder is None:
            return Path(shutil.copyfile(self.file, scratch / self.file.name))
        shutil.copytree(
            self.folder,
            scratch,
            ignore=lambda folder, names: [n for n in names if _is_odd(Path(folder, n))],
            copy_function=shutil.copyfile,
            dirs_exist_ok=True,
        )
        return scratch / self.file.relative_to(self.folder)


def submissions(folder: Path) -> list[Submission]:
    """The notebooks and scripts in a folder, and those in a folder of their own there.

    In a student's folder notebooks count, and scripts only where there is no notebook; several are
    several submissions. A folder with neither is a student who handed in nothing, unless others'
    files lie beside it: then it is taken for data.

    Raises:
        OSError: If there is no such folder.
        ValueError: If it holds no submission.
    """
    found = []
    entries = sorted(folder.iterdir())
    loose = any(e.suffix.lower() in _SUFFIXES and e.is_file() for e in entries)
    for entry in entries:
        suffix = entry.suffix.lower()
        if _is_odd(entry):
            if entry.is_symlink() and (entry.is_dir() or suffix in _SUFFIXES):
                found.append(Submission(entry.name, None))
        elif entry.is_dir():
            files = next(filter(None, (_within(entry, s) for s in _SUFFIXES)), [])
            many = len(files) > 1
            for file in files:
                name = file.relative_to(folder).as_posix() if many else entry.name
                found.append(Submission(name, file, entry))
            if not files and _within(entry, ".zip"):
                found.append(Submission(entry.name, None, lack="zip"))
            elif not files and not (loose and os.access(entry, os.R_OK)):
                found.append(Submission(entry.name, None))
        elif suffix in _SUFFIXES:
            found.append(Submission(entry.name, entry))
        elif suffix == ".zip":
            found.append(Submission(entry.name, None, lack="zip"))
    if all(submission.file is None for submission in found):
        hint = "; unpack its zip archives" if any(s.lack == "zip" for s in found) else ""
        raise ValueError(f"{folder}: no notebook (.ipynb) or script (.py) in it{hint}")
    return found


def _within(folder: Path, suffix: str) -> list[Path]:
    """The files below a folder that end so; hidden folders and links are passed over."""
    found: list[Path] = []
    folders = [folder]
    while folders:  # a loop, since a student's folders may be deeper than Python's stack
        try:
            entries = [entry for entry in folders.pop().iterdir() if not _is_odd(entry)]
        except OSError:  # closed to us, or its path too long
            continue
        folders += [entry for entry in entries if entry.is_dir()]
        found += [entry for entry in entries if entry.suffix.lower() == suffix and entry.is_file()]
    return sorted(found)


def remove(folder: Path | str) -> None:
    """Remove a folder, however deep, as far as that is possible."""
    with suppress(OSError):  # `rm` does not call itself for each folder; `rmtree` does
        subprocess.run(["rm", "-rf", "--", folder], stderr=subprocess.DEVNULL, check=False)
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)


def _is_odd(path: Path) -> bool:
    """Whether it is hidden, what Python or macOS leave, a link, or neither folder nor file."""
    if path.name.startswith(".") or path.name in ("__pycache__", "__MACOSX") or path.is_symlink():
        return True
    return not (path.is_dir() or path.is_file())
