"""Release pages for tests: a web server that serves what a test gives it, as badly as the test says."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Pages:
    """`files` by path; `cut` is after how many bytes an answer ends, the first time; `codes` are answered first."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.files: dict[str, bytes] = {}
        self.cut: dict[str, int] = {}
        self.codes: dict[str, list[int]] = {}
        self.moved: dict[str, str] = {}
        self.tags = True
        self.asked: list[tuple[str, str | None]] = []
        """Each path that was asked for, and its Range."""


@contextmanager
def served() -> Iterator[Pages]:
    """Serve them on an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, pages)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        pages = Pages(f"http://127.0.0.1:{server.server_port}/somebody")
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield pages
        finally:
            server.shutdown()


def _answer(handler: BaseHTTPRequestHandler, pages: Pages) -> None:
    path = handler.path.removeprefix("/somebody/")
    asked = handler.headers.get("Range")
    pages.asked.append((path, asked))
    if pages.codes.get(path):
        handler.send_error(pages.codes[path].pop(0))
        return
    if path in pages.moved:
        handler.send_response(302)
        handler.send_header("Location", pages.moved[path])
        handler.end_headers()
        return
    if path not in pages.files:
        handler.send_error(404)
        return
    content = pages.files[path]
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
    if handler.headers.get("If-Range", tag) != tag:
        start = 0
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    if pages.tags:
        handler.send_header("ETag", tag)
    handler.send_header("Content-Length", str(len(content) - start))
    handler.end_headers()
    end = pages.cut.pop(path, None)
    handler.wfile.write(content[start:end])
