"""Downloading the Coral packages to the primary datasink, by itself: `--data stage=download`.

Its login does it, whom the registry belongs to; root has no part in it. It needs no pins: there may be none yet.
"""

from collections.abc import Generator, Iterator
from typing import Any

from pyinfra import logger
from pyinfra.api import FactBase, Host, QuoteString, StringCommand, operation
from pyinfra.context import ctx_host

from modelctl import hints
from modelctl.errors import OperatorError
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import travelling
from modelctl.registry import stack_files, stack_store
from node.protocol.registry import ListedVersion, StoredStacks
from operations.facts import QUESTION_SECONDS
from operations.node_command import LONG_SECONDS, Message, Refusal
from operations.node_operation import announce
from operations.run import Run


class FoundStacks(FactBase[str | None]):
    """What the datasink stores of the stacks that it is asked for, as it says it."""

    def command(self) -> StringCommand:
        return _command("find-stacks")

    def process(self, output: list[str]) -> str | None:
        return "\n".join(output)


@operation()
def download(run: Run) -> Generator[StringCommand]:
    """Fetch the current stack, and those that hosts override it with, from their release pages into the registry.

    + run: the run that the host is in
    """
    host = ctx_host.get()
    if host in host.state.failed_hosts:
        return
    commands = 0
    for command in plan(host, run.fleet):
        commands += 1
        announce(host, command)
        yield command
    if not commands:
        host.noop("as wanted")


def plan(host: Host, fleet: Fleet) -> Iterator[StringCommand]:
    """The commands, none where all is stored; a refusal for what an operator has to mend."""
    again = f"run it again: {hints.pyinfra('deploys/coral.py --data stage=download -y')}"
    try:
        versions = stack_files.choose(fleet, None)
        stored = _stored(host, fleet, versions)
        for version, found in stored.items():
            stack_store.require_same(fleet, version, found)
        absent = [version for version in versions if version not in stored]
        for version in absent:
            yield order("store-stack", stack_store.order(fleet, version, stack_files.urls(fleet, version), again))
        if host.state.is_executing:
            _tell(fleet, _stored(host, fleet, absent))
    except OperatorError as error:
        yield Refusal(str(error))


def order(name: str, question: object) -> StringCommand:
    """The command that carries out an order with the program, which travels."""
    return _command(name, _stdin=_message(question), _timeout=LONG_SECONDS)


def _stored(host: Host, fleet: Fleet, versions: list[str]) -> dict[str, ListedVersion]:
    """Raises OperatorError."""
    if not versions:
        return {}
    message = _message(stack_store.question(fleet, versions))
    said = host.get_fact(FoundStacks, _stdin=message, _timeout=QUESTION_SECONDS)
    if said is None:
        raise OperatorError(f"{host.name}: gave no answer; see above")
    return travelling.read(fleet, said, StoredStacks, stack_store.STORED).stored


def _tell(fleet: Fleet, stored: dict[str, ListedVersion]) -> None:
    for version, found in stored.items():
        for name, sha256 in stack_files.told(found.manifest or b""):
            logger.info(f"{CORAL}/{version}: {name} has SHA-256 {sha256}")
    if any(fleet.pin(CORAL, version) is None for version in stored):
        logger.info(f"no pin covers all of that yet; next: {hints.modelctl('coral pin')}")


def _command(name: str, **said: Any) -> StringCommand:
    return StringCommand(*map(QuoteString, travelling.words(name)), **said)


def _message(question: object) -> Message:
    return Message(*travelling.message(question).splitlines())
