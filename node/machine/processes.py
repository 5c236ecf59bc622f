"""Which files the processes of this machine have open, how much they have read, and what they began: proc(5)."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, Set, Tuple

from node.machine import process_tree
from node.machine.process_tree import PROC
from node.store import disk

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
    flags = _number(handle.parent.parent / "fdinfo" / handle.name, "flags:", 8)
    return flags & os.O_ACCMODE != os.O_RDONLY


def bytes_read(pid: int) -> int:
    """Return how much a process and those that it began have read, from wherever; what has ended counts as before."""
    return sum(_number(PROC / str(each) / "io", "rchar:") for each in _family(pid))


def groups(pid: int) -> Optional[Set[int]]:
    """Return the ids of the groups that a process has; None where there is no such process."""
    lines = [line.split() for line in _text(PROC / str(pid) / "status").splitlines()]
    found = [words[1:] for words in lines if words and words[0] in ("Gid:", "Groups:")]
    return {int(number) for words in found for number in words} if found else None


def kill(pid: int) -> None:
    """End a process and all that it began, which would otherwise hold what it held."""
    for each in _family(pid):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def _family(pid: int) -> List[int]:
    """The process, and then what descends from it: one whose child ends first may end well."""
    return [pid, *(each.pid for each in process_tree.family(process_tree.look(), pid) if each.pid != pid)]


def _number(path: Path, word: str, base: int = 10) -> int:
    """The number after a line's first word; 0 where there is none, as in a file of a process that has just ended."""
    lines = [line.split() for line in _text(path).splitlines()]
    return next((int(line[1], base) for line in lines if line[0] == word), 0)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
