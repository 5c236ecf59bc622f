"""What manifests tell people, old ones and new ones."""

import pytest

from modelctl.reports.model_versions import MAX_METRICS, Description, describe
from node.registry.own import MANIFEST_LIMIT

OLD = b"%YAML 1.0\n---\nname: cats\ndate_deployed: 2020-12-06\ntraining_metrics: {}\n"
NEW = b'name: cats\ndate_deployed: "2026-02-02"\ntraining_metrics:\n  accuracy: 0.957\n  events: 140\n'


def test_an_old_manifest_with_a_directive() -> None:
    assert describe(OLD) == Description("2020-12-06", {})


def test_a_new_one_with_metrics_as_they_are_written() -> None:
    assert describe(NEW) == Description("2026-02-02", {"accuracy": "0.957", "events": "140"})


@pytest.mark.parametrize("text", [b"name: cats\n", b"date_deployed:\ntraining_metrics: none\n"])
def test_what_it_does_not_say(text: bytes) -> None:
    assert describe(text) == Description(None, {})


def test_what_it_says_is_short_and_obeyed_by_no_terminal() -> None:
    text = b'date_deployed: "a\\e[2Jb"\ntraining_metrics:\n  "m\\e": ' + b"x" * 100 + b"\n  n: [1, [2]]\n"
    found = describe(text)
    assert found.date == "a?[2Jb"
    assert dict(found.metrics) == {"m?": "x" * 40 + "...", "n": "['1', ['2']]"}


def test_no_more_metrics_than_a_line_can_hold() -> None:
    text = "training_metrics:\n" + "".join(f"  m{number}: 1\n" for number in range(MAX_METRICS + 5))
    assert len(describe(text.encode()).metrics) == MAX_METRICS


@pytest.mark.parametrize(
    ("manifest", "fault"),
    [
        (None, "there is none"),
        (b"a" * (MANIFEST_LIMIT + 1), "found more than 65536 bytes"),
        (b"- cats\n", "found no mapping"),
        (b"name: [cats\n", "line 2: expected ',' or ']', but got '<stream end>'"),
        (b"name: &a cats\n", "line 1: found an anchor or alias"),
        (b"\xff\xfe\xfd", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_a_manifest_that_cannot_be_read(manifest: bytes | None, fault: str) -> None:
    assert describe(manifest) == Description(fault=fault)
