import errno
import io
import json
import os
import stat
from pathlib import Path

import pytest

from node import access, cli, facelist, layout, pull, switch
from node.errors import Refusal
from tests.unit.node.places import LIMITS, uid
from tests.unit.node.test_orders import ORDER, SET, VERSION


def say(monkeypatch: pytest.MonkeyPatch, data: object) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(data)))


def test_a_refusal_is_one_line_on_stderr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> None:
        raise Refusal("disk: full; free some space")

    monkeypatch.setitem(cli.COMMANDS, "check-rrsync", refuse)
    assert cli.main(["check-rrsync"]) == 1
    assert capsys.readouterr() == ("", "disk: full; free some space\n")


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.ENOTDIR])
def test_a_fault_of_the_disk_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: int
) -> None:
    def fail() -> None:
        raise OSError(fault, os.strerror(fault), "/home/ops/models")

    monkeypatch.setitem(cli.COMMANDS, "pull", fail)
    assert cli.main(["pull"]) == 1
    assert capsys.readouterr() == (
        "",
        f"/home/ops/models: {os.strerror(fault)}; mend that on the node and run again\n",
    )


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble() -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(cli.COMMANDS, "pull", stumble)
    with pytest.raises(ZeroDivisionError):
        cli.main(["pull"])


def test_words_reach_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setitem(cli.COMMANDS, "make-key", said.append)
    assert cli.main(["make-key", "lab1"]) == 0
    assert said == ["lab1"]


def test_folders_belong_to_the_service_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    say(monkeypatch, {**ORDER, "folders": [str(tmp_path / "a"), str(tmp_path / "a" / "b")]})
    assert cli.main(["folders"]) == 0
    status = (tmp_path / "a" / "b").stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (uid(), 0o755)


def test_access_comes_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, {"certificate": "c\n", "known_hosts": "k\n"})
    assert cli.main(["install-access"]) == 0
    assert (access.read("pull_key-cert.pub"), access.read("known_hosts")) == ("c\n", "k\n")


def test_a_pull_holds_the_lock(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    steps: list[str] = []
    monkeypatch.setattr(pull, "pull", lambda _: steps.append(f"versions, {(layout.STATE / 'pull.lock').read_text()}"))
    monkeypatch.setattr(facelist, "fetch", lambda _: steps.append("face list"))
    say(monkeypatch, ORDER)
    assert cli.main(["pull"]) == 0
    assert steps == [f"versions, {os.getpid()}", "face list"]
    assert capsys.readouterr() == ("", "")


def test_a_switch_that_would_unlock_events_is_refused_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delattr(switch, "switch")
    (tmp_path / "old.csv").write_text("date,event\n2026-01-01,e1\n")
    (tmp_path / "facelist_2026-01-01.csv").write_text("date,event\n")
    (tmp_path / "facelist_current.csv").symlink_to("facelist_2026-01-01.csv")
    config = tmp_path / "datapump.yaml"
    config.write_text(f"facefile: {tmp_path}/old.csv\n")
    file = {"path": str(config), "owner": "root", "mode": 420, "sha256": "00", "content": "new"}
    sets = [{**SET, "files": [file]}]
    say(monkeypatch, {**ORDER, "face_list": {**VERSION, "directory": str(tmp_path)}, "sets": sets, "options": {}})
    assert cli.main(["switch"]) == 1
    assert "lacks 1 event(s) that the live list locks" in capsys.readouterr().err


def test_the_switch_unit_gets_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr(switch, "run", lambda *words: said.extend(words))
    assert cli.main(["switch-unit", "engine", "d1", json.dumps(LIMITS._asdict()), "/run/outcome"]) == 0
    assert said == ["engine", "d1", LIMITS, Path("/run/outcome")]
