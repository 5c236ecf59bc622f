"""Linked files hold data that exists nowhere else: no service is stopped while one is open for writing."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Iterable, Iterator, List, Set

from node.errors import Refusal
from node.orders import Named

PAUSE = 0.5  # seconds between looks


def wait(named: Iterable[Named], limit: int) -> None:
    """Wait up to `limit` seconds until no linked file is open for writing. Raises Refusal when one still is."""
    paths = {path for each in named if each.linked for path in _siblings(each.path)}
    deadline = time.monotonic() + limit
    while True:
        busy = writers(paths)
        if not busy:
            return
        if time.monotonic() >= deadline:
            raise Refusal(
                "%s: open for writing for more than %d s; expected the task to finish; nothing was changed, run again "
                "later" % (", ".join(busy), limit)
            )
        time.sleep(PAUSE)


def _siblings(path: Path) -> Iterator[Path]:
    """The same file in every version of its model: the running service may hold an older one."""
    return path.parent.parent.glob("*/" + path.name)


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
