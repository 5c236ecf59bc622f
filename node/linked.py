"""Linked files hold data that exists nowhere else: no service is stopped while one is open for writing."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Iterable, Iterator, List, Set

from node import files, layout
from node.errors import Refusal
from node.orders import Named

PAUSE = 0.5  # seconds between looks


def wait(named: Iterable[Named], limit: float) -> None:
    """Wait up to `limit` seconds until no linked file is open for writing. Raises Refusal when one still is."""
    paths = siblings(named)
    deadline = time.monotonic() + limit
    while True:
        busy = writers(paths)
        if not busy:
            return
        if time.monotonic() >= deadline:
            raise Refusal(
                "%s: open for writing for more than %d s; expected the task to finish; run again later"
                % (", ".join(busy), limit)
            )
        time.sleep(PAUSE)


def siblings(named: Iterable[Named]) -> Set[Path]:
    """Return each linked file in every version of its model: the running service may hold an older one."""
    return {path for each in named if each.linked for path in each.path.parent.parent.glob("[!.]*/" + each.path.name)}


def keep(named: Iterable[Named]) -> None:
    """Copy linked files aside, each version's, unless just such a copy is there."""
    for path in sorted(siblings(named)):
        version, digest = path.parent, files.sha256(path)[:12]
        copy = layout.kept() / version.parent.name / version.name / (path.name + "." + digest)
        if not copy.exists():
            files.folder(layout.kept(), mode=0o700)  # faces are for those only who may read the originals
            files.folder(copy.parent)
            files.copy(path, copy)
            if not files.sha256(copy).startswith(digest):
                files.unlink(copy)
                raise Refusal("%s: written to while it was copied aside; run again later" % path)


def writers(paths: Set[Path]) -> List[str]:
    """Return "FILE (process PID)" for each of the files that a process holds open for writing."""
    wanted = {os.path.realpath(str(path)) for path in paths}
    return sorted(
        "%s (process %s)" % (name, handle.parent.parent.name)
        for handle, name in _open_files()
        if name in wanted and _is_writing(handle)
    )


def _open_files() -> Iterator["tuple[Path, str]"]:
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            handles = list((process / "fd").iterdir())
        except OSError:
            continue  # it has just ended
        for handle in handles:
            try:
                yield handle, os.readlink(str(handle))
            except OSError:
                continue


def _is_writing(handle: Path) -> bool:
    """proc(5): fdinfo holds the octal open flags."""
    try:
        information = (handle.parent.parent / "fdinfo" / handle.name).read_text()
    except OSError:
        return False
    flags = next(line.split()[1] for line in information.splitlines() if line.startswith("flags:"))
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
