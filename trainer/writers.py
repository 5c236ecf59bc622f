"""Which process has a file open for writing, as far as this user can see: a training may not have ended."""

import os
from pathlib import Path
from typing import Dict, Iterator, Tuple

from trainer.errors import Refusal

PROC = Path("/proc")


def require_none(files: "Dict[Tuple[int, int], Path]") -> None:
    """Raise Refusal when one of the files, by their devices and inodes, is open for writing."""
    for process in PROC.iterdir():
        for path, number in _opened(process, files) if process.name.isdigit() else ():
            if _is_for_writing(process / "fdinfo" / number):
                found = "%s: found it open for writing by process %s" % (path, process.name)
                raise Refusal("%s; expected a file that is complete; wait until that ends and run again" % found)


def _opened(process: Path, files: "Dict[Tuple[int, int], Path]") -> Iterator[Tuple[Path, str]]:
    """Yield each of the files that a process has open; nothing of one that ended, or is another user's."""
    try:
        numbers = os.listdir(str(process / "fd"))
    except OSError:
        return
    for number in numbers:
        try:
            status = os.stat(str(process / "fd" / number))
        except OSError:
            continue
        path = files.get((status.st_dev, status.st_ino))
        if path is not None:
            yield path, number


def _is_for_writing(information: Path) -> bool:
    try:
        lines = information.read_text().splitlines()
    except OSError:  # closed by now
        return False
    flags = [int(line.split()[1], 8) for line in lines if line.startswith("flags:")]
    return any(each & os.O_ACCMODE != os.O_RDONLY for each in flags)
