"""An older checkout does not take back by accident what a newer one has put on a node."""

from pyinfra.api import Host, StringCommand

from modelctl.changes import ancestry
from node.desired_state import DesiredState
from node.protocol.facts import Facts
from node.protocol.steps import Refused
from operations.facts import has_program
from operations.node_command import Refusal, bare_command, command
from operations.run import Run


def refusal(host: Host, found: Facts, run: Run, desired: DesiredState) -> StringCommand | None:
    """Return what refuses the sets of a desired state, None unless a newer checkout made one and nobody named the host.

    In a run the node's history has the refusal: the program tells it, which may not be installed there.
    """
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
