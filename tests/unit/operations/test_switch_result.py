"""What became of a switch, as the node program tells."""

import json
from unittest.mock import Mock

import pytest
from pyinfra.api import StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine

from operations.node_command import command
from operations.rollout import HostResult, SwitchCommand, host_result_of, result_of
from tests.unit.cases import each


def told(**ended: str) -> str:
    return json.dumps({"ended": ended, "format": 1})


@each(
    "lines, host_result",
    [
        ([told(imagenode="chosen", a="chosen")], HostResult.NEW),
        (["Welcome", "{}", told(imagenode="chosen", a="chosen")], HostResult.NEW),
        ([told(imagenode="returned")], HostResult.ROLLED_BACK),
        ([told(imagenode="chosen", a="returned")], HostResult.ROLLED_BACK),
        ([told(imagenode="failed")], HostResult.FAILED),
        ([told(imagenode="returned", a="failed")], HostResult.FAILED),
        ([told(imagenode="unfit")], HostResult.UNFIT),
        ([told(imagenode="unfit", a="refused")], HostResult.UNFIT),
        ([told(imagenode="chosen", a="refused")], HostResult.REFUSED),
        ([told(imagenode="chosen")], HostResult.UNKNOWN),
        ([told()], HostResult.UNKNOWN),
        ([told(imagenode="chosen", a="nosuch")], HostResult.UNKNOWN),
        ([told(other="returned")], HostResult.UNKNOWN),
        ([told(imagenode="chosen", a="chosen"), "Goodbye"], HostResult.UNKNOWN),
        (["imagenode: rolled back to 01: x"], HostResult.UNKNOWN),
        (['{"ended": {"imagenode": 7}}'], HostResult.UNKNOWN),
        (['{"ended": ["imagenode"]}'], HostResult.UNKNOWN),
        (['{"ended": {"imagenode": "chosen", "a": "chosen"}, "format": 99}'], HostResult.UNKNOWN),
        (["[" * 100_000], HostResult.UNKNOWN),
        (["null"], HostResult.UNKNOWN),
        ([""], HostResult.UNKNOWN),
        ([], HostResult.UNKNOWN),
    ],
)
def test_how_a_switch_ended(lines: list[str], host_result: HostResult) -> None:
    assert host_result_of(result_of(lines), ["imagenode", "a"]) is host_result


def test_the_operator_reads_what_is_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        OutputLine("stdout", told(a="failed")),
        OutputLine("stderr", "a: failed, d1 stays chosen: why"),
    ]
    monkeypatch.setattr(StringCommand, "execute", lambda *_: (False, CommandOutput(lines)))
    made = SwitchCommand(command("switch"))
    succeeded, output = made.execute(Mock(), Mock(), {})
    assert (succeeded, list(output)) == (False, lines[1:])
    assert made.result is not None
    assert made.result.ended == {"a": "failed"}
