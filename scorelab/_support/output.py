"""What a command prints: UTF-8 to files and pipes, as far as somebody reads."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["utf8_output"]


@contextmanager
def utf8_output() -> Iterator[None]:
    """Let what is printed inside be UTF-8, whatever the encoding of standard output is.

    A terminal keeps its own, and gets `?` for letters that it has not. If whoever reads goes away,
    as `head` does, or standard output is closed, the rest is thrown away.

    Raises:
        OSError: If it cannot be written otherwise, such as to a disk that is full.
    """
    stream = sys.stdout
    if stream is None:  # closed before the command began
        with open(os.devnull, "w", encoding="utf-8") as sys.stdout:
            try:
                yield
            finally:
                sys.stdout = None
        return
    before = None
    if isinstance(stream, io.TextIOWrapper):
        before = {"encoding": stream.encoding, "errors": stream.errors}
        if stream.isatty():
            stream.reconfigure(errors="replace")
        else:
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    finally:
        try:
            if before is not None:
                stream.reconfigure(**before)
        except (OSError, ValueError):
            _throw_away(stream)


def _throw_away(stream: io.TextIOWrapper) -> None:
    """Empty what cannot be written, or Python would try again when it ends, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        return
    finally:
        os.close(nowhere)
    stream.flush()
