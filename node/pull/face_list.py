"""The face list on a datasink. It locks events: what no entry names, the sentinel's daily clean-up deletes."""

from __future__ import annotations

import csv
import io
import os
import re
from pathlib import Path
from typing import List, NamedTuple, Optional, Set, Tuple

from node.counting import counted
from node.desired_state import DesiredState, Version
from node.errors import Refusal, printable
from node.store import checksum_cache, disk, handles, rights
from node.store.rights import ROOT, Owner
from node.store.sets import StoredSet

CURRENT = "facelist_current.csv"
LIST = "facelist.csv"
CONFIG = "datapump.yaml"

Event = Tuple[str, str]  # date, event id


class FaceList(NamedTuple):
    path: Path
    by: Owner  # who says that it is one: it is read with their rights


def path_of(version: Version, name: str) -> Path:
    """Return where a file of the version lies: facelist.csv of 2026-02-02 is facelist_2026-02-02.csv."""
    plain = Path(name)
    return version.directory / (plain.stem + "_" + version.version + plain.suffix)


def missing(version: Version) -> List[str]:
    """Return the names of files that are not there, or were never read."""
    return [file.name for file in version.files if not checksum_cache.holds(path_of(version, file.name), file.sha256)]


def flaws(version: Version) -> List[str]:
    """Read every byte and return the names of files that are not there, or differ."""
    found = ((file, path_of(version, file.name)) for file in version.files)
    return [file.name for file, path in found if not disk.is_short(path) or disk.sha256(path) != file.sha256]


def require_switchable(desired: DesiredState) -> None:
    """Raises Refusal while the desired list is not there, or would unlock events and nobody allowed it."""
    version = desired.face_list
    if version is None:
        return
    if missing(version):
        raise Refusal("%s: not there or not verified; run deploys/models.py" % path_of(version, LIST))
    configs = [file.path for each in desired.sets for file in each.files if file.path.name == CONFIG]
    lost = _unlocked(FaceList(path_of(version, LIST), ROOT), version.directory / CURRENT, configs)
    if lost and not desired.options.unlock:
        events = counted(len(lost), "event")
        raise Refusal(
            "face list %s: lacks %s that the live list locks, so their recordings could be deleted; "
            "expected a list that holds them, or allow it with --data unlock=yes" % (version.version, events)
        )


def unlocked_by(stored: StoredSet) -> int:
    """Return how many events a live list locks that the list of a stored set does not."""
    for file in stored.content.files:
        found = _live(stored.folder / "files" / file.sha256) if file.path.name == CONFIG else None
        if found is not None:
            new = found._replace(by=rights.owner_of(file.owner))
            return len(_unlocked(new, found.path.with_name(CURRENT), [file.path]))
    return 0


def unlocks(version: Version, configs: List[Path], registry: Optional[Path]) -> Optional[int]:
    """Return how many live events a version's list would unlock; None where neither this node nor `registry` has it."""
    lists = [path_of(version, LIST), *([registry / version.label / LIST] if registry else [])]
    new = next((path for path in lists if disk.is_file(path)), None)
    return len(_unlocked(FaceList(new, ROOT), version.directory / CURRENT, configs)) if new else None


def _unlocked(new: FaceList, link: Path, configs: List[Path]) -> Set[Event]:
    """Return the live events that a list lacks."""
    # Live are the list behind the link and the data pump's: an older tool may have set only one of them.
    live = [each for each in [_behind(link), *map(_live, configs)] if each is not None and each.path != new.path]
    locked: Set[Event] = set().union(*(_events(each) for each in live))
    return locked - _events(new) if locked else set()


def _behind(link: Path) -> Optional[FaceList]:
    """Return the list that a link names, or that is in its place."""
    try:
        status, target = handles.look(link)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return FaceList(Path(os.path.normpath(str(link.parent / (target or link.name)))), rights.who(status))


def _live(config: Path) -> Optional[FaceList]:
    """Return the list that a config names, in the name of whom the config belongs to."""
    try:
        with handles.opened(config) as file:
            text, status = disk.content(file, config).decode(), os.fstat(file.fileno())
    except (OSError, UnicodeDecodeError):
        return None
    match = re.search(r"^facefile:\s*[\"']?([^\"'#\n]+)", text, re.MULTILINE)
    if match and ("\0" in match.group(1) or not match.group(1).startswith("/")):
        raise Refusal("%s: facefile: %s; expected a whole path" % (config, printable(match.group(1))))
    return FaceList(Path(match.group(1).strip()), rights.who(status)) if match else None


def _events(found: FaceList) -> Set[Event]:
    """Return the events of a list; none where it is not there."""
    path = found.path
    try:
        with rights.of(found.by), handles.opened(path) as file:
            disk.require_short(file, path)
            rows = io.TextIOWrapper(file, "utf-8", "surrogateescape", newline="")
            return {(row["date"], row["event"]) for row in csv.DictReader(rows)}
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except csv.Error as error:
        raise Refusal("%s: %s; expected a face list in CSV" % (path, error)) from None
    except KeyError as error:
        raise Refusal("%s: no column %s; expected a face list with date and event" % (path, error)) from None
