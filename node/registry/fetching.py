"""Fetches the files of a Coral stack from their release pages: on the control node, or on the datasink.

What is there stays; what came of a file, in .NAME.part, is where the next run goes on, beside .NAME.tag: what the page
said of it, so that no two files are mixed.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

from node.errors import Refusal, printable
from node.registry import own
from node.store import disk, files, handles

BLOCK = 1 << 18
SHOWN = 100  # letters of what a page says
TIMEOUT = 30  # seconds, for each answer and each block
LONGEST = 3600.0  # seconds, for a file
TRIES = 5  # in a row that bring nothing
FIRST_PAUSE = 1.0  # seconds, doubled from try to try
LARGEST = 1 << 30  # bytes: what is longer is no package
BEGINNINGS = {".deb": b"!<arch>\n", ".whl": b"PK\x03\x04"}
KINDS = {".deb": "a Debian package", ".whl": "a wheel"}
WORTH_A_RETRY = (408, 425, 429, 500, 502, 503, 504)


class _Lost(Exception):
    """Why nothing more came: worth another try."""


def fetch(url: str, folder: Path, name: str, again: str, advance: Callable[[int], None]) -> Path:
    """Bring one file into the folder, unless it is there. Raises Refusal; what came stays for the next try.

    `again` is what an operator types next; `advance` is told how many bytes are here by now.
    """
    final, part = folder / name, folder / f".{name}.part"
    if disk.is_file(final):
        return final
    _persist(url, part, name, again, advance)
    said = flaw(part, name)
    if said is not None:
        _forget(part)  # an error page, in the file's place
        raise Refusal(f"{url}: {said}; look at that page, then {again}")
    files.rename(part, final)
    _forget(part)
    return final


def _persist(url: str, part: Path, name: str, again: str, advance: Callable[[int], None]) -> None:
    """Ask again and again, as long as bytes come."""
    end, tries, pause, most = time.monotonic() + LONGEST, 0, FIRST_PAUSE, _size(part)
    while True:
        try:
            return _receive(url, part, name, advance, end)
        except _Lost as lost:
            tries, pause = (tries + 1, 2 * pause) if _size(part) <= most else (1, FIRST_PAUSE)
            most = max(most, _size(part))
            if tries >= TRIES or time.monotonic() + pause > end:
                raise Refusal(f"{url}: {lost}; is the release page up? {again}, which goes on from there") from None
            time.sleep(pause)


def _receive(url: str, part: Path, name: str, advance: Callable[[int], None], end: float) -> None:
    """One request, for what is missing. Raises Refusal for what no retry mends."""
    import http.client  # each command would wait for them
    import urllib.error
    import urllib.request

    start, tag = _size(part), "".join(disk.lines(_tag(part)))
    request = urllib.request.Request(url, headers={"User-Agent": "sentinelcam", "Accept-Encoding": "identity"})  # noqa: S310
    if start and tag:  # else nobody could tell whether the rest is of the same file
        request.add_header("Range", f"bytes={start}-")
        request.add_header("If-Range", tag)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310  of the site's own registry
            _require_way(url, answer.geturl())
            _take(url, answer, part, name, start, advance, end)
    except urllib.error.HTTPError as error:
        if error.code == 416:
            _forget(part)
            raise _Lost("found less than had come before; expected the same file") from None
        said = f"found HTTP {error.code} {printable(str(error.reason), SHOWN)}"
        if error.code in WORTH_A_RETRY:
            raise _Lost(f"{said}; expected {name}") from None
        raise Refusal(
            f"{url}: {said}; expected {name}; compare the release page with registry.coral and site.coral_source"
        ) from None
    except (http.client.HTTPException, OSError) as error:
        said = printable(str(getattr(error, "reason", None) or error), SHOWN) or type(error).__name__
        raise _Lost(f"found no whole answer ({said}); expected {name}") from None


def _take(url: str, answer: Any, part: Path, name: str, start: int, advance: Callable[[int], None], end: float) -> None:
    start = start if answer.status == 206 else 0
    if start and not re.match(rf"bytes {start}-", answer.headers.get("Content-Range") or ""):
        _forget(part)
        raise _Lost("found another part than was asked for; expected the rest of the file")
    length = answer.headers.get("Content-Length")
    total = start + int(length) if length is not None and length.isdigit() else None
    if total is not None and total > LARGEST:
        raise Refusal(f"{url}: found {total:,} bytes; expected {name}, at most {LARGEST:,}")
    if not start:
        _forget(part)
        _write_tag(part, answer.headers.get("ETag") or answer.headers.get("Last-Modified") or "")
    size = start
    with own.opened(part, 0o644) as file:
        file.seek(0, os.SEEK_END)
        for block in iter(lambda: answer.read1(BLOCK), b""):
            file.write(block)
            size += len(block)
            advance(size)
            if size > LARGEST:
                raise Refusal(f"{url}: found more than {LARGEST:,} bytes; expected {name}")
            if time.monotonic() > end:
                raise _Lost(f"found {size:,} bytes in {LONGEST:.0f} s; expected all of {name} by then")
        own.flush(file, part, 0o644)
    if total is not None and size != total:
        if size > total:
            _forget(part)
        raise _Lost(f"found {size:,} bytes of {name}; expected {total:,}")


def _require_way(url: str, final: str) -> None:
    """A redirection may lead to another host, and not to a way that anybody could listen to."""
    if url.startswith("https://") and not final.startswith("https://"):
        raise Refusal(f"{url}: found a redirection to {printable(final, SHOWN)}; expected one to https://")


def flaw(path: Path, name: str) -> Optional[str]:
    """What a file is instead of the package that its name promises, as its first bytes tell."""
    suffix = Path(name).suffix
    with handles.reached(path) as file:
        found = file.read(64)
    if found.startswith(BEGINNINGS.get(suffix, b"")):
        return None
    is_page = found.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype", b"<html"))
    what = "an HTML page" if is_page else f"{_size(path):,} bytes that begin with {found[:8]!r}"
    return f"found {what}; expected {KINDS[suffix]}"


def _size(path: Path) -> int:
    found = disk.status(path)
    return found.st_size if found is not None else 0


def _tag(part: Path) -> Path:
    return part.with_suffix(".tag")


def _write_tag(part: Path, tag: str) -> None:
    """A weak one says nothing about single bytes."""
    if tag and not tag.startswith("W/") and tag.isascii() and tag.isprintable():
        files.write(_tag(part), tag[:200].encode(), owner=own.me())


def _forget(part: Path) -> None:
    for path in (part, _tag(part)):
        files.unlink(path)


@contextmanager
def alone(folder: Path, again: str) -> Iterator[None]:
    """Make a folder, and hold it. Raises Refusal when another download holds it."""
    own.folder(folder)
    with own.alone(folder, 0, "another download is running there; wait for it, then " + again):
        yield
