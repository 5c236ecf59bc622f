import json
from typing import Any

import pytest
from pyinfra.api.exceptions import FactProcessError

from modelctl.nodes.bundle import bundle
from operations.answer import Logged, SetState, StackState, parse
from tests.unit.cases import each

ENTRY: dict[str, Any] = {
    "n": 7, "time": "2026-11-22T23:40:00Z", "host": "lab1", "service": "engine", "operator": "anna@ramrod",
    "purpose": "pyinfra", "from": "d0", "to": "d1", "commit": "unknown", "dirty": False, "outcome": "returned",
    "reason": "it ended",
}  # fmt: skip
STATE: dict[str, Any] = {
    "chosen": "d1", "models": {}, "differences": ["x"], "unready": "y", "health": "ill", "may_restart": True,
    "queue": "2 queued", "live": {}, "commit": "c0ffee", "last": ENTRY, "proven": True,
}  # fmt: skip
ANSWER: dict[str, Any] = {
    "current_program": bundle().digest,
    "damaged": [],
    "absent_folders": ["/a"],
    "lacking": ["cats/2026-01-01"],
    "stack": {
        "lacking": True,
        "to_remap": [],
        "packages": ["libusb-1.0-0"],
        "rule": False,
        "group": False,
        "to_restart": [],
        "udevd": True,
    },
    "face_list": None,
    "sets": {"engine": STATE},
    "pull_access": {"pull_key.pub": None, "pull_key-cert.pub": "a\nb", "known_hosts": None},
    "authorized": None,
    "revoked": [],
    "registry": [],
    "history": [ENTRY],
    "logged": {"lab1": {"lines": [[3, ENTRY["time"]]], "since": ""}},
    "listed": [],
    "unseen": [],
    "cleanup": [],
    "missing": {"access": [], "coral": [], "models": ["rsync: not installed"], "configs": []},
    "remarks": ["imagenode: unknown"],
}


DAMAGE: list[dict[str, Any]] = [
    {"n": "7"}, {"n": 0}, {"n": True}, {"n": 10**10}, {"n": 7.0}, {"time": "yesterday"},
    {"time": ENTRY["time"] + "\n"}, {"host": "lab1#9 x"}, {"host": None}, {"service": "a b"}, {"service": "../a"},
    {"outcome": "returned: "}, {"outcome": 7}, {"from": "text"}, {"to": "../d1"}, {"to": ["d1"]}, {"commit": "HEAD"},
    {"dirty": 1}, {"dirty": None}, {"reason": {}}, {"purpose": 7}, {"operator": []},
]  # fmt: skip


def test_an_answer_is_read() -> None:
    found = parse([json.dumps(ANSWER)], ["engine"])
    assert found is not None
    assert found.has_program
    assert found.sets == {
        "engine": SetState("d1", {}, ["x"], "y", "ill", True, "2 queued", {}, "c0ffee", ENTRY, proven=True)
    }
    assert found.sets["engine"].reasons == ["x", "y"]
    assert found.lacking == ["cats/2026-01-01"]
    assert found.stack == StackState(
        lacking=True, to_remap=[], packages=["libusb-1.0-0"], rule=False, group=False, to_restart=[], udevd=True
    )
    assert not found.stack.is_settled
    assert found.missing["models"] == ["rsync: not installed"]
    assert (found.history, found.logged) == ([ENTRY], {"lab1": Logged([(3, ENTRY["time"])], "")})


@each(
    "damaged",
    [
        "text",
        None,
        {},
        *({key: value for key, value in ENTRY.items() if key != name} for name in ENTRY),
        *({**ENTRY, **changes} for changes in DAMAGE),
    ],
)
def test_a_damaged_line_of_the_history_is_left_out(damaged: Any) -> None:
    """It must not keep the node from being deployed to."""
    sets = {"engine": {**STATE, "last": damaged}}
    found = parse([json.dumps({**ANSWER, "sets": sets, "history": [damaged, ENTRY]})], ["engine"])
    assert found is not None
    assert found.history == [ENTRY]
    assert found.sets["engine"].last is None


def test_many_reasons_are_told_in_short() -> None:
    state = SetState("d1", {}, ["one", "two", "three", "four"], "five", None, False, None, {}, None, None, proven=False)
    assert state.in_short == "one; two; three; 2 more"


def test_another_program_is_current() -> None:
    found = parse([json.dumps({**ANSWER, "current_program": "older"})], ["engine"])
    assert found is not None
    assert not found.has_program


def test_a_node_without_the_program_gives_no_answer() -> None:
    assert parse(["null"], ["engine"]) is None


@each(
    "text",
    [
        "",
        "Last login: today",
        "[]",
        "7",
        '"text"',
        "{}",
        json.dumps({**ANSWER, "sets": []}),
        json.dumps({**ANSWER, "sets": {"engine": {"chosen": None}}}),
        json.dumps({**ANSWER, "more": 1}),
        json.dumps({**ANSWER, "history": None}),
        json.dumps({**ANSWER, "history": {"a": 1}}),
        json.dumps({**ANSWER, "sets": {}}),
        json.dumps({**ANSWER, "sets": {"engine": STATE, "other": STATE}}),
        json.dumps({**ANSWER, "sets": {"other": STATE}}),
        json.dumps({**ANSWER, "sets": {"engine": {**STATE, "more": 1}}}),
        *(
            json.dumps({**ANSWER, "sets": {"engine": {**STATE, name: found}}})
            for name, found in {
                "chosen": 7, "models": {"a": None}, "differences": "text", "unready": ["y"], "live": {"/a": 7},
                "commit": 7,
            }.items()
        ),
        *(
            json.dumps({**ANSWER, name: found})
            for name, found in {
                "absent_folders": "/a", "lacking": [7], "face_list": {}, "pull_access": {"pull_key.pub": None},
                "authorized": "yes", "registry": None, "logged": {"lab1": 3}, "damaged": None,
            }.items()
        ),
        *(json.dumps({key: value for key, value in ANSWER.items() if key != name}) for name in ANSWER),
        '{"history": ' + "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        json.dumps({**ANSWER, "lacking": ["\ud800"]}),
    ],
)  # fmt: skip
def test_what_is_no_survey_fails_one_host_only(text: str) -> None:
    with pytest.raises(FactProcessError, match=r"^the node's answer is no survey: "):
        parse([text], ["engine"])


def test_a_long_answer_is_shown_in_part() -> None:
    with pytest.raises(FactProcessError) as caught:
        parse(["x" * 100_000], ["engine"])
    assert len(str(caught.value)) < 400


def test_what_is_wrong_is_said_in_one_line() -> None:
    with pytest.raises(FactProcessError) as caught:
        parse([json.dumps({**ANSWER, "lacking": ["a", 7], "authorized": "\x1b[31m\n"})], ["engine"])
    assert str(caught.value).startswith(
        "the node's answer is no survey: lacking.1: found 7; allowed: a valid string; found '{\"current_program\": "
    )
    assert str(caught.value).isprintable()


def test_no_terminal_obeys_a_nodes_words() -> None:
    bad, shown = "a\x1b[31m\nb\u202e", "a?[31m b?"
    said = dict.fromkeys(("unready", "health", "queue"), bad)
    state = {**STATE, **said, "models": {bad: bad}, "differences": [bad], "live": {"/a": f"\tx{bad}"}}
    last = {**ENTRY, "operator": bad, "purpose": bad, "reason": bad, "more": bad}
    answer = {**ANSWER, "sets": {"engine": {**state, "last": last}}, "history": [last], "registry": [bad]}
    found = parse([json.dumps(answer)], ["engine"])
    assert found is not None
    cleaned = {**ENTRY, "operator": shown, "purpose": shown, "reason": shown}
    assert found.sets["engine"] == SetState(
        "d1",
        {shown: shown},
        [shown],
        shown,
        shown,
        True,
        shown,
        {"/a": "\txa [31m\nb "},
        "c0ffee",
        cleaned,
        proven=True,
    )
    assert (found.history, found.registry) == ([cleaned], [shown])


def test_a_node_may_not_know_who_asked() -> None:
    line = {**ENTRY, "operator": None, "purpose": None, "from": None, "to": None, "commit": "adopted"}
    found = parse([json.dumps({**ANSWER, "history": [line]})], ["engine"])
    assert found is not None
    assert found.history == [line]
