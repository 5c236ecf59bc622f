"""Whether the Coral stick is there: by its USB ids, which are others before a program first uses it, and after."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Set

from node import handles, layout
from node.disk import is_folder, names
from node.errors import Refusal, Unknown

ABSENT, BOOT_LOADER, RUNNING = "absent", "boot loader", "running"
_IDS = {("1a6e", "089a"): BOOT_LOADER, ("18d1", "9302"): RUNNING}
_MOST = 64  # bytes; an id is four letters


def state() -> str:
    """Return how the stick is. Of several the one that runs counts. Raises Unknown when that cannot be seen."""
    bus = layout.USB.parents[1]  # /sys/bus, where each machine has something; that of USB is missing where it has none
    try:
        if is_folder(bus):
            return _best({_IDS.get((_id(name, "idVendor"), _id(name, "idProduct"))) for name in names(layout.USB)})
    except (OSError, Refusal) as error:
        raise Unknown("%s: could not be read: %s" % (layout.USB, error)) from None
    raise Unknown("%s: not there; expected the kernel's view of its devices" % bus)


def _best(found: Set[Optional[str]]) -> str:
    return RUNNING if RUNNING in found else BOOT_LOADER if BOOT_LOADER in found else ABSENT


def _id(device: str, name: str) -> str:
    """Return one id of a device; nothing of what has none, as an interface, or was pulled out just now."""
    path: Path = layout.USB / device / name
    try:
        with handles.opened(path) as file:
            return file.read(_MOST).decode("ascii", "replace").strip().lower()
    except OSError:
        return ""
