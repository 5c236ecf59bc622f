"""What became of a switch, as its standard error tells."""

from operations.rollout import Outcome, outcome_of
from tests.unit.cases import each


@each(
    "succeeded, lines, outcome",
    [
        (True, [], Outcome.NEW),
        (True, ["imagenode: returned to 0123: a warning that is none"], Outcome.NEW),
        (False, ["imagenode: returned to 0123456789ab: port 5567 is closed"], Outcome.RETURNED),
        (False, ["imagenode: failed, 0123456789ab stays chosen: it ended"], Outcome.FAILED),
        (False, ["a: returned to 01: x", "b: failed, 02 stays chosen: y"], Outcome.FAILED),
        (False, ["warning: slow clock", "imagenode: returned to 01: x"], Outcome.RETURNED),
        (False, ["imagenode: tried, and not chosen: /home/ops/python: found numpy 2.1.0"], Outcome.UNFIT),
        (False, ["imagenode: another switch is running; wait for it and run again"], Outcome.REFUSED),
        (False, ["sudo: unable to resolve host x: Name or service not known", "a: no"], Outcome.REFUSED),
        (False, ["switch: No space left on device; mend that on the node and run again"], Outcome.REFUSED),
        (False, ["/var/x: Read-only file system; mend that on the node and run again"], Outcome.REFUSED),
        (False, ["face list 2026-02-02: lacks 3 event(s)"], Outcome.REFUSED),
        (False, ["/home/ops/facelist_2026-02-02.csv: not there or not verified; run x"], Outcome.REFUSED),
        (False, ["switch: Input/output error; mend that on the node and run again"], Outcome.UNKNOWN),
        (False, ["/run/x: Permission denied; mend that on the node and run again"], Outcome.UNKNOWN),
        (False, ["switch: No space left on device"], Outcome.UNKNOWN),
        (False, ["sudo: unable to resolve host x: Name or service not known"], Outcome.UNKNOWN),
        (False, ["sudo: imagenode: unknown"], Outcome.UNKNOWN),
        (False, ["other: returned to 01: x"], Outcome.UNKNOWN),
        (False, ["other: another switch is running"], Outcome.UNKNOWN),
        (False, ["a: refused", "Traceback (most recent call last):"], Outcome.UNKNOWN),
        (False, ["imagenode: the return is still pending; see journalctl --unit=x"], Outcome.UNKNOWN),
        (False, ["Traceback (most recent call last):", "ValueError: no"], Outcome.UNKNOWN),
        (False, ["Killed"], Outcome.UNKNOWN),
        (False, [""], Outcome.UNKNOWN),
        (False, [], Outcome.UNKNOWN),
    ],
)
def test_how_a_switch_ended(succeeded: bool, lines: list[str], outcome: Outcome) -> None:
    assert outcome_of(succeeded, lines, ["imagenode", "a", "b"]) is outcome
