import itertools
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import health, services, stamps
from node.errors import Refusal
from node.orders import Named, ServiceSet
from node.services import Status
from tests.unit.node.places import GATE, installed, service_set

UP = Status("active", "running", 7, "enabled", 0, False)
STARTING = Status("activating", "start-pre", 0, "enabled", 0, False)
CRASHED = Status("activating", "auto-restart", 0, "enabled", 0, False)


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
        stamps.put(named.path, stamps.read(named.path)._replace(sha256=named.sha256))
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


def patient(**gate: object) -> ServiceSet:
    """A set whose service must stay well for three seconds."""
    return service_set("d")._replace(gate=GATE._replace(**{"settle": 3, **gate}))  # type: ignore[arg-type]


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
        assert health.wait(patient()) is None

    def test_no_longer_than_that(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The last look is at its end, whatever the pause between two others."""
        clock = [0.0]
        monkeypatch.setattr(time, "monotonic", lambda: clock[0])
        monkeypatch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
        self.looks(monkeypatch, UP)
        monkeypatch.setattr(health, "PAUSE", 0.7)
        assert health.wait(patient()) is None
        assert clock[0] == pytest.approx(3.0)
        self.looks(monkeypatch, STARTING)
        assert health.wait(patient(deadline=6)) == "engine.service is activating, expected active within 6 s"
        assert clock[0] == pytest.approx(3.0 + 9 * 0.7)  # the first look after the deadline

    def test_a_slow_start_within_the_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, *[STARTING] * 30, UP)
        assert health.wait(patient()) is None

    def test_a_start_past_the_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, STARTING)
        assert health.wait(patient()) == ("engine.service is activating, expected active within 60 s")

    def test_a_crash_is_told_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, UP, UP, CRASHED)
        assert health.wait(patient()) == ("engine.service ended after its start (activating, auto-restart)")

    def test_a_restart_between_two_looks_is_a_crash(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, UP, UP, UP._replace(restarts=1))
        assert health.wait(patient()) == "engine.service ended after its start (active, running)"

    def test_restarts_before_this_start_do_not_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, UP._replace(restarts=12))
        assert health.wait(patient()) is None

    def test_the_settle_time_begins_anew_when_it_was_unwell(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, *[UP, UP, UP, STARTING] * 2, UP, UP, UP, CRASHED)
        assert health.wait(patient()) == "engine.service ended after its start (activating, auto-restart)"

    def test_well_at_the_last_moment_it_gets_its_settle_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, *[STARTING] * 4, UP)
        assert health.wait(patient(deadline=6)) is None
        self.looks(monkeypatch, *[STARTING] * 4, UP, UP, STARTING)
        assert health.wait(patient(deadline=6)) == "engine.service is activating, expected active within 6 s"

    def test_a_closed_port(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, UP)
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            assert health.wait(patient()._replace(control_port=port)) is None
        assert health.wait(patient()._replace(control_port=port)) == (
            f"engine.service: port {port} is closed, expected open within 60 s"
        )

    def test_a_port_that_opens_late_but_in_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, UP)
        closed = iter([False] * 20)
        monkeypatch.setattr(health, "_is_open", lambda _: next(closed, True))
        assert health.wait(patient()._replace(control_port=5566)) is None

    def test_a_failed_unit_is_told_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks(monkeypatch, UP._replace(active="failed", sub="failed"))
        assert health.wait(patient()) == "engine.service ended after its start (failed, failed)"

    def test_a_file_that_cannot_be_used_any_more(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.looks(monkeypatch, UP)
        wanted = patient()._replace(named_files=[Named(tmp_path / "absent", "ab", linked=False)])
        assert health.wait(wanted) == f"{tmp_path}/absent: missing; run deploys/models.py"

    @pytest.mark.parametrize("check", ["restarts", "port", "files"])
    def test_a_gate_checks_only_what_it_names(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, check: str
    ) -> None:
        """All three are wrong."""
        self.looks(monkeypatch, UP, UP._replace(restarts=1))
        monkeypatch.setattr(health, "_is_open", lambda _: False)
        named = [Named(tmp_path / "absent", "ab", linked=False)]
        assert health.wait(patient(checks=[])._replace(control_port=5566, named_files=named)) is None
        self.looks(monkeypatch, UP, UP._replace(restarts=1))
        found = health.wait(patient(checks=[check])._replace(control_port=5566, named_files=named))
        assert found is not None
        assert {"restarts": "ended after", "port": "port 5566 is closed", "files": "absent: missing"}[check] in found


class TestCheck:
    """The state at this moment, for whoever asks."""

    def test_a_service_that_is_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "status", lambda _: UP)
        assert health.check(service_set("d")) is None

    def test_one_that_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "status", lambda _: CRASHED)
        assert health.check(service_set("d")) == "engine.service is activating, expected active"

    def test_one_that_runs_without_its_model(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(services, "status", lambda _: UP)
        wanted = service_set("d", named=[Named(tmp_path / "absent", "ab", linked=False)])
        assert health.check(wanted) == f"{tmp_path}/absent: missing; run deploys/models.py"

    @pytest.mark.parametrize("state", ["stopped", "disabled"])
    def test_one_that_is_not_to_run_is_well(self, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
        monkeypatch.setattr(services, "status", lambda _: CRASHED)
        assert health.check(service_set("d", state=state)) is None
