"""Downloading the Coral packages to the primary datasink, as its login and without pins; loaded for that alone."""

from collections.abc import Generator, Iterator

from pyinfra import logger
from pyinfra.api import FactBase, Host, QuoteString, StringCommand, operation
from pyinfra.context import ctx_host

from modelctl import hints
from modelctl.errors import OperatorError
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import travelling
from modelctl.registry import coral_stacks
from node.protocol.registry import ListedVersion, StoredStacks
from operations.facts import QUESTION_SECONDS
from operations.node_command import LONG_SECONDS, Message, Refusal
from operations.node_operation import announced
from operations.run import Run


class FoundStacks(FactBase[str | None]):
    """What the datasink stores of the stacks that it is asked for, as it says it."""

    def command(self) -> StringCommand:
        return StringCommand(*map(QuoteString, travelling.words("find-stacks")))

    def process(self, output: list[str]) -> str | None:
        return "\n".join(output)


@operation()
def download(run: Run) -> Generator[StringCommand]:
    """Fetch the current stack, and those that hosts override it with, from their release pages into the registry.

    + run: the run that the host is in
    """
    host = ctx_host.get()
    if host not in host.state.failed_hosts:
        yield from announced(host, _download(host, run.fleet))


def _download(host: Host, fleet: Fleet) -> Iterator[StringCommand]:
    again = f"run it again: {hints.pyinfra('deploys/coral.py --data stage=download -y')}"
    try:
        versions = coral_stacks.choose(fleet, None)
        stored = _stored(host, fleet, versions)
        for version, found in stored.items():
            coral_stacks.require_same(fleet, version, found)
        absent = [version for version in versions if version not in stored]
        for version in absent:
            question = coral_stacks.store_question(fleet, version, coral_stacks.urls(fleet, version), again)
            words = map(QuoteString, travelling.words("store-stack"))
            yield StringCommand(*words, _stdin=_message(question), _timeout=LONG_SECONDS)
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
