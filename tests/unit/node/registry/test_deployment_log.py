import stat
from pathlib import Path

import pytest

from node.protocol.facts import HistoryEntry, Logged, LogLine
from node.registry import deployment_log
from node.store import history
from node.store.rights import Owner
from tests.unit.node.places import request, uid

OPS = Owner(uid(), 4242)
TIME = "2026-11-22T23:40:00Z"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "the.log"


def entry(host: str, n: int, to: str = "d2") -> HistoryEntry:
    """A line of a node's history."""
    return HistoryEntry(
        n, TIME, host, "engine", "anna@ramrod", "pyinfra inventory.py", "d1", to, "c0ffee", False, "chosen", None
    )


def test_where_there_is_no_log_nothing_is_collected(log: Path) -> None:
    assert deployment_log.logged(log) == {}


def test_each_hosts_lines_come_in_their_order(log: Path) -> None:
    deployment_log.append(log, OPS, [entry("lab1", 2), entry("east", 7), entry("lab1", 1)])
    assert log.read_text().splitlines() == [
        history.text(entry("east", 7)), history.text(entry("lab1", 1)), history.text(entry("lab1", 2)),
    ]  # fmt: skip
    assert deployment_log.logged(log) == {
        "east": Logged([LogLine(7, TIME)], since=""),
        "lab1": Logged([LogLine(1, TIME), LogLine(2, TIME)], since=""),
    }


def test_only_what_it_lacks_is_appended(log: Path) -> None:
    deployment_log.append(log, OPS, [entry("lab1", 1), entry("lab1", 2)])
    before = log.read_bytes()
    deployment_log.append(log, OPS, [entry("lab1", 2), entry("lab1", 3), entry("east", 1)])
    assert log.read_bytes().startswith(before)
    assert log.read_text().splitlines()[2:] == [history.text(entry("east", 1)), history.text(entry("lab1", 3))]


def test_another_tools_lines_stay_and_count_for_nothing(log: Path) -> None:
    log.parent.mkdir()
    old = "2025-01-01 deployed face_recognition to lab1#9 by hand\n# a note\n\udcff\nhalf a li"
    log.write_bytes(old.encode(errors="surrogateescape"))
    assert deployment_log.logged(log) == {}
    deployment_log.append(log, OPS, [entry("lab1", 1)])
    assert log.read_bytes() == (old + "\n" + history.text(entry("lab1", 1)) + "\n").encode(errors="surrogateescape")


def test_a_new_card_begins_again_at_one(log: Path) -> None:
    deployment_log.append(log, OPS, [entry("lab1", 9), entry("lab1", 10)])
    deployment_log.append(log, OPS, [entry("lab1", 1, "d3")])
    assert deployment_log.logged(log)["lab1"].lines == [LogLine(9, TIME), LogLine(10, TIME), LogLine(1, TIME)]
    assert log.read_text().splitlines()[2:] == [history.text(entry("lab1", 1, "d3"))]


def test_a_line_of_a_history_is_one_line_of_the_log(log: Path) -> None:
    history.add(request("d2"), "d1", history.ROLLED_BACK, "one\ntwo 2026-11-22T23:40:00Z node#99 ")
    deployment_log.append(log, OPS, history.entries())
    assert len(log.read_text().splitlines()) == 1
    assert [line.n for line in deployment_log.logged(log)["node"].lines] == [1]


def test_log_and_folder_belong_to_the_login(log: Path) -> None:
    deployment_log.append(log, OPS, [entry("lab1", 1)])
    for path, mode in ((log, 0o644), (log.parent, 0o755)):
        assert (path.stat().st_uid, path.stat().st_gid, stat.S_IMODE(path.stat().st_mode)) == (*OPS, mode)


def test_of_many_lines_the_last_are_told_and_since_when_they_are_all(log: Path) -> None:
    """H9."""
    many = [
        entry("lab1", n)._replace(time=f"2026-11-22T23:{n // 60:02}:{n % 60:02}Z")
        for n in range(1, deployment_log.TOLD + 3)
    ]
    deployment_log.append(log, OPS, many[: deployment_log.TOLD])
    told = deployment_log.logged(log)["lab1"]
    assert (len(told.lines), told.since) == (deployment_log.TOLD, "")
    deployment_log.append(log, OPS, many)
    told = deployment_log.logged(log)["lab1"]
    assert told.lines[0] == LogLine(3, many[2].time)
    assert (len(told.lines), told.since) == (deployment_log.TOLD, many[2].time)
