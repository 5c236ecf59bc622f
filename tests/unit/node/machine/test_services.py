import itertools
import time
from pathlib import Path

import pytest

from node import layout
from node.errors import Refusal
from node.machine import commands, processes, services
from node.machine.services import Status

RUNNING = "NRestarts=2\nMainPID=41\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNeedDaemonReload=no\n"
ABSENT = "NRestarts=0\nMainPID=0\nActiveState=inactive\nSubState=dead\nUnitFileState=\n"
UP = Status("active", "running", 7, "enabled", 0, False)
CONTROL = services.control
TIMER = "ActiveState=active\nSubState=waiting\nUnitFileState=enabled\n"


def stub(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (RUNNING, Status("active", "running", 41, "enabled", 2, False)),
        (RUNNING.replace("Reload=no", "Reload=yes"), Status("active", "running", 41, "enabled", 2, True)),
        (ABSENT, Status("inactive", "dead", 0, "", 0, False)),
        (TIMER, Status("active", "waiting", 0, "enabled", 0, False)),
        (
            RUNNING + 'FragmentPath=/etc/a.service\nDropInPaths=/run/a.conf "/etc/with space.conf"\n',
            Status(
                "active", "running", 41, "enabled", 2, False, "/etc/a.service", ("/run/a.conf", "/etc/with space.conf")
            ),
        ),
        (
            RUNNING + "InvocationID=0123\nExecMainPID=40\n",
            Status("active", "running", 41, "enabled", 2, False, invocation="0123", last_pid=40),
        ),
        (RUNNING + 'DropInPaths="/etc\n', Status("active", "running", 41, "enabled", 2, False, "", ('"/etc',))),
    ],
    ids=["running", "outdated", "absent", "timer", "drop-ins", "start", "quoted"],
)
def test_status(programs: Path, said: str, status: Status) -> None:
    stub(programs, "systemctl", f"cat <<END\n{said}END")
    assert services.status("engine.service") == status
    assert status.is_running == (status.active == "active")


def test_control_passes_its_words(programs: Path) -> None:
    stub(programs, "systemctl", f'printf "%s\\n" "$@" > {programs}/said')
    services.control("enable", "--quiet", "engine.service")
    assert (programs / "said").read_text().splitlines() == ["enable", "--quiet", "engine.service"]


@pytest.mark.parametrize(
    ("said", "reason"), [("Unit not found.\nSee logs.", "Unit not found."), ("", "no reason given")]
)
def test_a_failed_control_gives_the_first_line(programs: Path, said: str, reason: str) -> None:
    stub(programs, "systemctl", f'echo "{said}" >&2; exit 5')
    with pytest.raises(Refusal) as caught:
        services.control("start", "engine.service")
    assert str(caught.value) == f"systemctl start engine.service: {reason}"


class TestReload:
    @pytest.fixture
    def done(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        words: list[str] = []
        monkeypatch.setattr(services, "control", lambda *said, **_: words.append(" ".join(said)))
        return words

    @pytest.mark.parametrize("outdated", ["engine.service", "engine.timer"])
    def test_one_unit_that_has_changed_is_enough(
        self, monkeypatch: pytest.MonkeyPatch, done: list[str], outdated: str
    ) -> None:
        monkeypatch.setattr(services, "status", lambda unit: UP._replace(is_outdated=unit == outdated))
        services.reload(["engine.service", "engine.timer"])
        assert done == ["daemon-reload"]

    def test_without_a_change_nothing_is_read_again(self, monkeypatch: pytest.MonkeyPatch, done: list[str]) -> None:
        monkeypatch.setattr(services, "status", lambda _: UP)
        services.reload(["engine.service", "engine.timer"])
        assert done == []


@pytest.mark.parametrize(
    ("service", "timer", "more"),
    [("enabled", "enabled", ["--no-reload"]), ("enabled", "disabled", []), ("", "enabled", [])],
)
def test_units_that_are_enabled_are_read_again_only_where_systemd_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, service: str, timer: str, more: list[str]
) -> None:
    said: list[tuple[str, ...]] = []
    states = {"engine.service": service, "engine.timer": timer}
    monkeypatch.setattr(services, "status", lambda unit: UP._replace(enabled=states[unit], is_outdated=bool(said)))
    monkeypatch.setattr(services, "control", lambda *words: said.append(words))
    services.enable(["engine.service", "engine.timer"])
    assert said == [("enable", "--quiet", "--now", *more, "engine.service", "engine.timer"), ("daemon-reload",)]


class TestStop:
    """A service that systemctl waits for, so many seconds at most, and that ends after so many looks."""

    @pytest.fixture
    def done(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        words: list[str] = []

        def control(*said: str, limit: float = 0) -> None:
            words.append(" ".join(said))
            if limit and services.status("engine.service") == UP:
                raise commands.Overdue(said, limit)

        monkeypatch.setattr(time, "sleep", lambda _: None)
        monkeypatch.setattr(services, "control", control)
        return words

    def ends_after(self, monkeypatch: pytest.MonkeyPatch, looks: int, end: str = "inactive") -> None:
        shown = itertools.chain([UP] * looks, itertools.repeat(UP._replace(active=end)))
        monkeypatch.setattr(services, "status", lambda _: next(shown))

    def test_one_that_ends_in_time(self, monkeypatch: pytest.MonkeyPatch, done: list[str]) -> None:
        self.ends_after(monkeypatch, 1)
        services.stop("engine.service", set())
        assert done == ["stop engine.service"]

    @pytest.mark.parametrize(("takes", "grace", "verbs"), [(0.1, 60, ["stop"]), (60, 0.1, ["stop", "kill", "stop"])])
    def test_it_gets_its_time(
        self, programs: Path, monkeypatch: pytest.MonkeyPatch, takes: float, grace: float, verbs: list[str]
    ) -> None:
        stop = f"[ -e {programs}/killed ] || exec sleep {takes}"
        script = f'case $1 in show) echo "{RUNNING}";; stop) {stop};; kill) touch {programs}/killed;; esac'
        stub(programs, "systemctl", script)
        said: list[str] = []

        def control(verb: str, *words: str, limit: float = 60) -> None:
            said.append(verb)
            CONTROL(verb, *words, limit=limit)

        monkeypatch.setattr(services, "control", control)
        monkeypatch.setattr(services, "STOP_LIMIT", grace)
        services.stop("engine.service", set())
        assert said == verbs

    @pytest.mark.parametrize("end", ["inactive", "failed"])
    def test_one_that_ends_late_by_itself_is_not_killed(
        self, monkeypatch: pytest.MonkeyPatch, done: list[str], end: str
    ) -> None:
        self.ends_after(monkeypatch, 5, end)
        monkeypatch.setattr(processes, "writers", lambda _: ["busy"])
        services.stop("engine.service", set())
        assert done == ["stop engine.service", "stop engine.service"]

    def test_one_that_does_not_run(self, monkeypatch: pytest.MonkeyPatch, done: list[str]) -> None:
        self.ends_after(monkeypatch, 0)
        services.stop("engine.service", set())
        assert done == []

    def test_one_that_does_not_end_is_killed(self, monkeypatch: pytest.MonkeyPatch, done: list[str]) -> None:
        self.ends_after(monkeypatch, 1000)
        services.stop("engine.service", set())
        assert done == ["stop engine.service", "kill --signal=SIGKILL engine.service", "stop engine.service"]

    def test_but_not_while_it_writes_what_exists_nowhere_else(
        self, monkeypatch: pytest.MonkeyPatch, done: list[str]
    ) -> None:
        looks = iter([["busy"]] * 50)
        seen: list[list[str]] = []

        def writers(paths: set[Path]) -> list[str]:
            assert paths == {Path("list.csv")}
            assert "kill --signal=SIGKILL engine.service" not in done
            seen.append(next(looks, []))
            return seen[-1]

        monkeypatch.setattr(processes, "writers", writers)
        self.ends_after(monkeypatch, 1000)
        services.stop("engine.service", {Path("list.csv")})
        assert seen == [["busy"]] * 50 + [[]]
        assert done[1] == "kill --signal=SIGKILL engine.service"


def test_a_start_that_hangs_is_given_up(programs: Path) -> None:
    stub(programs, "systemctl", "exec sleep 60")
    with pytest.raises(Refusal, match=r"^systemctl start engine\.service: not started within 0\.05 s$"):
        services.start("engine.service", 0.05)


@pytest.mark.parametrize(("is_there", "is_outdated"), [(True, True), (False, False)])
def test_a_unit_file_that_systemd_overlooked_is_read(programs: Path, is_there: bool, is_outdated: bool) -> None:
    layout.UNITS.mkdir()
    if is_there:
        (layout.UNITS / "engine.service").touch()
    said = "ActiveState=inactive\nSubState=dead\nUnitFileState=\nNeedDaemonReload=no\nLoadState=not-found"
    stub(programs, "systemctl", f"printf '%s\\n' '{said}'")
    assert services.status("engine.service").is_outdated is is_outdated
