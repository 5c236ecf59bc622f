"""What a host is and has for a Coral stack: what packages are built for, and what the stick needs of the system."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Iterator, List, Optional

from node.coral import mapped, stacks, stick
from node.desired_state import DesiredState, Stack
from node.errors import Refusal, printable
from node.machine import processes, services
from node.protocol.facts import StackState
from node.pull import room
from node.store import disk
from node.store.service_set import ServiceSet
from node.switch import installation

LIBUSB = "libusb-1.0-0"
RELEASE = Path("/etc/os-release")
PACKAGES = Path("/var/lib/dpkg/info")
# Debian's names of the processors that this program's own Python can be built for: the kernel's may be another.
ARCHITECTURES = {"x86_64-linux-gnu": "amd64", "aarch64-linux-gnu": "arm64", "arm-linux-gnueabihf": "armhf"}
_CODENAME = re.compile(r'^VERSION_CODENAME="?([\w.-]+)"?$', re.MULTILINE | re.ASCII)
_VERSION = re.compile(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", re.MULTILINE | re.ASCII)


def state(stack: Stack, desired: DesiredState) -> StackState:
    """Return how the host stands to its stack, and what it lacks for the stick."""
    is_there = not stacks.flaws(stack.digest) if desired.options.full else stacks.is_verified(stack.digest)
    lacks_group = not stick.is_member(desired.user, stick.GROUP)
    return StackState(
        libusb=not _is_installed(LIBUSB),
        rule=not installation.is_installed(stack.rule),
        group=lacks_group,
        to_restart=list(_running(desired)) if lacks_group else [],
        udevd=disk.is_there(stick.UDEVD),
        missing=not is_there,
        to_remap=[] if is_there else remapped(stack, desired),
        room=None if is_there else room.of_stack(stack, desired),
    )


def remapped(stack: Stack, desired: DesiredState) -> List[str]:
    """Return the services that have mapped a library of the stack which is damaged and will be replaced."""
    if not stacks.will_replace_library(stack.digest):
        return []
    return [each.service for each in desired.sets if each.stack is not None and _has_mapped(each)]


def _has_mapped(content: ServiceSet) -> bool:
    table, pid = processes.look(), services.status(content.unit).pid
    return pid in table and mapped.library(content, table[pid], table) != mapped.NOT_YET


def _running(desired: DesiredState) -> Iterator[str]:
    """Yield the services that will have been started before their user was in the group."""
    for each in desired.sets:
        if each.stack is not None and each.is_to_run and services.status(each.unit).is_running:
            yield each.service


def unfit(stack: Stack, python: Path) -> Iterator[str]:
    """Yield what of the stack was built for another host than this, with both named.

    Root does not run the service's Python to learn its version: its environment says that.
    """
    label = stack.version.label
    for what, wanted, found in (
        ("Debian", stack.debian, _found(_CODENAME, RELEASE)),
        ("architecture", stack.architecture, architecture()),
        ("Python", stack.python, _found(_VERSION, python.parent.parent / "pyvenv.cfg")),
    ):
        if found is not None and found != wanted:
            told = (label, what, wanted, printable(found))
            yield (
                "%s: built for %s %s, and this host has %s; give the host a stack for that with modelctl override, "
                "or set coral_packages=False for it" % told
            )


def architecture() -> str:
    """Return the processor's name as dpkg has it; where that is not known, what Python says."""
    found: str = getattr(sys.implementation, "_multiarch", "unknown")
    return ARCHITECTURES.get(found, found)


def leftovers(python: Path) -> List[str]:
    """Return what the predecessor, or a hand, installed of such packages: it stays, and no service loads it."""
    packages = [name for name in ("libedgetpu1-std", "libedgetpu1-max") if _is_installed(name)]
    environment = python.parent.parent / "lib"
    folders = [environment / name / "site-packages" for name in _names(environment) if name.startswith("python3")]
    return packages + [
        str(folder / name)
        for folder in folders
        for name in _names(folder)
        if re.fullmatch(r"(pycoral|tflite_runtime)-[\w.]{1,40}\.dist-info", name, re.ASCII)
    ]


def _is_installed(package: str) -> bool:
    names = (package, "%s:%s" % (package, architecture()))
    return any(disk.is_there(PACKAGES / (name + ".list")) for name in names)


def _found(pattern: "re.Pattern[str]", path: Path) -> Optional[str]:
    try:
        text = disk.read(path).decode("utf-8", "replace")
    except (OSError, Refusal):
        return None
    match = pattern.search(text)
    return match.group(1) if match else None


def _names(folder: Path) -> List[str]:
    try:
        return sorted(disk.names(folder))
    except (OSError, Refusal):
        return []
