"""The clean-up of the model registry, on the primary datasink."""

from collections.abc import Iterator

from pyinfra.api import Host, State, StringCommand

from modelctl.nodes.remote import NoAnswer
from modelctl.prune import roots
from modelctl.remembered import remembered
from node.protocol.facts import Facts
from node.protocol.retention import HostReferences
from node.protocol.steps import InstallCleanup
from operations.facts import last_answer
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
    answers = {host.name: last_answer(host) for host in state.inventory if host.name in needed}
    hosts = {
        name: HostReferences(
            {**dict.fromkeys(needed[name], "wanted"), **(found.references or {})}, found.references is not None
        )
        for name, found in answers.items()
        if found is not None
    }
    try:
        roots.add(run.site, [run.fleet], hosts)
    except NoAnswer as error:
        why = f"it wants versions that the registry does not know to be needed; {error}"
        return {name: why for name in hosts if not roots.covers(run.site, name, needed[name])}
    return {}
