"""The rollout: first one host of each role, its canary, then the others; what became of each, and what stops it.

A host that goes back to the set before, which was healthy there, has tried it itself: it waits for nobody, and nobody
for it. So a rollback is one step; but when the operator names the canary, all others wait.

pyinfra predicts with all hosts side by side, and runs operation by operation or host by host (--serial). In each of
these, and however few it takes at once, the hosts before one in the order of the run are done or under way. So a host
looks at those before it and waits for them, never for later ones.
"""

from collections.abc import Collection, Sequence
from enum import Enum
from typing import Any
from weakref import WeakKeyDictionary

from pyinfra import logger
from pyinfra.api import BaseStateCallback, Host, Inventory, State, StringCommand
from pyinfra.connectors.util import CommandOutput

from node import protocol
from node.protocol.steps import SwitchResult
from operations.arguments import names_of
from operations.facts import last_answer
from operations.run import run_of
from operations.turns import Turns

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
    """What is known of the hosts of a run: how each is to be switched, and how that ended.

    The hosts that `left` never say the one or the other.
    """

    def __init__(self, state: State, left: Collection[str]) -> None:
        self.named = _named_canaries(state.inventory)
        self.moves: dict[str, Move] = {}
        self.host_results: dict[str, HostResult] = {}
        self.left: set[str] = set()
        names: dict[type, list[str]] = {}
        with_service = set(_with_service(state))
        for host in run_order(state.inventory):
            if host in with_service:
                names.setdefault(_role(host), []).append(host.name)
        self._turns = {role: Turns(each) for role, each in names.items()}
        self._roles = {name: role for role, each in names.items() for name in each}
        for name in left:
            self.leave(name)

    def turns_of(self, name: str) -> Turns:
        return self._turns[self._roles[name]]

    def decide(self, name: str, move: Move) -> None:
        self.moves[name] = move
        self.turns_of(name).decide(name, moves=move is Move.NEW)

    def leave(self, name: str) -> None:
        if name in self._roles and name not in self.left:
            self.left.add(name)
            self.turns_of(name).leave(name)

    def wait_for_all(self, seconds: float) -> None:
        for turns in self._turns.values():
            turns.wait_for_all(seconds)

    def close(self) -> None:
        """The run is over: what has not ended is not known."""
        self.host_results |= {
            name: HostResult.UNKNOWN for name, each in self.host_results.items() if each is HostResult.BEGUN
        }

    def stops(self, role: type | None = None) -> list[str]:
        """Return what stops the rollout, of a role if one is named: a clause for each host that does."""
        stopping = {name: STOPPING[each] for name, each in self.host_results.items() if each in STOPPING}
        return sorted(f"{name} {why}" for name, why in stopping.items() if role in (None, self._roles[name]))


_rollouts: WeakKeyDictionary[State, dict[bool, Rollout]] = WeakKeyDictionary()


def run_order(inventory: Inventory) -> list[Host]:
    """Return all hosts: as in the inventory, but those that `canary` names before the others of their role."""
    hosts, named = list(inventory), _named_canaries(inventory)
    if not named:
        return hosts
    roles = list(dict.fromkeys(map(_role, hosts)))
    return sorted(hosts, key=lambda host: (roles.index(_role(host)), host.name not in named))


def decide(host: Host, move: Move) -> None:
    """Say how a host is to be switched: those of its role that come after it wait for that."""
    rollout = _rollout(host.state)
    rollout.decide(host.name, Move.NEW if move is Move.BACK and rollout.named else move)


def leave(host: Host) -> None:
    """Say that a host has failed, or that this deploy switches nothing there: nobody waits for it."""
    _rollout(host.state).leave(host.name)


def goes_with_canaries(host: Host) -> bool:
    """Tell whether a host is to be switched in the first step: it goes back, or is the canary of its role."""
    rollout = _rollout(host.state)
    move, turns = rollout.moves[host.name], rollout.turns_of(host.name)
    return move is Move.BACK or (
        move is Move.NEW and turns.wait(host.name, ANSWER_SECONDS) and turns.is_first(host.name)
    )


def anyone_moves(host: Host) -> bool:
    """Tell, in the prediction, whether any host of the run is to be switched."""
    rollout = _rollout(host.state)
    if host.state.pool.size > 1:  # else the later hosts wait for this one
        rollout.wait_for_all(ANSWER_SECONDS)
    return any(move is not Move.NONE for move in rollout.moves.values())


def obstacle(host: Host) -> str | None:
    """Return why the host must not be switched in this run, None while the rollout goes on.

    In the first step a host is tried whatever became of another role's. In the second the first step is over.
    """
    rollout = _rollout(host.state)
    is_first = rollout.moves.get(host.name) is Move.BACK or rollout.turns_of(host.name).is_first(host.name)
    return "; ".join(rollout.stops(_role(host) if is_first else None)) or None


def note(host: Host, host_result: HostResult) -> None:
    """Remember what became of a host."""
    _rollout(host.state).host_results[host.name] = host_result


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
        note(host, HostResult.BEGUN)
        host_result = HostResult.UNKNOWN
        try:
            succeeded, output = super().execute(state, host, connector_arguments)
            host_result = host_result_of(self.result, self.services)
        finally:
            note(host, host_result)
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
        """The last thing in every run, also when every host has failed; the first host tells for all."""
        rollout = _rollouts.get(state, {}).pop(True, None)
        if rollout is None:
            return
        rollout.close()
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


def _rollout(state: State) -> Rollout:
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


def _named_canaries(inventory: Inventory) -> Collection[str] | None:
    return names_of(inventory.get_override_data().get("canary"))


def _role(host: Host) -> type:
    return type(host.data.fleet.host(host.name))
