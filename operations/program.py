"""The node program, installed by its digest."""

from collections.abc import Iterator

from pyinfra.api import Host, StringCommand

from operations import older_checkout
from operations.answer import Survey
from operations.bundle import bundle
from operations.node_command import bare_command
from operations.node_operation import node_operation
from operations.survey import foresee, order_for


@node_operation
def install(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Install this checkout's node program and make it the one that the units run; not where a newer one switched."""
    if found.has_program:
        return
    refusal = older_checkout.refusal(host, found, order_for(host))
    if refusal:
        yield refusal
        return
    foresee(host, has_program=True)
    yield bare_command("install-program", bundle().digest)
