"""Takes linked files of nodes in: named by their digests, never one over another.

It removes only what is there twice: what a killed collect left may be all that there is.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Iterator, Tuple

from node.errors import Refusal
from node.protocol import Nothing
from node.protocol.registry import (
    CheckCollected,
    Collected,
    FindParts,
    FinishCollected,
    FinishedCollected,
    FoundParts,
    ReceiveCollected,
)
from node.registry import own
from node.store import disk, files, handles, lock

DIGITS = 12  # of a file's SHA-256, in its name
PART = ".part"
LEFT = re.compile(r"\..+\..{%d}%s" % (DIGITS, re.escape(PART)), re.DOTALL)  # the name of what a killed collect left


def check(asked: CheckCollected) -> Collected:
    """Tell which of the files are here. Raises Refusal for another that has the place of one."""
    collected = []
    for name, sha256 in asked.files.items():
        path = _final(asked.folder, name, sha256)
        if disk.is_there(path):
            _require_digest(path, sha256)
            collected.append(name)
    return Collected(collected, own.free(asked.folder))


def receive(asked: ReceiveCollected, stream: BinaryIO) -> Nothing:
    """Take one file in: written beside its place, flushed, verified, renamed."""
    final = _final(asked.folder, asked.name, asked.file.sha256)
    own.folder(final.parent, 0o750)  # faces are for those only who may read the originals
    part = final.with_name(".%s%s" % (final.name, PART))
    with own.opened(part, 0o640) as file:
        if not _lock(file, part):
            raise Refusal("%s: it is being collected by another; wait for that and run again" % final)
        try:
            own.require_announced(own.fill(file, part, 0o640, stream), asked.file, final, "run it again")
            own.require_absent(final, "run it again")
            files.rename(part, final)
        except BaseException:
            files.unlink(part)
            raise
    return Nothing()


def find_parts(asked: FindParts) -> FoundParts:
    """Tell what killed collects left, in the folders HOST/MODEL/VERSION."""
    folders = [asked.folder]
    for _ in range(3):
        folders = [above / name for above in folders for name in disk.names(above) if disk.is_folder(above / name)]
    parts = [part for version in folders for part, _ in _left(version)]
    return FoundParts([disk.spelt(str(part.relative_to(asked.folder))) for part in parts])


def finish(asked: FinishCollected) -> FinishedCollected:
    """Give what had come whole its name. Raises Refusal for what has that, and is another."""
    done, faults = FinishedCollected([], []), []
    for part, file in _left(asked.folder):
        final = part.with_name(part.name[1 : -len(PART)])
        sha256 = disk.digest(file)
        if not sha256.startswith(final.name.rpartition(".")[2]):
            done.left.append(disk.spelt(str(part)))
            continue
        try:
            if disk.is_there(final):
                _require_digest(final, sha256)
                files.unlink(part)
            else:
                files.sync(part)
                files.rename(part, final)
            done.kept.append(disk.spelt(str(final)))
        except Refusal as refusal:
            faults.append(str(refusal))
    if faults:
        raise Refusal("; ".join(faults))
    return done


def _left(folder: Path) -> Iterator[Tuple[Path, BinaryIO]]:
    """Yield what killed collects left, each open and locked: no link, and not what another run is at."""
    for name in filter(LEFT.fullmatch, disk.names(folder)):
        with suppress(OSError, handles.NotPlain), handles.opened(folder / name) as file:
            if _lock(file, folder / name):
                yield folder / name, file


def _lock(file: BinaryIO, part: Path) -> bool:
    """Tell whether an open file is now for us alone, and still has its name."""
    if not lock.take(file.fileno()):
        return False
    found = disk.status(part)
    return found is not None and os.path.samestat(os.fstat(file.fileno()), found)


def _final(folder: Path, name: str, sha256: str) -> Path:
    return folder / ("%s.%s" % (name, sha256[:DIGITS]))


def _require_digest(path: Path, sha256: str) -> None:
    anew = "move it away and run it again"
    if not disk.is_file(path):
        raise Refusal("%s: found no plain file; expected one that was collected; %s" % (path, anew))
    found = disk.sha256(path)
    if found != sha256:
        raise Refusal("%s: found SHA-256 %s, expected %s; %s" % (path, found, sha256, anew))
