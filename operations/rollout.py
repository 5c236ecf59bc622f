"""The rollout: first one host of each role, its canary, then the others; what became of each, and what stops it.

A host that goes back to the set before, which was healthy there, waits for nobody, and nobody for it: so a rollback is
one step. When the operator names the canary, all others wait.

pyinfra predicts with all hosts side by side, and runs operation by operation or host by host (--serial). In each of
these the hosts before one in the order of the run are done or under way. So a host waits for those alone.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import Enum
from itertools import takewhile
from typing import Any
from weakref import WeakKeyDictionary

from gevent import Timeout
from gevent.event import Event
from pyinfra import logger
from pyinfra.api import BaseStateCallback, Host, Inventory, State, StringCommand
from pyinfra.connectors.util import CommandOutput

from node import protocol
from node.protocol.steps import SwitchResult
from operations import commentary
from operations.facts import last_answer
from operations.run import names_of, run_of

ANSWER_SECONDS = 300  # for a host to say whether it moves


class Move(Enum):
    """How a host is to be switched in this run."""

    NONE = "none"  # it is settled, or not to be touched
    BACK = "back"  # to its set before, which was healthy there
    NEW = "new"  # to any other set


class HostResult(Enum):
    """What became of a host's switch, as the report names it."""

    BEGUN = "begun"
    REFUSED = "refused"  # nothing was changed
    UNFIT = "does not work there"  # tried, and nothing was changed
    NEW = "new set"
    ROLLED_BACK = "rolled back"
    FAILED = "failed"
    UNKNOWN = "unknown"


STOPPING = {
    HostResult.UNFIT: "has tried its new set, which does not work there",
    HostResult.ROLLED_BACK: "rolled back to its old set",
    HostResult.FAILED: "failed with its new set",
    HostResult.UNKNOWN: "gave no answer in mid-switch",
}
UNTOUCHED = "never touched"
ENDINGS = {
    "failed": HostResult.FAILED,
    "returned": HostResult.ROLLED_BACK,
    "unfit": HostResult.UNFIT,
    "refused": HostResult.REFUSED,
}
"""Of several services the first of these tells for the host."""


class Rollout:
    """How each host of a run is to be switched, and how that ended. Each waits for those of its role before it to say
    whether they move, and is woken by them. The hosts that `left` never say it.
    """

    def __init__(self, state: State, left: Iterable[str]) -> None:
        self.named = _named_canaries(state.inventory)
        self.moves: dict[str, Move] = {}
        self.host_results: dict[str, HostResult] = {}
        with_service = set(_with_service(state))
        self._roles = {host.name: _role(host) for host in run_order(state.inventory) if host in with_service}
        self._decided = {name: Event() for name in self._roles}
        self._is_serial = state.pool.size <= 1
        self.left: set[str] = set()
        self.is_closed = False
        for name in left:
            self.leave(name)

    def decide(self, name: str, move: Move) -> None:
        """Say how a host is to be switched; what was said before does not matter."""
        self.moves[name] = Move.NEW if move is Move.BACK and self.named else move
        self._decided[name].set()

    def leave(self, name: str) -> None:
        """Say that a host has failed, or is not to be switched: nobody waits for it. What it has said stays."""
        if name in self._decided:
            self.left.add(name)
            self._decided[name].set()

    def goes_with_canaries(self, name: str) -> bool:
        """Tell whether a host is to be switched in the first step: it goes back, or is the canary of its role."""
        move = self.moves[name]
        return move is Move.BACK or (move is Move.NEW and self._wait(self._before(name)) and self._is_first(name))

    def is_canary(self, name: str) -> bool:
        """Tell whether a host was switched to a new set before any other of its role, and runs that."""
        is_new = self.moves.get(name) is Move.NEW and self.host_results.get(name) is HostResult.NEW
        return is_new and self._is_first(name)

    def anyone_moves(self) -> bool:
        """Tell, in the prediction, whether any host of the run is to be switched."""
        if not self._is_serial:  # else the later hosts wait for this one
            self._wait(self._decided)
        return any(move is not Move.NONE for move in self.moves.values())

    def obstacle(self, name: str) -> str | None:
        """Return why a host must not be switched in this run, None while the rollout goes on. In the first step a host
        is tried whatever became of another role's. In the second the first step is over.
        """
        is_in_first_step = self.moves.get(name) is Move.BACK or self._is_first(name)
        return "; ".join(self.stops(self._roles[name] if is_in_first_step else None)) or None

    def close(self) -> None:
        """The run is over: what has not ended is not known."""
        self.is_closed = True
        self.host_results |= {
            name: HostResult.UNKNOWN for name, each in self.host_results.items() if each is HostResult.BEGUN
        }

    def stops(self, role: type | None = None) -> list[str]:
        """Return what stops the rollout, of a role if one is named: a clause for each host that does."""
        stopping = {name: STOPPING[each] for name, each in self.host_results.items() if each in STOPPING}
        return sorted(f"{name} {why}" for name, why in stopping.items() if role in (None, self._roles[name]))

    def _before(self, name: str) -> Iterator[str]:
        """The hosts of its role before a host, in the order of the run."""
        same = (each for each, role in self._roles.items() if role is self._roles[name])
        return takewhile(lambda each: each != name, same)

    def _is_first(self, name: str) -> bool:
        """Whether no host of its role before a host moves, as far as is known."""
        return not any(self.moves.get(each) is Move.NEW for each in self._before(name))

    def _wait(self, names: Iterable[str]) -> bool:
        """Let other hosts go on until all of these have decided, or left; tells whether they have in time."""
        with Timeout(ANSWER_SECONDS, exception=False):
            for name in names:
                self._decided[name].wait()
            return True
        return False


_rollouts: WeakKeyDictionary[State, dict[bool, Rollout]] = WeakKeyDictionary()


def rollout_of(state: State) -> Rollout:
    """The rollout of this phase. Who has failed by now, or has left the prediction, takes no part in it."""
    phases = _rollouts.setdefault(state, {})
    if state.is_executing not in phases:
        phases[state.is_executing] = Rollout(state, phases[False].left if False in phases else ())
        if state.is_executing:
            state.add_callback_handler(_Listener())
    rollout = phases[state.is_executing]
    for host in state.failed_hosts:
        rollout.leave(host.name)
    return rollout


def last_rollout(state: State) -> Rollout | None:
    """The rollout of a run that has begun to change its hosts."""
    return _rollouts.get(state, {}).get(True)


def run_order(inventory: Inventory) -> list[Host]:
    """Return all hosts: as in the inventory, but those that `canary` names before the others of their role."""
    hosts, named = list(inventory), _named_canaries(inventory)
    if not named:
        return hosts
    roles = list(dict.fromkeys(map(_role, hosts)))
    return sorted(hosts, key=lambda host: (roles.index(_role(host)), host.name not in named))


class SwitchCommand(StringCommand):
    """The command that switches a host. What it says on standard output is for `result_of`, not for the operator."""

    result: SwitchResult | None = None

    def __init__(self, command: StringCommand) -> None:
        super().__init__(*command.bits, **command.connector_arguments)

    def execute(self, state: State, host: Host, connector_arguments: Any) -> Any:
        succeeded, output = super().execute(state, host, connector_arguments)
        self.result = result_of(output.stdout_lines)
        return succeeded, CommandOutput([line for line in output if line.buffer_name == "stderr"])


class Switch(SwitchCommand):
    """The same, and notes what came of it."""

    def __init__(self, command: StringCommand, services: Collection[str]) -> None:
        super().__init__(command)
        self.services = services

    def execute(self, state: State, host: Host, connector_arguments: Any) -> Any:
        results, host_result = rollout_of(state).host_results, HostResult.UNKNOWN
        results[host.name] = HostResult.BEGUN
        try:
            succeeded, output = super().execute(state, host, connector_arguments)
            host_result = host_result_of(self.result, self.services)
        finally:
            results[host.name] = host_result
            if host_result is HostResult.UNKNOWN:
                host.log_styled("no answer to the switch; the node ends it alone, and the next run tells how", fg="red")
        return succeeded, output


def result_of(lines: Sequence[str]) -> SwitchResult | None:
    """Read the last line, for a login may print something first; None where that is no result."""
    try:
        return protocol.loads(SwitchResult, lines[-1] if lines else "")
    except ValueError:
        return None


def host_result_of(result: SwitchResult | None, services: Collection[str]) -> HostResult:
    """Return what became of these services: unknown, unless the node tells of each or of one that went wrong."""
    ended = {service: result.ended.get(service) for service in services} if result else {}
    for name, host_result in ENDINGS.items():
        if name in ended.values():
            return host_result
    return HostResult.NEW if set(ended.values()) == {"chosen"} else HostResult.UNKNOWN


class _Listener(BaseStateCallback):
    @staticmethod
    def host_disconnect(state: State, _: Host) -> None:
        """The last thing in every run, also when every host has failed; the first host tells for all. To people the
        closing word tells it.
        """
        rollout = last_rollout(state)
        if rollout is None or rollout.is_closed:
            return
        rollout.close()
        if not commentary.is_closed_with_word():
            for line in report(rollout, state):
                logger.info(line)


def report(rollout: Rollout, state: State) -> list[str]:
    """Return what is to be said of a rollout that did not go well, nothing of another."""
    stops = rollout.stops()
    if not stops:
        return []
    standing = {each.name: _standing(rollout, each) for each in _with_service(state)}
    lines = [f"--> Rollout: {'; '.join(stops)}"]
    for kind in (HostResult.NEW.value, *(each.value for each in STOPPING), UNTOUCHED):
        names = [name for name, found in standing.items() if found == kind]
        lines += [f"{kind}: {', '.join(names)}"] if names else []
    return lines


def _with_service(state: State) -> list[Host]:
    run = run_of(state)
    return [host for host in state.inventory if host.name in run.hosts and run.desired(host.name).sets]


def _standing(rollout: Rollout, host: Host) -> str:
    host_result = rollout.host_results.get(host.name, HostResult.REFUSED)
    if host_result is not HostResult.REFUSED:
        return str(host_result.value)
    answer = last_answer(host)
    is_settled = answer is not None and not any(state.reasons for state in answer.sets.values())
    return HostResult.NEW.value if is_settled else UNTOUCHED


def _named_canaries(inventory: Inventory) -> Collection[str] | None:
    return names_of(inventory.get_override_data().get("canary"))


def _role(host: Host) -> type:
    return type(host.data.fleet.host(host.name))
