"""The clean-up of the model registry, on the primary datasink."""

from collections.abc import Iterator

from pyinfra.api import Host, StringCommand

from node.protocol.facts import Facts
from node.protocol.steps import InstallCleanup
from node.protocol.versions import Spare
from operations.facts import foresee
from operations.node_command import command
from operations.node_operation import node_operation
from operations.run import Run


@node_operation
def install(host: Host, found: Facts, run: Run) -> Iterator[StringCommand]:
    """Put the units of the clean-up in place and enable its timer; the clean-up itself is not begun."""
    if found.datasink and found.datasink.clean_up:
        host.log("; ".join(found.datasink.clean_up))
        yield command("install-cleanup", message=InstallCleanup(run.desired(host.name).clean_up))


@node_operation
def keep_referenced(host: Host, found: Facts, run: Run) -> Iterator[StringCommand]:
    """Take what this checkout names off the delete-list, and let the next list know which hosts get it in this run.

    Not only what the run needs: the current version stays, though every host of the run has another one.
    """
    if found.datasink is None:
        return
    listed, unseen = found.datasink.listed, found.datasink.unseen
    if listed:
        host.log(f"wanted again, so off the delete-list: {', '.join(listed)}")
    hosts = {name: [each.label for each in run.needed[name]] for name in unseen if name in run.needed}
    if listed or hosts:
        foresee(host, datasink=found.datasink._replace(listed=[], unseen=[]))
        yield command("spare", message=Spare(listed, hosts))
