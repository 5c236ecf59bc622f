from pathlib import Path

import pytest

from node import layout, protocol
from node.desired_state import DesiredState
from node.errors import Refusal
from node.facts import facts
from node.machine import services
from node.machine.services import Status
from node.protocol.facts import DatasinkState, Facts, Logged, LogLine, Missing, PullAccess, Room, SetState
from node.pull import access
from node.registry import deployment_log, primary
from node.store import checksum_cache, files, history, lock, pending_switch, sets, versions
from node.store.service_set import Link, Named, ServiceSet
from node.switch import installation
from tests.unit.node import places
from tests.unit.node.places import USER, Place, begun, installed, manifest_of, request, service_set, sha256

DIFF, FULL = places.NO_OPTIONS._replace(diff=True), places.NO_OPTIONS._replace(full=True)
UP = Status("active", "running", 7, "enabled", 0, False)


@pytest.fixture(autouse=True)
def status(monkeypatch: pytest.MonkeyPatch) -> dict[str, Status]:
    """What systemd says of each unit; all others are up."""
    units: dict[str, Status] = {}
    monkeypatch.setattr(services, "status", lambda unit: units.get(unit, UP))
    return units


@pytest.fixture
def settled(place: Place) -> ServiceSet:
    """A set that is chosen, installed and started from."""
    wanted = service_set("d1", installed(place.root / "engine.yaml", "new"))
    sets.put(wanted, "c0ffee")
    sets.choose("engine", "d1", None)
    installation.install("engine")
    files.folder(layout.RUNTIME)
    layout.started("engine").write_text("d1")
    return wanted


def reasons(place: Place, wanted: ServiceSet) -> list[str]:
    return facts.gather(place.desired(sets=[wanted])).sets["engine"].reasons


def of_the_datasink(desired: DesiredState) -> DatasinkState:
    found = facts.gather(desired).datasink
    assert found is not None
    return found


def _never_deployed(place: Place) -> SetState:
    return SetState(
        chosen=None,
        models={},
        commit=None,
        last=None,
        known_good=False,
        differences=[
            "chosen set none, wanted d1",
            f"{place.root}/engine.yaml differs",
            "engine.service is absent, expected enabled",
            "engine.service is inactive",
        ],
        not_ready=None,
        health=None,
        may_restart=False,
        queue=None,
        live={},
    )


def test_a_bare_node(place: Place, status: dict[str, Status]) -> None:
    status["engine.service"] = Status("inactive", "dead", 0, "", 0, False)
    version = place.wanted("cats", "2026-01-01", {"cats.bin": b"meow"})
    wanted = service_set("d1", installed(place.root / "engine.yaml", "new"))
    desired = place.desired(version, sets=[wanted])
    desired = desired._replace(folders=[place.root, place.models])
    answer = facts.gather(desired)
    assert protocol.loads(Facts, protocol.dumps(answer)) == answer
    assert answer.room is not None
    assert answer == Facts(
        room=Room(place.models, {"cats/2026-01-01": 4}, answer.room.free, 0, {"cats/2026-01-01": 0}),
        current_program=None,
        damaged=[],
        absent_folders=[place.models],
        missing_versions=["cats/2026-01-01"],
        stack=None,
        face_list=[],
        sets={"engine": _never_deployed(place)},
        pull_access=PullAccess(public_key=None, certificate=None, known_hosts=None),
        history=[],
        missing=Missing(access=[], coral=[], models=[], configs=[]),
        remarks=[],
        datasink=None,
        references={},
    )


def test_staging_that_others_can_enter_is_told_as_a_folder_to_be_made(place: Place) -> None:
    list_version = place.wanted("faces", "2026-01-01", {"facelist.csv": b"date,event"})
    list_version = list_version._replace(directory=place.root / "lists")
    paths = [place.root / "lists" / ".staging", place.staging]
    for path in paths:
        path.mkdir(parents=True, mode=0o755)
    desired = place.desired(place.wanted("cats", "2026-01-01", {"cats.bin": b"meow"}))._replace(face_list=list_version)
    assert facts.gather(desired).absent_folders == sorted(paths)
    for path in paths:
        path.chmod(0o700)
    assert facts.gather(desired).absent_folders == []


def test_a_settled_set_has_no_reason_to_move(place: Place, settled: ServiceSet) -> None:
    assert reasons(place, settled) == []
    answer = facts.gather(place.desired(sets=[settled])).sets["engine"]
    assert (answer.models, answer.commit) == ({"cats": "2026-01-01"}, "c0ffee")


def test_a_process_of_another_set_is_a_difference(place: Place, settled: ServiceSet) -> None:
    layout.started("engine").write_text("d0")
    assert reasons(place, settled) == ["engine.service was started from another set"]


def test_a_unit_that_systemd_has_not_read_again_is_a_difference(
    place: Place, settled: ServiceSet, status: dict[str, Status]
) -> None:
    status["engine.timer"] = UP._replace(is_outdated=True)
    assert reasons(place, settled._replace(timers=["engine.timer"])) == [
        "engine.timer has changed since systemd read it"
    ]


def test_a_link_to_another_file_is_a_difference(place: Place, settled: ServiceSet) -> None:
    link = Link(place.root / "current", "list_2.csv")
    assert reasons(place, settled._replace(links=[link])) == [
        f"{place.root}/current names nothing, expected list_2.csv"
    ]


class TestPending:
    """A switch that has begun and not ended."""

    def test_one_that_died_is_a_difference(self, place: Place, settled: ServiceSet) -> None:
        pending_switch.put(begun("d1", "d0"))
        assert reasons(place, settled) == ["a switch by anna@ramrod died at 2026-11-22T23:40:00Z"]

    def test_one_that_runs_is_none(self, place: Place, settled: ServiceSet) -> None:
        pending_switch.put(begun("d1", "d0"))
        with lock.held(layout.switch_lock("engine"), "switch", "anna@ramrod", "it"):
            assert reasons(place, settled) == []


def test_a_service_that_is_to_run_again_is_a_difference(place: Place, settled: ServiceSet) -> None:
    sets.put(settled._replace(state="stopped"), "c0ffee")
    assert reasons(place, settled) == ["engine.service was told stopped, wanted running"]


class TestHistory:
    def test_the_last_lines_and_each_services_last(self, place: Place, settled: ServiceSet) -> None:
        for number in range(history.RECENT + 5):
            history.add(request(f"d{number}"), None, history.CHOSEN, None)
        history.add(request("d")._replace(service="other"), None, history.REFUSED, "why")
        answer = facts.gather(place.desired(sets=[settled]))
        assert [entry.n for entry in answer.history] == list(range(7, history.RECENT + 7))
        last = answer.sets["engine"].last
        assert last is not None
        assert last.to == f"d{history.RECENT + 4}"

    def test_the_primary_datasink_says_what_its_log_holds(self, place: Place) -> None:
        told = place.told()
        desired = place.desired(datasink=told)
        assert of_the_datasink(desired).logged == {}
        history.add(request("d1"), None, history.CHOSEN, None)
        deployment_log.append(told.log, desired.owner, history.entries())
        [entry] = history.entries()
        assert of_the_datasink(desired).logged == {"node": Logged([LogLine(1, entry.time)], since="")}

    def test_another_host_has_no_log(self, place: Place) -> None:
        assert facts.gather(place.desired()).datasink is None


def test_a_disabled_timer_is_a_difference(place: Place, settled: ServiceSet, status: dict[str, Status]) -> None:
    status["engine.timer"] = UP._replace(enabled="disabled")
    assert reasons(place, settled._replace(timers=["engine.timer"])) == ["engine.timer is disabled, expected enabled"]


def test_a_stopped_service_is_left_so(place: Place, settled: ServiceSet, status: dict[str, Status]) -> None:
    status["engine.service"] = Status("inactive", "dead", 0, "disabled", 0, False)
    named = Named(place.root / "absent", "ab", linked=False)
    sets.put(settled._replace(state="stopped"), "c0ffee")
    assert reasons(place, settled._replace(state="stopped", named_files=[named])) == []


def test_a_model_that_is_not_ready_is_told_apart_from_the_sets_own_differences(
    place: Place, settled: ServiceSet
) -> None:
    named = Named(place.root / "absent", "ab", linked=False)
    answer = facts.gather(place.desired(sets=[settled._replace(named_files=[named])])).sets["engine"]
    assert answer.differences == []
    assert answer.not_ready == f"{place.root}/absent: missing; run deploys/models.py"


def test_a_damaged_chosen_set_that_is_wanted_is_mended_and_no_reason_to_move(place: Place, settled: ServiceSet) -> None:
    (layout.sets("engine") / "d1" / "files" / sha256(b"new")).unlink()
    answer = facts.gather(place.desired(sets=[settled]))
    assert reasons(place, settled) == []
    assert answer.damaged == [f"{layout.sets('engine')}/d1: damaged; it is stored anew"]
    assert answer.sets["engine"].models == settled.models


def test_a_damaged_chosen_set_that_is_not_wanted_is_a_difference_and_no_dead_end(
    place: Place, settled: ServiceSet
) -> None:
    (layout.sets("engine") / "d1" / "set.json").write_bytes(b"")
    assert "chosen set d1, wanted d2" in reasons(place, settled._replace(digest="d2"))


def test_live_files_are_shown_only_when_asked_for(place: Place, settled: ServiceSet) -> None:
    (place.root / "engine.yaml").write_text("by hand")
    path = str(place.root / "engine.yaml")
    assert facts.gather(place.desired(sets=[settled], options=DIFF)).sets["engine"].live == {path: "by hand"}
    assert facts.gather(place.desired(sets=[settled])).sets["engine"].live == {}


def test_verify_full_reads_what_the_cache_holds(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    version = place.held("cats", "2026-01-01", {"cats.bin": b"meow"})
    versions.record(version)
    monkeypatch.setattr(checksum_cache, "holds", lambda *_: True)
    (version.directory / "cats.bin").write_bytes(b"woof")
    assert facts.gather(place.desired(version)).missing_versions == []
    assert facts.gather(place.desired(version, options=FULL)).missing_versions == ["cats/2026-01-01"]


def test_a_face_list_that_is_not_there(place: Place) -> None:
    version = place.wanted("face_recognition", "2026-01-01", {"facelist.csv": b"x"})
    assert facts.gather(place.desired(face_list=version)).face_list == ["facelist.csv"]


def test_verify_full_reads_the_face_list_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    version = place.wanted("face_recognition", "2026-01-01", {"facelist.csv": b"x"})
    monkeypatch.setattr(checksum_cache, "holds", lambda *_: True)
    assert facts.gather(place.desired(face_list=version)).face_list == []
    assert facts.gather(place.desired(face_list=version, options=FULL)).face_list == ["facelist.csv"]


def test_only_the_datasink_is_asked_for_its_authorized_keys(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def installed(user: str, lines: list[str]) -> list[str]:
        asked.append(user)
        return lines

    monkeypatch.setattr(access, "installed", installed)
    monkeypatch.setattr(access, "revoked", lambda _, lines: [f"{line} is revoked" for line in lines])
    assert facts.gather(place.desired()).datasink is None
    found = of_the_datasink(place.desired(datasink=place.told()))  # no CA yet
    assert (found.authorized, found.revoked) == (None, [])
    assert asked == []
    found = of_the_datasink(place.desired(datasink=place.told(["line"])))
    assert (found.authorized, found.revoked) == (True, ["line is revoked"])
    assert asked == [USER]


def test_what_the_primary_datasink_says_of_its_clean_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(primary, "unit_differences", lambda units: [f"{each.path} differs" for each in units])
    desired = place.desired(datasink=place.told())._replace(clean_up=[installed(place.root / "a.timer", "")])
    answer = of_the_datasink(desired)
    assert answer.clean_up == [f"{place.root}/a.timer differs"]
    assert facts.gather(desired._replace(datasink=None)).datasink is None


def test_what_the_registry_lacks_is_said_first(place: Place) -> None:
    place.stored("cats", "2026-01-01", {})
    place.stored("dogs", "2026-01-01", {})
    needed = {
        "ants/2026-01-01": "00" * 32,
        "cats/2026-01-01": sha256(manifest_of("cats", "2026-01-01")),
        "dogs/2026-01-01": "11" * 32,
    }
    assert of_the_datasink(place.desired(datasink=place.told(needed=needed))).registry == [
        f"ants/2026-01-01: not in the registry; expected it at {place.registry}/ants/2026-01-01",
        f"{place.registry}/dogs/2026-01-01/manifest.yaml: manifest differs from its pin 111111111111",
    ]


def test_a_set_of_an_unknown_user_ends_the_facts_in_one_line(place: Place, tmp_path: Path) -> None:
    wanted = service_set("d1", installed(tmp_path / "engine.yaml", "new", owner="no-such-user"))
    with pytest.raises(Refusal, match=r"^user no-such-user: not on this node"):
        facts.gather(place.desired(sets=[wanted]))
