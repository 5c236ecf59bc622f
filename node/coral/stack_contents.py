"""The list of a stack's files, contents.json: their digests, and what each file was right after it was unpacked."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any, Dict, Iterable, NamedTuple, Optional, Set

from node import codec
from node.desired_state import Stack
from node.errors import Refusal, printable
from node.store import disk, files
from node.store.rights import ROOT

CONTENTS = "contents.json"
FORMAT = 1


class Unpacked(NamedTuple):
    """A file of a stack, and what it was right after it was written."""

    sha256: str
    size: int
    inode: int
    mtime: int  # nanoseconds
    ctime: int


class Contents(NamedTuple):
    version: str
    manifest: str
    files: Dict[str, Unpacked]


def folders(files: Iterable[str]) -> Set[str]:
    """Return the folders of files, as names below the stack's."""
    return {str(above) for name in files for above in list(Path(name).parents)[:-1]}


def write(folder: Path, stack: Stack, digests: Dict[str, str]) -> None:
    """List the files of a stack's folder, with their digests: from then on it is verified."""
    found = {}
    for name in digests:
        status = disk.status(folder / name)
        if status is None:
            raise Refusal(
                "%s: gone while it was put there; see who removes files there, and run again" % (folder / name)
            )
        found[name] = state_of(digests[name], status)
    contents = Contents(stack.version.version, stack.version.manifest, found)
    data = {"format": FORMAT, **codec.encode(contents)}
    files.write(folder / CONTENTS, json.dumps(data, sort_keys=True, indent=1).encode())


def state_of(sha256: str, status: os.stat_result) -> Unpacked:
    return Unpacked(sha256, status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)


def read(folder: Path) -> Contents:
    """Return the list of a stack's folder. Raises Refusal, whatever is damaged of it."""
    path = folder / CONTENTS
    try:
        wrong = wrong_file(disk.status(path))
        if wrong is None:
            data: Dict[str, Any] = json.loads(disk.read(path).decode())
            codec.require_format(FORMAT, data)
            return codec.decode(Contents, data)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, Refusal) as error:
        wrong = str(error)
    raise Refusal("%s: the stack's list cannot be read (%s)" % (path, printable(wrong, 200)))


def wrong_folder(status: Optional[os.stat_result]) -> Optional[str]:
    """Return why something is no folder of a stack; None where it is one."""
    return "no folder" if status is None or not stat.S_ISDIR(status.st_mode) else _wrong_rights(status, 0o755)


def wrong_file(status: Optional[os.stat_result]) -> Optional[str]:
    return "no plain file" if status is None or not stat.S_ISREG(status.st_mode) else _wrong_rights(status, 0o644)


def _wrong_rights(status: os.stat_result, mode: int) -> Optional[str]:
    found = status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)
    return None if found == (*ROOT, mode) else "of user %d, group %d, mode %o; expected root's, %o" % (*found, mode)
