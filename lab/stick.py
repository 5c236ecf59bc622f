"""A host's Coral stick: what the kernel would show of USB lies in a folder over the host's /sys/bus and /dev/bus/usb.

Containers are shown the devices of the machine that they run on, which has no stick.
"""

import os
import stat
from pathlib import Path

from lab.hosts import LabHost

IDS = {"running": ("18d1", "9302"), "boot loader": ("1a6e", "089a")}
"""Vendor and product: before a program first uses the stick, and after."""
PLUGDEV = 46
"""The group, on each host: Debian's base-passwd has that number."""
NULL = os.makedev(1, 3)
"""The device file can be opened by who may, and does nothing."""


def bus(host: LabHost) -> Path:
    """The folder, on the control node."""
    return host.folder / "bus"


def device_files(host: LabHost) -> Path:
    """The folder over the host's /dev/bus/usb, on the control node."""
    return host.folder / "usb"


def plug_in(host: LabHost, mode: str = "running", number: int = 5, group: int = PLUGDEV, rights: int = 0o664) -> None:
    """Give a host its stick, as the kernel and a udev with the rule of the stick do.

    :param number: of the device on its bus: another one each time that it is plugged in or changes its mode.
    :param group: of the device file; 0 without a rule.
    """
    _device(host).mkdir(parents=True, exist_ok=True)
    values = dict(zip(("idVendor", "idProduct"), IDS[mode], strict=True)) | {"busnum": "1", "devnum": str(number)}
    for name, value in values.items():
        (_device(host) / name).write_text(f"{value}\n")
    _remove_device_files(host)
    file = device_files(host) / "001" / f"{number:03}"
    file.parent.mkdir(parents=True, exist_ok=True)
    os.mknod(file, stat.S_IFCHR | rights, NULL)
    os.chown(file, 0, group)
    file.chmod(rights)


def pull_out(host: LabHost) -> None:
    """Take it away."""
    for path in _device(host).iterdir():
        path.unlink()
    _device(host).rmdir()
    _remove_device_files(host)


def _remove_device_files(host: LabHost) -> None:
    for path in device_files(host).glob("001/*"):
        path.unlink()


def _device(host: LabHost) -> Path:
    return bus(host) / "usb" / "devices" / "1-1"
