"""A linked file is put back as a backup has it, while the service that would write over it is stopped: D2."""

import sys
from pathlib import Path

import pytest

from node import console, layout, linked_files
from node.errors import Refusal
from node.health import health
from node.machine import commands, services
from node.store import history, lock, pending_switch, sets
from node.store.service_set import Named
from node.switch import restore
from tests.unit.node.machine.test_services import stub
from tests.unit.node.places import Place, begun, request, service_set, sha256, tree

LABEL = "faces/2026-02-02/list.csv"
OLD, NEW = b"a,b\n1,2\n", b"a,b\n3,4\n5,6\n"
DIGEST = sha256(OLD)[:12]


@pytest.fixture
def path(place: Place, told: list[str]) -> Path:
    """A list of which there is a backup, and which has changed since."""
    assert told == []
    path = place.models / LABEL
    path.parent.mkdir(parents=True)
    path.write_bytes(OLD)
    linked_files.back_up(path)
    path.write_bytes(NEW)
    sets.put(service_set("d1", named=[Named(path, "ab", linked=True)]), "c0ffee")
    sets.choose("engine", "d1", None)
    return path


def carry_out(*words: str) -> str:
    return restore.carry_out(restore.choose(words), request("d1"))


def refusal(*words: str) -> str:
    with pytest.raises(Refusal) as caught:
        carry_out(*words)
    return str(caught.value)


def test_it_is_put_back_while_the_service_is_stopped(
    path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "stop", lambda *_: told.append(f"stop with {path.read_bytes()!r}"))
    done = carry_out(LABEL, DIGEST[:5])
    assert told == [f"stop with {NEW!r}", "start engine.service"]
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (OLD, 0o644)
    aside = done.rpartition(" ")[2]
    assert Path(aside).read_bytes() == NEW
    [entry] = history.entries()
    assert (entry.outcome, entry.reason) == (history.RESTORED, done)


def test_what_a_task_writes_at_its_end_is_kept_and_does_not_win(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = b"a,b\n7,8\n9,10\n11,12\n"
    monkeypatch.setattr(services, "stop", lambda *_: path.write_bytes(sweep))
    carry_out(LABEL, DIGEST)
    assert path.read_bytes() == OLD
    assert sweep in tree(linked_files.backups(path)[0].path.parent).values()


def test_one_that_is_gone_comes_back(path: Path) -> None:
    path.unlink()
    assert carry_out(LABEL, DIGEST).endswith("; what was there: nothing")
    assert path.read_bytes() == OLD


def test_the_backups_are_shown(path: Path) -> None:
    [line] = restore.show().splitlines()
    assert line.startswith(f"{LABEL} {DIGEST} of 20")
    assert line.endswith(f", {len(OLD)} bytes")
    linked_files.back_up(path)
    assert len(restore.show().splitlines()) == 2


def test_without_backups_it_says_where_they_come_from() -> None:
    assert restore.show() == "no backups: a switch to another version of a model with linked files makes them"


@pytest.mark.parametrize("words", [("faces",), ("../etc/shadow", DIGEST), (LABEL, DIGEST, "more")])
def test_what_is_no_file_with_a_backup(path: Path, words: tuple[str, ...]) -> None:
    assert refusal(*words) == f"found {' '.join(words)}; allowed: {LABEL}"
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("digest", ["", "0123"])
def test_what_is_no_backup_of_it(path: Path, digest: str) -> None:
    assert refusal(LABEL, digest) == (
        f"{LABEL}: found {digest or 'no digest'}; allowed: one of its backups: {DIGEST}"
    )  # fmt: skip
    assert path.read_bytes() == NEW


def test_digits_that_two_backups_begin_with_name_none(path: Path) -> None:
    [backup] = linked_files.backups(path)
    other = backup.path.with_name(f"{path.name}.{DIGEST[:3]}")
    other.write_bytes(b"other")
    assert refusal(LABEL, DIGEST[:3]).startswith(f"{LABEL}: found {DIGEST[:3]}; allowed: one of its backups: ")
    assert path.read_bytes() == NEW


def test_while_a_switch_has_not_ended(path: Path) -> None:
    pending_switch.put(begun("d1", None))
    assert refusal(LABEL, DIGEST) == "engine: a switch has not ended; wait for it, or run a deploy, and run again"
    assert path.read_bytes() == NEW


@pytest.mark.usefixtures("impatient")
def test_while_a_switch_is_running(path: Path) -> None:
    with lock.held(layout.switch_lock("engine"), "switch", "anna@ramrod", "pyinfra inventory.py"):
        assert refusal(LABEL, DIGEST).startswith("another restore is running here: anna@ramrod, ")
    assert path.read_bytes() == NEW


def test_while_a_task_has_it_open(path: Path, monkeypatch: pytest.MonkeyPatch, told: list[str]) -> None:
    monkeypatch.setattr(linked_files, "writers", lambda _: ["list.csv (process 7)"])
    assert refusal(LABEL, DIGEST).startswith("list.csv (process 7): open for writing for more than 0 s;")
    assert (path.read_bytes(), told) == (NEW, [])


def test_an_unhealthy_service_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "wait", lambda _: "engine.service is failed")
    assert refusal(LABEL, DIGEST).endswith("; but engine.service is failed")
    assert path.read_bytes() == OLD


def test_a_service_that_is_stopped_stays_so(path: Path, told: list[str]) -> None:
    sets.tell(sets.load("engine", "d1"), "stopped")
    carry_out(LABEL, DIGEST)
    assert "start engine.service" not in told
    assert path.read_bytes() == OLD


def test_at_the_console_a_unit_does_it_which_starts_the_service_whatever_ends_it(
    path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stub(programs, "systemd-run", f'printf "%s\\n" "$@" > {programs}/said; echo "is as in"; [ ! -e {programs}/bad ]')
    monkeypatch.setattr(sys, "argv", ["sentinelcam-node", "restore", LABEL, DIGEST])
    monkeypatch.setattr("socket.gethostname", lambda: "lab1")
    monkeypatch.setenv("SUDO_USER", "pat")
    console.restore(LABEL, DIGEST)
    said = (programs / "said").read_text().splitlines()
    assert "--property=ExecStopPost=/usr/bin/systemctl start --no-block engine.service" in said
    assert said[-5:] == ["restore-unit", "pat@lab1", f"sentinelcam-node restore {LABEL} {DIGEST}", LABEL, DIGEST]
    assert capsys.readouterr().out == "is as in\n"
    console.restore_unit("pat@lab1", "typed", LABEL, DIGEST)
    assert path.read_bytes() == OLD
    [entry] = history.entries()
    assert (entry.operator, entry.purpose, entry.commit) == ("pat@lab1", "typed", "c0ffee")


def test_a_program_that_takes_too_long_is_a_refusal(programs: Path) -> None:
    stub(programs, "slow", "exec sleep 60")
    with pytest.raises(commands.Overdue, match=r"^slow: not done within 0\.1 s; look what holds it up, and run again$"):
        commands.run(["slow"], 0.1)


@pytest.mark.parametrize("content", [b"", b"other bytes"])
def test_a_backup_that_was_damaged_is_made_anew(path: Path, content: bytes) -> None:
    """A switch that relies on it would otherwise leave none."""
    copy = linked_files.back_up(path)
    whole = copy.read_bytes()
    copy.write_bytes(content)
    assert linked_files.back_up(path) == copy
    assert copy.read_bytes() == whole
    [damaged] = copy.parent.glob(f".{copy.name}.damaged-*")
    assert damaged.read_bytes() == content
