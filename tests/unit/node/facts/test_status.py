import pytest

from node import codec, layout
from node.facts import status
from node.machine import services
from node.machine.services import Status as UnitStatus
from node.protocol.facts import NodeService, Status
from node.store import files, history, lock, pending_switch, sets
from node.store.service_set import Link, Named, ServiceSet
from node.switch import installation
from tests.unit.node.places import Place, begun, installed, request, service_set

UP = UnitStatus("active", "running", 7, "enabled", 0, False)
DOWN = UnitStatus("inactive", "dead", 0, "", 0, False)
DIGEST, OLD = "0123456789abcdef" * 4, "fedcba9876543210" * 4


@pytest.fixture(autouse=True)
def up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "status", lambda _: UP)
    monkeypatch.setattr(history, "now", lambda: "2026-11-22T23:40:00Z")


@pytest.fixture
def settled(place: Place) -> ServiceSet:
    """A set that is chosen, installed and started from."""
    wanted = service_set(
        DIGEST, installed(place.root / "engine.yaml", "new"), links=[Link(place.root / "current", "list_1.csv")]
    )
    sets.put(wanted, "c0ffee" * 6 + "c0ff", "0.1.0 decade")
    sets.choose("engine", DIGEST, OLD)
    installation.install("engine")
    files.folder(layout.RUNTIME)
    layout.started("engine").write_text(DIGEST)
    return wanted


def found() -> NodeService:
    return status.status().services["engine"]


def test_a_bare_node() -> None:
    assert status.status() == Status({}, None, references={})
    assert status.text(status.status()) == "nothing was deployed to this node yet"


@pytest.mark.usefixtures("settled")
class TestStatus:
    def test_all_of_a_settled_service(self) -> None:
        history.add(request(DIGEST), OLD, history.CHOSEN, None)
        assert codec.encode(found()) == {
            "unit": "engine.service",
            "state": "running",
            "active": True,
            "chosen": DIGEST,
            "previous": OLD,
            "live": DIGEST,
            "models": {"cats": "2026-01-01"},
            "manifests": {"cats": "ab" * 32},
            "commit": "c0ffee" * 6 + "c0ff",
            "product": "0.1.0 decade",
            "health": None,
            "drift": [],
            "pending": None,
            "last": codec.encode(history.entries()[0]),
            "leftovers": [],
            "code": None,
            "queue": None,
            "coral": None,
        }

    def test_the_program_that_the_units_run(self) -> None:
        files.folder(layout.program())
        files.link(layout.program() / "current", "p1")
        assert status.status().program == "p1"

    def test_what_its_sets_name(self) -> None:
        assert status.status().references is None  # the previous set is not there
        sets.put(service_set(OLD)._replace(models={"cats": "2025-01-01"}), "c0ffee")
        assert status.status().references == dict.fromkeys(["cats/2025-01-01", "cats/2026-01-01"], "in a set of engine")

    def test_what_does_not_run_is_of_no_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "status", lambda _: DOWN)
        assert (found().live, found().active) == (None, False)
        assert found().health == "unhealthy: engine.service is inactive, expected active"

    def test_a_process_of_a_set_that_nobody_knows(self) -> None:
        layout.started("engine").unlink()
        assert (found().live, found().active) == (None, True)

    def test_a_process_of_another_set(self) -> None:
        layout.started("engine").write_text(OLD)
        assert found().live == OLD

    def test_drift_is_named(self, place: Place) -> None:
        (place.root / "engine.yaml").write_text("by hand")
        (place.root / "current").unlink()
        (place.root / "current").symlink_to("list_2.csv")
        assert found().drift == [
            f"{place.root}/engine.yaml differs",
            f"{place.root}/current names list_2.csv, expected list_1.csv",
        ]
        (place.root / "current").unlink()
        assert f"{place.root}/current names nothing, expected list_1.csv" in found().drift

    def test_ill_health_is_named(self, place: Place, settled: ServiceSet) -> None:
        sets.put(settled._replace(named_files=[Named(place.root / "absent", "ab", linked=False)]), "c0ffee")
        assert found().health == f"unhealthy: {place.root}/absent: missing; run deploys/models.py"

    def test_a_service_that_is_not_to_run_is_well(self, settled: ServiceSet, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "status", lambda _: DOWN)
        sets.put(settled._replace(state="stopped"), "c0ffee")
        assert (found().health, found().state) == (None, "stopped")

    def test_a_set_that_is_not_whole(self) -> None:
        (layout.sets("engine") / DIGEST / "set.json").unlink()
        assert str(found().health).startswith(f"{layout.sets('engine')}/{DIGEST}: set cannot be read")
        assert found().chosen == DIGEST

    def test_nothing_chosen(self) -> None:
        (layout.sets("engine") / "chosen").unlink()
        assert (found().chosen, found().health) == (None, "no set is chosen")

    def test_a_switch_that_died(self) -> None:
        pending_switch.put(begun(DIGEST, OLD))
        assert codec.encode(found().pending) == {
            "running": False,
            "operator": "anna@ramrod",
            "purpose": "pyinfra inventory.py",
            "commit": "c0ffee",
            "time": "2026-11-22T23:40:00Z",
            "from": OLD,
            "to": DIGEST,
        }

    def test_a_switch_that_runs(self) -> None:
        pending_switch.put(begun(DIGEST, OLD))
        with lock.held(layout.switch_lock("engine"), "switch", "anna@ramrod", "it"):
            pending = found().pending
        assert pending is not None
        assert pending.running is True


@pytest.mark.usefixtures("settled")
class TestText:
    def text(self) -> list[str]:
        return status.text(status.status()).splitlines()

    def test_a_settled_service(self) -> None:
        history.add(request(DIGEST), OLD, history.CHOSEN, None)
        assert self.text() == [
            "engine (engine.service)",
            "  chosen    0123456789ab, by commit c0ffeec0ffee, release 0.1.0 decade",
            "  live      0123456789ab",
            "  previous  fedcba987654",
            "  model     cats 2026-01-01, manifest abababababab",
            "  health    healthy",
            "  last      2026-11-22T23:40:00Z node#1 engine chosen fedcba987654 -> 0123456789ab commit c0ffee "
            "by anna@ramrod: pyinfra inventory.py",
        ]

    def test_an_unsettled_one(self, place: Place) -> None:
        layout.started("engine").unlink()
        (place.root / "engine.yaml").write_text("by hand")
        pending_switch.put(begun(DIGEST, OLD))
        sets.choose("engine", DIGEST, None)
        assert self.text()[2:4] == ["  live      nothing that is known", "  previous  none"]
        assert self.text()[-2:] == [
            f"  drift     {place.root}/engine.yaml differs",
            "  pending   a switch to 0123456789ab by anna@ramrod since 2026-11-22T23:40:00Z, died; the set before is "
            "chosen again at the next boot or deploy",
        ]

    def test_a_switch_that_runs(self) -> None:
        pending_switch.put(begun(DIGEST, OLD))
        with lock.held(layout.switch_lock("engine"), "switch", "anna@ramrod", "it"):
            assert self.text()[-2:] == [
                "  pending   a switch to 0123456789ab by anna@ramrod since 2026-11-22T23:40:00Z, running now",
                "a switch of engine is running since 2026-11-22T23:40:00Z, by anna@ramrod: it waits until the service "
                "is healthy; it",
            ]

    @pytest.mark.parametrize("state", ["stopped", "disabled"])
    def test_one_that_is_not_to_run(self, settled: ServiceSet, state: str) -> None:
        sets.put(settled._replace(state=state), "c0ffee")
        assert f"  health    {state}, as the site says" in self.text()

    def test_an_unhealthy_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "status", lambda _: DOWN)
        assert "  health    unhealthy: engine.service is inactive, expected active" in self.text()
