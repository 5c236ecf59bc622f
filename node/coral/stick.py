"""The Coral stick: whether it is there, and whether a service's user may use it.

Its USB ids are others before a program first uses it. udev gives its device file to a group.
"""

from __future__ import annotations

import grp
import pwd
import re
import stat
from pathlib import Path
from typing import Iterator, NamedTuple, Optional

from node import layout
from node.errors import Refusal, Unknown
from node.machine import processes
from node.store import disk, handles, rights

ABSENT, BOOT_LOADER, RUNNING = "absent", "boot loader", "running"
UNKNOWN = "unknown"
GROUP = "plugdev"
UDEVD = Path("/run/udev/control")
REPLUG = "run deploys/coral.py, then plug it in anew"
BY_HAND = "no udevd runs here to do it: chgrp plugdev and chmod 660 it"
_IDS = {("1a6e", "089a"): BOOT_LOADER, ("18d1", "9302"): RUNNING}
_MOST = 64  # bytes; an id is four letters, a number three
_NUMBER = re.compile(r"\d{1,3}", re.ASCII)


class Device(NamedTuple):
    mode: str
    ids: str
    file: Optional[Path]  # None where the kernel does not tell its numbers


def state() -> str:
    """Return how the stick is. Of several the one that runs counts. Raises Unknown when that cannot be seen."""
    found = _best()
    return found.mode if found is not None else ABSENT


def shown() -> str:
    """Return the same for people, with its ids; `unknown` when it cannot be seen."""
    try:
        found = _best()
    except Unknown:
        return UNKNOWN
    return "%s (%s)" % (found.mode, found.ids) if found is not None else ABSENT


def device_problem(user: str) -> Optional[str]:
    """Return why a user cannot use a stick that is there; None where nothing is known against it."""
    try:
        found, owner = list(_devices()), rights.owner_of(user)
    except Refusal:  # told elsewhere
        return None
    for path in sorted(each.file for each in found if each.file is not None):
        status = disk.status(path)
        if status is not None and not disk.is_usable(path, owner):
            told = (path, _user(status.st_uid), _group(status.st_gid), stat.S_IMODE(status.st_mode), user)
            return "%s: the Coral stick is %s:%s's with mode %04o, expected one that %s can read and write; " % told + (
                REPLUG if disk.is_there(UDEVD) else BY_HAND
            )
    return None


def is_member(user: str, group: str) -> bool:
    """Tell whether a user is in a group, by the host's files."""
    try:
        found, own = grp.getgrnam(group), pwd.getpwnam(user).pw_gid
    except KeyError:
        return False
    return user in found.gr_mem or own == found.gr_gid


def is_older(pid: int) -> bool:
    """Tell whether a process lacks the stick's group, which its user has by now."""
    has = processes.groups(pid)
    return has is not None and grp.getgrnam(GROUP).gr_gid not in has


def _best() -> Optional[Device]:
    found = list(_devices())
    return next((each for mode in (RUNNING, BOOT_LOADER) for each in found if each.mode == mode), None)


def _devices() -> Iterator[Device]:
    """Yield all sticks. Raises Unknown when the devices cannot be seen."""
    bus = layout.USB.parents[1]  # /sys/bus, where each machine has something; that of USB is missing where it has none
    try:
        if disk.is_folder(bus):
            for name in disk.names(layout.USB):
                ids = (_said(name, "idVendor"), _said(name, "idProduct"))
                if ids in _IDS:
                    yield Device(_IDS[ids], ":".join(ids), _file(name))
            return
    except (OSError, Refusal) as error:
        raise Unknown("%s: could not be read: %s" % (layout.USB, error)) from None
    raise Unknown("%s: not there; expected the kernel's view of its devices" % bus)


def _file(device: str) -> Optional[Path]:
    """Return its file as the kernel names it: /dev/bus/usb/001/004."""
    bus, number = (_said(device, name) for name in ("busnum", "devnum"))
    if not (_NUMBER.fullmatch(bus) and _NUMBER.fullmatch(number)):
        return None
    return layout.USB_NODES / ("%03d" % int(bus)) / ("%03d" % int(number))


def _said(device: str, name: str) -> str:
    """Return a text of a device; nothing of what has none, as an interface, or was pulled out just now."""
    try:
        with handles.opened(layout.USB / device / name) as file:
            return file.read(_MOST).decode("ascii", "replace").strip().lower()
    except OSError:
        return ""


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
