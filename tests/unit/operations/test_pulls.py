"""What is said of pulls: on a screen, where none is, and in a prediction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from pyinfra.api import Host, State, StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine

from modelctl.inventory.fleet import Fleet
from node import protocol
from node.protocol.facts import Room
from node.protocol.steps import PullProgress
from operations import pulls
from operations.node_command import Refusal
from operations.pulls import Pull
from tests.unit.operations.hosts import StubHost, as_host, desired_for, make_hosts

ROOM = Room(Path("/m"), {"a/1": 23_100_000}, 10**10, 10**9)
MB = 1_000_000


@pytest.fixture
def hosts(fleet: Fleet) -> list[StubHost]:
    return make_hosts(["lab1", "east", "alpha5"], fleet)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as its last element."""
    moments = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: moments[-1])
    return moments


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulls, "is_redrawn", lambda: True)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a host's pull, which does this meanwhile; `hear` takes what the node says."""

    @contextmanager
    def listening(host: Host, hear: Callable[[str], None]) -> Iterator[None]:
        cast("Any", host).hear = hear
        yield

    monkeypatch.setattr(pulls, "listening", listening)

    def run(host: StubHost, meanwhile: Callable[[], None]) -> Any:
        output = CommandOutput([OutputLine("stdout", "\x1b[2J"), OutputLine("stderr", "why")])

        def execute(*_: object) -> tuple[bool, CommandOutput]:
            meanwhile()
            return True, output

        monkeypatch.setattr(StringCommand, "execute", execute)
        return Pull(desired_for(host)).execute(cast("State", host.state), as_host(host), {})

    return run


def say(host: StubHost, done: int, size: int = 23 * MB) -> None:
    cast("Any", host).hear(protocol.dumps(PullProgress(done, size)))


class TestOnAScreen:
    @pytest.mark.usefixtures("screen")
    def test_a_line_for_each_host_as_long_as_it_pulls(
        self, hosts: list[StubHost], clock: list[float], run: Callable[..., Any]
    ) -> None:
        lab1, east, alpha5 = hosts

        def all_pull() -> None:
            clock.append(102.0)
            say(lab1, 4 * MB)
            say(east, 6 * MB)
            assert pulls.lines(59, 9) == [
                "    [lab1] 4.0 of 23.0 MB, 9.5 s left, 2.0 MB/s",
                "    [east] 6.0 of 23.0 MB, 5.7 s left, 3.0 MB/s",
            ]

        run(lab1, lambda: run(east, lambda: run(alpha5, all_pull)))
        assert pulls.lines(59, 9) == []
        assert lab1.said == east.said == []

    @pytest.mark.usefixtures("screen")
    def test_a_small_screen(self, hosts: list[StubHost], clock: list[float], run: Callable[..., Any]) -> None:
        def all_pull() -> None:
            clock.append(102.0)
            for host in hosts:
                say(host, 4 * MB)
            assert pulls.lines(45, 9)[0] == "    [lab1] 4.0 of 23.0 MB, 9.5 s left"
            assert pulls.lines(45, 3)[2].startswith("    [alpha5] ")
            assert pulls.lines(45, 2)[1:] == ["    and 2 more"]
            assert pulls.lines(45, 1) == ["    and 3 more"]
            assert pulls.lines(45, 0) == pulls.lines(9, 9) == []

        run(hosts[0], lambda: run(hosts[1], lambda: run(hosts[2], all_pull)))


class TestWithoutOne:
    def test_a_line_every_ten_seconds(self, hosts: list[StubHost], clock: list[float], run: Callable[..., Any]) -> None:
        def pull() -> None:
            for second in range(1, 26):
                clock.append(100.0 + second)
                say(hosts[0], second * MB, 100 * MB)

        run(hosts[0], pull)
        assert hosts[0].said == [
            "10.0 of 100.0 MB, 1 min 30 s left, 1.0 MB/s", "20.0 of 100.0 MB, 1 min 20 s left, 1.0 MB/s",
        ]  # fmt: skip

    def test_nothing_of_a_node_that_says_something_else(
        self, hosts: list[StubHost], clock: list[float], run: Callable[..., Any]
    ) -> None:
        def lie() -> None:
            for second in range(1, 60):
                clock.append(100.0 + second)
                cast("Any", hosts[0]).hear("\x1b[2J" + "x" * 4000)

        run(hosts[0], lie)
        assert hosts[0].said == []


def test_what_a_pull_says_on_standard_output_is_kept_nowhere(hosts: list[StubHost], run: Callable[..., Any]) -> None:
    succeeded, output = run(hosts[0], lambda: None)
    assert (succeeded, output.output_lines) == (True, ["why"])


def test_one_that_breaks_off_is_no_longer_shown(
    hosts: list[StubHost], clock: list[float], run: Callable[..., Any]
) -> None:
    def lose() -> None:
        clock.append(102.0)
        say(hosts[0], MB)
        raise OSError("connection lost")

    with pytest.raises(OSError, match="connection lost"):
        run(hosts[0], lose)
    assert pulls.lines(99, 9) == []


class TestBefore:
    def test_a_prediction_says_what_must_come_and_what_room_there_is(self, hosts: list[StubHost]) -> None:
        command = pulls.pull_into(as_host(hosts[0]), ROOM, desired_for(hosts[0]))
        assert isinstance(command, Pull)
        assert hosts[0].said == ["23.1 MB to pull, 9.0 GB free (/m)"]

    def test_and_what_more_may_have_to(self, hosts: list[StubHost]) -> None:
        pulls.pull_into(as_host(hosts[0]), ROOM._replace(needed={}, unread={"a/1": 7_000_000}), desired_for(hosts[0]))
        assert hosts[0].said == [
            "0 B to pull, 9.0 GB free; 7.0 MB more may have to come, if what is there proves wrong (/m)"
        ]

    def test_a_run_shows_it_as_it_comes(self, hosts: list[StubHost]) -> None:
        hosts[0].state.is_executing = True
        assert isinstance(pulls.pull_into(as_host(hosts[0]), ROOM, desired_for(hosts[0])), Pull)
        assert hosts[0].said == []

    @pytest.mark.parametrize("is_executing", [False, True])
    def test_both_refuse_where_there_is_no_room(self, hosts: list[StubHost], is_executing: bool) -> None:
        hosts[0].state.is_executing = is_executing
        refusal = pulls.pull_into(as_host(hosts[0]), ROOM._replace(free=10**9), desired_for(hosts[0]))
        assert isinstance(refusal, Refusal)
        assert refusal.reason == (
            "lab1: /m: too little space: 23.1 MB needed, 0.0 MB free beside a reserve of 1000.0 MB; "
            "remove something and run again"
        )
        assert hosts[0].said == []

    def test_where_nobody_knows_the_pull_tells(self, hosts: list[StubHost]) -> None:
        assert isinstance(pulls.pull_into(as_host(hosts[0]), None, desired_for(hosts[0])), Pull)
        assert hosts[0].said == []
