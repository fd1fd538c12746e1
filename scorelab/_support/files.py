"""Files that are written whole or not at all: the one place where the package and the build write.

`write_whole` is for files, `send` for what is open already, such as standard output.
"""

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from hashlib import sha256
from pathlib import Path

__all__ = ["send", "write_whole"]

# After so many, links lead in a circle, and a writer of the same file does not come to an end.
_LINKS, _TURNS = 40, 5_000
_DAY = 86_400
_EFFECTIVE = os.access in os.supports_effective_ids


def write_whole(path: str | Path, content: bytes) -> None:
    """Put `content` into a file in one step, over what is there; make its folder if need be.

    A plain file is written apart, brought to the disk, and then moved into its place: whoever
    reads, or whatever interrupts, finds the old content or the new one. The file keeps its mode,
    and its owner as far as the system allows. Another name of it (a hard link) keeps the old
    content.

    A symbolic link stays, and what it leads to is written, whether or not it exists yet. A
    character device, a pipe, or an open file such as /dev/stdout, gets the content as it comes.

    Args:
        path: the file.
        content: what it shall hold.

    Raises:
        OSError: with the name of the file, if it cannot be written: it is a folder, a link in a
            circle, or not to be written, or the disk is full. What was there is left as it was.
    """
    with _named(path):
        place = _followed(os.fspath(Path(path)))
        if isinstance(place, int) or _takes_a_stream(place):
            handle = place if isinstance(place, int) else os.open(place, os.O_WRONLY)
            try:
                send(handle, content)
            finally:
                os.close(handle)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            _replace(place, content)


def send(handle: int, content: bytes) -> None:
    """Write all of `content` to what is open as `handle`; raise `OSError` if that fails."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


@contextmanager
def _named(path: str | Path) -> Iterator[None]:
    """Let errors name the file that was asked for, not one that its writer has made."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def _error(code: int) -> OSError:
    return OSError(code, os.strerror(code))


def _followed(path: str) -> int | Path:
    """What a path leads to in the end, whether it exists or not; a handle if it is open here."""
    for _ in range(_LINKS):
        if not os.path.islink(path):
            return Path(path)
        folder, name = os.path.split(path)
        if os.path.realpath(folder) == f"/proc/{os.getpid()}/fd":  # such as /dev/stdout
            return os.dup(int(name))
        path = os.path.join(folder, os.readlink(path))
    raise _error(errno.ELOOP)


def _takes_a_stream(path: Path) -> bool:
    """Whether a path is a character device or a pipe, not a plain file or nothing yet.

    Raises:
        OSError: if it is something else, such as a folder or a disk.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISREG(mode):
        return False
    if stat.S_ISCHR(mode) or stat.S_ISFIFO(mode):
        return True
    if stat.S_ISDIR(mode):
        raise _error(errno.EISDIR)
    raise OSError(errno.EINVAL, "Not a file, a pipe or a character device")


def _replace(path: Path, content: bytes) -> None:
    """Write a file that is like the one at `path`, if any, and move it there."""
    old = path.stat() if path.exists() else None
    if old is not None and not os.access(path, os.W_OK, effective_ids=_EFFECTIVE):
        raise _error(errno.EACCES)
    # Closed to others until it has the mode of the old one.
    handle, temporary = _new_file(path, 0o666 if old is None else 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if old is not None and hasattr(os, "fchmod"):
                _make_like(handle, old)
            os.fsync(handle)
            if temporary is None:
                _name_and_move(handle, path)
        if temporary is not None:
            os.replace(temporary, path)
    except BaseException:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise


def _new_file(path: Path, mode: int) -> tuple[int, Path | None]:
    """A file for writing, on the disk of `path`: without a name, or beside it and with its name."""
    if hasattr(os, "O_TMPFILE") and os.path.isdir("/proc/self/fd"):
        with suppress(OSError):  # a file system that knows none, or a folder that is closed to us
            return os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, mode), None
    name = _hidden(path).stem
    for stale in path.parent.glob(f"{escape(name)}.*.tmp"):
        with suppress(OSError):
            if time.time() - stale.stat().st_mtime > _DAY:  # its writer was killed
                stale.unlink()
    temporary = path.with_name(f"{name}.{os.urandom(4).hex()}.tmp")
    return os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), temporary


def _hidden(path: Path) -> Path:
    """Where a file stands for a moment before it is moved to `path`; what is left there goes."""
    name = os.fsencode(path.name)
    short = path.name if len(name) < 200 else sha256(name).hexdigest()
    return path.with_name(f".{short}.tmp")


def _name_and_move(handle: int, path: Path) -> None:
    """Give a file that has no name the one of `path`.

    The system cannot put it over another file at once, so it stands beside it for an instant, and
    is locked, so that the next writer knows whether this one still lives.
    """
    import fcntl  # not on Windows

    temporary = _hidden(path)
    fcntl.flock(handle, fcntl.LOCK_EX)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        for _ in range(_TURNS):
            try:
                # With a folder's handle, or Python would make another name of the link in /proc.
                os.link(f"/proc/self/fd/{handle}", temporary.name, dst_dir_fd=folder)
            except FileExistsError:
                _clear(temporary)
            else:
                break
        else:
            raise _error(errno.EBUSY)
    finally:
        os.close(folder)
    try:
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _clear(temporary: Path) -> None:
    """Remove what a killed writer has left here; leave a living one an instant."""
    import fcntl

    with suppress(FileNotFoundError), temporary.open("rb") as left:
        try:
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(1e-3)
            return
        if os.path.samestat(os.fstat(left.fileno()), temporary.stat()):
            temporary.unlink()


def _make_like(handle: int, old: os.stat_result) -> None:
    """Give an open file the owner and the mode that another one has."""
    mode = stat.S_IMODE(old.st_mode)
    try:
        os.fchown(handle, old.st_uid, old.st_gid)
    except PermissionError:
        mode &= 0o777  # no program runs with the rights of an owner that it was not given by
    os.fchmod(handle, mode)
