"""Configs, units and services: one set per service, switched as a whole; first on one host of each role."""

from collections.abc import Iterator

from pyinfra import logger
from pyinfra.api import Host, StringCommand
from pyinfra.operations.util.files import generate_color_diff

from modelctl.closing.host_end import Standing
from modelctl.faults import one_line
from node.desired_state import DesiredState
from node.protocol.facts import Facts, SetState
from node.store.service_set import ServiceSet
from operations.facts import foresee, forget
from operations.node_command import Refusal, command
from operations.node_operation import node_operation
from operations.older_checkout import refusal_of_older_checkout
from operations.rollout import Move, Switch, rollout_of
from operations.run import Run


@node_operation
def switch_canaries(host: Host, found: Facts, run: Run) -> Iterator[StringCommand]:
    """Switch the canary of each role, and each host that goes back; an automatic rollback leaves the others alone."""
    desired = _moving(found, run.desired(host.name))
    refusal = refusal_of_older_checkout(host, found, run, desired) if desired else None
    rollout = rollout_of(host.state)
    rollout.decide(host.name, _move(found, desired if refusal is None else None))
    if desired and rollout.goes_with_canaries(host.name):
        yield _switch(host, found, desired)
    elif refusal:
        yield refusal
    elif desired and host.state.is_executing:
        forget(host)  # much can have happened to it when its turn comes


@node_operation
def switch_others(host: Host, found: Facts, run: Run) -> Iterator[StringCommand]:
    """Switch the other hosts, unless a canary was rolled back."""
    desired = _moving(found, run.desired(host.name))
    if desired:
        yield refusal_of_older_checkout(host, found, run, desired) or _switch(host, found, desired)


def _moving(found: Facts, desired: DesiredState) -> DesiredState | None:
    """The desired state for the services that do not run the wanted set; None when all are settled."""
    moving = [service for service, state in found.sets.items() if state.reasons]
    return desired.with_sets(moving) if moving else None


def _move(found: Facts, desired: DesiredState | None) -> Move:
    if desired is None:
        return Move.NONE
    return Move.BACK if all(found.sets[each.service].known_good for each in desired.sets) else Move.NEW


def _switch(host: Host, found: Facts, desired: DesiredState) -> StringCommand:
    obstacle = rollout_of(host.state).obstacle(host.name)
    if obstacle:
        why = f"{host.name}: not touched: {obstacle}; see why, mend the update, and run again"
        return Refusal(why, Standing.NOT_TOUCHED)
    switched = {}
    for each in desired.sets:
        state = found.sets[each.service]
        _announce(host, each, state)
        # As it will be: what is wrong with it now is no reason of a later step.
        switched[each.service] = state._replace(differences=[], not_ready=None, health=None, may_restart=False)
    foresee(host, sets={**found.sets, **switched})
    return Switch(command("switch", message=desired), list(switched))


def _announce(host: Host, wanted: ServiceSet, state: SetState) -> None:
    host.log(f"{wanted.service}: {state.in_short}")
    if state.queue:
        host.log(f"{wanted.service}: its queue: {state.queue}")
    last = state.last
    if last and last.to == wanted.digest and last.outcome in ("returned", "failed"):
        told = (one_line(str(each)) for each in (last.time, last.operator, last.outcome, last.reason))
        host.log("{}: this set was tried at {} by {} and {}: {}".format(wanted.service, *told))
    if host.state.config.DIFF:
        _show(host, wanted, state)


def _show(host: Host, wanted: ServiceSet, state: SetState) -> None:
    for file in wanted.files:
        live = _printable(state.live.get(str(file.path)) or "").splitlines()
        lines = list(generate_color_diff(live, (file.content or "").splitlines()))
        if lines:
            host.log(f"Will change {file.path}", logger.info)
            for line in lines:
                logger.info("  %s", line)


def _printable(text: str) -> str:
    """A file of any length, whose lines and tabs stay, and that no terminal obeys."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else " " for letter in text)
