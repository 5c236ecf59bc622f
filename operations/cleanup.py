"""The clean-up of the model registry, on the primary datasink."""

from collections.abc import Iterator

from pyinfra.api import Host, StringCommand

from node import codec
from node.protocol import InstallCleanup
from node.service_set import Installed
from node.version_messages import Spare
from operations.answer import Survey
from operations.node_command import command
from operations.node_operation import node_operation
from operations.order import file_of
from operations.run import desired_of, needed_by
from operations.survey import foresee


@node_operation
def install(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Put the units of the clean-up in place and enable its timer; the clean-up itself is not begun."""
    if found.cleanup:
        host.log("; ".join(found.cleanup))
        units = [codec.decode(Installed, file_of(unit)) for unit in desired_of(host).clean_up]
        yield command("install-cleanup", message=InstallCleanup(units))


@node_operation
def spare(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Take what this checkout names off the delete-list, and let the next list know which hosts get it in this run.

    Not only what the run needs: the current version stays, though every host of the run has another one.
    """
    if found.listed:
        host.log(f"wanted again, so off the delete-list: {', '.join(found.listed)}")
    needed = needed_by(host.state) if found.unseen else {}
    hosts = {name: [each.label for each in needed[name]] for name in found.unseen if name in needed}
    if found.listed or hosts:
        foresee(host, listed=[], unseen=[])
        yield command("spare", message=Spare(found.listed, hosts))
