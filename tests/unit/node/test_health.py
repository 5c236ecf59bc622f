import itertools
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import health, services, stamps
from node.errors import Refusal
from node.orders import Named
from node.services import Status
from tests.unit.node.places import LIMITS, installed, service_set

UP = Status("active", "running", 7, "enabled", 0)
STARTING = Status("activating", "start-pre", 0, "enabled", 0)
CRASHED = Status("activating", "auto-restart", 0, "enabled", 0)
PATIENT = LIMITS._replace(health_deadline=60, settle=3)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, as pytest's own is not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def model(folder: Path, *, linked: bool = False) -> Named:
    path = folder / "cats.bin"
    path.write_bytes(b"meow")
    path.chmod(0o644)
    return Named(path, "ab" * 32, linked)


class TestUnready:
    def test_verified_and_readable(self, folder: Path) -> None:
        named = model(folder)
        stamps.put(named.path, named.sha256)
        assert health.unready(service_set("d", installed(folder / "c", ""), named=[named])) is None

    def test_missing(self, folder: Path) -> None:
        named = Named(folder / "absent", "ab" * 32, linked=True)
        assert health.unready(service_set("d", named=[named])) == f"{folder}/absent: missing; run deploys/models.py"

    def test_not_verified(self, folder: Path) -> None:
        named = model(folder)
        assert health.unready(service_set("d", named=[named])) == (
            f"{named.path}: not verified with its pinned SHA-256 abababababab; run deploys/models.py"
        )

    def test_a_linked_file_is_the_nodes_own(self, folder: Path) -> None:
        assert health.unready(service_set("d", named=[model(folder, linked=True)])) is None

    def test_not_readable_by_the_services_user(self, folder: Path) -> None:
        named = model(folder, linked=True)
        named.path.chmod(0o600)
        wanted = service_set("d", installed(folder / "c", ""), named=[named])
        assert health.unready(wanted) == f"{named.path}: not readable by nobody; check owner and mode"

    def test_an_unknown_user_is_refused(self, folder: Path) -> None:
        wanted = service_set("d", installed(folder / "c", "", owner="no-such-user"))
        with pytest.raises(Refusal, match=r"^user no-such-user: not on this node"):
            health.unready(wanted)


class TestWait:
    @pytest.fixture(autouse=True)
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each look takes a second."""
        seconds = itertools.count()
        monkeypatch.setattr(time, "monotonic", lambda: next(seconds))
        monkeypatch.setattr(time, "sleep", lambda _: None)

    def looks(self, monkeypatch: pytest.MonkeyPatch, *statuses: Status) -> None:
        """What systemd shows, look by look; the last stays."""
        shown = itertools.chain(statuses, itertools.repeat(statuses[-1]))
        monkeypatch.setattr(services, "status", lambda _: next(shown))

    def test_up_for_the_settle_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, UP)
        assert health.wait(service_set("d"), PATIENT) is None

    def test_a_slow_start_within_the_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, *[STARTING] * 30, UP)
        assert health.wait(service_set("d"), PATIENT) is None

    def test_a_start_past_the_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, STARTING)
        assert health.wait(service_set("d"), PATIENT) == ("engine.service is activating, expected active within 60 s")

    def test_a_crash_is_told_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, UP, UP, CRASHED)
        assert health.wait(service_set("d"), PATIENT) == (
            "engine.service ended after its start (activating, auto-restart)"
        )

    def test_a_restart_between_two_looks_is_a_crash(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, UP, UP, UP._replace(restarts=1))
        assert health.wait(service_set("d"), PATIENT) == "engine.service ended after its start (active, running)"

    def test_restarts_before_this_start_do_not_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, UP._replace(restarts=12))
        assert health.wait(service_set("d"), PATIENT) is None

    def test_the_settle_time_begins_anew_when_it_was_unwell(self, monkeypatch: pytest.MonkeyPatch) -> None:
        limits = PATIENT._replace(health_deadline=6, settle=3)
        self.looks(monkeypatch, UP, UP, UP, STARTING, UP)
        assert health.wait(service_set("d"), limits) == "engine.service: did not settle within 6 s"

    def test_a_closed_port(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, UP)
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            assert health.wait(service_set("d")._replace(control_port=port), PATIENT) is None
        assert health.wait(service_set("d")._replace(control_port=port), PATIENT) == (
            f"engine.service: port {port} is closed, expected open within 60 s"
        )
