"""A loopback server that sends a built site as a good static host does: compressed, typed, cached.

What Lighthouse measures depends on this; ``python -m http.server`` neither compresses nor answers
requests for a part of a video.
"""

from __future__ import annotations

import gzip
import mimetypes
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".woff2": "font/woff2",
         ".svg": "image/svg+xml", ".webp": "image/webp", ".ipynb": "application/json",
         ".inv": "application/octet-stream"}  # fmt: skip
COMPRESSED = ("text/", "application/json", "application/xml", "image/svg+xml")
AGE = 600  # seconds that a browser keeps a file before it asks again, as on GitHub Pages


@contextmanager
def serving(root: Path) -> Iterator[str]:
    """Serves the files below ``root`` at 127.0.0.1 on a free port; gives the address.

    Raises:
        ValueError: if ``root`` holds no ``index.html``.
    """
    if not (root / "index.html").is_file():
        raise ValueError(f"root: {root} has no index.html; build the book first (make book)")
    handler = type("Handler", (_Handler,), {"root": root.resolve()})
    server = _Server(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def media_type(path: Path) -> str:
    """The MIME type of a file, with its charset where it is text."""
    known = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    kind = known or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that closes a connection is no fault; anything else is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    root: Path
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self._file()
        if path is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        kind = media_type(path)
        zipped = kind.startswith(COMPRESSED) and "gzip" in self.headers.get("Accept-Encoding", "")
        body, tag = _content(path, path.stat().st_mtime_ns, zipped)
        if self.headers.get("If-None-Match") == tag:
            self._answer(HTTPStatus.NOT_MODIFIED, {"ETag": tag}, b"")
            return
        headers = {"Content-Type": kind, "Cache-Control": f"max-age={AGE}", "ETag": tag}
        if zipped:
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
            self._answer(HTTPStatus.OK, headers, body)
            return
        span = _span(self.headers.get("Range"), len(body))
        headers["Accept-Ranges"] = "bytes"
        if span is None:
            self._answer(HTTPStatus.OK, headers, body)
        else:
            first, last = span
            headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
            self._answer(HTTPStatus.PARTIAL_CONTENT, headers, body[first : last + 1])

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Keep quiet: the table is what a reader wants to see."""

    def _file(self) -> Path | None:
        """The file that is asked for, if it is one below the root."""
        path = (self.root / unquote(urlsplit(self.path).path).lstrip("/")).resolve()
        path = path / "index.html" if path.is_dir() else path
        return path if path.is_file() and path.is_relative_to(self.root) else None

    def _answer(self, status: HTTPStatus, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            try:
                self.wfile.write(body)
            except ConnectionError:
                self.close_connection = True  # the browser has enough of a video for now


@cache
def _content(path: Path, changed: int, zipped: bool) -> tuple[bytes, str]:
    body = path.read_bytes()
    tag = f'"{sha256(body).hexdigest()[:16]}{"-gzip" * zipped}"'
    return (gzip.compress(body, 6) if zipped else body), tag


def _span(asked: str | None, length: int) -> tuple[int, int] | None:
    """The first and last byte of a ``Range`` of one part that can be met; else None."""
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", asked or "")
    if not match or int(match[1]) >= length:
        return None
    return int(match[1]), min(int(match[2] or length), length - 1)
