"""Which files the processes of this machine have open: proc(5)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Tuple

from node import disk

PROC = Path("/proc")

Identity = Tuple[int, int]  # device, inode


def writers(paths: Iterable[Path]) -> List[str]:
    """Return "FILE (process PID)" for each of the files that a process has open for writing, by whatever path."""
    wanted = _identities(paths)
    found = _open_files() if wanted else iter(())
    return sorted(
        "%s (process %s)" % (wanted[identity], handle.parent.parent.name)
        for handle, identity in found
        if identity in wanted and _is_writing(handle)
    )


def _identities(paths: Iterable[Path]) -> Dict[Identity, Path]:
    found = ((path, disk.reached(path)) for path in sorted(paths))
    return {(status.st_dev, status.st_ino): path for path, status in found if status is not None}


def _open_files() -> Iterator[Tuple[Path, Identity]]:
    for process in PROC.iterdir():
        if not process.name.isdigit():
            continue
        try:
            handles = list((process / "fd").iterdir())
        except OSError:
            continue  # it has just ended
        for handle in handles:
            try:
                status = handle.stat()  # of the open file itself, whatever its path has become
            except OSError:
                continue
            yield handle, (status.st_dev, status.st_ino)


def _is_writing(handle: Path) -> bool:
    """fdinfo holds the octal open flags."""
    try:
        information = (handle.parent.parent / "fdinfo" / handle.name).read_text()
    except OSError:
        return False
    flags = next(line.split()[1] for line in information.splitlines() if line.startswith("flags:"))
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
