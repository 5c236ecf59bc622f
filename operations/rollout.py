"""The rollout: first one host of each role, then the others; what became of each, and what stops it.

A host that goes back to the set before, which was well there, has tried it itself: it waits for nobody, and nobody for
it. So a rollback is one step; but when the operator names who goes first, all others wait.

pyinfra predicts with all hosts side by side, and runs operation by operation or host by host (--serial). In each of
these, and however few it takes at once, the hosts before one in the order of the run are done or under way. So a host
looks at those before it and waits for them, never for later ones.
"""

import re
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from weakref import WeakKeyDictionary

from pyinfra import logger
from pyinfra.api import BaseStateCallback, Host, Inventory, State, StringCommand

from operations.arguments import names_of
from operations.run import desired_of, hosts_of
from operations.survey import last_answer

ANSWER_SECONDS = 300  # for a host to say whether it moves
SWITCH_SECONDS = 3600  # for a host's switch to end: beyond all limits that the node itself sets
PAUSE = 0.02  # seconds


class Move(Enum):
    """How a host is to be switched in this run."""

    NONE = "none"  # it is settled, or not to be touched
    BACK = "back"  # to its set before, which was well there
    NEW = "new"  # to any other set


class Outcome(Enum):
    """What became of a host's switch, as the report names it."""

    BEGUN = "begun"
    REFUSED = "refused"  # nothing was changed
    UNFIT = "does not work there"  # tried, and nothing was changed
    NEW = "new set"
    RETURNED = "returned"
    FAILED = "failed"
    UNKNOWN = "unknown"


STOPPING = {
    Outcome.UNFIT: "has tried its new set, which does not work there",
    Outcome.RETURNED: "returned to its old set",
    Outcome.FAILED: "failed with its new set",
    Outcome.UNKNOWN: "gave no answer in mid-switch",
}
UNTOUCHED = "never touched"
# What the node program says before it begins a switch: of a face list, or of a disk that takes nothing. Other errors of
# a disk can come later.
UNBEGUN = (
    r"face list [^:]+: |/[^:]+\.csv: "
    r"|(?:switch|/[^:]+): (?:No space left on device|Read-only file system); mend that on the node and run again$"
)


@dataclass
class Rollout:
    """What is known of the hosts by name: how each is to be switched, and how that ended."""

    moves: dict[str, Move] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def close(self) -> None:
        """The run is over: what has not ended is not known."""
        self.outcomes |= {name: Outcome.UNKNOWN for name, each in self.outcomes.items() if each is Outcome.BEGUN}

    def stops(self, names: Collection[str]) -> list[str]:
        """Return what stops the rollout, a clause for each of these hosts that does."""
        outcomes = {name: each for name, each in self.outcomes.items() if name in names}
        return sorted(f"{name} {STOPPING[each]}" for name, each in outcomes.items() if each in STOPPING)


_rollouts: WeakKeyDictionary[State, dict[bool, Rollout]] = WeakKeyDictionary()


def run_order(inventory: Inventory) -> list[Host]:
    """Return all hosts: as in the inventory, but those that `first` names before the others of their role."""
    hosts, named = list(inventory), _named_first(inventory)
    if not named:
        return hosts
    roles = list(dict.fromkeys(map(_role, hosts)))
    return sorted(hosts, key=lambda host: (roles.index(_role(host)), host.name not in named))


def decide(host: Host, move: Move) -> None:
    """Say how a host is to be switched: those of its role that come after it wait for that."""
    if move is Move.BACK and _named_first(host.inventory):
        move = Move.NEW
    _rollout(host.state).moves[host.name] = move


def goes_first(host: Host) -> bool:
    """Tell whether a host is to be switched in the first step: it goes back, or is the first of its role."""
    move = _rollout(host.state).moves[host.name]
    if move is not Move.NEW:
        return move is Move.BACK
    return _wait_until(lambda: all(map(_is_decided, _before(host))), ANSWER_SECONDS) and _ahead(host) is None


def anyone_moves(host: Host) -> bool:
    """Tell, in the prediction, whether any host of the run is to be switched."""
    run = _with_service(host.state)
    if host.state.pool.size > 1:  # else the later hosts wait for this one
        _wait_until(lambda: all(_is_decided(each) for each in run), ANSWER_SECONDS)
    return any(move is not Move.NONE for move in _rollout(host.state).moves.values())


def obstacle(host: Host) -> str | None:
    """Return why the host must not be switched in this run, None while the rollout goes on.

    In the first step a host is tried whatever became of another role's.
    """
    rollout = _rollout(host.state)
    if rollout.moves.get(host.name) is Move.BACK or _ahead(host) is None:
        return "; ".join(rollout.stops([each.name for each in host.inventory if _role(each) is _role(host)])) or None
    if host.state.is_executing and not _wait_until(lambda: _is_clear(host), SWITCH_SECONDS):
        first = _ahead(host)
        assert first is not None
        return f"{first.name} {'is still at its switch' if _is_decided(first) else 'has not answered'}"
    return "; ".join(rollout.stops(rollout.outcomes)) or None


def note(host: Host, outcome: Outcome) -> None:
    """Remember what became of a host."""
    _rollout(host.state).outcomes[host.name] = outcome


class Switch(StringCommand):
    """The command that switches a host, and notes what came of it."""

    def __init__(self, command: StringCommand, services: Collection[str]) -> None:
        super().__init__(*command.bits, **command.connector_arguments)
        self.services = services

    def execute(self, state: State, host: Host, connector_arguments: Any) -> Any:
        note(host, Outcome.BEGUN)
        outcome = Outcome.UNKNOWN
        try:
            succeeded, output = super().execute(state, host, connector_arguments)
            outcome = outcome_of(succeeded, output.stderr_lines, self.services)
        finally:
            note(host, outcome)
            if outcome is Outcome.UNKNOWN:
                host.log_styled("no answer to the switch; the node ends it alone, and the next run tells how", fg="red")
        return succeeded, output


def outcome_of(succeeded: bool, lines: Iterable[str], services: Collection[str]) -> Outcome:
    """Read how a switch ended from what the node program said of the services on standard error.

    What sudo, a shell or anybody else says there tells nothing: whatever is not recognized leaves it unknown.
    """
    if succeeded:
        return Outcome.NEW
    service = f"(?:{'|'.join(map(re.escape, services))}): "
    for outcome, pattern in (
        (Outcome.FAILED, f"{service}failed, "),
        (Outcome.RETURNED, f"{service}returned to "),
        (Outcome.UNKNOWN, f"Traceback|{service}the return is still pending"),
        (Outcome.UNFIT, f"{service}tried, and not chosen: "),
        (Outcome.REFUSED, f"{service}|{UNBEGUN}"),
    ):
        if any(re.match(pattern, line) for line in lines):
            return outcome
    return Outcome.UNKNOWN


class _Listener(BaseStateCallback):
    @staticmethod
    def host_disconnect(state: State, _: Host) -> None:
        """The last thing in every run, also when every host has failed; the first host tells for all."""
        rollout = _rollouts.get(state, {}).pop(True, None)
        if rollout is None:
            return
        rollout.close()
        for line in report(rollout, state):
            logger.info(line)


def report(rollout: Rollout, state: State) -> list[str]:
    """Return what is to be said of a rollout that did not go well, nothing of another."""
    stops = rollout.stops(rollout.outcomes)
    if not stops:
        return []
    standing = {each.name: _standing(rollout, each) for each in _with_service(state)}
    lines = [f"--> Rollout: {'; '.join(stops)}"]
    for kind in (Outcome.NEW.value, *(each.value for each in STOPPING), UNTOUCHED):
        names = [name for name, found in standing.items() if found == kind]
        lines += [f"{kind}: {', '.join(names)}"] if names else []
    return lines


def _with_service(state: State) -> list[Host]:
    return [host for host in hosts_of(state) if desired_of(host).sets]


def _standing(rollout: Rollout, host: Host) -> str:
    outcome = rollout.outcomes.get(host.name, Outcome.REFUSED)
    if outcome is not Outcome.REFUSED:
        return str(outcome.value)
    answer = last_answer(host)
    is_settled = answer is not None and not any(state.reasons for state in answer.sets.values())
    return Outcome.NEW.value if is_settled else UNTOUCHED


def _rollout(state: State) -> Rollout:
    phases = _rollouts.setdefault(state, {})
    if state.is_executing not in phases:
        phases[state.is_executing] = Rollout()
        if state.is_executing:
            state.add_callback_handler(_Listener())
    return phases[state.is_executing]


def _named_first(inventory: Inventory) -> Collection[str] | None:
    return names_of(inventory.get_override_data().get("first"))


def _role(host: Host) -> type:
    return type(host.data.fleet.host(host.name))


def _before(host: Host) -> list[Host]:
    """The hosts of the same role that come before this one in the run."""
    hosts = run_order(host.inventory)
    before = hosts[: hosts.index(host)]
    return [each for each in before if _role(each) is _role(host) and host.state.is_host_in_limit(each)]


def _ahead(host: Host) -> Host | None:
    """The first of the role, when it is not this host; one that has not said whether it moves may yet be it."""
    moves = _rollout(host.state).moves
    return next((each for each in _before(host) if moves.get(each.name) is Move.NEW or not _is_decided(each)), None)


def _is_clear(host: Host) -> bool:
    """Tell whether the first of the role has ended its switch, or there is none before this host."""
    first = _ahead(host)
    return first is None or _is_over(first)


def _is_decided(host: Host) -> bool:
    return host.name in _rollout(host.state).moves or host in host.state.failed_hosts


def _is_over(host: Host) -> bool:
    outcome = _rollout(host.state).outcomes.get(host.name, Outcome.BEGUN)
    return outcome is not Outcome.BEGUN or host in host.state.failed_hosts


def _wait_until(condition: Callable[[], bool], seconds: int) -> bool:
    """Let the other hosts go on until then; tells whether it came to that in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(PAUSE)
    return True
