"""Takes the files of a Coral stack in, on the datasink, as a version of the registry's coral_packages.

It travels there as source: standard library only, Python 3.7 or newer.

On stdin a line with a JSON object: `do`, `registry`, and the rest as below. On stdout a JSON object: `fault` (why it
cannot be done, else null), and what else is said below.
- "look" has `versions`, and answers `stored`: for each of them that is there `manifest` (text, "" when there is none)
  and `files` (name to size in bytes); and `free` (bytes of the disk).
- "receive" has `version`, `name`, `sha256` and `size`, and the file's bytes follow the line.
- "finish" has `version`, `files` (names), `digests` (name to the pinned SHA-256, empty without a pin), `head` and
  `tail` of the manifest, and `again`. It verifies what was staged, writes the manifest, gives the version its name,
  and answers `files`: name to SHA-256 and size.

Files are staged in REGISTRY/coral_packages/.import-VERSION, and that folder is renamed, never over anything. The
manifest.yaml beside the versions lists them for people.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

CORAL = "coral_packages"
MANIFEST = "manifest.yaml"
MANIFEST_LIMIT = 65_536
TOLD = ("version", "tensorflow", "python", "debian", "architecture")
"""What the list says of each stack, as its own manifest has it."""
BLOCK = 1 << 20


class Refused(Exception):
    """Why nothing was taken in; the text names the place."""


def manifest(head: str, files: Mapping[str, Mapping[str, Any]], tail: str) -> str:
    """The manifest of a stack: what its definition says, around the names, digests and sizes of its files."""
    lines = [
        f"- name: '{name}'\n  sha256: '{file['sha256']}'\n  size: {file['size']}\n"
        for name, file in sorted(files.items())
    ]
    return f"{head}files:\n{''.join(lines)}{tail}"


def look(order: dict[str, Any], _: BinaryIO) -> dict[str, Any]:
    """What is stored; changes nothing."""
    folder = Path(order["registry"], CORAL)
    stored = {version: _listed(folder / version) for version in order["versions"] if os.path.lexists(folder / version)}
    nearest = folder
    while not nearest.is_dir():
        nearest = nearest.parent
    disk = os.statvfs(nearest)
    return {"stored": stored, "free": disk.f_bavail * disk.f_frsize}


def receive(order: dict[str, Any], stream: BinaryIO) -> dict[str, Any]:
    """Stage one file: written beside its place, flushed, verified, renamed."""
    with _staging(order) as staging:
        final = staging / order["name"]
        part = staging / f".{order['name']}.sent"  # a download that resumes must not go on from it
        with part.open("wb") as file:
            shutil.copyfileobj(stream, file, BLOCK)
            size = file.tell()
            file.flush()
            os.fsync(file.fileno())
        if size != order["size"]:
            raise Refused(f"{final}: {size} of {order['size']} bytes came; {order['again']}")
        if _measure(part)["sha256"] != order["sha256"]:
            raise Refused(f"{final}: other bytes came than were announced; {order['again']}")
        part.rename(final)
        _flush(staging)
    return {}


def finish(order: dict[str, Any], _: BinaryIO) -> dict[str, Any]:
    """Make a version of what was staged."""
    final = Path(order["registry"], CORAL, order["version"])
    with _staging(order) as staging:
        if os.path.lexists(final):
            raise Refused(f"{final}: it came there meanwhile; {order['again']}")
        files = {name: _measure(staging / name) for name in order["files"]}
        _require_pinned(staging, order, files)
        for entry in sorted(staging.iterdir()):
            if entry.name not in files:
                entry.unlink()
        _write(staging / MANIFEST, manifest(order["head"], files, order["tail"]))
        for entry in staging.iterdir():
            entry.chmod(0o644)
        _flush(staging)
        staging.rename(final)
        _flush(final.parent)
    _write(final.parent / MANIFEST, _list(final.parent))
    return {"files": files}


def _require_pinned(staging: Path, order: dict[str, Any], files: Mapping[str, Mapping[str, Any]]) -> None:
    """A file that is not the pinned one goes: the next download asks for it anew."""
    for name, sha256 in sorted(order["digests"].items()):
        found = files[name]["sha256"]
        if found != sha256:
            (staging / name).unlink()
            raise Refused(
                f"{name}: found SHA-256 {found}, pinned is {sha256}: the release page has another file under that "
                "name; pins are append-only: bring the pinned file, or define these as another version"
            )


@contextmanager
def _staging(order: dict[str, Any]) -> Iterator[Path]:
    """The folder in which a version is staged, for this run alone. The kernel frees the lock of one that was killed."""
    staging = Path(order["registry"], CORAL, f".import-{order['version']}")
    _make_folder(staging)
    handle = os.open(staging, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise Refused(f"{staging}: another download is running there; wait for it, then {order['again']}") from None
    try:
        yield staging
    finally:
        os.close(handle)


def _make_folder(folder: Path) -> None:
    """A folder that all may read, and what it lies in."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)


def _listed(folder: Path) -> dict[str, Any]:
    text = ""
    with suppress(FileNotFoundError, NotADirectoryError), (folder / MANIFEST).open("rb") as file:
        text = file.read(MANIFEST_LIMIT).decode("utf-8", "backslashreplace")
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    sizes = {each.name.encode("utf-8", "backslashreplace").decode(): each.lstat().st_size for each in files}
    return {"manifest": text, "files": sizes}


def _list(folder: Path) -> str:
    """All versions that are there, with what their manifests say of them."""
    text = "# The Coral stacks that are stored here, for people. Written anew with each.\nstacks:\n"
    for each in sorted(folder.iterdir()):
        found = _listed(each) if not each.name.startswith(".") and each.is_dir() else {"manifest": ""}
        said = dict(re.findall(r"^(\w+): '([\w. -]*)'$", found["manifest"], re.MULTILINE))
        if all(field in said for field in TOLD):
            text += "- " + "  ".join(f"{field}: '{said[field]}'\n" for field in TOLD)
    return text


def _write(path: Path, text: str) -> None:
    """A power cut leaves the old text, or the new one."""
    new = path.with_name(f".{path.name}.new")
    with new.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    _flush(path.parent)


def _measure(path: Path) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
            size += len(block)
    return {"sha256": digest.hexdigest(), "size": size}


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


ORDERS = {"look": look, "receive": receive, "finish": finish}


def obey(order: dict[str, Any], stream: BinaryIO) -> dict[str, Any]:
    """Carry out one order; a fault of the disk or of the bytes is an answer, not a traceback."""
    try:
        return {"fault": None, **ORDERS[order["do"]](order, stream)}
    except Refused as refused:
        return {"fault": str(refused)}
    except OSError as error:
        return {"fault": f"{error.filename or order['registry']}: {error.strerror}; mend that there, and run it again"}


if __name__ == "__main__":
    json.dump(obey(json.loads(sys.stdin.buffer.readline()), sys.stdin.buffer), sys.stdout)
