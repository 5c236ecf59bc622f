"""What a run needs of a host and does not bring: its packages, the service's user, the service's own code.

What is not needed for what is still to be done is not missed, so a settled host is asked for nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator, List, Optional

from node.coral import stick
from node.desired_state import DesiredState, Source
from node.errors import Refusal, printable
from node.facts import coral_host
from node.machine import releases
from node.machine.releases import Release
from node.protocol.facts import Facts, Missing
from node.pull import access
from node.store import disk, rights
from node.store.service_set import ServiceSet

# The Debian package of each program.
PACKAGES = {
    "rsync": "rsync",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "setpriv": "util-linux",
    "dpkg-deb": "dpkg",
}
# Releases of a service whose configs are other ones than those of this checkout.
UNFIT = {"imagenode": (releases.IMAGENODE_BETWEEN, releases.IMAGENODE_0_3)}


def missing(desired: DesiredState, found: Facts) -> Missing:
    """Return what each step lacks, a line each with what mends it; `found` is the rest of the facts."""
    return Missing(
        access=list(_for_access(desired.source, found)),
        coral=list(_for_coral(desired, found)),
        models=list(_for_models(desired, found)),
        configs=list(_for_configs(desired, found)),
    )


def _for_access(source: Source, found: Facts) -> Iterator[str]:
    if not source.local:
        if found.pull_access.public_key is None:
            yield from _programs("ssh-keygen")
    elif found.datasink is None or not found.datasink.authorized:
        try:
            access.check_rrsync()
        except Refusal as refusal:
            yield str(refusal)


def _for_coral(desired: DesiredState, found: Facts) -> Iterator[str]:
    """A stack that was built for another host is refused before a byte of it comes."""
    stack = desired.stack
    if stack is None or found.stack is None or not found.stack.missing:
        return
    for each in desired.sets:
        if each.stack is not None:
            yield from coral_host.unfit(stack, each.stack.python)
    yield from _programs("rsync", "setpriv" if desired.source.local else "ssh", "dpkg-deb")
    yield from _user(desired)


def _for_models(desired: DesiredState, found: Facts) -> Iterator[str]:
    is_to_pull = found.missing_versions or found.face_list
    if is_to_pull:
        yield from _releases(desired)
        yield from _programs("rsync", "setpriv" if desired.source.local else "ssh")
    if is_to_pull or found.absent_folders:
        yield from _user(desired)


def _for_configs(desired: DesiredState, found: Facts) -> Iterator[str]:
    moving = [each for each in desired.sets if found.sets[each.service].differences]
    if moving:
        yield from _user(desired)
        yield from _releases(desired)
    for each in moving:
        if each.is_to_run:
            yield from _files(desired, each.service)


def _releases(desired: DesiredState) -> Iterator[str]:
    """Configs of one release blind the outposts of another, without an error."""
    for each in desired.sets:
        found = release(each)
        if found is not None and is_unfit(each.service, found):
            yield "%s: of imagenode %s; expected 0.2, which this checkout's configs are for; install that release" % (
                each.work.script, found.name,
            )  # fmt: skip


def remarks(desired: DesiredState) -> List[str]:
    """Return what may be wrong on this node."""
    found = list(_leftovers(desired))
    problem = stick.device_problem(desired.user) if desired.stack is not None else None
    if problem:
        found.append(problem)
    for each in desired.sets:
        told = release(each)
        if told is not None and told.name == releases.UNKNOWN:
            found.append(
                "%s: of a release that is not known (%s); this checkout's configs may not fit it"
                % (each.service, told.reason)
            )
    return found


def _leftovers(desired: DesiredState) -> Iterator[str]:
    """Told once: with the run that brings the stack."""
    if desired.stack is not None and not disk.is_there(desired.stack.version.directory):
        for each in desired.sets:
            found = coral_host.leftovers(each.stack.python) if each.stack is not None else []
            if found:
                yield "%s: installed by another tool; it stays, and %s loads the stack %s instead" % (
                    printable(", ".join(found)), each.service, desired.stack.version.label,
                )  # fmt: skip


def release(content: ServiceSet) -> Optional[Release]:
    """Return which release a service's own code is of; None where nobody can tell."""
    script = content.work.script
    return None if script is None else release_of(content.service, script, content.user)


def release_of(service: str, script: Path, user: str) -> Optional[Release]:
    """Return which release the code of a service is of, by its main script."""
    try:
        return releases.look(service, script, rights.owner_of(user))
    except Refusal:
        return None  # its user is missing: told elsewhere


def is_unfit(service: str, found: Release) -> bool:
    """Tell whether this checkout's configs are for another release than that."""
    return found.name in UNFIT.get(service, ())


def absent(*programs: str) -> List[str]:
    """Return those that are not installed."""
    folders = os.get_exec_path()
    return [name for name in programs if not any(os.access(os.path.join(each, name), os.X_OK) for each in folders)]


def _programs(*names: str) -> Iterator[str]:
    for name in absent(*names):
        yield "%s: not installed; sudo apt-get install %s" % (name, PACKAGES[name])


def _user(desired: DesiredState) -> Iterator[str]:
    try:
        rights.owner_of(desired.user)
    except Refusal as refusal:
        yield str(refusal)


def _files(desired: DesiredState, service: str) -> Iterator[str]:
    try:
        owner = desired.owner
    except Refusal:
        return  # told already
    for path in desired.needs.get(service, []):
        if not disk.is_readable(Path(path), owner):
            yield "%s: no file that %s can read; expected %s's own code and Python, which a deploy does not bring" % (
                path, desired.user, service,
            )  # fmt: skip
