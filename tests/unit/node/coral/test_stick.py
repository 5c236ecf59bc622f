import grp
import os
from pathlib import Path

import pytest

from node import layout
from node.coral import stick
from node.errors import Unknown
from tests.unit.node.places import USER, uid

HUB = ("1d6b", "0002")
LOADER, READY = ("1a6e", "089a"), ("18d1", "9302")


def plug(name: str, vendor: str, product: str, number: str = "4") -> Path:
    """As the kernel shows a device: a link to its folder, which root made."""
    folder = layout.USB.parents[2] / "devices" / name
    folder.mkdir(parents=True)
    (folder / "idVendor").write_text(vendor + "\n")
    (folder / "idProduct").write_text(product + "\n")
    (folder / "busnum").write_text("1\n")
    (folder / "devnum").write_text(number + "\n")
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


@pytest.mark.parametrize(
    ("devices", "shown"),
    [
        ([HUB], "absent"),
        ([LOADER], "boot loader (1a6e:089a)"),
        ([LOADER, READY], "running (18d1:9302)"),
    ],
)
def test_shown(devices: list[tuple[str, str]], shown: str) -> None:
    assert stick.shown() == "unknown"
    for number, ids in enumerate(devices):
        plug(f"1-{number}", *ids)
    assert stick.shown() == shown


def device(name: str, owner: int, group: int, mode: int) -> Path:
    """As udev makes it, but for its kind."""
    path = layout.USB_NODES / "001" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.chown(path, owner, group)
    path.chmod(mode)
    return path


class TestDevice:
    """Whether the service's user may use it."""

    @pytest.mark.parametrize("ids", [LOADER, READY])
    def test_no_rule(self, ids: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stick, "UDEVD", Path("/dev/null"))
        plug("1-1", *ids)
        path = device("004", 0, 0, 0o664)
        assert stick.device_problem(USER) == (
            f"{path}: the Coral stick is root:root's with mode 0664, expected one that nobody can read and write; "
            "run deploys/coral.py, then plug it in anew"
        )

    def test_where_no_udevd_runs_a_rule_would_not_help(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stick, "UDEVD", Path("/no/udevd"))
        plug("1-1", *READY)
        device("004", 0, 0, 0o660)
        said = stick.device_problem(USER) or ""
        assert said.endswith("; no udevd runs here to do it: chgrp plugdev and chmod 660 it")

    @pytest.mark.parametrize(
        ("owner", "group", "mode", "is_usable"),
        [
            ("root", "user", 0o660, True), ("root", "root", 0o660, False), ("root", "user", 0o640, False),
            ("user", "root", 0o600, True), ("user", "root", 0o400, False), ("root", "root", 0o666, True),
            ("user", "user", 0o066, False),
        ],
    )  # fmt: skip
    def test_by_owner_group_and_mode(self, owner: str, group: str, mode: int, is_usable: bool) -> None:
        plug("1-1", *READY)
        ids = {"user": uid(), "root": 0}
        device("004", ids[owner], ids[group], mode)
        assert (stick.device_problem(USER) is None) == is_usable

    def test_an_owner_without_a_name(self) -> None:
        plug("1-1", *READY)
        device("004", 54321, 54322, 0o600)
        assert "is 54321:54322's with mode 0600," in (stick.device_problem(USER) or "")

    def test_of_two_each_counts_and_of_others_none(self) -> None:
        plug("1-1", *READY, "4")
        plug("1-2", *LOADER, "5")
        plug("1-3", *HUB, "6")
        for name, mode in (("004", 0o666), ("005", 0o600), ("006", 0o600)):
            device(name, 0, 0, mode)
        assert "/001/005: " in (stick.device_problem(USER) or "")

    def test_what_is_unknown_is_no_problem(self) -> None:
        assert stick.device_problem(USER) is None  # nothing of the kernel's
        folder = plug("1-1", *READY)
        assert stick.device_problem(USER) is None  # no device file
        device("004", 0, 0, 0o600)
        for name, text in (("devnum", "../4"), ("devnum", "\u0664"), ("busnum", "")):
            (folder / name).write_text(text)
            assert stick.device_problem(USER) is None
        (folder / "busnum").unlink()
        assert stick.device_problem(USER) is None
        assert stick.device_problem("no-such-user") is None


class TestGroup:
    def test_members(self, monkeypatch: pytest.MonkeyPatch) -> None:
        groups = {
            "plugdev": grp.struct_group(("plugdev", "x", 46, [USER])),
            "own": grp.struct_group(("own", "x", uid(), [])),
        }
        monkeypatch.setattr(grp, "getgrnam", lambda name: groups[name])
        assert stick.is_member(USER, "plugdev")
        assert stick.is_member(USER, "own")
        assert not stick.is_member("root", "plugdev")
        assert not stick.is_member(USER, "other")
        assert not stick.is_member("no-such-user", "plugdev")

    def test_a_process_has_those_of_its_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        has = [*os.getgroups(), os.getgid()]
        for number, is_older in ((has[-1], False), (max(has) + 1, True)):
            monkeypatch.setattr(
                grp, "getgrnam", lambda _, number=number: grp.struct_group(("plugdev", "x", number, []))
            )
            assert stick.is_older(os.getpid()) == is_older
            assert not stick.is_older(2**22 + 1)  # nobody's number
