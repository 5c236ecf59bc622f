"""The sweep of the model registry: removes the versions that nothing needs, as the registry's owner.

A version is renamed to MODEL/.retired-VERSION first, so that it is there whole or not at all; the last thing that goes
is that folder, after the line in the log. So whatever ends the program, its next run knows what is left to do.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from node import codec, layout, names
from node.errors import Refusal
from node.machine import clock, commands, processes
from node.protocol.registry import Listing, ListRegistry
from node.protocol.retention import AskRetention, Moment, Retention, Sweeps, Unneeded
from node.registry import own, reading, retention, roots
from node.registry.retention import Decision, Stored
from node.registry.sweep_unit import SERVICE
from node.store import disk, files, handles, history, rights

FRESH = 600  # seconds


def note_clock() -> None:
    """Note, as root, what the sweep may not ask."""
    files.folder(layout.RUNTIME)
    files.write(layout.clock(), _text(clock.look()))


def look(asked: AskRetention) -> Retention:
    """Return what a sweep would do now, with the rights of the one who runs it."""
    now = clock.look()
    with rights.of(rights.owner_of(asked.user)):
        found = _list(asked.registry)
        stored, leftovers, faults = _stored(found), _leftovers(found), found.faults
        decided = retention.decide(stored, roots.read(), _remembered(leftovers), now)
        going = dict(_sizes(asked.registry, leftovers, faults))
    sizes = {each.label: each.bytes for each in stored}
    return Retention(
        now.time,
        decided.held,
        decided.unneeded,
        decided.kept,
        decided.notes,
        sizes,
        faults,
        found.free,
        found.total,
        disk.is_file(layout.UNITS / SERVICE),
        going,
    )


def run(registry: str, log: str) -> None:
    """Remove what is due now. Raises Refusal with a line for each version that could not be removed."""
    problems = Sweep(Path(registry), Path(log), _noted_clock()).run()
    if problems:
        raise Refusal("\n".join(problems))


class Sweep:
    """One sweep of a registry. `now` counts for all of it, whatever the clock shows meanwhile."""

    def __init__(self, registry: Path, log: Path, now: Moment) -> None:
        self.registry, self.log, self.now = registry, log, now
        self._leftovers = _leftovers(_list(registry))
        self._before = _remembered(self._leftovers)
        self._memory = Sweeps(now, {}, dict(self._before.going if self._before else {}))
        self._problems = []  # type: List[str]
        self._removed = 0

    def run(self) -> List[str]:
        """Finish what an earlier sweep began, then remove what is due. Returns why versions stay that are, a line each.

        Raises Refusal when nobody can tell what must stay, or nothing can be put on record: then nothing is removed.
        """
        if not disk.is_writable(self.log if disk.is_there(self.log) else self.log.parent):
            raise Refusal("%s: not writable for the clean-up's user; chown it and run again" % self.log)
        disk.lines(self.log)  # raises for a log that cannot be read: what it says already is not told twice
        decided = self._decide()
        self._memory = self._memory._replace(counts=decided.counts)
        for label in self._leftovers:
            with self._told(self.registry / label):
                self._finish(label)
        for each in decided.unneeded:
            if each.due <= self.now.time:
                with self._told(self.registry / each.label):
                    self._remove(each)
        with self._told(layout.sweeps()):
            self._remember()
        with self._told(self.log):
            self._say(decided)
        return self._problems

    @contextmanager
    def _told(self, place: Path) -> Iterator[None]:
        """Note what goes wrong with one version: it does not stop the others."""
        try:
            yield
        except Refusal as refusal:
            self._problems.append(str(refusal))
        except OSError as error:
            where = Path(error.filename or self.log)  # writing names no file, and little else is written
            where = where if where.is_absolute() else place
            self._problems.append("%s: %s; mend that and run again" % (where, error.strerror))

    def _decide(self) -> Decision:
        found = _list(self.registry)
        stored = _stored(found)
        self._problems += [why for why in found.faults.values() if why not in self._problems]
        return retention.decide(stored, roots.read(), self._before, self.now)

    def _remove(self, each: Unneeded) -> None:
        """Rename a version, so that it is none any more, and remove that."""
        folder = self.registry / each.label
        with roots.locked():
            again = {one.label: one for one in self._decide().unneeded}.get(each.label)
            if again is None or again.manifest != each.manifest:
                self._memory.counts.pop(retention.named(each.label))
                return  # somebody has just come to need it, or has taken it away
            freed_by(folder)  # what could not be removed is not renamed either
            self._memory.going[each.label] = again.line
            self._announce()
            files.place(folder, _retired(folder))
            self._memory.counts.pop(retention.named(each.label))
        self._finish(each.label)

    def _announce(self) -> None:
        """Put on record what goes. On a full disk that waits: what goes makes room for it."""
        try:
            self._remember()
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise

    def _finish(self, label: str) -> None:
        """Remove what was renamed; its line in the log is not told twice."""
        retired = _retired(self.registry / label)
        contents, freed = disk.names(retired), freed_by(retired)
        for name in contents:
            files.remove(retired / name)
        line = self._memory.going.get(label) or ("removed %s, %d bytes" % (label, freed) if contents else "")
        if line and line not in {logged.partition(" ")[2] for logged in disk.lines(self.log)}:
            self._tell(line)
        self._memory.going.pop(label, None)
        self._remember()
        files.remove(retired)
        files.sync_folder(retired.parent)
        self._removed += 1

    def _say(self, decided: Decision) -> None:
        """Each sweep leaves a line."""
        for note in decided.notes:
            self._tell(note)
        if decided.held:
            self._tell("nothing is removed: %s" % decided.held)
        elif not self._removed:
            self._tell("nothing is removed: nothing is due")

    def _tell(self, line: str) -> None:
        files.append(self.log, ("%s %s" % (self.now.time, line)).encode(), owner=own.me())
        print(line)

    def _remember(self) -> None:
        files.write(layout.sweeps(), _text(self._memory), owner=own.me())


def _text(message: object) -> bytes:
    return json.dumps(codec.encode(message), sort_keys=True, indent=1).encode()


def _noted_clock() -> Moment:
    path, remedy = layout.clock(), "start the unit, which has it written anew: systemctl start model_cleanup"
    try:
        noted = codec.decode(Moment, json.loads(disk.read(path).decode()))
    except (OSError, ValueError, TypeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Refusal("%s: %s; %s" % (path, why, remedy)) from None
    if not 0 <= processes.now() - noted.uptime <= FRESH:
        raise Refusal("%s: found an old one; %s" % (path, remedy))
    return noted


def _remembered(leftovers: List[str]) -> Optional[Sweeps]:
    """What the last sweep knew; None where there was none, or its memory is damaged or came from a backup.

    A version that came again while an older one of its name is not wholly removed is counted anew.
    """
    try:
        with handles.opened(layout.sweeps()) as file:
            found = codec.decode(Sweeps, json.loads(disk.content(file, layout.sweeps()).decode()))
            # It names the sweep's beginning, and was written at its end.
            if roots.is_restored(file.fileno(), found.at.time, commands.LONG_SECONDS) or not _is_sound(found):
                return None
        known = {name: each for name, each in found.counts.items() if name not in map(retention.named, leftovers)}
        return found._replace(counts=known)
    except (OSError, ValueError, TypeError, OverflowError, RecursionError, Refusal):
        return None


def _is_sound(found: Sweeps) -> bool:
    """Nothing was counted later than it was told. Raises ValueError or OverflowError for what is no time."""
    last = history.seconds(found.at.time)
    return math.isfinite(found.at.uptime) and all(history.seconds(each.since) <= last for each in found.counts.values())


def _leftovers(found: Listing) -> List[str]:
    """The versions that were renamed and not yet wholly removed."""
    names_of = (name.split("/" + layout.RETIRED) for name in found.leftovers if layout.RETIRED in name)
    return ["/".join(each) for each in names_of if roots.is_label("/".join(each))]


def _sizes(registry: Path, leftovers: List[str], faults: Dict[str, str]) -> Iterator[Tuple[str, int]]:
    """Yield what is left of each, in bytes; the faults of those that cannot be read are added to the others."""
    for label in leftovers:
        retired = _retired(registry / label)
        try:
            yield label, _bytes_of(retired)
        except OSError as error:
            faults[label] = "%s: %s" % (retired, error.strerror)
        except Refusal as refusal:
            faults[label] = str(refusal)


def _list(registry: Path) -> Listing:
    models = [name for name in disk.names(registry) if names.MODEL.fullmatch(name)]
    return reading.list_registry(ListRegistry(registry, models))


def _stored(found: Listing) -> List[Stored]:
    """The versions that could be read. What has no manifest is none."""
    return [
        Stored("%s/%s" % pair, hashlib.sha256(each.manifest).hexdigest(), each.bytes)
        for pair, each in found.versions.items()
        if each.fault is None and each.manifest is not None and names.is_version(pair[1])
    ]


def _retired(folder: Path) -> Path:
    return folder.with_name(layout.RETIRED + folder.name)


def freed_by(folder: Path) -> int:
    """Return the bytes that removing a folder frees: those of its regular files that have no other link.

    Raises Refusal when its owner is another, who alone could remove it.
    """
    for path in [folder, *(path for path, status in disk.tree(folder) if stat.S_ISDIR(status.st_mode))]:
        if not disk.is_writable(path):
            raise Refusal("%s: not writable for the clean-up's user; chown it and run again" % path)
    return _bytes_of(folder)


def _bytes_of(folder: Path) -> int:
    each = (status for _, status in disk.tree(folder))
    return sum(status.st_size for status in each if stat.S_ISREG(status.st_mode) and status.st_nlink == 1)
