"""An older checkout does not take back by accident what a newer one has put on a node."""

from pathlib import Path

from pyinfra.api import Host, StringCommand

from modelctl.changes import ancestry
from node.desired_state import DesiredState
from node.protocol.facts import Facts
from node.protocol.steps import Refused
from operations.context import arguments_of
from operations.facts import has_program
from operations.node_command import Refusal, bare_command, command


def refusal(host: Host, found: Facts, desired: DesiredState) -> StringCommand | None:
    """Return what refuses the sets of a desired state, None unless a newer checkout made one and nobody named the host.

    In a run the node's history has the refusal: the program tells it, which may not be installed there.
    """
    if host.name in arguments_of(host).older:
        return None
    site: Path = host.data.site_folder
    newer = ancestry.newer(site, {each.service: found.sets[each.service].commit for each in desired.sets})
    if newer is None:
        return None
    reason = f"{host.name}: {newer}; {ancestry.remedy(site)}, or allow it with --data older={host.name}"
    if not host.state.is_executing:
        return Refusal(reason)
    digests = {each.service: each.digest for each in desired.sets}
    refused = Refused(host.name, digests, desired.operator, desired.purpose, desired.commit, reason)
    return (command if has_program(found) else bare_command)("refuse", message=refused)
