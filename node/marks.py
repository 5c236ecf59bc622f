"""The pending mark: a switch has begun. What ends it takes the mark away; what finds it returns to the set before.

The mark is on the disk before the service is stopped, so that neither a killed switch nor a power cut goes unnoticed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple, Optional

from node import disk, files, layout
from node.errors import Refusal
from node.orders import known

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Request(NamedTuple):
    """A wish to switch: which set of which service, who asked, from which commit, and what they typed."""

    id: str
    host: str
    service: str
    digest: str
    operator: str
    purpose: str
    commit: str


class Mark(NamedTuple):
    """A switch that has begun: what was asked for, and what was chosen and previous before it."""

    request: Request
    boot: str  # proc(5), random/boot_id: another one after each boot
    time: str
    old: Optional[str]
    previous: Optional[str]
    reason: Optional[str] = None  # why the return began, once it has

    @property
    def previous_of_new(self) -> Optional[str]:
        """The set before the new one; the same set again leaves that as it is."""
        return self.old if self.old != self.request.digest else self.previous


def put(mark: Mark) -> None:
    data = dict(mark._asdict(), request=mark.request._asdict())
    files.write(layout.pending(mark.request.service), json.dumps(data, sort_keys=True).encode())


def read(service: str) -> Optional[Mark]:
    """Return the mark of a service, None where no switch is pending. Raises Refusal for one that is no mark."""
    path = layout.pending(service)
    try:
        data = json.loads(disk.read(path).decode())
        request = Request(**known(Request, data["request"]))
        return Mark(**dict(known(Mark, data), request=request))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal("%s: cannot be read (%s); remove it and run again" % (path, error)) from None


def clear(service: str) -> None:
    files.unlink(layout.pending(service))


def boot_id() -> str:
    return disk.read(BOOT_ID).decode().strip()
