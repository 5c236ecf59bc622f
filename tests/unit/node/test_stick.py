import os
from pathlib import Path

import pytest

from node import layout, stick
from node.errors import Unknown

HUB = ("1d6b", "0002")
LOADER, READY = ("1a6e", "089a"), ("18d1", "9302")


def plug(name: str, vendor: str, product: str) -> Path:
    """As the kernel shows a device: a link to its folder, which root made."""
    folder = layout.USB.parents[2] / "devices" / name
    folder.mkdir(parents=True)
    (folder / "idVendor").write_text(vendor + "\n")
    (folder / "idProduct").write_text(product + "\n")
    layout.USB.mkdir(parents=True, exist_ok=True)
    (layout.USB / name).symlink_to(folder)
    return folder


@pytest.mark.parametrize(
    ("devices", "state"),
    [
        ([HUB], stick.ABSENT),
        ([HUB, LOADER], stick.BOOT_LOADER),
        ([HUB, READY], stick.RUNNING),
        ([READY, LOADER], stick.RUNNING),
        ([("18D1", "9302")], stick.RUNNING),
        ([("18d1", "089a"), ("1a6e", "9302")], stick.ABSENT),
    ],
)
def test_state(devices: list[tuple[str, str]], state: str) -> None:
    for number, ids in enumerate(devices):
        plug(f"1-{number}", *ids)
    (layout.USB / "1-1:1.0").mkdir()  # an interface
    assert stick.state() == state


def test_a_device_that_is_pulled_out_meanwhile() -> None:
    (plug("1-1", *LOADER) / "idProduct").unlink()
    (layout.USB / "1-2").symlink_to("/nowhere")
    assert stick.state() == stick.ABSENT


def test_a_machine_without_usb_has_no_stick() -> None:
    layout.USB.parents[1].mkdir()
    assert stick.state() == stick.ABSENT


def test_without_the_kernels_view_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unknown, match=r"/bus: not there; expected the kernel's view of its devices$"):
        stick.state()
    plug("1-1", *READY)

    def fail(_: object) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", fail)
    with pytest.raises(Unknown, match=r"/usb/devices: could not be read: "):
        stick.state()
