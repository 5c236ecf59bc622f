"""A host's Coral stick: what the kernel would show of USB lies in a folder over the host's /sys/bus.

Containers are shown the devices of the machine that they run on, which has no stick.
"""

from pathlib import Path

from lab.hosts import LabHost

IDS = {"running": ("18d1", "9302"), "boot loader": ("1a6e", "089a")}
"""Vendor and product: before a program first uses the stick, and after."""


def bus(host: LabHost) -> Path:
    """The folder, on the control node."""
    return host.folder / "bus"


def plug_in(host: LabHost, mode: str = "running") -> None:
    """Give a host its stick."""
    _device(host).mkdir(parents=True, exist_ok=True)
    for name, number in zip(("idVendor", "idProduct"), IDS[mode], strict=True):
        (_device(host) / name).write_text(f"{number}\n")


def pull_out(host: LabHost) -> None:
    """Take it away."""
    for path in _device(host).iterdir():
        path.unlink()
    _device(host).rmdir()


def _device(host: LabHost) -> Path:
    return bus(host) / "usb" / "devices" / "1-1"
