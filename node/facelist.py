"""The face list on a datasink. It locks events: what no list entry names, the sentinel's daily clean-up deletes."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Dict, List, Optional, Set, Tuple

from node import files, layout, pull, stamps, transfer
from node.errors import Refusal
from node.orders import File, Order, Source, Version

CURRENT = "facelist_current.csv"
LIST = "facelist.csv"

Event = Tuple[str, str]  # date, event id


def path_of(version: Version, name: str) -> Path:
    """Where a file of the version lies: facelist.csv of 2026-02-02 is facelist_2026-02-02.csv."""
    plain = Path(name)
    return version.directory / (plain.stem + "_" + version.version + plain.suffix)


def lacking(version: Version) -> List[str]:
    """Return the names of files that are not there, or were never read."""
    return [file.name for file in version.files if not stamps.vouches(path_of(version, file.name), file.sha256)]


def fetch(order: Order) -> None:
    """Bring the list's files; what is there is read once and stays as it came. Raises Refusal where it is another."""
    version = order.face_list
    if version is None:
        return
    absent = [file for file in version.files if not path_of(version, file.name).exists()]
    if absent and order.source is not None:
        _bring(version, absent, order, order.source)
    for file in version.files:
        _adopt(path_of(version, file.name), file)


def _bring(version: Version, absent: List[File], order: Order, source: Source) -> None:
    staging = version.directory / layout.STAGING
    files.folder(staging, order.owner)
    request: Dict[str, File] = {version.label + "/" + file.name: file for file in absent}
    transfer.check_space(request, staging, order.limits)
    transfer.fetch(source, list(request), staging, order.limits)
    staged = staging / version.label
    problems = pull.verify(staged, absent, version.label, order)
    if problems:
        raise Refusal("; ".join(problems))
    pull.give(staged, absent, order.owner)
    for file in absent:
        (staged / file.name).replace(path_of(version, file.name))
    files.sync(version.directory)
    files.prune(staging)


def _adopt(path: Path, file: File) -> None:
    if path.is_symlink():
        raise Refusal("%s: a link, expected a file; move it away and run again" % path)
    found = files.sha256(path)
    if found != file.sha256:
        raise Refusal(
            "%s: SHA-256 %s, expected the pinned %s; it holds what exists nowhere else, so it stays: "
            "move it away and run again" % (path, found[:12], file.sha256[:12])
        )
    stamps.put(path, file.sha256)


def is_current(version: Version) -> bool:
    return files.target(version.directory / CURRENT) == path_of(version, LIST).name


def make_current(order: Order) -> None:
    """Point facelist_current.csv at the order's list. Raises Refusal where that would unlock events, unless allowed."""
    version = order.face_list
    if version is None:
        return
    link = version.directory / CURRENT
    if lacking(version):
        raise Refusal("%s: not there or not verified; run deploys/models.py" % path_of(version, LIST))
    check_locks(order)
    if link.exists() and not link.is_symlink():
        raise Refusal("%s: a file, expected a link; move it away and run again" % link)
    files.link(link, path_of(version, LIST).name)


def check_locks(order: Order) -> None:
    """Raises Refusal when a list that is live locks events that the new one lacks and the operator did not allow it."""
    version = order.face_list
    if version is None:
        return
    lost = unlocked(order, version)
    if lost and order.options.get("unlock") is not True:
        raise Refusal(
            "face list %s: lacks %d event(s) that the live list locks, so their recordings could be deleted; "
            "expected a list that holds them, or allow it with --data unlock=yes" % (version.version, len(lost))
        )


def unlocked(order: Order, version: Version) -> Set[Event]:
    """Return the events that a live list locks and the new one would not."""
    new = path_of(version, LIST)
    live = [path for path in _live(order, version) if path.is_file() and path != new]
    locked: Set[Event] = set().union(*(_events(path) for path in live))
    return locked - _events(new) if locked else set()


def _live(order: Order, version: Version) -> List[Path]:
    """The list behind the link, and the one that the data pump reads: an older tool may have set only one of them."""
    link = version.directory / CURRENT
    found = [link.resolve()] if link.exists() else []
    for config in (file.path for each in order.sets for file in each.files if file.path.name == "datapump.yaml"):
        named = _face_file(config)
        found += [named] if named else []
    return found


def _face_file(config: Path) -> Optional[Path]:
    try:
        match = re.search(r"^facefile:\s*[\"']?([^\"'#\n]+)", config.read_text(), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return None
    return Path(match.group(1).strip()) if match else None


def _events(path: Path) -> Set[Event]:
    try:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            return {(row["date"], row["event"]) for row in csv.DictReader(file)}
    except csv.Error as error:
        raise Refusal("%s: %s; expected a face list in CSV" % (path, error)) from None
    except KeyError as error:
        raise Refusal("%s: no column %s; expected a face list with date and event" % (path, error)) from None
