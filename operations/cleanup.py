"""The clean-up of the model registry, on the primary datasink."""

from collections.abc import Iterator

from pyinfra.api import Host, State, StringCommand

from modelctl.nodes.remote import NoAnswer
from modelctl.prune import roots
from modelctl.remembered import remembered
from node.protocol.facts import Facts
from node.protocol.retention import HostReferences
from node.protocol.steps import InstallCleanup
from operations.context import desired_of, hosts_of, needed_by
from operations.facts import last_answer
from operations.node_command import Refusal, command
from operations.node_operation import node_operation


@node_operation
def install(host: Host, found: Facts) -> Iterator[StringCommand]:
    """Put the units of the clean-up in place and enable its timer; the clean-up itself is not begun."""
    if found.datasink and found.datasink.clean_up:
        host.log("; ".join(found.datasink.clean_up))
        yield command("install-cleanup", message=InstallCleanup(desired_of(host).clean_up))


@node_operation
def keep_referenced(host: Host, _: Facts) -> Iterator[StringCommand]:
    """Tell the datasink what the hosts of this run need, before the first of them is changed.

    Where it does not answer, a host goes on that is to get only what it knew to be needed before.
    """
    if host.state.is_executing and (reason := _untold(host.state).get(host.name)):
        yield Refusal(f"{host.name}: {reason}")


@remembered
def _untold(state: State) -> dict[str, str]:
    """The hosts that may not get what they want, since the datasink does not know, and why."""
    needed = {name: [each.label for each in versions] for name, versions in needed_by(state).items()}
    answers = {host.name: last_answer(host) for host in hosts_of(state)}
    hosts = {
        name: HostReferences(
            {**dict.fromkeys(needed[name], "wanted"), **(found.references or {})}, found.references is not None
        )
        for name, found in answers.items()
        if found is not None
    }
    data = next(iter(hosts_of(state))).data
    try:
        roots.add(data.site_folder, [data.fleet], hosts)
    except NoAnswer as error:
        why = f"it wants versions that the registry does not know to be needed; {error}"
        return {name: why for name in hosts if not roots.covers(data.site_folder, name, needed[name])}
    return {}
