"""Downloading the Coral packages to the primary datasink, by itself: `--data stage=download`.

Its login does it, whom the registry belongs to; root has no part in it. It needs no pins: there may be none yet.
"""

import json
from collections.abc import Generator, Iterator
from types import ModuleType
from typing import Any

from pyinfra import logger
from pyinfra.api import FactBase, Host, QuoteString, StringCommand, operation
from pyinfra.context import ctx_host

from modelctl import hints
from modelctl.errors import OperatorError
from modelctl.fleet import Fleet
from modelctl.inventory.coral import CORAL
from modelctl.registry import stack_fetcher, stack_files, stack_receiver, stack_store, travelling
from operations.node_command import LONG_SECONDS, PYTHON, Message, Refusal
from operations.node_operation import announce
from operations.survey import QUESTION_SECONDS

RUNNER = """
import json, sys
program = {"__name__": "program"}
exec(json.loads(sys.stdin.readline()), program)
said = program["obey"](json.loads(sys.stdin.readline()), None)
if said["fault"] is not None:
    sys.exit(said["fault"])
print(json.dumps(said))
"""
"""Runs a program that travels, with its order: both come on standard input. Its fault is the last word, and exit 1."""


class StoredStacks(FactBase[str | None]):
    """What the datasink stores of the stacks that it is asked for, as it says it."""

    def command(self) -> StringCommand:
        return _command()

    def process(self, output: list[str]) -> str | None:
        return "\n".join(output)


@operation()
def download() -> Generator[StringCommand]:
    """Fetch the current stack, and those that hosts override it with, from their release pages into the registry."""
    host = ctx_host.get()
    if host in host.state.failed_hosts:
        return
    commands = 0
    for command in plan(host):
        commands += 1
        announce(host, command)
        yield command
    if not commands:
        host.noop("as wanted")


def plan(host: Host) -> Iterator[StringCommand]:
    """The commands, none where all is stored; a refusal for what an operator has to mend."""
    fleet = host.data.fleet
    try:
        versions = stack_files.choose(fleet, None)
        stored = _stored(host, fleet, versions)
        if stored is None:
            yield Refusal(f"{host.name}: gave no answer; see above")
            return
        for version, found in stored.items():
            stack_store.require_same(fleet, version, found)
        absent = [version for version in versions if version not in stored]
        for version in absent:
            yield run(stack_fetcher, _fetch_order(fleet, version))
            yield run(stack_receiver, stack_store.finish_order(fleet, version, _again()))
        if host.state.is_executing:
            _tell(fleet, _stored(host, fleet, absent) or {})
    except OperatorError as error:
        yield Refusal(str(error))


def run(program: ModuleType, order: dict[str, Any]) -> StringCommand:
    """The command that carries out an order with a program that travels."""
    return _command(_stdin=_message(program, order), _timeout=LONG_SECONDS)


def _stored(host: Host, fleet: Fleet, versions: list[str]) -> dict[str, stack_store.StoredStack] | None:
    if not versions:
        return {}
    message = _message(stack_receiver, stack_store.look_order(fleet, versions))
    said = host.get_fact(StoredStacks, _stdin=message, _timeout=QUESTION_SECONDS)
    return None if said is None else stack_store.parse_look(fleet, said).stored


def _fetch_order(fleet: Fleet, version: str) -> dict[str, Any]:
    files = [{"url": url, "name": name} for name, url in sorted(stack_files.urls(fleet, version).items())]
    folder = f"{fleet.registry_folder()}/{CORAL}/.import-{version}"
    return {"folder": folder, "files": files, "again": _again()}


def _tell(fleet: Fleet, stored: dict[str, stack_store.StoredStack]) -> None:
    for version, found in stored.items():
        for name, sha256 in stack_files.told(found.manifest):
            logger.info(f"{CORAL}/{version}: {name} has SHA-256 {sha256}")
    if any(fleet.pin(CORAL, version) is None for version in stored):
        logger.info(f"no pin covers all of that yet; next: {hints.modelctl('coral pin')}")


def _again() -> str:
    return f"run it again: {hints.pyinfra('deploys/coral.py --data stage=download -y')}"


def _command(**said: Any) -> StringCommand:
    return StringCommand(*PYTHON, "-c", QuoteString(RUNNER), **said)


def _message(program: ModuleType, order: dict[str, Any]) -> Message:
    return Message(json.dumps(travelling.source(program)), json.dumps(order))
