"""The deployment log on the primary datasink: what the nodes' histories say, collected by the runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List

from node.protocol.facts import HistoryEntry, Logged, LogLine
from node.store import disk, files, history
from node.store.rights import Owner

TOLD = 200  # lines of the log, for each host
_LINE = re.compile(r"^(?P<time>\S+) (?P<host>[^\s#]+)#(?P<n>\d{1,9}) ")


def logged(log: Path) -> Dict[str, Logged]:
    """Return each host's last lines in the log, and since when these are all; "" where they are."""
    lines: Dict[str, List[LogLine]] = {}
    for match in filter(None, map(_LINE.match, disk.lines(log))):
        lines.setdefault(match.group("host"), []).append(LogLine(int(match.group("n")), match.group("time")))
    return {
        host: Logged(found[-TOLD:], found[-TOLD].time if len(found) > TOLD else "") for host, found in lines.items()
    }


def append(log: Path, owner: Owner, entries: List[HistoryEntry]) -> None:
    """Append the entries that the log lacks, each host's in its order."""
    known = set(disk.lines(log))
    files.folder(log.parent, owner)
    for entry in sorted(entries, key=lambda each: (each.host, each.n)):
        if history.text(entry) not in known:
            files.append(log, history.text(entry).encode(), owner=owner)
