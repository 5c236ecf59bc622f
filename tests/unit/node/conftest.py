"""The node program's own folders, moved below a test's; and what is asked of the registry."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node import layout
from node.desired_state import Source, Stack
from node.health import health, last_words, work
from node.machine import services
from node.machine.services import Status
from node.pull import transfer
from node.store import lock, pending_switch, sets
from tests.unit.node import wheels
from tests.unit.node.places import Place, uid


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that the service's user can look into; another run of pytest would close its own to others."""
    with tempfile.TemporaryDirectory(prefix="sentinelcam-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(autouse=True)
def moved_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's own is touched."""
    if os.geteuid() != 0:
        pytest.skip("the node program runs as root: it gives files to the service's user")
    monkeypatch.setattr(layout, "STATE", tmp_path / "state")
    monkeypatch.setattr(layout, "RUNTIME", tmp_path / "run")
    monkeypatch.setattr(layout, "UNITS", tmp_path / "units")
    monkeypatch.setattr(layout, "TIMER_STAMPS", tmp_path / "stamps")
    monkeypatch.setattr(layout, "USB", tmp_path / "bus" / "usb" / "devices")
    monkeypatch.setattr(layout, "USB_NODES", tmp_path / "usb-nodes")
    monkeypatch.setattr(layout, "CONSOLE_COMMAND", tmp_path / "sbin" / "sentinelcam-node")


@pytest.fixture(autouse=True)
def at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that systemd shows as running does its work."""
    monkeypatch.setattr(work, "look", lambda *_: work.Look(work.WORKS))


@pytest.fixture(autouse=True)
def quick_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine's disk takes its time; of what a test sees a sync changes nothing."""
    monkeypatch.setattr(os, "fsync", os.fstat)  # which fails as it does for what is not open


@pytest.fixture
def state() -> Path:
    """The state folder of the node program."""
    return layout.STATE


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that another holds is not tried again."""
    monkeypatch.setattr(lock, "PATIENCE", 0)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose programs stand in for the system's."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What systemd was told, for a service that runs, stays healthy, and whose unit file has changed."""
    words: list[str] = []

    def control(*said: str, **_: object) -> None:
        words.append(" ".join(said))
        if said == ("start", "engine.service"):  # what the unit runs before each start notes the set
            layout.RUNTIME.mkdir(exist_ok=True)
            layout.started("engine").write_text(str(sets.digest_of("engine", sets.CHOSEN)))

    monkeypatch.setattr(services, "status", lambda _: Status("active", "running", 7, "enabled", 0, is_outdated=True))
    monkeypatch.setattr(services, "control", control)
    monkeypatch.setattr(services, "stop", lambda unit, _: words.append("stop " + unit))
    monkeypatch.setattr(last_words, "in_journal", lambda _: ["first", "last"])
    monkeypatch.setattr(health, "wait", lambda _: None)
    return words


@pytest.fixture
def done(tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What systemd was told, on a node of whose first boot the notes are."""
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("boot 1\n")
    monkeypatch.setattr(pending_switch, "BOOT_ID", boot_id)
    monkeypatch.setattr(services, "status", lambda _: Status("active", "running", 7, "enabled", 0, is_outdated=False))
    return told


@pytest.fixture
def rebooted(tmp_path: Path, done: list[str]) -> None:
    assert not done
    (tmp_path / "boot_id").write_text("boot 2\n")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder of the service's user."""
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, uid(), uid())
    return home


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Where a stack's packages are to lie."""
    return tmp_path / "packages"


@pytest.fixture
def stack(packages: Path) -> Stack:
    """A stack whose packages lie there."""
    return wheels.packages(packages)


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were asked of the registry."""
    names: list[str] = []
    fetch = transfer.fetch

    def record(source: Source, wanted: list[str], *rest: Any) -> None:
        names.extend(wanted)
        fetch(source, wanted, *rest)

    monkeypatch.setattr(transfer, "fetch", record)
    return names
