"""An older checkout does not take back by accident what a newer one has put on a node."""

from pyinfra.api import Host, StringCommand

from modelctl.changes import ancestry
from node.desired_state import DesiredState
from node.protocol.facts import Facts, SetState
from node.protocol.steps import Refused
from node.store.service_set import ServiceSet
from operations.facts import has_program
from operations.node_command import Refusal, bare_command, command
from operations.run import Run


def refusal_of_older_checkout(host: Host, found: Facts, run: Run, desired: DesiredState) -> StringCommand | None:
    """Refuse what takes back by accident a newer checkout's set; in a run the node's history has the refusal."""
    if host.name in run.arguments.older:
        return None
    newer = ancestry.newer(run.site, {each.service: found.sets[each.service].commit for each in desired.sets})
    if newer is None:
        return None
    reason = f"{host.name}: {newer}; {ancestry.remedy(run.site)}, or allow it with --data older={host.name}"
    if not host.state.is_executing:
        return Refusal(reason)
    digests = {each.service: each.digest for each in desired.sets}
    refused = Refused(host.name, digests, desired.operator, desired.purpose, desired.commit, reason)
    return (command if has_program(found) else bare_command)("refuse", message=refused)


def is_of_a_strange_commit(run: Run, wanted: ServiceSet, state: SetState) -> bool:
    """As after a squash. It would let nobody switch the host any more."""
    is_chosen = state.chosen == wanted.digest
    return is_chosen and state.commit is not None and not ancestry.contains(run.site, state.commit)
