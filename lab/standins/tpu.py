"""Loading an EdgeTPU model as the real programs do: with whatever Coral packages this process is given."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lab.standins import behaviour
from lab.standins.behaviour import Orders

LIBRARY = "libedgetpu.so.1"
PACKAGES = ("tflite_runtime", "pycoral")
DEVICES = Path("/sys/bus/usb/devices")
DEVICE_FILES = Path("/dev/bus/usb")
VENDORS = ("18d1", "1a6e")
_delegates: list[Any] = []
"""As long as the process lasts, it has the library mapped."""


def is_for(config: Any) -> bool:
    """Whether a config names an EdgeTPU model."""
    return any(text.endswith("_edgetpu.tflite") for text in behaviour.strings(config))


def load(orders: Orders) -> None:
    """Import the packages and load a delegate, so that the library is mapped.

    Without the order "needs_stack", a process that is given none of the packages works as if it had them.

    :raises ImportError: one is missing, or cannot be imported.
    :raises OSError: the library is missing, or cannot be loaded.
    :raises ValueError: the stick is absent or not accessible, where that is ordered to count.
    """
    if "needs_stack" not in orders and not any(map(find_spec, PACKAGES)):
        return
    interpreter = import_module("tflite_runtime.interpreter")
    edgetpu = import_module("pycoral.utils.edgetpu")
    edgetpu.get_runtime_version()
    if "needs_stick" in orders and not _is_usable():
        raise ValueError(f"Failed to load delegate from {LIBRARY}\n")
    _delegates.append(interpreter.load_delegate(LIBRARY))


def _is_usable() -> bool:
    """Whether a stick is there, and this process may use its device file."""
    for device in DEVICES.glob("*"):
        if _read(device / "idVendor") in VENDORS:
            numbers = (int(_read(device / name) or 0) for name in ("busnum", "devnum"))
            file = DEVICE_FILES.joinpath(*(f"{number:03}" for number in numbers))
            return os.access(file, os.R_OK | os.W_OK)
    return False


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
