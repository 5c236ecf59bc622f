import json
import sys

import pytest

from node import console, layout, protocol
from node.errors import Refusal
from node.facts import shown
from node.machine import services
from node.machine.services import Status
from node.protocol.facts import History
from node.pull import face_list
from node.store import history, sets
from node.store.pending_switch import Request
from node.store.service_set import HealthCheck
from node.switch import follow
from tests.unit.node.places import HEALTH_CHECK, Place, installed, request, service_set

Words = list[tuple[Request, HealthCheck]]


@pytest.fixture(autouse=True)
def followed(monkeypatch: pytest.MonkeyPatch) -> Words:
    """The switches that were asked for, by pat in a shell of a node named lab1."""
    asked: Words = []
    monkeypatch.setattr(follow, "follow", lambda request, health_check: asked.append((request, health_check)))
    monkeypatch.setattr(services, "status", lambda _: Status("active", "running", 7, "enabled", 0, False))
    monkeypatch.setattr("socket.gethostname", lambda: "lab1")
    monkeypatch.setenv("SUDO_USER", "pat")
    monkeypatch.setattr(sys, "argv", ["sentinelcam-node", "revert", "engine"])
    return asked


def stored(place: Place, service: str = "engine", *digests: str) -> None:
    """Sets that were chosen one after the other."""
    for digest, previous in zip(digests, [None, *digests], strict=False):
        sets.put(service_set(digest, installed(place.root / "engine.yaml", digest))._replace(service=service), "c0ffee")
        sets.choose(service, digest, previous)


def refusal(*words: str) -> str:
    with pytest.raises(Refusal) as caught:
        console.revert(*words)
    return str(caught.value)


class TestRevert:
    def test_it_switches_to_the_set_before(
        self, place: Place, followed: Words, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stored(place, "engine", "d1", "d2")
        console.revert("engine")
        [(asked, health_check)] = followed
        assert asked._replace(id="r1") == Request(
            "r1", "lab1", "engine", "d1", "pat@lab1", "sentinelcam-node revert engine", "c0ffee"
        )
        assert (len(asked.id), health_check) == (32, HEALTH_CHECK)
        assert capsys.readouterr().out == (
            "engine: d1 is chosen and runs; the next deploy will want what its checkout says\n"
        )

    def test_the_only_service_need_not_be_named(
        self, place: Place, followed: Words, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stored(place, "engine", "d1", "d2")
        monkeypatch.delenv("SUDO_USER")
        console.revert()
        assert [(asked.service, asked.operator) for asked, _ in followed] == [("engine", "root@lab1")]

    def test_of_several_one_must_be_named(self, place: Place, followed: Words) -> None:
        for service in ("engine", "other"):
            stored(place, service, "d1", "d2")
        assert refusal() == "found no service; allowed: one of engine, other"
        assert refusal("engine", "other") == "found engine other; allowed: one of engine, other"
        console.revert("other")
        assert [asked.service for asked, _ in followed] == ["other"]

    def test_a_service_that_is_not_there(self, place: Place) -> None:
        assert refusal() == "found no service; allowed: one of none yet"
        stored(place, "engine", "d1", "d2")
        assert refusal("sentinal") == "found sentinal; allowed: one of engine"
        assert refusal("../engine") == "found ../engine; allowed: one of engine"

    def test_without_a_set_before_there_is_nothing_to_go_back_to(self, place: Place, followed: Words) -> None:
        stored(place, "engine", "d1")
        assert refusal("engine") == "engine: there is no previous set to go back to"
        assert followed == []

    def test_a_set_that_is_not_whole_is_refused(self, place: Place, followed: Words) -> None:
        stored(place, "engine", "d1", "d2")
        (layout.sets("engine") / "d1" / "set.json").unlink()
        assert "set cannot be read" in refusal("engine")
        assert followed == []

    def test_a_switch_that_returns_is_no_success(
        self, place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def rolled_back(*_: object) -> None:
            raise Refusal("engine: rolled back to d2: it is unhealthy")

        monkeypatch.setattr(follow, "follow", rolled_back)
        stored(place, "engine", "d1", "d2")
        assert refusal("engine") == "engine: rolled back to d2: it is unhealthy"
        assert capsys.readouterr().out == ""

    def test_a_face_list_that_lacks_events_must_be_allowed(
        self, place: Place, followed: Words, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(face_list, "unlocked_by", lambda stored: 3 if stored.content.digest == "d1" else 0)
        stored(place, "engine", "d1", "d2")
        words = "its face list lacks 3 events that the live one locks; to allow that: --unlock"
        assert refusal("engine") == words
        assert followed == []
        monkeypatch.setattr(sys, "argv", ["sentinelcam-node", "revert", "engine", "--unlock"])
        console.revert("engine", "--unlock")
        assert [asked.purpose for asked, _ in followed] == ["sentinelcam-node revert engine --unlock"]

    def test_a_service_that_is_stopped_by_now_stays_so(
        self, place: Place, followed: Words, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stored(place, "engine", "d1", "d2")
        sets.tell(sets.load("engine", "d2"), "stopped")
        console.revert("engine")
        assert sets.load("engine", "d1").content.state == "stopped"
        assert len(followed) == 1
        assert capsys.readouterr().out.startswith("engine: d1 is chosen; the service is stopped, as before;")

    def test_its_line_is_of_the_host_that_the_inventory_names(self, place: Place, followed: Words) -> None:
        stored(place, "engine", "d1", "d2")
        history.add(request("d2")._replace(host="outpost7"), "d1", history.CHOSEN, None)
        console.revert("engine")
        assert [asked.host for asked, _ in followed] == ["outpost7"]

    def test_a_word_that_is_none_is_refused(self, place: Place, followed: Words) -> None:
        stored(place, "engine", "d1", "d2")
        assert refusal("engine", "--force") == "found engine --force; allowed: one of engine"
        assert followed == []


class TestShow:
    def test_history_oldest_first(self, capsys: pytest.CaptureFixture[str]) -> None:
        for digest in ("d1", "d2"):
            history.add(request(digest), None, history.CHOSEN, None)
        shown.show_history()
        assert capsys.readouterr().out.splitlines() == [history.text(entry) for entry in history.entries()]
        shown.show_history("--json")
        assert protocol.loads(History, capsys.readouterr().out).entries == history.entries()

    def test_status_for_people_and_for_programs(self, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        stored(place, "engine", "d1")
        shown.show_status()
        assert capsys.readouterr().out.startswith("engine (engine.service)\n  chosen    d1, by commit c0ffee\n")
        shown.show_status("--json")
        assert json.loads(capsys.readouterr().out)["services"]["engine"]["chosen"] == "d1"

    @pytest.mark.parametrize("words", [("--jsn",), ("--json", "x"), ("engine",)])
    def test_another_word_is_refused(self, words: tuple[str, ...]) -> None:
        for command in (shown.show_status, shown.show_history):
            with pytest.raises(Refusal) as caught:
                command(*words)
            assert str(caught.value) == f"found {' '.join(words)}; allowed: --json"
