"""What a program wrote to a log of its own since it was started last: for people, where the journal has nothing.

Two things are relied on: the program writes a line of its own first, by which its starts are told apart without any
clock, and the file's time, which tells whether it wrote at all since this start. Who sets the clock meanwhile gets too
little, or the lines of the start before: so nothing is judged by them.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import List

from node.errors import Refusal, Unknown
from node.machine import process_tree
from node.store import handles, rights
from node.store.rights import Owner

MOST = 64 << 10
"""Bytes of the end of the file."""
_SLACK = 1.0  # seconds


def since_start(path: Path, owner: Owner, started: float, first: str) -> List[str]:
    """Return what was written since a start: from the last line that holds `first`, or all where the file has none.

    `started` is in seconds since the boot, as processes have it. The file is read with its owner's rights. Raises
    Unknown when it cannot be.
    """
    try:
        with rights.of(owner), handles.opened(path) as file:
            found = os.fstat(file.fileno())
            start = time.time() - (process_tree.now() - started)
            if not start - _SLACK <= found.st_mtime <= time.time() + _SLACK:
                return []
            file.seek(max(0, found.st_size - MOST))
            said = file.read(MOST).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, Refusal) as error:
        raise Unknown("the log could not be read: %s" % error) from None
    begins = [number for number, line in enumerate(said) if first in line]
    return said[begins[-1] :] if begins else said
