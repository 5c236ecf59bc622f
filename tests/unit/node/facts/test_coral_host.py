"""What a host is, and has, for a Coral stack: told from files, without running anything of the service's user."""

import grp
import os
import pwd
import sys
from pathlib import Path

import pytest

from node import layout
from node.coral import stick
from node.desired_state import DesiredState, File, Stack, Version
from node.facts import coral_host
from node.machine import services
from node.machine.services import Status
from node.protocol.facts import StackState
from node.store.service_set import SetStack
from tests.unit.node.places import USER, Place, installed, service_set

DEAD = Status("inactive", "dead", 0, "disabled", 0, is_outdated=False)
OURS = {"debian": "bookworm", "architecture": "amd64", "python": "3.11"}


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    version = Version("coral_packages", "2026-01-10", "cafe", tmp_path / "state" / "coral" / "d1", [])
    rule = installed(tmp_path / "coral.rules", "the rule", owner="root")
    return Stack(version, "d1", tensorflow="2.17.1", rule=rule, **OURS)


@pytest.fixture
def desired(place: Place, stack: Stack) -> DesiredState:
    """For a host whose service has the stack."""
    own = SetStack(stack.version.version, "cafe", "d1", Path("/bin/sh"), place.root, [])
    return place.desired(stack=stack, sets=[service_set("s1")._replace(stack=own)])


@pytest.fixture(autouse=True)
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Debian 12 on amd64 that has nothing for a stick, with the environment of a service in its home."""
    (tmp_path / "os-release").write_text('NAME="Debian"\nVERSION_CODENAME=bookworm\nID=debian\n')
    (tmp_path / "info").mkdir()
    monkeypatch.setattr(coral_host, "RELEASE", tmp_path / "os-release")
    monkeypatch.setattr(coral_host, "PACKAGES", tmp_path / "info")
    monkeypatch.setattr(stick, "UDEVD", tmp_path / "udev")
    monkeypatch.setattr(stick, "GROUP", "sys")
    monkeypatch.setattr(sys.implementation, "_multiarch", "x86_64-linux-gnu")
    monkeypatch.setattr(services, "status", lambda _: DEAD)
    environment = tmp_path / "home" / ".opencv"
    (environment / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    (environment / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.2\n")
    return tmp_path


def python(host: Path) -> Path:
    return host / "home" / ".opencv" / "bin" / "python"


def unfit(host: Path, stack: Stack) -> list[str]:
    return list(coral_host.unfit(stack, python(host)))


def test_a_stack_for_this_very_host(host: Path, stack: Stack) -> None:
    assert unfit(host, stack) == []


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("debian", "trixie", "built for Debian trixie, and this host has bookworm"),
        ("architecture", "arm64", "built for architecture arm64, and this host has amd64"),
        ("python", "3.13", "built for Python 3.13, and this host has 3.11"),
    ],
)
def test_a_stack_for_another_host(host: Path, stack: Stack, field: str, value: str, says: str) -> None:
    remedy = "give the host a stack for that with modelctl override, or set coral_packages=False for it"
    other = stack._replace(**{field: value})  # type: ignore[arg-type]
    assert unfit(host, other) == [f"coral_packages/2026-01-10: {says}; {remedy}"]


def test_the_processor_is_that_of_the_programs_not_of_the_kernel(
    host: Path, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Pi can run programs of 32 bits on a kernel of 64."""
    monkeypatch.setattr(sys.implementation, "_multiarch", "arm-linux-gnueabihf")
    [line] = unfit(host, stack._replace(architecture="arm64"))
    assert "this host has armhf" in line


def test_a_later_pip_writes_another_word(host: Path, stack: Stack) -> None:
    (host / "home" / ".opencv" / "pyvenv.cfg").write_text("version_info = 3.12.1.final.0\n")
    [line] = unfit(host, stack)
    assert "this host has 3.12;" in line


@pytest.fixture(params=["absent", "a folder", "a pipe", "letters of no text", "of no such word"])
def odd(request: pytest.FixtureRequest, host: Path) -> None:
    """The environment's own file, which its user can replace."""
    path = host / "home" / ".opencv" / "pyvenv.cfg"
    path.unlink()
    if request.param == "a folder":
        path.mkdir()
    elif request.param == "a pipe":
        os.mkfifo(path)
    elif request.param != "absent":
        path.write_bytes(b"\xff\xfe version = " if "letters" in request.param else b"home = /usr\n")


@pytest.mark.usefixtures("odd")
def test_what_the_environment_does_not_say_is_found_by_the_trial(host: Path, stack: Stack) -> None:
    assert unfit(host, stack._replace(python="3.9")) == []


def test_all_that_a_bare_host_needs(stack: Stack, desired: DesiredState) -> None:
    packages = stack.version._replace(files=[File("a.deb", "ab" * 32, 7, linked=False)])
    found = coral_host.state(stack._replace(version=packages), desired)
    assert found.room is not None
    assert (found.room.folder, found.room.needed) == (layout.coral(), {packages.label: 7})
    assert found._replace(room=None) == StackState(
        libusb=True, rule=True, group=True, to_restart=[], udevd=False, missing=True
    )


@pytest.mark.parametrize("name", ["libusb-1.0-0", "libusb-1.0-0:amd64"])
def test_a_prepared_host_needs_nothing(
    host: Path, stack: Stack, desired: DesiredState, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (host / "info" / f"{name}.list").touch()
    stack.rule.path.write_text("the rule")
    stack.rule.path.chmod(0o644)
    (host / "udev").touch()
    monkeypatch.setattr(stick, "GROUP", own_group(USER))
    assert coral_host.state(stack, desired)._replace(room=None) == StackState(
        libusb=False, rule=False, group=False, to_restart=[], udevd=True, missing=True
    )
    stack.rule.path.write_text("half of")
    assert coral_host.state(stack, desired).rule


def own_group(user: str) -> str:
    return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name


def test_another_architectures_package_is_none(host: Path, stack: Stack, desired: DesiredState) -> None:
    (host / "info" / "libusb-1.0-0:arm64.list").touch()
    assert coral_host.state(stack, desired).libusb


def test_what_the_predecessor_left_is_named(host: Path) -> None:
    assert coral_host.leftovers(python(host)) == []
    (host / "info" / "libedgetpu1-std:amd64.list").touch()
    site = host / "home" / ".opencv" / "lib" / "python3.11" / "site-packages"
    for name in ("pycoral-2.0.0.dist-info", "tflite_runtime-2.5.0.post1.dist-info", "numpy-1.24.4.dist-info"):
        (site / name).mkdir()
    assert coral_host.leftovers(python(host)) == [
        "libedgetpu1-std", f"{site}/pycoral-2.0.0.dist-info", f"{site}/tflite_runtime-2.5.0.post1.dist-info",
    ]  # fmt: skip


@pytest.mark.parametrize(("sub", "restarted"), [("running", ["engine"]), ("dead", [])])
def test_a_service_that_runs_is_to_be_started_anew(
    stack: Stack, desired: DesiredState, monkeypatch: pytest.MonkeyPatch, sub: str, restarted: list[str]
) -> None:
    active = "active" if sub == "running" else "inactive"
    monkeypatch.setattr(services, "status", lambda _: Status(active, sub, 7, "enabled", 0, is_outdated=False))
    assert coral_host.state(stack, desired).to_restart == restarted
