"""The clean-up of the model registry, on the primary datasink."""

from collections.abc import Collection, Iterator
from functools import partial

from paramiko import SSHException
from pyinfra.api import Host, State, StringCommand

from modelctl.errors import OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.nodes.remote import NoAnswer, no_answer
from modelctl.prune import roots
from modelctl.remembered import remembered
from node.protocol.facts import Facts
from node.protocol.retention import ADD_ROOTS, AddRoots, HostReferences
from node.protocol.steps import InstallCleanup
from operations.facts import has_program, last_answer
from operations.node_command import Refusal, command
from operations.node_operation import node_operation
from operations.run import Run, run_of


@node_operation
def install(host: Host, found: Facts, run: Run) -> Iterator[StringCommand]:
    """Put the units of the clean-up in place and enable its timer; the clean-up itself is not begun."""
    if found.datasink and found.datasink.clean_up:
        host.log("; ".join(found.datasink.clean_up))
        yield command("install-cleanup", message=InstallCleanup(run.desired(host.name).clean_up))


@node_operation
def read_referenced(_: Host, _found: Facts, _run: Run) -> Iterator[StringCommand]:
    """Ask all hosts what they need, which the first of them tells of all. Where a deploy begins with another question,
    that one is enough.
    """
    yield from ()


@node_operation
def keep_referenced(host: Host, _: Facts, _run: Run) -> Iterator[StringCommand]:
    """Tell the datasink what the hosts of this run need, before the first of them is changed. Where it does not answer,
    a host goes on that is to get only what it knew to be needed before.
    """
    if host.state.is_executing and (reason := _untold(host.state).get(host.name)):
        yield Refusal(f"{host.name}: {reason}")


@remembered
def _untold(state: State) -> dict[str, str]:
    """The hosts that may not get what they want, since the datasink does not know, and why."""
    run = run_of(state)
    needed = {name: [each.label for each in versions] for name, versions in run.needed.items()}
    found = {host.name: _references(host, needed.get(host.name, ())) for host in state.inventory}
    hosts = {name: each for name, each in found.items() if each is not None}
    try:
        roots.add(run.site, [run.fleet], hosts, partial(_tell, _datasink(state, run.fleet)))
    except NoAnswer as error:
        why = f"it wants versions that the registry does not know to be needed; {error}"
        return {name: why for name in hosts if not roots.covers(run.site, name, needed[name])}
    except OperatorError as error:
        return dict.fromkeys(hosts, str(error))
    return {}


def _datasink(state: State, fleet: Fleet) -> Host | None:
    """The primary datasink, where the run has a connection to it, and the program there is this checkout's."""
    for host in state.inventory:
        found = last_answer(host) if host.name == fleet.site.primary_datasink else None
        if found is not None and has_program(found) and host not in state.failed_hosts:
            return host
    return None


def _tell(datasink: Host | None, fleet: Fleet, told: AddRoots) -> None:
    """To connect once more takes twice as long as all the rest: that is for where there is no other way."""
    if datasink is None or not _is_told(datasink, fleet, command(ADD_ROOTS.name, message=told)):
        roots.tell(fleet, told)


def _is_told(datasink: Host, fleet: Fleet, said: StringCommand) -> bool:
    """Why not, says who is told over a connection of its own; but one that does not end may yet be at work on it."""
    try:
        is_done, _ = datasink.run_shell_command(said, **{**said.connector_arguments, "_timeout": roots.SECONDS})
    except TimeoutError:
        raise no_answer(fleet, datasink.name, f"not done within {roots.SECONDS} s") from None
    except (OSError, EOFError, SSHException):
        return False
    return is_done


def _references(host: Host, wanted: Collection[str]) -> HostReferences | None:
    """What a host needs. As long as it has not answered, as with --serial before its turn, that is what it wants. None
    where nothing is known, or it failed before it could answer.
    """
    found = last_answer(host)
    if found is None and (not wanted or host in host.state.failed_hosts):
        return None
    own = found.references if found else None
    return HostReferences({**dict.fromkeys(wanted, "wanted"), **(own or {})}, own is not None)
