"""A round of attacks: made ready on their hosts, then a command of the operator's, then what has changed of root's."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from lab.lab import Lab
from tests.fleet.attacker import Attacker, changes, picture
from tests.fleet.attacks import GOES_ON, STOPS, Attack
from tests.fleet.node import Node
from tests.fleet.operator import Run
from tests.fleet.settlement import Settlement

SECONDS = 150.0
"""Nobody waits longer, whatever is in the way."""


@dataclass(frozen=True)
class Outcome:
    """What came of a round.

    :param changed: what has changed of root's on each host.
    :param holds: whether each attack's host is as that attack says.
    """

    run: Run
    seconds: float
    changed: dict[str, list[str]]
    holds: dict[str, bool]


def strike(lab: Lab, settlement: Settlement, attacks: Sequence[Attack], command: Callable[[], Run]) -> Outcome:
    """Attack, run the command, look, and settle the hosts again."""
    nodes = {attack.host: Node(lab, attack.host) for attack in attacks}
    before = {name: picture(lab, name) for name in nodes}
    try:
        with ExitStack() as stack:
            for attack in attacks:
                attacker = Attacker(nodes[attack.host])
                attacker.run(attack.before)
                if attack.form.meanwhile:
                    stack.enter_context(attacker.repeating(attack.form.meanwhile))
            start = time.monotonic()
            run = command()
            seconds = time.monotonic() - start
        changed = {name: changes(before[name], picture(lab, name)) for name in nodes}
        holds = {attack.host: nodes[attack.host].code(attack.holds) == 0 for attack in attacks}
    finally:
        for attack in attacks:
            nodes[attack.host].shell(attack.undo)
        settlement.restore()
    return Outcome(run, seconds, changed, holds)


def assert_in_vain(attack: Attack, outcome: Outcome) -> None:
    """Nothing of root's has changed, and the operator's command went on, or stopped with a line and in time."""
    assert outcome.changed[attack.host] == []
    assert "Traceback" not in outcome.run.out + outcome.run.err
    assert outcome.seconds < SECONDS
    assert outcome.holds[attack.host], outcome.run.err


def assert_told(attack: Attack, outcome: Outcome, failed: set[str]) -> None:
    """The command went on at the attacked host, or stopped there with one line, as the attack says."""
    lines = [line for line in outcome.run.lines_with(f"{attack.host}") if attack.says in line]
    if attack.ends == GOES_ON:
        assert attack.host not in failed, outcome.run.err
    elif attack.ends == STOPS:
        assert attack.host in failed, outcome.run.err
        assert len(lines) == 1, outcome.run.err
