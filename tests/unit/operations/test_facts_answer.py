import json
from typing import Any

import pytest
from pyinfra.api.exceptions import FactProcessError

from modelctl.nodes.bundle import bundle
from node import codec, protocol
from node.protocol.facts import HistoryEntry, Logged, LogLine, PullAccess, SetState, StackState
from operations.facts import has_program, parse, parse_history
from tests.unit.cases import each

ENTRY: dict[str, Any] = {
    "n": 7, "time": "2026-11-22T23:40:00Z", "host": "lab1", "service": "engine", "operator": "anna@ramrod",
    "purpose": "pyinfra", "from": "d0", "to": "d1", "commit": "unknown", "dirty": False, "outcome": "returned",
    "reason": "it ended",
}  # fmt: skip
TYPED = HistoryEntry(
    7, "2026-11-22T23:40:00Z", "lab1", "engine", "anna@ramrod", "pyinfra", "d0", "d1", "unknown", dirty=False,
    outcome="returned", reason="it ended",
)  # fmt: skip
STATE: dict[str, Any] = {
    "chosen": "d1", "models": {}, "differences": ["x"], "not_ready": "y", "health": "unhealthy", "may_restart": True,
    "queue": "2 queued", "live": {}, "commit": "c0ffee", "last": ENTRY, "known_good": True,
}  # fmt: skip
DATASINK: dict[str, Any] = {
    "authorized": None,
    "revoked": [],
    "registry": [],
    "logged": {"lab1": {"lines": [{"n": 3, "time": ENTRY["time"]}], "since": ""}},
    "clean_up": [],
}
OPTIONAL: dict[str, Any] = {
    "format": 1,
    "missing": {"access": [], "coral": [], "models": ["rsync: not installed"], "configs": []},
    "remarks": ["imagenode: unknown"],
    "references": {"cats/2026-01-01": "in a set of engine"},
    "room": {
        "folder": "/m",
        "needed": {"cats/2026-01-01": 7},
        "free": 9,
        "reserve": 3,
        "unread": {"cats/2026-01-01": 1},
    },
}
ANSWER: dict[str, Any] = {
    "current_program": bundle().digest,
    "damaged": [],
    "absent_folders": ["/a"],
    "missing_versions": ["cats/2026-01-01"],
    "stack": {
        "missing": True,
        "to_remap": [],
        "libusb": True,
        "rule": False,
        "group": False,
        "to_restart": [],
        "udevd": True,
        "room": None,
    },
    "face_list": [],
    "sets": {"engine": STATE},
    "pull_access": {"public_key": None, "certificate": "a\nb", "known_hosts": "c\n"},
    "history": [ENTRY],
    "datasink": DATASINK,
    **OPTIONAL,
}


OF_ANOTHER_KIND: list[dict[str, Any]] = [
    {"n": "7"}, {"n": True}, {"n": 7.0}, {"time": None}, {"host": None}, {"outcome": 7}, {"to": ["d1"]}, {"dirty": 1},
    {"dirty": None}, {"reason": {}}, {"purpose": 7}, {"operator": []},
]  # fmt: skip
NOT_FOR_THE_LOG: list[dict[str, Any]] = [
    {"n": 0}, {"n": -1}, {"n": 10**9}, {"n": 10**10}, {"n": int("9" * 4000)}, {"time": "yesterday"}, {"time": ""},
    {"time": "2026-11-22T23:40:00Z east#7"}, {"time": "2026-11-22T23:40:00"}, {"time": "unknown"},
]  # fmt: skip


def test_an_answer_is_read() -> None:
    found = parse([json.dumps(ANSWER)], ["engine"])
    assert has_program(found)
    assert found.sets == {
        "engine": SetState("d1", {}, ["x"], "y", "unhealthy", True, "2 queued", {}, "c0ffee", TYPED, known_good=True)
    }
    assert found.sets["engine"].reasons == ["x", "y"]
    assert found.missing_versions == ["cats/2026-01-01"]
    assert found.stack == StackState(
        missing=True, to_remap=[], libusb=True, rule=False, group=False, to_restart=[], udevd=True
    )
    assert not found.stack.is_settled
    assert found.missing.models == ["rsync: not installed"]
    assert found.datasink is not None
    assert (found.history, found.datasink.logged) == ([TYPED], {"lab1": Logged([LogLine(3, TYPED.time)], "")})
    assert json.loads(protocol.dumps(found)) == ANSWER


def test_the_files_of_pull_access_are_read_as_they_are() -> None:
    """Each is compared with what it should be, to its last line's end."""
    found = parse([json.dumps(ANSWER)], ["engine"]).pull_access
    assert (found.certificate, found.known_hosts) == ("a\nb", "c\n")


@each("changes", NOT_FOR_THE_LOG)
def test_a_line_that_the_log_could_not_tell_from_others_is_left_out(changes: dict[str, Any]) -> None:
    """It must not keep the node from being deployed to."""
    line = {**ENTRY, **changes}
    sets = {"engine": {**STATE, "last": line}}
    found = parse([json.dumps({**ANSWER, "sets": sets, "history": [line, ENTRY]})], ["engine"])
    assert found.history == [TYPED]
    assert parse_history(json.dumps({"entries": [line, ENTRY]})) == [TYPED]


@each(
    "line",
    [
        "text",
        None,
        {},
        *({key: value for key, value in ENTRY.items() if key != name} for name in ("n",)),
        *({**ENTRY, **changes} for changes in OF_ANOTHER_KIND),
    ],
)
def test_a_line_of_another_kind_is_no_answer(line: Any) -> None:
    """A node's program leaves out the damaged lines of its history by itself."""
    with pytest.raises(FactProcessError, match=r"^the node's answer holds no facts: "):
        parse([json.dumps({**ANSWER, "history": [line, ENTRY]})], ["engine"])
    with pytest.raises(FactProcessError, match=r"^the node's answer is no history: "):
        parse_history(json.dumps({"entries": [line, ENTRY]}))
    if line is not None:
        with pytest.raises(FactProcessError, match=r"^the node's answer holds no facts: "):
            parse([json.dumps({**ANSWER, "sets": {"engine": {**STATE, "last": line}}})], ["engine"])


@each("line", [{**ENTRY, "more": "x"}, {**ENTRY, "more": None}, {**ENTRY, "more": [{}]}, {**ENTRY, "host": "lab1#9 x"}])
def test_a_line_with_more_in_it_is_a_line(line: dict[str, Any]) -> None:
    """What it says of another host is not collected: test_audit.py."""
    assert parse([json.dumps({**ANSWER, "history": [line]})], ["engine"]).history == [TYPED._replace(host=line["host"])]


def test_many_reasons_are_told_in_short() -> None:
    state = SetState(
        "d1", {}, ["one", "two", "three", "four"], "five", None, False, None, {}, None, None, known_good=False
    )
    assert state.in_short == "one; two; three; 2 more"


def test_another_program_is_current() -> None:
    found = parse([json.dumps({**ANSWER, "current_program": "older"})], ["engine"])
    assert not has_program(found)


@each(
    "text",
    [
        "",
        "Last login: today",
        "[]",
        "7",
        '"text"',
        "{}",
        "null",
        json.dumps({**ANSWER, "sets": []}),
        json.dumps({**ANSWER, "sets": {"engine": {"chosen": None}}}),
        json.dumps({**ANSWER, "format": 2}),
        json.dumps({**ANSWER, "format": "1"}),
        json.dumps({**ANSWER, "history": None}),
        json.dumps({**ANSWER, "history": {"a": 1}}),
        json.dumps({**ANSWER, "sets": {}}),
        json.dumps({**ANSWER, "sets": {"engine": STATE, "other": STATE}}),
        json.dumps({**ANSWER, "sets": {"other": STATE}}),
        *(
            json.dumps({**ANSWER, "sets": {"engine": {**STATE, name: found}}})
            for name, found in {
                "chosen": 7, "models": {"a": None}, "differences": "text", "not_ready": ["y"], "live": {"/a": 7},
                "commit": 7,
            }.items()
        ),
        *(
            json.dumps({**ANSWER, name: found})
            for name, found in {
                "absent_folders": "/a", "missing_versions": [7], "face_list": {}, "pull_access": {"public_key": None},
                "damaged": None, "datasink": {}, "stack": {}, "missing": [], "remarks": [None],
            }.items()
        ),
        *(
            json.dumps({**ANSWER, "datasink": {**DATASINK, name: found}})
            for name, found in {"authorized": "yes", "registry": None, "logged": {"lab1": 3}}.items()
        ),
        *(
            json.dumps({key: value for key, value in ANSWER.items() if key != name})
            for name in ANSWER.keys() - OPTIONAL.keys()
        ),
        '{"history": ' + "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        json.dumps({**ANSWER, "pull_access": {**ANSWER["pull_access"], "certificate": "\ud800"}}),
    ],
)  # fmt: skip
def test_what_is_no_facts_fails_one_host_only(text: str) -> None:
    with pytest.raises(FactProcessError, match=r"^the node's answer holds no facts: "):
        parse([text], ["engine"])


def test_a_long_answer_is_shown_in_part() -> None:
    with pytest.raises(FactProcessError) as caught:
        parse(["x" * 100_000], ["engine"])
    assert len(str(caught.value)) < 400


def test_what_is_wrong_is_said_in_one_line() -> None:
    with pytest.raises(FactProcessError) as caught:
        parse([json.dumps({**ANSWER, "missing_versions": ["a", {"\x1b[31m\n": 7}]})], ["engine"])
    assert str(caught.value).startswith(
        "the node's answer holds no facts: the message.missing_versions[1]: found {'\\x1b[31m\\n': 7}; "
        'found \'{"current_program": '
    )
    assert str(caught.value).isprintable()


def test_what_is_wrong_at_an_odd_name_is_said_in_one_line() -> None:
    with pytest.raises(FactProcessError) as caught:
        parse([json.dumps({**ANSWER, "sets": {"\x1b[31m\n\ud800": 7}})], ["engine"])
    assert str(caught.value).startswith("the node's answer holds no facts: the message.sets.?[31m ?: found 7; ")
    assert str(caught.value).isprintable()


@each("text", [json.dumps({**ANSWER, "more": 1}), json.dumps({**ANSWER, "sets": {"engine": {**STATE, "more": 1}}})])
def test_a_newer_program_may_say_more(text: str) -> None:
    assert parse([text], ["engine"]) == parse([json.dumps(ANSWER)], ["engine"])


def test_no_terminal_obeys_a_nodes_words() -> None:
    """Of the files, as they are, operations/configs.py shows the lines, and takes care of them."""
    bad, shown = "a\x1b[31m\nb\u202e\0\ud800", "a?[31m b???"
    said = dict.fromkeys(("chosen", "not_ready", "health", "queue", "commit"), bad)
    state = {**STATE, **said, "models": {bad: bad}, "differences": [bad]}
    last = {**ENTRY, **{name: bad for name, value in ENTRY.items() if isinstance(value, str)}, "more": bad}
    history = {**last, "time": ENTRY["time"]}
    datasink = {**DATASINK, **{name: [bad] for name in ("revoked", "registry", "clean_up")}}
    lists = {name: [bad] for name in ("damaged", "lacking", "face_list", "remarks")}
    stack = {**ANSWER["stack"], "to_remap": [bad], "to_restart": [bad]}
    missing = {step: [bad] for step in ANSWER["missing"]}
    answer = {**ANSWER, **lists, "current_program": bad, "stack": stack, "missing": missing, "datasink": datasink}
    answer |= {"absent_folders": [f"/{bad}"], "sets": {"engine": {**state, "last": last}}, "history": [history]}
    found = parse([json.dumps(answer)], ["engine"])
    cleaned = HistoryEntry(7, shown, shown, shown, shown, shown, shown, shown, shown, False, shown, shown)
    assert found.sets["engine"] == SetState(
        shown, {shown: shown}, [shown], shown, shown, True, shown, {}, shown, cleaned, known_good=True
    )
    assert found.datasink is not None
    assert (found.history, found.datasink.registry) == ([cleaned._replace(time=ENTRY["time"])], [shown])
    told = strings(codec.encode(found._replace(pull_access=PullAccess(None, None, None))))
    assert shown in told
    assert all(text.isprintable() for text in told)


def strings(data: Any) -> list[str]:
    """All strings in plain data."""
    if isinstance(data, dict):
        return [*data, *strings(list(data.values()))]
    return [text for part in data for text in strings(part)] if isinstance(data, list) else [str(data)]


def test_a_long_word_is_cut() -> None:
    found = parse([json.dumps({**ANSWER, "remarks": ["x" * 100_000]})], ["engine"])
    assert found.remarks == ["x" * 2000 + "..."]


def test_a_node_may_not_know_who_asked() -> None:
    line = {**ENTRY, "operator": None, "purpose": None, "from": None, "to": None, "commit": "adopted"}
    found = parse([json.dumps({**ANSWER, "history": [line]})], ["engine"])
    assert found.history == [TYPED._replace(operator=None, purpose=None, from_=None, to=None, commit="adopted")]
