"""The Coral stack: what its stick needs of a host's system, and its packages, downloaded, verified and unpacked."""

from collections.abc import Generator, Iterator
from io import StringIO

from pyinfra import logger
from pyinfra.api import FactBase, Host, QuoteString, StringCommand, operation
from pyinfra.api.exceptions import PyinfraError
from pyinfra.context import ctx_host
from pyinfra.operations import apt, files, server

from modelctl import hints
from modelctl.desired.render import STICK_GROUP
from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import travelling
from modelctl.registry import coral_stacks
from node.desired_state import DesiredState
from node.facts.coral_host import LIBUSB
from node.protocol.facts import Facts, SetState, StackState
from node.protocol.registry import ListedVersion, StoredStacks
from operations.facts import QUESTION_SECONDS, foresee
from operations.models import lacks_stack, moving_unselected
from operations.node_command import LONG_SECONDS, Message, Refusal, command
from operations.node_operation import announced, node_operation
from operations.run import Run

LISTS_SECONDS = 24 * 3600
"""How old apt's lists may be."""
SETTLED = StackState(libusb=False, rule=False, group=False, to_restart=[], udevd=True)
LOCK_WAIT = "-o DPkg::Lock::Timeout=120"


class FoundStacks(FactBase[str | None]):
    """What the datasink stores of the stacks that it is asked for, as it says it."""

    def command(self) -> StringCommand:
        return StringCommand(*map(QuoteString, travelling.words("find-stacks")))

    def process(self, output: list[str]) -> str | None:
        return "\n".join(output)


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
        sets = {name: _after(each, state, name) for name, each in found.sets.items()}
        foresee(host, stack=SETTLED, sets=sets)
        try:
            yield from _prepare(desired, state)
        except PyinfraError as error:
            yield Refusal(f"{host.name}: {one_line(str(error))}; mend that there, and run again")
            return
        if state.missing:
            yield command("pull", message=desired._replace(versions=[], face_list=None))


@operation()
def download(run: Run) -> Generator[StringCommand]:
    """Fetch the current stack, and those that hosts override it with, from their release pages into the registry.

    The datasink's login does it, whom the registry belongs to. It needs no pins: there may be none yet.

    + run: the run that the host is in
    """
    host = ctx_host.get()
    if host not in host.state.failed_hosts:
        yield from announced(host, _download(host, run.fleet))


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


def _download(host: Host, fleet: Fleet) -> Iterator[StringCommand]:
    again = f"run it again: {hints.pyinfra('deploys/coral.py --data stage=download -y')}"
    try:
        versions = coral_stacks.choose(fleet, None)
        stored = _stored(host, fleet, versions)
        for version, found in stored.items():
            coral_stacks.require_same(fleet, version, found)
        absent = [version for version in versions if version not in stored]
        for version in absent:
            order = coral_stacks.order(fleet, version, coral_stacks.urls(fleet, version), again)
            words = map(QuoteString, travelling.words("store-stack"))
            yield StringCommand(*words, _stdin=_message(order), _timeout=LONG_SECONDS)
        if host.state.is_executing:
            _tell(fleet, _stored(host, fleet, absent))
    except OperatorError as error:
        yield Refusal(str(error))


def _stored(host: Host, fleet: Fleet, versions: list[str]) -> dict[str, ListedVersion]:
    if not versions:
        return {}
    message = _message(coral_stacks.question(fleet, versions))
    said = host.get_fact(FoundStacks, _stdin=message, _timeout=QUESTION_SECONDS)
    if said is None:
        raise OperatorError(f"{host.name}: gave no answer; see above")
    return travelling.read(fleet, said, StoredStacks, coral_stacks.STORED).stored


def _tell(fleet: Fleet, stored: dict[str, ListedVersion]) -> None:
    for version, found in stored.items():
        for name, sha256 in coral_stacks.told(found.manifest or b""):
            logger.info(f"{CORAL}/{version}: {name} has SHA-256 {sha256}")
    if any(fleet.pin(CORAL, version) is None for version in stored):
        logger.info(f"no pin covers all of that yet; next: {hints.modelctl('coral pin')}")


def _message(question: object) -> Message:
    return Message(*travelling.message(question).splitlines())
