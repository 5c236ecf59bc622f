"""Where this project keeps its state on a node. Everything outside these folders belongs to somebody else."""

from __future__ import annotations

from pathlib import Path

from node.store import disk

# What runs this program: no user's python, variables or files have a say in it, no installed package, and no byte code
# is left beside it.
PYTHON = ("/usr/bin/python3", "-I", "-S", "-B")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

STATE = Path("/var/lib/sentinelcam")
RUNTIME = Path("/run/sentinelcam")
UNITS = Path("/etc/systemd/system")
TIMER_STAMPS = Path("/var/lib/systemd/timers")
USB = Path("/sys/bus/usb/devices")
USB_NODES = Path("/dev/bus/usb")
CONSOLE_COMMAND = Path("/usr/local/sbin/sentinelcam-node")
RETIRED = ".retired-"  # before the name of a version that was renamed to be removed
STAGING = ".staging"  # below each models folder, so that a finished version is one rename away


def program() -> Path:
    return STATE / "program"


def access() -> Path:
    return STATE / "access"


def coral() -> Path:
    """The Coral stacks, each unpacked in a folder named by its digest."""
    return STATE / "coral"


def checksum_cache() -> Path:
    return STATE / "stamps"


def sets(service: str) -> Path:
    return STATE / "sets" / service


def services() -> "list[str]":
    """The services that have sets here."""
    return [name for name in disk.names(STATE / "sets") if disk.is_folder(STATE / "sets" / name)]


def pending(service: str) -> Path:
    """The note of a switch that has begun and not ended."""
    return sets(service) / "pending"


def switch_lock(service: str) -> Path:
    return sets(service) / "lock"


def pull_lock() -> Path:
    return STATE / "pull.lock"


def pull_progress() -> Path:
    """How far the pull is that runs, once it has run for a moment."""
    return RUNTIME / "pull-progress"


def history() -> Path:
    return STATE / "history.jsonl"


def roots() -> Path:
    """On the primary datasink: what must stay in the registry."""
    return STATE / "roots"


def sweeps() -> Path:
    """What the sweeps of the registry remember, in a folder that the registry's owner can write to."""
    return STATE.parent / "model_cleanup" / "sweeps.json"


def clock() -> Path:
    """What the clock showed when the sweep of the registry was started, which cannot ask for itself."""
    return RUNTIME / "clock"


def backups() -> Path:
    """Copies of linked files, as they were before a switch."""
    return STATE / "kept"


def started(service: str) -> Path:
    """The digest of the set that the running process of `service` was started from; gone after a boot."""
    return RUNTIME / service


def restarted(service: str) -> Path:
    """The digest of the set with which a run has started `service` anew for its health; gone after a boot."""
    return RUNTIME / ("restarted-" + service)
