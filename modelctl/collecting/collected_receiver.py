"""Takes linked files of nodes in, on the datasink: named by their digests, never one over another.

It travels there as source: standard library only, Python 3.7 or newer.

On stdin a line with a JSON object: `do`, `folder` (of all that was collected), `place` (of one version's files below
it, not for "parts"). On stdout a JSON object: `fault` (why it cannot be done, else null), and what else is said below.
- "check" also has `files` (name to SHA-256), and answers `home` (the names of those that are there with just these
  bytes) and `free` (bytes of the disk).
- "receive" has `name`, `sha256` and `size`, and the file's bytes follow the line.
- "parts" answers `parts`: what killed ones left anywhere below the folder, as HOST/MODEL/VERSION/NAME.
- "finish" gives what had come whole of one version its name, and answers with paths: `kept`, and `left`, what never
  came whole. It removes nothing that is not there twice: what it leaves may be all that there is.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

DIGITS = 12
"""Of a file's SHA-256, in its name."""
BLOCK = 1 << 20
PART = ".part"


class Refused(Exception):
    """Why nothing was taken in; the text names the place."""


def check(order: dict[str, Any], _: BinaryIO) -> dict[str, Any]:
    """Which of the files are here; changes nothing."""
    home = []
    for name, sha256 in order["files"].items():
        path = _final(order, name, sha256)
        if os.path.lexists(path):
            _require_digest(path, sha256)
            home.append(name)
    nearest = Path(order["folder"])
    while not nearest.exists():
        nearest = nearest.parent
    disk = os.statvfs(nearest)
    return {"home": home, "free": disk.f_bavail * disk.f_frsize}


def receive(order: dict[str, Any], stream: BinaryIO) -> dict[str, Any]:
    """Take one file in: written beside its place, flushed, verified, renamed."""
    final = _final(order, order["name"], order["sha256"])
    _make_folder(final.parent)
    part = final.with_name(f".{final.name}{PART}")
    with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o640), "r+b") as file:
        if not _lock(file, part):
            raise Refused(f"{final}: it is being collected by another; wait for that and run again")
        try:
            _write(file, stream, order["size"], final)
            _place(part, final, order["sha256"])
        except BaseException:
            part.unlink()
            raise
    _flush(final.parent)
    return {}


def parts(order: dict[str, Any], _: BinaryIO) -> dict[str, Any]:
    """What killed ones left; changes nothing."""
    folder = Path(order["folder"])
    return {"parts": [_spelt(part.relative_to(folder)) for part, _file in _left(folder, "*/*/*/")]}


def finish(order: dict[str, Any], _: BinaryIO) -> dict[str, Any]:
    """Give what had come whole its name."""
    kept, left, faults = [], [], []
    folder = Path(order["folder"], order["place"])
    for part, file in _left(folder):
        final = part.with_name(part.name[1 : -len(PART)])
        sha256 = _sha256(part)
        if not sha256.startswith(final.name.rpartition(".")[2]):
            left.append(_spelt(part))
            continue
        try:
            _keep(part, file, final, sha256)
            kept.append(_spelt(final))
        except Refused as refused:
            faults.append(str(refused))
    if kept:
        _flush(folder)
    if faults:
        raise Refused("; ".join(faults))
    return {"kept": kept, "left": left}


def _keep(part: Path, file: BinaryIO, final: Path, sha256: str) -> None:
    if os.path.lexists(final):
        _require_digest(final, sha256)
        part.unlink()
    else:
        os.fsync(file.fileno())
        part.rename(final)


def _left(folder: Path, below: str = "") -> Iterator[tuple[Path, BinaryIO]]:
    """What killed ones left, each open, and locked while it is looked at: no link, and not what another is at."""
    for part in sorted(folder.glob(f"{below}.?*.{'?' * DIGITS}{PART}")):
        with suppress(OSError), os.fdopen(os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode) and _lock(file, part):
                yield part, file


def _lock(file: BinaryIO, part: Path) -> bool:
    """Tell whether an open file is now for us alone, and still has its name."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file.fileno()), part.lstat())
    except OSError:
        return False


def _final(order: dict[str, Any], name: str, sha256: str) -> Path:
    return Path(order["folder"], order["place"], f"{name}.{sha256[:DIGITS]}")


def _make_folder(path: Path) -> None:
    """Faces are for those only who may read the originals."""
    if not path.is_dir():
        _make_folder(path.parent)
        path.mkdir(mode=0o750)
        _flush(path.parent)


def _write(file: BinaryIO, stream: BinaryIO, size: int, final: Path) -> None:
    """A power cut must not find a name on the disk whose bytes are not."""
    file.truncate(0)
    os.fchmod(file.fileno(), 0o640)
    shutil.copyfileobj(stream, file, BLOCK)
    if file.tell() != size:
        raise Refused(f"{final}: {file.tell()} of {size} bytes came; run it again")
    file.flush()
    os.fsync(file.fileno())


def _place(part: Path, final: Path, sha256: str) -> None:
    if _sha256(part) != sha256:
        raise Refused(f"{final}: other bytes came than were announced; run it again")
    if os.path.lexists(final):
        raise Refused(f"{final}: it came there meanwhile; run it again")
    part.rename(final)


def _require_digest(path: Path, sha256: str) -> None:
    if not stat.S_ISREG(path.lstat().st_mode):
        raise Refused(f"{path}: found no plain file; expected one that was collected; move it away and run it again")
    found = _sha256(path)
    if found != sha256:
        raise Refused(f"{path}: found SHA-256 {found}, expected {sha256}; move it away and run it again")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def _spelt(path: Path) -> str:
    """A name that is no UTF-8 must not break the answer."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


ORDERS = {"check": check, "receive": receive, "parts": parts, "finish": finish}


def obey(order: dict[str, Any], stream: BinaryIO) -> dict[str, Any]:
    """Carry out one order; a fault of the disk or of the bytes is an answer, not a traceback."""
    try:
        return {"fault": None, **ORDERS[order["do"]](order, stream)}
    except Refused as refused:
        return {"fault": str(refused)}
    except OSError as error:
        return {"fault": f"{error.filename or order['folder']}: {error.strerror}; mend that there and run it again"}


if __name__ == "__main__":
    json.dump(obey(json.loads(sys.stdin.buffer.readline()), sys.stdin.buffer), sys.stdout)
