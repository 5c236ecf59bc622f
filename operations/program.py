"""The node program, installed by its digest."""

from collections.abc import Iterator

from pyinfra.api import Host, StringCommand

from operations.bundle import bundle
from operations.node_command import bare_command
from operations.node_operation import node_operation
from operations.survey import Survey, foresee


@node_operation
def install(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Install this checkout's node program and make it the one that the units run."""
    if not found.has_program:
        foresee(host, has_program=True)
        yield bare_command("install-program", bundle().digest)
