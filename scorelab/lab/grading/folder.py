"""The submissions in a folder."""

from __future__ import annotations

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
    """

    name: str
    file: Path | None
    folder: Path | None = None

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
    several submissions.

    Raises:
        OSError: If there is no such folder.
        ValueError: If it holds no submission.
    """
    found = []
    for entry in sorted(folder.iterdir()):
        if _is_odd(entry):
            if entry.is_symlink() and (entry.is_dir() or entry.suffix in _SUFFIXES):
                found.append(Submission(entry.name, None))
        elif entry.is_dir():
            files = next(filter(None, (_within(entry, suffix) for suffix in _SUFFIXES)), [])
            many = len(files) > 1
            for file in files:
                name = file.relative_to(folder).as_posix() if many else entry.name
                found.append(Submission(name, file, entry))
            if not files:
                found.append(Submission(entry.name, None))
        elif entry.suffix in _SUFFIXES:
            found.append(Submission(entry.name, entry))
    if all(submission.file is None for submission in found):
        raise ValueError(f"{folder}: no notebook (.ipynb) or script (.py) in it")
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
        found += [entry for entry in entries if entry.suffix == suffix and entry.is_file()]
    return sorted(found)


def remove(folder: Path | str) -> None:
    """Remove a folder, however deep, as far as that is possible."""
    with suppress(OSError):  # `rm` does not call itself for each folder; `rmtree` does
        subprocess.run(["rm", "-rf", "--", folder], stderr=subprocess.DEVNULL, check=False)
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)


def _is_odd(path: Path) -> bool:
    """Whether it is hidden, what Python has compiled, a link, or neither a folder nor a file."""
    if path.name.startswith(".") or path.name == "__pycache__" or path.is_symlink():
        return True
    return not (path.is_dir() or path.is_file())
