import json
import time
from typing import Any

import pytest

from node import codec, layout
from node.protocol.facts import HistoryEntry
from node.store import files, history
from tests.unit.node.places import request

DIGEST, OTHER = "0123456789abcdef" * 4, "fedcba9876543210" * 4


NOW = history.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "now", lambda: "2026-11-22T23:40:00Z")


def entry(**changes: Any) -> HistoryEntry:
    history.add(request(DIGEST)._replace(commit="c0ffee" * 6 + "c0ff-dirty"), OTHER, history.CHOSEN, None)
    return history.entries()[-1]._replace(**changes)


def test_a_line_says_who_when_what_and_how_it_ended() -> None:
    entry()
    assert json.loads(layout.history().read_text()) == {
        "format": 1,
        "n": 1,
        "time": "2026-11-22T23:40:00Z",
        "host": "node",
        "service": "engine",
        "operator": "anna@ramrod",
        "purpose": "pyinfra inventory.py",
        "from": OTHER,
        "to": DIGEST,
        "commit": "c0ffee" * 6 + "c0ff",
        "dirty": True,
        "outcome": "chosen",
        "reason": None,
    }


@pytest.mark.parametrize("commit", ["c0ffee", "unknown", "adopted"])
def test_a_clean_commit_is_not_dirty(commit: str) -> None:
    history.add(request("d2")._replace(commit=commit), None, history.REFUSED, "why")
    [found] = history.entries()
    assert (found.commit, found.dirty, found.from_, found.reason) == (commit, False, None, "why")


def test_lines_are_only_added_and_numbered_on() -> None:
    for digest in ("d1", "d2", "d3"):
        before = layout.history().read_bytes() if layout.history().exists() else b""
        history.add(request(digest), None, history.CHOSEN, None)
        assert layout.history().read_bytes().startswith(before)
    assert [(each.n, each.to) for each in history.entries()] == [(1, "d1"), (2, "d2"), (3, "d3")]


def test_a_line_that_a_power_cut_tore_is_left_out_and_hurts_no_other() -> None:
    history.add(request("d1"), None, history.CHOSEN, None)
    history.add(request("d2"), None, history.CHOSEN, None)
    whole = layout.history().read_bytes()
    layout.history().write_bytes(whole[:-20])
    history.add(request("d3"), None, history.CHOSEN, None)
    assert [(each.n, each.to) for each in history.entries()] == [(1, "d1"), (2, "d3")]


def test_a_lost_line_does_not_make_a_number_come_twice() -> None:
    for digest in ("d1", "d2"):
        history.add(request(digest), None, history.CHOSEN, None)
    layout.history().write_bytes(b"?" + layout.history().read_bytes())
    history.add(request("d3"), None, history.CHOSEN, None)
    assert [each.n for each in history.entries()] == [2, 3]


@pytest.mark.parametrize(
    "line",
    [
        b"[]", b"{}", b'{"n": "1"}', b"\xff\x00", b"", b'{"n": 1, "host": 7}', b'{"n": 1, "dirty": "no"}',
        b'{"n": 1, "format": 2}', b'{"n": 1, "format": "x"}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_line_is_left_out(line: bytes) -> None:
    """H8."""
    history.add(request("d1"), None, history.CHOSEN, None)
    with layout.history().open("ab") as file:
        file.write(line + b"\n")
    history.add(request("d3"), None, history.CHOSEN, None)
    assert [each.to for each in history.entries()] == ["d1", "d3"]
    last = history.last("engine")
    assert last is not None
    assert last.to == "d3"


@pytest.mark.parametrize("name", ["service", "time", "host", "operator", "from", "outcome", "reason", "dirty"])
def test_a_line_that_lacks_a_field_is_a_line(name: str) -> None:
    """H8, H3: an older program knew fewer."""
    line = {key: value for key, value in codec.encode(entry()).items() if key != name}
    layout.history().write_text(json.dumps(line) + "\n")
    [found] = history.entries()
    assert found.n == 1
    assert history.text(found).isprintable()
    assert (history.last("engine") is None) == (name == "service")


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_is_no_file_has_no_lines(kind: str) -> None:
    files.folder(layout.STATE)
    if kind == "folder":
        layout.history().mkdir()
    else:
        layout.history().symlink_to("nowhere")
    assert history.entries() == []


def test_a_line_is_on_the_disk_when_add_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    moments: list[str] = []
    monkeypatch.setattr(files, "observer", lambda moment, path: moments.append(f"{moment} {path.name}"))
    history.add(request("d1"), None, history.CHOSEN, None)
    assert moments[-2:] == ["before sync history.jsonl", "after sync history.jsonl"]


def test_last_is_the_services_own() -> None:
    assert history.last("engine") is None
    history.add(request("d1"), None, history.CHOSEN, None)
    history.add(request("d2"), None, history.CHOSEN, None)
    history.add(request("d3")._replace(service="other"), None, history.CHOSEN, None)
    found = history.last("engine")
    assert found is not None
    assert found.to == "d2"


def test_text_is_one_line_for_people() -> None:
    assert history.text(entry()) == (
        "2026-11-22T23:40:00Z node#1 engine chosen fedcba987654 -> 0123456789ab commit c0ffeec0ffee dirty "
        "by anna@ramrod: pyinfra inventory.py"
    )


def test_text_of_a_first_set_that_was_not_healthy() -> None:
    found = entry(from_=None, outcome="failed", dirty=False, reason="it ended\n\tat once")
    assert history.text(found) == (
        "2026-11-22T23:40:00Z node#1 engine failed none -> 0123456789ab commit c0ffeec0ffee by anna@ramrod: "
        "pyinfra inventory.py; it ended at once"
    )


def test_now_is_utc_to_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "gmtime", lambda: time.struct_time((2026, 1, 2, 3, 4, 5, 4, 2, 0)))
    assert NOW() == "2026-01-02T03:04:05Z"


def test_text_holds_nothing_that_a_terminal_would_obey() -> None:
    history.add(request("d2"), None, history.REFUSED, "\x1b[2Jgone\x00")
    assert history.text(history.entries()[0]).endswith("; ?[2Jgone?")


def test_what_is_no_text_hides_no_line() -> None:
    history.add(request("d2"), None, history.REFUSED, "gone\0 \udcff\n\tin two lines")
    [entry] = history.entries()
    assert entry.reason == "gone? ? in two lines"
    assert (entry.from_, entry.to, entry.n) == (None, "d2", 1)
