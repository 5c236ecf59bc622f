"""What the closing word says of each host, and that it says not more than was seen."""

from typing import Any

import pytest
from pyinfra.api import Host

from modelctl.closing.host_end import HostEnd, Standing
from node.protocol.facts import Facts
from operations import closing
from tests.unit.operations.engine import HOSTS, Engine, Run
from tests.unit.operations.hosts import with_set

CANARIES, OTHERS, LOG = "Switch the canaries", "Switch the other hosts", "Collect the deployment log"


def unhealthy(found: Facts, may_restart: bool) -> Facts:
    return with_set(found, health="no frame of Front came", may_restart=may_restart)


def standings(run: Run) -> dict[str, Standing]:
    return {name: end.standing for name, end in run.ends.items()}


def test_a_settled_fleet_is_unchanged_and_seen_to_run(engine: Engine) -> None:
    run = engine.run()
    assert standings(run) == dict.fromkeys(HOSTS, Standing.UNCHANGED)
    assert {name: end.runs for name, end in run.ends.items()} == {**dict.fromkeys(HOSTS, True), "deepend": None}
    assert run.foreseen == run.ends


def test_a_run_that_is_about_no_services_says_nothing_of_them(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that prepares hosts, of which nobody may know yet what they should run."""
    monkeypatch.setattr(closing._Ending, "is_of_services", False)
    assert {end.runs for end in engine.run().ends.values()} == {None}


def test_what_was_being_planned_when_the_run_was_broken_off(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """pyinfra lists an operation before it holds what that would do."""

    def end_of(host: Host, run: Any, is_whole: bool) -> HostEnd:
        host.op_hash_order.append("planned")
        found = original(host, run, is_whole)
        host.op_hash_order.remove("planned")
        return found

    original = closing._end_of
    monkeypatch.setattr(closing, "_end_of", end_of)
    engine.unsettle("lab1")
    assert engine.run().foreseen["lab1"].standing is Standing.WOULD_CHANGE


def test_an_update(engine: Engine) -> None:
    engine.unsettle("lab1", "east")
    run = engine.run()
    assert run.foreseen["lab1"] == HostEnd("lab1", Standing.WOULD_CHANGE, CANARIES, runs=False)
    assert run.foreseen["east"] == HostEnd("east", Standing.WOULD_CHANGE, OTHERS, runs=False)
    assert run.ends["lab1"] == HostEnd("lab1", Standing.CANARY, CANARIES, runs=True)
    assert run.ends["east"] == HostEnd("east", Standing.CHANGED, OTHERS, runs=True)
    assert run.ends["data1"] == HostEnd("data1", Standing.CHANGED, LOG, runs=True)
    assert run.ends["alpha5"] == HostEnd("alpha5", Standing.UNCHANGED, "", runs=True)


def test_who_goes_back_is_no_canary(engine: Engine) -> None:
    engine.unsettle("lab1")
    engine["lab1"].is_known_good = True
    assert engine.run().ends["lab1"].standing is Standing.CHANGED


@pytest.mark.parametrize(
    ("ending", "standing"),
    [
        ("returned", Standing.ROLLED_BACK),
        ("failed", Standing.FAILED),
        ("refused", Standing.REFUSED),
        ("unfit", Standing.REFUSED),
        ("lost", Standing.UNKNOWN),
        ("silent", Standing.UNKNOWN),
    ],
)
def test_a_switch_that_did_not_go_well_is_never_called_running(engine: Engine, ending: str, standing: Standing) -> None:
    engine.unsettle("sentinel")
    engine["sentinel"].ending = ending
    end = engine.run().ends["sentinel"]
    assert (end.standing, end.runs) == (standing, False)


def test_whom_a_canary_keeps_from_being_touched(engine: Engine) -> None:
    engine.unsettle("lab1", "east")
    engine["lab1"].ending = "returned"
    run = engine.run()
    assert run.ends["east"] == HostEnd(
        "east",
        Standing.NOT_TOUCHED,
        "lab1 rolled back to its old set; see why, mend the update, and run again",
        runs=False,
    )


def test_an_unreachable_host(engine: Engine) -> None:
    engine["east"].is_up = False
    run = engine.run()
    assert run.ends["east"] == HostEnd("east", Standing.NOT_REACHED, "nobody tried", runs=False)
    assert run.foreseen["east"] == run.ends["east"]
    assert run.ends["lab1"].standing is Standing.UNCHANGED


def test_a_run_whose_hosts_all_failed_was_not_broken_off(engine: Engine) -> None:
    engine.unsettle("lab1")
    engine["lab1"].ending = "returned"
    run = engine.run(limit=["lab1"])
    assert run.error is not None
    assert run.is_whole


def test_one_that_says_no_facts_is_not_called_running(engine: Engine) -> None:
    engine["east"].text = "welcome"
    end = engine.run().ends["east"]
    assert (end.standing, end.runs) == (Standing.FAILED, False)
    assert end.reason.startswith("gave no answer: the node's answer holds no facts")


def test_an_unhealthy_service_that_runs_the_wanted_set(engine: Engine) -> None:
    engine["lab1"].answer = unhealthy(engine["lab1"].answer, may_restart=False)
    end = engine.run().ends["lab1"]
    assert (end.standing, end.runs) == (Standing.FAILED, False)
    assert end.reason == "runs what it should, but imagenode: no frame of Front came; look at it, and run again"


def test_a_run_that_is_broken_off(engine: Engine) -> None:
    engine.unsettle("lab1", "east")
    engine["lab1"].seconds = 60
    run = engine.run(seconds=5)
    assert run.error is not None
    assert run.ends["lab1"] == HostEnd("lab1", Standing.UNKNOWN, run.ends["lab1"].reason, runs=False)
    assert run.ends["lab1"].reason.startswith("no answer to the switch")
    assert run.ends["east"] == HostEnd("east", Standing.NOT_FINISHED, "nothing was done", runs=False)


def test_y_predicts_nothing(engine: Engine) -> None:
    run = engine.run("yes")
    assert {end.standing for end in run.foreseen.values()} == {Standing.NOT_PREDICTED}
    assert not any(end.runs for end in run.foreseen.values())


def test_only_the_hosts_of_the_run_are_named(engine: Engine) -> None:
    assert set(engine.run(limit=["lab1"]).ends) == {"lab1"}
