"""What became of a switch, as the node program tells."""

import json

from operations.rollout import Outcome, outcome_of, result_of
from tests.unit.cases import each


def told(**ended: str) -> str:
    return json.dumps({"ended": ended, "format": 1})


@each(
    "lines, outcome",
    [
        ([told(imagenode="chosen", a="chosen")], Outcome.NEW),
        (["Welcome", "{}", told(imagenode="chosen", a="chosen")], Outcome.NEW),
        ([told(imagenode="returned")], Outcome.RETURNED),
        ([told(imagenode="chosen", a="returned")], Outcome.RETURNED),
        ([told(imagenode="failed")], Outcome.FAILED),
        ([told(imagenode="returned", a="failed")], Outcome.FAILED),
        ([told(imagenode="unfit")], Outcome.UNFIT),
        ([told(imagenode="unfit", a="refused")], Outcome.UNFIT),
        ([told(imagenode="chosen", a="refused")], Outcome.REFUSED),
        ([told(imagenode="chosen")], Outcome.UNKNOWN),
        ([told()], Outcome.UNKNOWN),
        ([told(imagenode="chosen", a="nosuch")], Outcome.UNKNOWN),
        ([told(other="returned")], Outcome.UNKNOWN),
        ([told(imagenode="chosen", a="chosen"), "Goodbye"], Outcome.UNKNOWN),
        (["imagenode: returned to 01: x"], Outcome.UNKNOWN),
        (['{"ended": {"imagenode": 7}}'], Outcome.UNKNOWN),
        (['{"ended": ["imagenode"]}'], Outcome.UNKNOWN),
        (['{"ended": {"imagenode": "chosen", "a": "chosen"}, "format": 99}'], Outcome.UNKNOWN),
        (["[" * 100_000], Outcome.UNKNOWN),
        (["null"], Outcome.UNKNOWN),
        ([""], Outcome.UNKNOWN),
        ([], Outcome.UNKNOWN),
    ],
)
def test_how_a_switch_ended(lines: list[str], outcome: Outcome) -> None:
    assert outcome_of(result_of(lines), ["imagenode", "a"]) is outcome
