"""One look at a service: what each check finds, and which finding counts."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from node.coral import stick
from node.errors import Unknown
from node.health import health, zmtp
from node.health.work import BROKEN, NO_STICK, NOT_YET, STATUS, UNKNOWN, WORKS, Look, has_loaded, look, queue
from node.health.zmtp import Message, NoAnswer
from node.machine import journal, processes
from node.machine.services import Status
from node.store.service_set import NOTHING, ServiceSet, Work
from tests.unit.node.places import HEALTH_CHECK, service_set

ALL = ["workers", "journal", "port", "answer", "pictures"]
UP = Status("active", "running", 1, "enabled", 0, is_outdated=False)
ENGINES = {"Alpha": {"alive": True}, "Bravo": {"alive": True}}


def service(name: str = "sentinel", checks: list[str] = ALL, **work: object) -> ServiceSet:
    found: Work = NOTHING._replace(**work)  # type: ignore[arg-type]
    return service_set("d")._replace(service=name, work=found, health_check=HEALTH_CHECK._replace(checks=checks))


def here(wanted: ServiceSet) -> Look:
    """A look whose main process is that of the tests."""
    return look(wanted, UP._replace(pid=os.getpid()))


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal without a line of failure, and a stick that is there."""
    monkeypatch.setattr(journal, "find", lambda *_: None)
    monkeypatch.setattr(stick, "state", lambda: "running")


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def dead(process: "subprocess.Popen[bytes]") -> None:
    """Let it become a zombie."""
    process.kill()
    while processes.look()[process.pid].is_alive:
        time.sleep(0.01)


class TestWorkers:
    def test_as_many_as_there_should_be_or_more(self, child: "subprocess.Popen[bytes]") -> None:
        del child
        assert here(service(workers=1)).verdict == here(service(workers=0)).verdict == WORKS

    def test_one_that_is_not_there_may_yet_come(self) -> None:
        assert here(service(workers=500))[:2] == (NOT_YET, "engine.service: 0 of 500 workers live")

    def test_a_zombie_does_not(self, child: "subprocess.Popen[bytes]") -> None:
        dead(child)
        assert here(service(workers=1))[:2] == (BROKEN, "engine.service: 0 of 1 workers live")

    def test_one_without_its_stick(self, child: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch) -> None:
        dead(child)
        monkeypatch.setattr(stick, "state", lambda: stick.ABSENT)
        monkeypatch.setattr(journal, "find", lambda *_: "LensTasking failure.")
        assert here(service("imagenode", workers=1, on_stick=1)).verdict == NO_STICK
        assert here(service("imagenode", workers=2, on_stick=1)).verdict == BROKEN  # another one died too
        assert here(service("imagenode", workers=1)).verdict == BROKEN  # it had no use for one
        monkeypatch.setattr(stick, "state", lambda: stick.RUNNING)
        for workers, on_stick in ((1, True), (2, False)):
            found = here(service("imagenode", workers=workers, on_stick=1))
            assert (found.verdict, found.on_stick) == (BROKEN, on_stick)

    def test_its_absence_excuses_nothing_else(
        self, child: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dead(child)
        monkeypatch.setattr(stick, "state", lambda: stick.ABSENT)
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        found = here(service("imagenode", workers=1, on_stick=1, ports=[port]))
        assert found[:2] == (NOT_YET, f"engine.service: port {port} is closed, expected open")


class TestPorts:
    def test_its_own(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            assert here(service(ports=[server.getsockname()[1]])).verdict == WORKS

    def test_held_by_another_process(self, child: "subprocess.Popen[bytes]") -> None:
        """S6."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            found = look(service(ports=[port]), UP._replace(pid=child.pid))
        assert found[:2] == (NOT_YET, f"engine.service: port {port} is held by another process")


class TestJournal:
    @pytest.mark.parametrize(
        ("name", "line", "verdict"),
        [
            ("imagenode", "LensTasking failure.", BROKEN),
            ("sentinel", "Exception in thread Thread-1:", BROKEN),
            ("datapump", "Exception in thread Thread-1:", WORKS),
        ],
    )
    def test_a_line_of_failure(self, monkeypatch: pytest.MonkeyPatch, name: str, line: str, verdict: str) -> None:
        monkeypatch.setattr(journal, "find", lambda _, __, pattern: line if pattern.search(line) else None)
        found = here(service(name))
        assert found.verdict == verdict
        assert (line in found.reason) == (verdict == BROKEN)

    def test_last_words_of_one_that_has_not_ended_yet(
        self, child: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        del child
        monkeypatch.setattr(journal, "find", lambda *_: "LensTasking failure.")
        for state, on_stick, views, found in (
            (stick.ABSENT, 1, ["node P1"], (NO_STICK, False)),
            (stick.RUNNING, 1, ["node P1"], (BROKEN, True)),
            (stick.ABSENT, 0, ["node P1"], (BROKEN, False)),
            (stick.ABSENT, 1, [], (BROKEN, False)),
        ):
            monkeypatch.setattr(stick, "state", lambda state=state: state)
            look = here(service("imagenode", workers=1, on_stick=on_stick, views=views))
            assert (look.verdict, look.on_stick) == found

    def test_a_journal_that_cannot_be_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_: str) -> None:
            raise Unknown("journalctl: no memory")

        monkeypatch.setattr(journal, "find", unknown)
        assert here(service()) == Look(UNKNOWN, "journalctl: no memory")


class TestAnswer:
    @pytest.mark.parametrize(
        ("said", "verdict", "reason"),
        [
            (b"OK", WORKS, ""),
            (b"whatever a later release says", WORKS, ""),
            (b"Error", NOT_YET, "STATUS is answered Error"),
            (json.dumps({"engines": ENGINES, "queue": []}).encode(), WORKS, ""),
            (json.dumps({"engines": {"Alpha": {"alive": True}}}).encode(), BROKEN, "1 of 2 task engines live"),
            (json.dumps({"engines": {**ENGINES, "Bravo": {"alive": False}}}).encode(), BROKEN, "1 of 2 task engines"),
            (json.dumps({"engines": 7}).encode(), WORKS, ""),
            (b"[" * 100_000, WORKS, ""),
        ],
    )
    def test_what_a_sentinel_says(
        self, monkeypatch: pytest.MonkeyPatch, said: bytes, verdict: str, reason: str
    ) -> None:
        asked: list[tuple[int, bytes]] = []

        def ask(port: int, message: bytes, _seconds: float) -> bytes:
            asked.append((port, message))
            return said

        monkeypatch.setattr(zmtp, "ask", ask)
        found = here(service(asked=5566, workers=2, checks=["answer"]))
        assert found.verdict == verdict
        assert reason in found.reason
        assert asked == [(5566, STATUS)]

    def test_a_silent_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def ask(*_: object) -> bytes:
            raise NoAnswer("port 5566: no answer within 6 s")

        monkeypatch.setattr(zmtp, "ask", ask)
        found = here(service(asked=5566))
        assert found[:2] == (NOT_YET, "engine.service: STATUS is unanswered: port 5566: no answer within 6 s")
        assert queue(service(asked=5566)) is None

    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            ({"queue": {"queued": 12, "running": 1}}, "12 queued, 1 running"),
            ({"queue": {"queued": ["a", "b"], "running": []}}, "2 queued"),
            ({"queue": {"queued": -1, "running": "x"}}, None),
            ({"queue": []}, None),
            ({}, None),
        ],
    )
    def test_its_queue(self, monkeypatch: pytest.MonkeyPatch, said: object, expected: str | None) -> None:
        monkeypatch.setattr(zmtp, "ask", lambda *_: json.dumps(said).encode())
        assert queue(service(asked=5566)) == expected
        assert queue(service()) is None


class TestPictures:
    VIEWS = ("outpost P1", "outpost P2")

    def pictures(self, monkeypatch: pytest.MonkeyPatch, *messages: Message) -> Look:
        monkeypatch.setattr(zmtp, "listen", lambda *_: iter(messages))
        return here(service("imagenode", published=5567, views=list(self.VIEWS)))

    def test_of_each_view(self, monkeypatch: pytest.MonkeyPatch) -> None:
        one, two = (Message(json.dumps({"msg": f"{view}|jpg"}).encode(), [30, 900]) for view in self.VIEWS)
        assert self.pictures(monkeypatch, one, one, two).verdict == WORKS
        assert self.pictures(monkeypatch, one, one)[:2] == (NOT_YET, "engine.service: no frame of outpost P2")

    @pytest.mark.parametrize(
        ("first", "sizes"),
        [
            (b'{"msg": "outpost P20|jpg"}', [20, 900]),
            (b'{"msg": "outpost P2|jpg"}', [20]),
            (b'{"msg": "outpost P2|jpg"}', [20, 0]),
            (b'{"msg": 7}', [20, 900]),
            (b"\xff", [20, 900]),
            (b"[]", [20, 900]),
        ],
    )
    def test_what_is_none(self, monkeypatch: pytest.MonkeyPatch, first: bytes, sizes: list[int]) -> None:
        one = Message(b'{"msg": "outpost P1|jpg"}', [20, 900])
        assert self.pictures(monkeypatch, one, Message(first, sizes)).reason.endswith("no frame of outpost P2")

    def test_no_publisher(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def listen(*_: object) -> Iterator[Message]:
            raise NoAnswer("port 5567: connection refused")

        monkeypatch.setattr(zmtp, "listen", listen)
        found = here(service("imagenode", published=5567, views=["outpost P1"]))
        assert found[:2] == (NOT_YET, "engine.service: no frames: port 5567: connection refused")

    def test_its_children_say_that_they_have_loaded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("node.machine.services.status", lambda _: UP)
        for count, expected in ((0, False), (1, False), (2, True)):
            monkeypatch.setattr(journal, "lines", lambda *_, count=count: ["LensTasking started."] * count)
            assert has_loaded(service("imagenode", views=list(self.VIEWS))) == expected


def test_a_service_without_a_main_process() -> None:
    assert look(service(), UP._replace(pid=2**22 + 1))[:2] == (NOT_YET, "engine.service has no main process")


def test_what_its_health_check_does_not_name_is_not_looked_at() -> None:
    assert here(service(checks=[], workers=500, ports=[1], asked=1, published=1, views=["x"])).verdict == WORKS


def test_a_process_table_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> None:
        raise Unknown("/proc: could not be read: Permission denied")

    monkeypatch.setattr(processes, "look", unknown)
    assert here(service()) == Look(UNKNOWN, "/proc: could not be read: Permission denied")


def test_its_age() -> None:
    assert 0 < here(service()).age < 86_400


def test_nothing_is_judged_by_a_clock_that_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def wall_clock() -> float:
        raise AssertionError("a Pi has no clock battery")

    monkeypatch.setattr(time, "time", wall_clock)
    monkeypatch.setattr(zmtp, "listen", lambda *_: iter(()))
    up = Status("active", "running", os.getpid(), "enabled", 0, False)
    monkeypatch.setattr("node.machine.services.status", lambda _: up)
    monkeypatch.setattr("node.health.work.look", look)
    wanted = service("imagenode", published=5567, views=["outpost P1"])
    impatient = wanted._replace(health_check=wanted.health_check._replace(start_timeout=0.2))
    assert health.wait(impatient) == "engine.service: no frame of outpost P1 within 0.2 s"
    assert health.judge(impatient, up, 0).verdict in (health.STARTING, health.UNHEALTHY)
