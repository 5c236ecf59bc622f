"""The Coral stack: what its stick needs of a host's system, and its packages, verified and unpacked."""

from collections.abc import Iterator
from io import StringIO

from pyinfra.api import Host, StringCommand
from pyinfra.api.exceptions import PyinfraError
from pyinfra.operations import apt, files, server

from modelctl.desired.render import STICK_GROUP
from modelctl.faults import one_line
from modelctl.inventory.coral import CORAL
from node.desired_state import DesiredState
from node.facts.coral_host import LIBUSB
from node.protocol.facts import Facts, SetState, StackState
from operations.facts import foresee
from operations.models import lacks_stack, moving_unselected
from operations.node_command import Refusal, command
from operations.node_operation import node_operation
from operations.pulls import pull_into
from operations.run import Run

LISTS_SECONDS = 24 * 3600
"""How old apt's lists may be."""
SETTLED = StackState(libusb=False, rule=False, group=False, to_restart=[], udevd=True)
LOCK_WAIT = "-o DPkg::Lock::Timeout=120"


@node_operation
def bring(host: Host, found: Facts, run: Run) -> Iterator[StringCommand]:
    """Give the stick what it lacks of the system, by stock operations; then the services their stack, verified."""
    state = found.stack
    if state is None or (state.is_settled and run.arguments.models is None):
        return
    desired = run.desired(host.name)
    refusal = moving_unselected(run, desired, found)
    if refusal:
        yield refusal
    elif not state.is_settled and run.arguments.selects(CORAL):
        pull = pull_into(host, state.room, desired._replace(versions=[], face_list=None)) if state.missing else None
        if isinstance(pull, Refusal):
            yield pull
            return
        sets = {name: _after(each, state, name) for name, each in found.sets.items()}
        foresee(host, stack=SETTLED, sets=sets)
        try:
            yield from _prepare(desired, state)
        except PyinfraError as error:
            yield Refusal(f"{host.name}: {one_line(str(error))}; mend that there, and run again")
            return
        if pull is not None:
            yield pull


def _after(state: SetState, stack: StackState, service: str) -> SetState:
    """How a service will be when its stack has come, and why it will have to be started anew."""
    differences = list(state.differences)
    if service in stack.to_restart:
        differences.append(f"started before its user was in {STICK_GROUP}")
    if service in stack.to_remap:
        differences.append("a library that it has mapped was replaced")
    return state._replace(not_ready=None if lacks_stack(state) else state.not_ready, differences=differences)


def _prepare(wanted: DesiredState, state: StackState) -> Iterator[StringCommand]:
    assert wanted.stack is not None, "a host without a stack has no state of it"
    rule = wanted.stack.rule
    if state.libusb:
        yield command("wait-for-apt")
        yield from apt.packages._inner(
            packages=[LIBUSB],
            update=True,
            cache_time=LISTS_SECONDS,
            no_recommends=True,
            extra_install_args=LOCK_WAIT,
        )
    if state.group:
        yield from server.group._inner(group=STICK_GROUP, system=True)
        yield from server.user._inner(user=wanted.user, groups=[STICK_GROUP], append=True, ensure_home=False)
    if state.rule:
        yield from files.put._inner(
            src=StringIO(rule.content or ""), dest=str(rule.path), mode=f"{rule.mode:o}", user="root", group="root"
        )
        if state.udevd:
            yield StringCommand("udevadm", "control", "--reload", "&&", "udevadm", "trigger", "--subsystem-match=usb")
