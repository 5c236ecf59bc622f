"""Which process has a file open for writing, as far as this user can see: a training may not have ended."""

import os
from pathlib import Path
from typing import Dict, Iterator, Tuple

from trainer.errors import Refusal

PROC = Path("/proc")


def require_none(files: "Dict[Tuple[int, int], Path]") -> None:
    """Raise Refusal when one of the files, by their devices and inodes, is open for writing."""
    for process in _processes():
        for identity, flags in _open_files(process):
            if identity in files and flags & os.O_ACCMODE != os.O_RDONLY:
                found = "%s: found it open for writing by process %s" % (files[identity], process.name)
                raise Refusal("%s; expected a file that is complete; wait until that ends and run again" % found)


def _processes() -> Iterator[Path]:
    return (path for path in PROC.iterdir() if path.name.isdigit())


def _open_files(process: Path) -> Iterator[Tuple[Tuple[int, int], int]]:
    """Yield the identity and flags of each open file; nothing of a process that ended, or is another user's."""
    try:
        numbers = os.listdir(str(process / "fd"))
    except OSError:
        return
    for number in numbers:
        try:
            status = os.stat(str(process / "fd" / number))
            lines = (process / "fdinfo" / number).read_text().splitlines()
        except OSError:
            continue
        for flags in (line.split()[1] for line in lines if line.startswith("flags:")):
            yield (status.st_dev, status.st_ino), int(flags, 8)
