"""Serves a folder over HTTP as release pages are served, and misbehaves as ordered: `python -m lab.page_server`.

It enters the lab's network, and ends when its standard input does: with whoever started it. Beside the folder `www`:

- orders.json  {"PATH": {ORDER: VALUE, ...}}, read at each request; PATH is the last part of what it is about:
  "status": 404    answers so, at the release's own address
  "html": true     a page of HTML with status 200
  "redirect": URL  leads elsewhere
  "cut": BYTES     closes the connection after so many bytes of a file
  "rate": BYTES    sends so many bytes a second
  "other": true    another file of that size: one byte in its middle differs
  "whole": true    knows no ranges
  "times": NUMBER  the order is for so many requests, and then forgotten; else for all
- log.jsonl    a line for each request, written before it is answered
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
import threading
import time
from collections import Counter
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lab import network

WWW, ORDERS, LOG, READY = "www", "orders.json", "log.jsonl", "ready"
ASSETS = "/release-assets/"
RELEASE = re.compile(r"/[^/]+/releases/download/.+")
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
PIECE = 16384
HTML = b"<!DOCTYPE html><html><title>Sign in</title><body>Sign in to the network</body></html>\n"


class Server(ThreadingHTTPServer):
    """The server of a folder.

    :param address: with a port; 0 takes a free one.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path, address: tuple[str, int]) -> None:
        super().__init__(address, Handler)
        self.folder = folder
        self._served: Counter[tuple[str, int]] = Counter()
        self._lock = threading.Lock()

    def order(self, path: str, is_asset: bool) -> dict[str, Any]:
        """What is ordered of a request for a path; a page has its own orders and a file has its own."""
        with self._lock:
            try:
                orders = json.loads((self.folder / ORDERS).read_text())
            except FileNotFoundError:
                return {}
            for end, order in orders.items():
                if not path.endswith(end) or is_asset != any(
                    each in order for each in ("cut", "rate", "other", "whole")
                ):
                    continue
                key = (end, order.get("number", 0))
                if self._served[key] < order.get("times", float("inf")):
                    self._served[key] += 1
                    found: dict[str, Any] = order
                    return found
        return {}

    def note(self, line: dict[str, Any]) -> None:
        """Write a line into the log."""
        with self._lock, (self.folder / LOG).open("a") as log:
            log.write(json.dumps(line) + "\n")


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """The log is a file."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        is_asset = path.startswith(ASSETS) or not RELEASE.fullmatch(path)
        order = self.server.order(path, is_asset) or (self.server.order(path, False) if is_asset else {})
        file = self._file(path)
        if "html" in order:
            self._say(HTTPStatus.OK, HTML, "text/html; charset=utf-8")
        elif "redirect" in order:
            self._redirect(order["redirect"])
        elif "status" in order:
            self._say(order["status"], b"as ordered\n")
        elif file is None:
            self._say(HTTPStatus.NOT_FOUND, b"Not Found\n")
        elif is_asset:
            self._send(file, order)
        else:
            self._redirect(f"{ASSETS}{path[1:]}?sp=r&sig=lab")

    def _file(self, path: str) -> Path | None:
        www = (self.server.folder / WWW).resolve()
        file = (www / path.removeprefix(ASSETS).lstrip("/")).resolve()
        if file.is_dir():
            return self._index(file)
        return file if file.is_file() and file.is_relative_to(www) else None

    def _index(self, folder: Path) -> Path | None:
        index = folder / "index.html"
        return index if index.is_file() else None

    def _note(self, status: int) -> None:
        self.server.note(
            {
                "client": self.client_address[0], "method": self.command, "path": unquote(urlsplit(self.path).path),
                "range": self.headers.get("Range"), "agent": self.headers.get("User-Agent"), "status": int(status),
            }
        )  # fmt: skip

    def _redirect(self, to: str) -> None:
        self._note(HTTPStatus.FOUND)
        self._head(HTTPStatus.FOUND, {"Location": to, "Content-Length": "0"})

    def _say(self, status: int, text: bytes, kind: str = "text/plain") -> None:
        self._note(status)
        self._head(status, {"Content-Type": kind, "Content-Length": str(len(text))})
        if self.command == "GET":
            self.wfile.write(text)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, file: Path, order: dict[str, Any]) -> None:
        content = file.read_bytes()
        if "other" in order:
            middle = len(content) // 2
            content = content[:middle] + bytes([255 - content[middle]]) + content[middle + 1 :]
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        start, end = 0, len(content)
        wanted = RANGE.fullmatch(self.headers.get("Range", ""))
        is_same = self.headers.get("If-Range", tag) == tag
        headers = {"Content-Type": "text/html" if file.suffix == ".html" else "application/octet-stream", "ETag": tag}
        status = HTTPStatus.OK
        if wanted and is_same and "whole" not in order:
            start, end = int(wanted[1]), min(int(wanted[2]) + 1 if wanted[2] else len(content), len(content))
            if start >= len(content):
                self._note(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
                unsatisfied = {"Content-Range": f"bytes */{len(content)}", "Content-Length": "0"}
                self._head(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, unsatisfied)
                return
            status = HTTPStatus.PARTIAL_CONTENT
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
        if "whole" not in order:
            headers["Accept-Ranges"] = "bytes"
        self._note(status)
        self._head(status, {**headers, "Content-Length": str(end - start)})
        if self.command == "GET":
            self._pour(content[start:end], order)

    def _pour(self, content: bytes, order: dict[str, Any]) -> None:
        """Send a file's bytes, as slowly as is ordered, and no more than is ordered."""
        whole = len(content)
        content = content[: order.get("cut", whole)]
        rate = order.get("rate")
        piece = min(PIECE, max(1, rate // 10)) if rate else PIECE
        for start in range(0, len(content), piece):
            self.wfile.write(content[start : start + piece])
            self.wfile.flush()
            if rate:
                time.sleep(piece / rate)
        if len(content) < whole:
            self.close_connection = True


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    folder: Path = parser.parse_args().folder
    network.enter()
    server = Server(folder, (network.PAGES, 80))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (folder / READY).touch()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
