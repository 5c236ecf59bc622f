"""The deployment log on the primary datasink: what the nodes' histories say, collected by the runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List

from node import disk, files, history
from node.history import Entry
from node.rights import Owner

_LINE = re.compile(r"^\S+ (?P<host>[^\s#]+)#(?P<n>\d+) ")


def logged(log: Path) -> Dict[str, int]:
    """Return, for each host, the number of its last line in the log."""
    return {found.group("host"): int(found.group("n")) for found in map(_LINE.match, disk.lines(log)) if found}


def append(log: Path, owner: Owner, entries: List[Entry]) -> None:
    """Append the entries that the log lacks, each host's in its order."""
    known = set(disk.lines(log))
    files.folder(log.parent, owner)
    for entry in sorted(entries, key=lambda each: (each["host"], each["n"])):
        if history.text(entry) not in known:
            files.append(log, history.text(entry).encode(), owner=owner)
