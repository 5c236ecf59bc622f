"""Fetches the files of a Coral stack from their release pages: on the control node, or on the datasink.

It travels there as source: standard library only, Python 3.7 or newer.

On stdin a JSON object: `folder`, `files` (a list of `url`, `name`), `again` (what to type next). On stdout a JSON
object with `fault`: why not all of them are in the folder now, else null. What is there stays; what came of a file, in
.NAME.part, is where the next run goes on, beside .NAME.tag: what the page said of it, so that no two files are mixed.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BLOCK = 1 << 18
TIMEOUT = 30  # seconds, for each answer and each block
LONGEST = 3600.0  # seconds, for a file
TRIES = 5  # in a row that bring nothing
FIRST_PAUSE = 1.0  # seconds, doubled from try to try
LARGEST = 1 << 30  # bytes: what is longer is no package
BEGINNINGS = {".deb": b"!<arch>\n", ".whl": b"PK\x03\x04"}
KINDS = {".deb": "a Debian package", ".whl": "a wheel"}
WORTH_A_RETRY = (408, 425, 429, 500, 502, 503, 504)


class Refused(Exception):
    """Why a file is not here; the text names its address."""


class _Lost(Exception):
    """Why nothing more came: worth another try."""


def fetch(url: str, folder: Path, name: str, again: str, advance: Callable[[str, int], None]) -> Path:
    """Bring one file into the folder, unless it is there. Raises Refused; what came stays for the next try.

    `advance` is told its name, and how many of its bytes are here by now.
    """
    final, part = folder / name, folder / f".{name}.part"
    if final.is_file():
        return final
    _persist(url, part, name, again, advance)
    _require_kind(url, part, name, again)
    part.rename(final)
    _forget(part)
    _flush(folder)
    return final


def discard(folder: Path, name: str) -> None:
    """Remove a file that is not what it should be."""
    with contextlib.suppress(FileNotFoundError):
        (folder / name).unlink()


def _persist(url: str, part: Path, name: str, again: str, advance: Callable[[str, int], None]) -> None:
    """Ask again and again, as long as bytes come."""
    end, tries, pause, most = time.monotonic() + LONGEST, 0, FIRST_PAUSE, _size(part)
    while True:
        try:
            return _receive(url, part, name, advance, end)
        except _Lost as lost:
            tries, pause = (tries + 1, 2 * pause) if _size(part) <= most else (1, FIRST_PAUSE)
            most = max(most, _size(part))
            if tries >= TRIES or time.monotonic() + pause > end:
                raise Refused(f"{url}: {lost}; is the release page up? {again}, which goes on from there") from None
            time.sleep(pause)


def _receive(url: str, part: Path, name: str, advance: Callable[[str, int], None], end: float) -> None:
    """One request, for what is missing. Raises Refused for what no retry mends."""
    start, tag = _size(part), _read_tag(part)
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
        said = f"found HTTP {error.code} {_shown(error.reason)}"
        if error.code in WORTH_A_RETRY:
            raise _Lost(f"{said}; expected {name}") from None
        raise Refused(
            f"{url}: {said}; expected {name}; compare the release page with registry.coral and site.coral_source"
        ) from None
    except (http.client.HTTPException, OSError) as error:
        said = _shown(getattr(error, "reason", None) or error) or type(error).__name__
        raise _Lost(f"found no whole answer ({said}); expected {name}") from None


def _take(
    url: str, answer: Any, part: Path, name: str, start: int, advance: Callable[[str, int], None], end: float
) -> None:
    start = start if answer.status == 206 else 0
    if start and not re.match(rf"bytes {start}-", answer.headers.get("Content-Range") or ""):
        _forget(part)
        raise _Lost("found another part than was asked for; expected the rest of the file")
    length = answer.headers.get("Content-Length")
    total = start + int(length) if length is not None and length.isdigit() else None
    if total is not None and total > LARGEST:
        raise Refused(f"{url}: found {total:,} bytes; expected {name}, at most {LARGEST:,}")
    if not start:
        _forget(part)
        _write_tag(part, answer.headers.get("ETag") or answer.headers.get("Last-Modified") or "")
    size = start
    with part.open("ab") as file:
        for block in iter(lambda: answer.read1(BLOCK), b""):
            file.write(block)
            size += len(block)
            advance(name, size)
            if size > LARGEST:
                raise Refused(f"{url}: found more than {LARGEST:,} bytes; expected {name}")
            if time.monotonic() > end:
                raise _Lost(f"found {size:,} bytes in {LONGEST:.0f} s; expected all of {name} by then")
        file.flush()
        os.fsync(file.fileno())
    if total is not None and size < total:
        raise _Lost(f"found {size:,} bytes of {name}; expected {total:,}")
    if total is not None and size > total:
        _forget(part)
        raise _Lost(f"found {size:,} bytes of {name}; expected {total:,}")


def _require_way(url: str, final: str) -> None:
    """A redirection may lead to another host, and not to a way that anybody could listen to."""
    if url.startswith("https://") and not final.startswith("https://"):
        raise Refused(f"{url}: found a redirection to {_shown(final)}; expected one to https://")


def flaw(path: Path, name: str) -> str | None:
    """What a file is instead of the package that its name promises, as its first bytes tell."""
    suffix = Path(name).suffix
    with path.open("rb") as file:
        found = file.read(64)
    if found.startswith(BEGINNINGS.get(suffix, b"")):
        return None
    is_page = found.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype", b"<html"))
    what = "an HTML page" if is_page else f"{_size(path):,} bytes that begin with {found[:8]!r}"
    return f"found {what}; expected {KINDS[suffix]}"


def _require_kind(url: str, part: Path, name: str, again: str) -> None:
    """An error page in the file's place goes."""
    said = flaw(part, name)
    if said is not None:
        _forget(part)
        raise Refused(f"{url}: {said}; look at that page, then {again}")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _tag(part: Path) -> Path:
    return part.with_suffix(".tag")


def _read_tag(part: Path) -> str:
    try:
        return _tag(part).read_text(encoding="latin-1")
    except FileNotFoundError:
        return ""


def _write_tag(part: Path, tag: str) -> None:
    """A weak one says nothing about single bytes."""
    if tag and not tag.startswith("W/") and tag.isprintable():
        _tag(part).write_text(tag[:200], encoding="latin-1")


def _forget(part: Path) -> None:
    for path in (part, _tag(part)):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _shown(said: object) -> str:
    return "".join(each if each.isprintable() else "?" for each in str(said))[:100]


@contextmanager
def alone(folder: Path, again: str) -> Iterator[None]:
    """Make a folder, and hold it for one download. The kernel frees the lock of one that was killed."""
    _make_folder(folder)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(f"{folder}: another download is running there; wait for it, then {again}") from None
        yield
    finally:
        os.close(handle)


def _make_folder(folder: Path) -> None:
    """A folder that all may read, and what it lies in."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)


def obey(order: dict[str, Any], _: object = None) -> dict[str, Any]:
    """Bring all files; a fault of the network or the disk is an answer, not a traceback."""
    folder, again = Path(order["folder"]), order["again"]
    try:
        with alone(folder, again):
            for each in order["files"]:
                fetch(each["url"], folder, each["name"], again, lambda *_: None)
    except Refused as refused:
        return {"fault": str(refused)}
    except OSError as error:
        return {"fault": f"{error.filename or folder}: {error.strerror}; mend that there, then {again}"}
    return {"fault": None}


if __name__ == "__main__":
    json.dump(obey(json.load(sys.stdin)), sys.stdout)
