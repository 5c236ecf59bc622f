import pytest

from node import layout
from node.errors import Refusal
from node.store import lock, pending_switch
from node.store.pending_switch import PendingSwitch
from node.store.service_set import Link
from node.switch import automatic_rollback
from tests.unit.node.places import Place, begun
from tests.unit.node.recoveries import died, line, stored
from tests.unit.node.switches import chosen, config

pytestmark = pytest.mark.usefixtures("done")


class TestAtBoot:
    """After a power cut; the boot starts the services."""

    @pytest.mark.usefixtures("rebooted")
    def test_it_chooses_the_set_before_and_has_it_started(self, place: Place, done: list[str]) -> None:
        died(place)
        automatic_rollback.recover_at_boot()
        assert line() == "engine: rolled back to d1: the node went down during the switch"
        assert (chosen(), config(place)) == (("d1", "d0"), "d1")
        assert done == ["start --no-block engine.service"]

    @pytest.mark.usefixtures("rebooted")
    def test_without_another_set_the_new_one_is_started(self, place: Place, done: list[str]) -> None:
        died(place, old=None, previous=None)
        automatic_rollback.recover_at_boot()
        assert line() == (
            "engine: failed, d2 stays chosen: the node went down during the switch; there is no other set to "
            "roll back to"
        )
        assert chosen() == ("d2", None)
        assert done == ["enable --quiet engine.service", "start --no-block engine.service"]

    @pytest.mark.usefixtures("rebooted")
    def test_a_power_cut_during_a_return_is_told_with_what_the_return_was_for(self, place: Place) -> None:
        died(place)
        pending_switch.put(begun("d2", "d1", "d0")._replace(reason="it was unhealthy"))
        automatic_rollback.recover_at_boot()
        assert line() == "engine: rolled back to d1: it was unhealthy"

    @pytest.mark.usefixtures("rebooted")
    @pytest.mark.usefixtures("impatient")
    def test_an_operator_who_is_quicker_is_left_alone_and_the_return_tried_again(
        self, place: Place, done: list[str]
    ) -> None:
        died(place)
        with (
            lock.held(layout.switch_lock("engine"), "switch", "ben@ramrod", "pyinfra"),
            pytest.raises(Refusal, match=r"^engine: another switch is running here: ben@ramrod"),
        ):
            automatic_rollback.recover_at_boot()
        assert chosen() == ("d2", "d1")
        assert done == ["start --no-block sentinelcam-recover@engine.service"]

    def test_a_note_of_this_boot_is_a_running_switchs(self, place: Place) -> None:
        died(place)
        automatic_rollback.recover_at_boot()
        assert pending_switch.read("engine") is not None
        assert chosen() == ("d2", "d1")

    def test_on_a_bare_node(self) -> None:
        automatic_rollback.recover_at_boot()

    @pytest.mark.usefixtures("rebooted")
    def test_one_service_fails_and_the_others_are_recovered(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        died(place)
        for name in ("bad", "worse"):
            layout.sets(name).mkdir(parents=True)
        read = pending_switch.read_or_set_aside

        def fail(service: str) -> PendingSwitch | None:
            if service != "engine":
                raise Refusal("its disk fails")
            return read(service)

        monkeypatch.setattr(pending_switch, "read_or_set_aside", fail)
        with pytest.raises(Refusal, match=r"^bad: its disk fails; worse: its disk fails$"):
            automatic_rollback.recover_at_boot()
        assert chosen() == ("d1", "d0")

    @pytest.mark.usefixtures("rebooted")
    def test_a_note_that_nobody_can_read_goes_aside(self, place: Place) -> None:
        """H3: and keeps no boot from the others."""
        died(place)
        layout.sets("bad").mkdir(parents=True)
        layout.pending("bad").write_text("")
        automatic_rollback.recover_at_boot()
        assert chosen() == ("d1", "d0")
        assert pending_switch.read("bad") is None

    @pytest.mark.usefixtures("rebooted")
    def test_a_disk_that_cannot_be_written_is_said(self, place: Place) -> None:
        died(place)
        stored(place, "d1", links=[Link(place.root / "home" / "engine.yaml" / "x", "y")])
        with pytest.raises(Refusal, match=r"^engine: "):
            automatic_rollback.recover_at_boot()
        assert pending_switch.read("engine") is not None
