"""Room for the inotify instances of the hosts: the kernel counts those of all of them against one user, root."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from modelctl.errors import OperatorError

PROC = Path("/proc")
SETTING = "fs.inotify.max_user_instances"
FILE = PROC / "sys" / SETTING.replace(".", "/")
PER_HOST = 10
"""A booted host has 8; the kernel counts most of them as root's."""
LABS = 4
"""So many may be about to boot at the same moment, none of which sees the others' hosts yet."""


def make_room(hosts: int, say: Callable[[str], None]) -> None:
    """Raise the limit where it is too low for so many hosts, in each of several labs. It is never lowered.

    :param say: told when it is raised.
    :raises OperatorError: it is too low and cannot be raised.
    """
    limit, used = int(FILE.read_text()), in_use()
    needed, wanted = used + hosts * PER_HOST, used + LABS * hosts * PER_HOST
    if wanted <= limit:
        return
    try:
        FILE.write_text(f"{wanted}\n")
    except OSError as fault:
        if needed <= limit:
            return
        raise OperatorError(
            f"{SETTING}: found {limit}, expected {needed} or more for {hosts} hosts, and it cannot be written here "
            f"({fault.strerror}); run where it can: sysctl -w {SETTING}={wanted}"
        ) from fault
    say(f"{SETTING}: raised from {limit} to {wanted}, for {hosts} hosts")


def in_use() -> int:
    """Inotify instances that are open on this machine."""
    return sum(_is_instance(each) for process in PROC.glob("[0-9]*") for each in _descriptors(process))


def _descriptors(process: Path) -> list[Path]:
    try:
        return list((process / "fd").iterdir())
    except OSError:
        return []  # it has just ended


def _is_instance(descriptor: Path) -> bool:
    try:
        return str(descriptor.readlink()) == "anon_inode:inotify"
    except OSError:
        return False  # it has just been closed
