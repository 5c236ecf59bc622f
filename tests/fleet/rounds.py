"""A round of attacks: made ready on their hosts, then a command of the operator's, then what has changed of root's."""

import re
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from lab.lab import Lab
from tests.fleet.attacker import Attacker, changes, picture
from tests.fleet.attacks import GOES_ON, STOPS, Attack
from tests.fleet.node import Node
from tests.fleet.operator import Run

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

    def said(self, host: str) -> list[str]:
        """The lines about one host."""
        about = re.compile(rf"\s*\[{host}\] |{host}( \(|: )")
        return [line for line in (self.run.out + self.run.err).splitlines() if about.match(line)]


def strike(lab: Lab, attacks: Sequence[Attack], command: Callable[[], Run]) -> Outcome:
    """Attack, run the command, look, and undo what the attackers made."""
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
    return Outcome(run, seconds, changed, holds)


def assert_in_vain(attack: Attack, outcome: Outcome) -> None:
    """Nothing of root's has changed, and the operator's command went on, or stopped with a line and in time."""
    assert outcome.changed[attack.host] == []
    assert [line for line in outcome.said(attack.host) if "Traceback" in line] == []
    assert not outcome.run.err.startswith("Traceback")
    assert outcome.seconds < SECONDS
    assert outcome.holds[attack.host], outcome.run.err


def assert_told(attack: Attack, outcome: Outcome, failed: set[str]) -> None:
    """The command went on at the attacked host, or stopped there with one line, as the attack says."""
    said = outcome.said(attack.host)
    if attack.ends == GOES_ON:
        assert attack.host not in failed, said
    elif attack.ends == STOPS:
        assert attack.host in failed, said
        assert len([line for line in said if attack.says in line]) == 1, said
