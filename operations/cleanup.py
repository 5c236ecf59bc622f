"""The clean-up of the model registry, on the primary datasink."""

from collections.abc import Iterator

from pyinfra.api import Host, StringCommand

from operations.answer import Survey
from operations.node_command import command
from operations.node_operation import node_operation
from operations.survey import foresee, order_for


@node_operation
def install(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Put the units of the clean-up in place and enable its timer; the clean-up itself is not begun."""
    if found.cleanup:
        host.log("; ".join(found.cleanup))
        yield command("install-cleanup", message=order_for(host)["options"]["cleanup"])


@node_operation
def spare(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Take what this checkout names off the delete-list, and let the next list know which hosts get it in this run.

    Not only what the run needs: the current version stays, though every host of the run has another one.
    """
    if found.listed:
        host.log(f"wanted again, so off the delete-list: {', '.join(found.listed)}")
    if found.listed or found.unseen:
        needed_by = order_for(host)["options"]["needed_by"]
        foresee(host, listed=[], unseen=[])
        yield command(
            "spare", message={"versions": found.listed, "hosts": {each: needed_by[each] for each in found.unseen}}
        )
