"""The note of a pending switch, on the disk before the service is stopped: neither a kill nor a power cut is missed.

What ends the switch takes the note away; what finds it returns to the set before.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple, Optional

from node import codec, layout
from node.errors import Refusal
from node.store import disk, files

FORMAT = 1
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Request(NamedTuple):
    """A wish to switch: which set of which service, who asked, from which commit, and what they typed."""

    id: str
    host: str
    service: str
    digest: str
    operator: str = "unknown"
    purpose: str = "unknown"
    commit: str = "unknown"


class PendingSwitch(NamedTuple):
    """A switch that has begun: what was asked for, and what was chosen and previous before it."""

    request: Request
    boot: str  # proc(5), random/boot_id: another one after each boot
    time: str = "unknown"
    old: Optional[str] = None
    previous: Optional[str] = None
    reason: Optional[str] = None  # why the return began, once it has

    @property
    def previous_of_new(self) -> Optional[str]:
        """The set before the new one; the same set again leaves that as it is."""
        return self.old if self.old != self.request.digest else self.previous


def put(pending: PendingSwitch) -> None:
    data = {**codec.encode(pending), "format": FORMAT}
    files.write(layout.pending(pending.request.service), json.dumps(data, sort_keys=True).encode())


def read(service: str) -> Optional[PendingSwitch]:
    """Return the note of a service, None where no switch is pending. Raises Refusal for one that is no note."""
    path = layout.pending(service)
    try:
        data = json.loads(disk.read(path).decode())
        codec.require_format(FORMAT, data)
        return codec.decode(PendingSwitch, data)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, Refusal) as error:
        raise Refusal("%s: cannot be read (%s); a deploy sets it aside" % (path, error)) from None


def read_or_set_aside(service: str) -> Optional[PendingSwitch]:
    """Return the note of a service, None where no switch is pending. What is no note goes aside, and that is said."""
    try:
        return read(service)
    except Refusal as refusal:
        aside = files.set_aside(layout.pending(service))
        print("%s; it is %s now, and the chosen set stays" % (refusal, aside), file=sys.stderr)
        return None


def clear(service: str) -> None:
    files.unlink(layout.pending(service))


def boot_id() -> str:
    return disk.read(BOOT_ID).decode().strip()
