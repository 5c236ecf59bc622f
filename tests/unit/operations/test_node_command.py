import shlex
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelctl.nodes.bundle import LOADER, bundle
from node import protocol
from node.protocol.steps import Refused
from operations.node_command import Message, Refusal, bare_command, command
from tests.unit.operations.hosts import input_lines

LINES = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=60)
TOLD = Refused("lab1", {"engine": "d1"}, "anna@ramrod", "pyinfra", "c0ffee", "a\nb")


@settings(max_examples=15, deadline=None)
@given(LINES)
@example("-n a")
@example("a\\nb\\c d \\033[31m")
@example("$(reboot) `reboot` ; reboot & reboot | reboot > /etc/passwd")
@example('it\'s "quoted" %s %d %%')
@example("")
def test_a_refusal_says_its_reason_and_runs_nothing_of_it(reason: str) -> None:
    result = subprocess.run(["sh", "-c", Refusal(reason).get_raw_value()], capture_output=True, check=False)
    assert (result.returncode, result.stdout, result.stderr.decode()) == (1, b"", reason + "\n")


@settings(max_examples=15, deadline=None)
@given(st.lists(LINES, max_size=3))
@example(["2026-01-01; reboot", "$(reboot)", "a b\nc"])
def test_words_stay_words(words: list[str]) -> None:
    made = command("authorize", *words)
    folder = f"/var/lib/sentinelcam/program/{bundle().digest}"
    assert shlex.split(made.get_raw_value()) == ["/usr/bin/python3", "-I", "-S", "-B", folder, "authorize", *words]


def test_a_bare_command_brings_its_program_on_standard_input() -> None:
    made = bare_command("install-program", "d1")
    assert shlex.split(made.get_raw_value()) == [
        "/usr/bin/python3",
        "-I",
        "-S",
        "-B",
        "-c",
        LOADER,
        "install-program",
        "d1",
    ]
    assert bundle().line not in str(made)


def test_a_bare_command_reads_its_own_input_after_the_program() -> None:
    made = bare_command("refuse", message=TOLD)
    program, text = input_lines(made)
    assert program == bundle().line
    assert "\n" not in text
    assert protocol.loads(Refused, text) == TOLD


@pytest.mark.parametrize("show", [str, "{}".format, "%s".__mod__])
def test_a_message_does_not_show_what_it_says(show: type[str]) -> None:
    shown = show(Message("password: 12345", "more"))
    assert shown == "19 characters"


def test_a_message_can_be_read_again() -> None:
    message = Message("a", "b")
    assert message.readlines() == message.readlines() == ["a", "b"]


def test_the_message_is_one_line_of_json() -> None:
    made = command("switch", message=TOLD)
    [text] = input_lines(made)
    assert "\n" not in text
    assert protocol.loads(Refused, text) == TOLD
    assert shlex.split(str(made))[5:] == ["switch"]
