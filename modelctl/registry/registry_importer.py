"""Puts a folder of the datasink into the model registry as a version, on the datasink.

It travels there as source: standard library only, Python 3.7 or newer.

On stdin a JSON object whose `do` is "check" or "copy", with `registry`, `model`, `version` and `path`, and for a copy
`manifest` (text) and `files` (a list of `old`, `new`, `sha256`). On stdout a JSON object: `fault` (why it cannot be
done, else null), and after a check `stored` (whether something is in the version's place) and `free` (bytes for it).

The files are copied into REGISTRY/MODEL/.import-VERSION, verified and flushed there, and the folder is renamed. What a
killed import left there goes first. A registry that is not there is made.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MANIFEST = "manifest.yaml"
BLOCK = 1 << 20
PATIENCE = 10.0  # seconds, for another import of the model


class Refused(Exception):
    """Why nothing was imported; the text names the place."""


def check(order: dict[str, Any]) -> dict[str, Any]:
    """Whether the folder can become the version at all; changes nothing."""
    registry, source, final, staging = _places(order)
    if os.path.lexists(registry) and not registry.is_dir():
        raise Refused(f"{registry}: found a {_kind(registry)}; expected the folder of the model registry")
    real_source, real_registry = os.path.realpath(source), os.path.realpath(registry)
    if os.path.commonpath((real_source, real_registry)) in (real_source, real_registry):
        raise Refused(f"{source}: it is in the model registry, or around it; expected a folder elsewhere")
    if os.path.lexists(final.parent) and _kind(final.parent) != "folder":
        raise Refused(f"{final.parent}: found a {_kind(final.parent)}; expected the folder of a model's versions")
    disk = os.statvfs(next(path for path in (registry, *registry.parents) if path.is_dir()))
    left = sum(path.lstat().st_size for path in staging.rglob("*") if path.is_file()) if staging.is_dir() else 0
    return {"stored": os.path.lexists(final), "free": disk.f_bavail * disk.f_frsize + left}


def copy(order: dict[str, Any]) -> dict[str, Any]:
    """Copy, verify, and put into place, never over anything."""
    _, source, final, staging = _places(order)
    _make_folder(final.parent)
    with _alone(final.parent):
        if os.path.lexists(final):
            raise Refused(f"{final}: it came there meanwhile; run it again")
        if os.path.lexists(staging):
            shutil.rmtree(staging)
        try:
            _fill(staging, source, order)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        staging.rename(final)
        _flush(final.parent)
    return {}


def _make_folder(folder: Path) -> None:
    """A model's folder, and on a new datasink the registry and what it lies in."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)


def _places(order: dict[str, Any]) -> tuple[Path, Path, Path, Path]:
    folder = Path(order["registry"], order["model"])
    version = order["version"]
    return folder.parent, Path(order["path"]), folder / version, folder / f".import-{version}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One import of a model at a time. The kernel frees the lock of one that was killed."""
    handle, deadline = os.open(folder, os.O_RDONLY), time.monotonic() + PATIENCE
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise Refused(f"{folder}: another import is running there; wait for it and run again") from None
                time.sleep(0.1)
        yield
    finally:
        os.close(handle)


def _fill(staging: Path, source: Path, order: dict[str, Any]) -> None:
    staging.mkdir()
    staging.chmod(0o755)
    for file in order["files"]:
        _copy_file(source / file["old"], staging / file["new"], file["sha256"])
    text = order["manifest"].encode()
    with _new_file(staging / MANIFEST) as new:
        new.write(text)
    _flush(staging)


def _copy_file(old: Path, new: Path, sha256: str) -> None:
    """The source stays as it is: no link to it, and no move."""
    with os.fdopen(os.open(old, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as source:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise Refused(f"{old}: it is no plain file any more; run it again")
        with _new_file(new) as target:
            shutil.copyfileobj(source, target, BLOCK)
    if _sha256(new) != sha256:
        raise Refused(f"{old}: it changed while it was imported; run it again")


@contextmanager
def _new_file(path: Path) -> Iterator[Any]:
    """Flushed and readable for all when it ends."""
    with path.open("xb") as file:
        os.fchmod(file.fileno(), 0o644)
        yield file
        file.flush()
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _kind(path: Path) -> str:
    mode = path.lstat().st_mode
    return "folder" if stat.S_ISDIR(mode) else "link" if stat.S_ISLNK(mode) else "file"


ORDERS = {"check": check, "copy": copy}


def obey(order: dict[str, Any]) -> dict[str, Any]:
    """Carry out one order; a fault of the disk or the folder is an answer, not a traceback."""
    try:
        return {"fault": None, **ORDERS[order["do"]](order)}
    except Refused as refused:
        return {"fault": str(refused)}
    except OSError as error:
        return {"fault": f"{error.filename or order['path']}: {error.strerror}; mend that there and run it again"}


if __name__ == "__main__":
    json.dump(obey(json.load(sys.stdin)), sys.stdout)
