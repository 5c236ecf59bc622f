"""The face list on a datasink. It locks events: what no list entry names, the sentinel's daily clean-up deletes."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import List, Optional, Set, Tuple

from node import files, layout, pull, stamps
from node.errors import Refusal
from node.orders import File, Order, Version
from node.sets import StoredSet

CURRENT = "facelist_current.csv"
LIST = "facelist.csv"
CONFIG = "datapump.yaml"

Event = Tuple[str, str]  # date, event id


def path_of(version: Version, name: str) -> Path:
    """Where a file of the version lies: facelist.csv of 2026-02-02 is facelist_2026-02-02.csv."""
    plain = Path(name)
    return version.directory / (plain.stem + "_" + version.version + plain.suffix)


def lacking(version: Version) -> List[str]:
    """Return the names of files that are not there, or were never read."""
    return [file.name for file in version.files if not stamps.vouches(path_of(version, file.name), file.sha256)]


def flaws(version: Version) -> List[str]:
    """Read every byte and return the names of files that are not there, or differ."""
    return [file.name for file in version.files if not _is_right(path_of(version, file.name), file.sha256)]


def _is_right(path: Path, sha256: str) -> bool:
    return path.is_file() and not path.is_symlink() and files.sha256(path) == sha256


def fetch(order: Order) -> None:
    """Bring the list's files; what is there is read once and stays as it came. Raises Refusal where it is another."""
    version = order.face_list
    if version is None:
        return
    absent = [file for file in version.files if not path_of(version, file.name).exists()]
    if absent:
        _bring(version, absent, order)
    for file in version.files:
        _adopt(path_of(version, file.name), file)


def _bring(version: Version, absent: List[File], order: Order) -> None:
    staging = version.directory / layout.STAGING
    files.folder(staging, order.owner)
    pull.bring({version.label + "/" + file.name: file for file in absent}, staging, order)
    staged = staging / version.label
    pull.verify(staged, absent, version.label, order)
    pull.give(staged, absent, order.owner)
    for file in absent:
        files.rename(staged / file.name, path_of(version, file.name))
    files.prune(staging)


def _adopt(path: Path, file: File) -> None:
    if path.is_symlink():
        raise Refusal("%s: a link, expected a file; move it away and run again" % path)
    reading = stamps.read(path)
    if reading.sha256 != file.sha256:
        raise Refusal(
            "%s: SHA-256 %s, expected the pinned %s; it holds what exists nowhere else, so it stays: "
            "move it away and run again" % (path, reading.sha256[:12], file.sha256[:12])
        )
    stamps.put(path, reading)


def require_switchable(order: Order) -> None:
    """Raises Refusal while the order's list is not there, or would unlock events and nobody allowed it."""
    version = order.face_list
    if version is None:
        return
    if lacking(version):
        raise Refusal("%s: not there or not verified; run deploys/models.py" % path_of(version, LIST))
    configs = [file.path for each in order.sets for file in each.files if file.path.name == CONFIG]
    lost = _unlocked(path_of(version, LIST), version.directory / CURRENT, configs)
    if lost and not order.asked.unlock:
        raise Refusal(
            "face list %s: lacks %d event(s) that the live list locks, so their recordings could be deleted; "
            "expected a list that holds them, or allow it with --data unlock=yes" % (version.version, len(lost))
        )


def unlocked_by(stored: StoredSet) -> int:
    """Return how many events a live list locks that the list of a stored set does not."""
    for file in stored.content.files:
        named = _face_file(stored.folder / "files" / file.sha256) if file.path.name == CONFIG else None
        if named is not None:
            return len(_unlocked(named, named.with_name(CURRENT), [file.path]))
    return 0


def unlocks(version: Version, configs: List[Path], registry: Optional[Path]) -> Optional[int]:
    """Return how many live events a version's list would unlock; None where neither this node nor `registry` has it."""
    lists = [path_of(version, LIST), *([registry / version.label / LIST] if registry else [])]
    new = next((path for path in lists if path.is_file()), None)
    return len(_unlocked(new, version.directory / CURRENT, configs)) if new else None


def _unlocked(new: Path, link: Path, configs: List[Path]) -> Set[Event]:
    """The lists that are live are the one behind the link and the one that the data pump reads: an older tool may have
    set only one of them."""
    lists = [link.resolve() if link.exists() else None, *map(_face_file, configs)]
    live = {path for path in lists if path is not None and path.is_file() and path != new}
    locked: Set[Event] = set().union(*(_events(path) for path in live))
    return locked - _events(new) if locked else set()


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
