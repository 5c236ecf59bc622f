import errno
import io
import json
import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from node import cli, codec, dispatch, layout
from node.desired_state import DesiredState
from node.errors import Refusal
from node.protocol.steps import Refused
from node.pull import access, face_list, pull
from node.registry import primary
from node.store import history, lock
from node.store.pending_switch import Request
from node.store.service_set import Installed
from node.switch import follow, switch
from tests.unit.node.places import USER, request, uid
from tests.unit.node.test_desired_state import ORDER, UNIT


def say(monkeypatch: pytest.MonkeyPatch, data: object) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(data)))


def test_a_refusal_is_one_line_on_stderr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> None:
        raise Refusal("disk: full; free some space")

    monkeypatch.setattr(access, "check_rrsync", refuse)
    assert cli.main(["check-rrsync"]) == 1
    assert capsys.readouterr() == ("", "disk: full; free some space\n")


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.ENOTDIR])
def test_a_fault_of_the_disk_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: int
) -> None:
    def fail() -> None:
        raise OSError(fault, os.strerror(fault), "/home/ops/models")

    monkeypatch.setattr(access, "check_rrsync", fail)
    assert cli.main(["check-rrsync"]) == 1
    assert capsys.readouterr() == (
        "",
        f"/home/ops/models: {os.strerror(fault)}; mend that on the node and run again\n",
    )


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(access, "check_rrsync", stumble)
    with pytest.raises(ZeroDivisionError):
        cli.main(["check-rrsync"])


def test_words_reach_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(access, "make_key", said.append)
    assert cli.main(["make-key", "lab1"]) == 0
    assert said == ["lab1"]


def test_folders_belong_to_the_service_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    say(monkeypatch, {**ORDER, "folders": [str(tmp_path / "a"), str(tmp_path / "a" / "b")]})
    assert cli.main(["folders"]) == 0
    status = (tmp_path / "a" / "b").stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (uid(), 0o755)


def test_a_folder_for_what_is_fetched_becomes_root_s_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    staging = tmp_path / ".staging"
    (staging / "cats").mkdir(parents=True)
    os.chown(staging, uid(), -1)
    say(monkeypatch, {**ORDER, "folders": [str(staging)]})
    assert cli.main(["folders"]) == 0
    assert (staging.stat().st_uid, stat.S_IMODE(staging.stat().st_mode)) == (os.geteuid(), 0o700)
    assert list(staging.iterdir()) == []


def test_what_differs_is_answered_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "cats" / "2026-01-01").mkdir(parents=True)
    say(monkeypatch, {"folders": [], "models": str(tmp_path)})
    assert cli.main(["verify"]) == 0
    assert json.loads(capsys.readouterr().out) == {"folders": [], "format": 1, "versions": ["cats/2026-01-01"]}


def test_access_comes_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, {"certificate": "c\n", "known_hosts": "k\n"})
    assert cli.main(["install-access"]) == 0
    assert (access.read("pull_key-cert.pub"), access.read("known_hosts")) == ("c\n", "k\n")


def test_a_pull_holds_the_lock(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path = layout.STATE / "pull.lock"
    steps: list[str] = []

    def note(step: str) -> None:
        assert lock.is_held(path)
        steps.append(f"{step} for {lock.holder(path)}")

    monkeypatch.setattr(history, "now", lambda: "2026-11-22T23:40:00Z")
    monkeypatch.setattr(pull, "pull", lambda _: note("versions"))
    monkeypatch.setattr(pull, "pull_face_list", lambda _: note("face list"))
    say(monkeypatch, ORDER)
    assert cli.main(["pull"]) == 0
    holder = f"anna@ramrod, since 2026-11-22T23:40:00Z, process {os.getpid()}: pyinfra inventory.py"
    assert steps == ["versions for " + holder, "face list for " + holder]
    assert capsys.readouterr() == ("", "")


def test_a_switch_that_would_unlock_events_is_refused_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: DesiredState) -> None:
        raise Refusal("face list 2026-02-02: lacks 1 event")

    monkeypatch.delattr(follow, "follow")
    monkeypatch.setattr(face_list, "require_switchable", refuse)
    say(monkeypatch, ORDER)
    assert cli.main(["switch"]) == 1
    assert capsys.readouterr() == (
        '{"ended": {"engine": "refused"}, "format": 1}\n',
        "face list 2026-02-02: lacks 1 event\n",
    )
    [entry] = history.entries()
    assert (entry.outcome, entry.reason) == ("refused", "face list 2026-02-02: lacks 1 event")


def test_a_switch_gets_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[DesiredState] = []

    def note(desired: DesiredState) -> None:
        said.append(desired)

    monkeypatch.setattr(follow, "switch", note)
    say(monkeypatch, ORDER)
    assert cli.main(["switch"]) == 0
    assert [desired.sets[0].digest for desired in said] == ["d1"]


def test_the_units_of_the_clean_up_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[list[Installed]] = []
    monkeypatch.setattr(primary, "install_units", said.append)
    say(monkeypatch, {"units": [UNIT]})
    assert cli.main(["install-cleanup"]) == 0
    assert said == [[Installed(Path("/etc/a.timer"), "root", 0o644, "04", "[Timer]\n")]]


def test_the_switch_unit_runs_the_request_that_it_was_begun_for(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Request] = []
    monkeypatch.setattr(switch, "run", said.append)
    layout.RUNTIME.mkdir()
    (layout.RUNTIME / "request-r1").write_text(json.dumps(request("d1")._asdict()))
    assert cli.main(["switch-unit", "r1"]) == 0
    assert said == [request("d1")]


def test_refuse_is_written_down_and_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    say(
        monkeypatch,
        codec.encode(Refused("lab1", {"engine": "d1"}, "anna@ramrod", "pyinfra", "c0ffee", "your checkout is older")),
    )
    assert cli.main(["refuse"]) == 1
    assert capsys.readouterr() == ("", "your checkout is older\n")
    [entry] = history.entries()
    assert (entry.to, entry.outcome, entry.reason) == ("d1", "refused", "your checkout is older")


def test_lines_are_collected_into_the_log_that_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    history.add(request("d1"), None, history.CHOSEN, None)
    say(monkeypatch, {"log": str(tmp_path / "the.log"), "owner": USER, "lines": codec.encode(history.entries())})
    assert cli.main(["append-log"]) == 0
    assert (tmp_path / "the.log").read_text() == history.text(history.entries()[0]) + "\n"
    assert (tmp_path / "the.log").stat().st_uid == uid()


@pytest.mark.parametrize("words", [[], ["no-such"], ["Status"]])
def test_an_unknown_command_is_told_what_there_is(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert cli.main(words) == 64
    found = " ".join(words) or "no command"
    assert capsys.readouterr().err == f"found {found}; allowed: status, history, revert, restore, python\n"


def test_without_root_it_says_what_to_type(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert cli.main(["revert", "sentinel"]) == 1
    assert capsys.readouterr().err == "sentinelcam-node needs root: sudo sentinelcam-node revert sentinel\n"


def test_the_names_that_units_and_operations_use() -> None:
    """They are in unit files on the nodes, so that a newer program must know them too."""
    assert {"install", "switch-unit", "recover", "recover-at-boot", "status", "history", "revert"} <= set(
        dispatch.COMMANDS
    )


def test_a_switch_that_is_told_to_end_ends_as_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else systemd would count it as a clean end, and nothing would return to the set before."""
    handlers: dict[int, Callable[..., None]] = {}
    codes: list[int] = []
    monkeypatch.setattr(signal, "signal", lambda number, handler: handlers.update({number: handler}))
    monkeypatch.setattr(os, "_exit", codes.append)
    monkeypatch.setattr(follow, "read", lambda _: request("d1"))
    monkeypatch.setattr(switch, "run", lambda _: handlers[signal.SIGTERM](signal.SIGTERM, None))
    assert cli.main(["switch-unit", "r1"]) == 0
    assert codes == [1]
