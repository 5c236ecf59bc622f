"""The deployment log on the primary datasink: what the nodes' histories say, collected by the runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, List

from node import disk, files, history
from node.history import Entry
from node.rights import Owner

_LINE = re.compile(r"^(?P<time>\S+) (?P<host>[^\s#]+)#(?P<n>\d{1,9}) ")


def logged(log: Path) -> Dict[str, Dict[str, Any]]:
    """Return, for each host, the number and the time of its last line in the log."""
    matches = filter(None, map(_LINE.match, disk.lines(log)))
    return {match.group("host"): {"n": int(match.group("n")), "time": match.group("time")} for match in matches}


def append(log: Path, owner: Owner, entries: List[Entry]) -> None:
    """Append the entries that the log lacks, each host's in its order."""
    known = set(disk.lines(log))
    files.folder(log.parent, owner)
    for entry in sorted(entries, key=lambda each: (each["host"], each["n"])):
        if history.text(entry) not in known:
            files.append(log, history.text(entry).encode(), owner=owner)
