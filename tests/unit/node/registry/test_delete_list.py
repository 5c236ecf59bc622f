"""The delete-list: what may go, and from when on. A damaged one lets nothing go."""

import errno
import json
from typing import Any

import pytest

from node import codec, layout
from node.errors import Refusal
from node.protocol.versions import DeleteList, RenewDeleteList
from node.registry import delete_list
from node.store import files, history
from tests.unit.node.hostile import trying

ENTRY: dict[str, Any] = {
    "model": "cats", "version": "2019-01-01", "manifest": "ab" * 32, "bytes": 7, "due": "2026-11-30T03:00:00Z",
    "since": "2026-11-23T03:00:00Z", "operator": "anna@ramrod",
}  # fmt: skip
SIGHT = {"time": "2026-11-23T03:00:00Z", "named": {"cats": ["2026-01-01"]}}


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "now", lambda: "2026-11-24T00:00:00Z")


def show() -> DeleteList:
    return delete_list.show(layout.STATE / "model_cleanup.log")


def write(*entries: dict[str, Any], seen: dict[str, Any] | None = None) -> None:
    was = show().digest
    delete_list.renew(new(was, *entries, seen=seen))


def new(was: str, *entries: dict[str, Any], seen: dict[str, Any] | None = None) -> RenewDeleteList:
    return codec.decode(RenewDeleteList, {"was": was, "entries": list(entries), "seen": seen or {}})


def put(name: str, text: str) -> None:
    files.folder(layout.cleanup())
    (layout.cleanup() / name).write_text(text)


def labels() -> list[str]:
    return [entry.label for entry in delete_list.read()]


def test_where_there_is_none() -> None:
    assert delete_list.read() == []
    shown = show()
    assert shown == DeleteList("2026-11-24T00:00:00Z", shown.digest, [], {})
    assert delete_list.keep_referenced(["cats/2019-01-01"], {"lab1": ["cats/2019-01-01"]}) == []
    assert [path.name for path in layout.cleanup().iterdir()] == ["spared"]


def test_a_list_that_was_decided_on_before_a_version_was_spared_is_not_written() -> None:
    was = show().digest
    delete_list.keep_referenced(["cats/2019-01-01"], {})
    with pytest.raises(Refusal, match="changed meanwhile; nothing was written"):
        delete_list.renew(new(was, ENTRY))
    assert labels() == []


def test_what_was_written_is_shown() -> None:
    write(ENTRY, {**ENTRY, "version": "2019-01-01.2"}, seen={"lab1": SIGHT})
    shown = show()
    assert codec.encode(shown.entries) == [ENTRY, {**ENTRY, "version": "2019-01-01.2"}]
    assert codec.encode(shown.seen) == {"lab1": SIGHT}
    assert labels() == ["cats/2019-01-01", "cats/2019-01-01.2"]
    assert codec.decode(DeleteList, json.loads(json.dumps(codec.encode(shown)))) == shown


def test_everybody_can_read_it_and_root_alone_write_it() -> None:
    write(ENTRY)
    status = (layout.cleanup() / "list.json").stat()
    assert (status.st_mode & 0o777, status.st_uid) == (0o644, 0)


@pytest.mark.parametrize(("versions", "hosts"), [(["cats/2019-01-02"], {}), ([], {"lab1": ["cats/2026-02-02"]})])
def test_what_was_changed_meanwhile_is_not_overwritten(versions: list[str], hosts: dict[str, list[str]]) -> None:
    write(ENTRY, {**ENTRY, "version": "2019-01-02"}, seen={"lab1": SIGHT})
    decided_from = show().digest
    delete_list.keep_referenced(versions, hosts)
    before = show()
    with pytest.raises(Refusal, match=r"cleanup: changed meanwhile; nothing was written: run it again"):
        delete_list.renew(new(decided_from))
    assert show() == before


WRONG: list[dict[str, Any]] = [
    {"model": "../cats"}, {"model": "Cats"}, {"model": "cats\n"}, {"version": "2019-02-30"}, {"version": ".."},
    {"version": "2019-01-01.1"}, {"version": "2019-01-01.0"}, {"version": "2019-01-01/x"}, {"version": "２019-01-01"},
    {"manifest": "ab"}, {"manifest": None}, {"bytes": -1}, {"bytes": True}, {"bytes": "7"}, {"bytes": 7.0},
    {"due": "2026-11-30"}, {"due": "now"}, {"since": 7}, {"operator": "a\nb"}, {"operator": None},
]  # fmt: skip


def test_an_entry_that_is_none_is_not_written() -> None:
    for wrong in WRONG:
        with trying(wrong):
            with pytest.raises((Refusal, TypeError, ValueError), match=r"^the (new delete-list|message\.entries\[1\])"):
                write(ENTRY, {**ENTRY, **wrong})
            assert not (layout.cleanup() / "list.json").exists()


def test_a_damaged_list_has_no_entries() -> None:
    wrong = (json.dumps([ENTRY, {**ENTRY, **each}]) for each in WRONG)
    for text in ["", "{", "7", "[7]", "[null]", '["a"]', "[{}]", "\udcff", *wrong]:
        with trying(text):
            check_damaged(text)


def check_damaged(text: str) -> None:
    files.folder(layout.cleanup())
    (layout.cleanup() / "list.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(
        Refusal, match=r"list\.json: damaged \(.*\), so nothing is removed; write it anew: modelctl prune"
    ):
        delete_list.read()
    assert show().entries is None
    assert delete_list.keep_referenced(["cats/2019-01-01"], {}) == []
    write(ENTRY)
    assert labels() == ["cats/2019-01-01"]


def test_a_damaged_list_is_mended_by_an_empty_one() -> None:
    put("list.json", "{")
    write()
    assert delete_list.read() == []


@pytest.mark.parametrize("text", ["", "[]", "7", '{"lab1": 7}', '{"lab1": {}}', '{"lab1": {"named": ["cats"]}}'])
def test_what_was_seen_is_unknown_when_it_is_damaged(text: str) -> None:
    put("seen.json", text)
    assert show().seen is None
    assert delete_list.unseen({"lab1": ["cats/2026-01-01"]}) == []


def test_sparing_takes_off_what_is_wanted_and_nothing_else() -> None:
    write(ENTRY, {**ENTRY, "version": "2019-01-02"}, {**ENTRY, "model": "dogs"})
    assert delete_list.listed(["cats/2019-01-02", "cats/2026-01-01"]) == ["cats/2019-01-02"]
    assert delete_list.keep_referenced(["cats/2019-01-02", "cats/2026-01-01"], {}) == ["cats/2019-01-02"]
    assert labels() == ["cats/2019-01-01", "dogs/2019-01-01"]
    assert delete_list.keep_referenced(["cats/2019-01-02"], {}) == []


def test_what_a_host_is_about_to_get_counts_as_seen_there() -> None:
    write(seen={"lab1": SIGHT})
    hosts = {"lab1": ["cats/2026-01-01", "cats/2026-02-02", "dogs/2026-01-01"], "east": ["cats/2026-02-02"]}
    assert delete_list.unseen(hosts) == ["lab1"]
    delete_list.keep_referenced([], hosts)
    assert codec.encode(show().seen) == {
        "lab1": {**SIGHT, "named": {"cats": ["2026-01-01", "2026-02-02"], "dogs": ["2026-01-01"]}}
    }
    assert delete_list.unseen(hosts) == []


@pytest.mark.usefixtures("impatient")
def test_two_at_once() -> None:
    write(ENTRY)
    with delete_list.alone(), pytest.raises(Refusal, match="another is at work on the delete-list; run again"):
        delete_list.keep_referenced(["cats/2019-01-01"], {})
    assert labels() == ["cats/2019-01-01"]


def test_a_full_disk_leaves_no_list_without_what_it_rests_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(delete_list, "_write_seen", full)
    with pytest.raises(OSError, match="No space left"):
        write(ENTRY, seen={"lab1": SIGHT})
    assert labels() == []


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_is_no_file_is_damaged(kind: str) -> None:
    files.folder(layout.cleanup())
    for name in ("list.json", "seen.json"):
        path = layout.cleanup() / name
        if kind == "folder":
            path.mkdir()
        else:
            path.symlink_to("/nowhere")
    assert (show().entries, show().seen) == (None, None)
    assert delete_list.listed(["cats/2019-01-01"]) == []
    assert delete_list.unseen({"lab1": ["cats/2026-01-01"]}) == []
