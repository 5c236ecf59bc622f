"""What a run needs of a host and does not bring: a host that lacks it is refused before anything is done there."""

from collections.abc import Iterator

from pyinfra.api import Host, StringCommand

from operations.answer import Step, Survey
from operations.node_command import Refusal
from operations.node_operation import node_operation


@node_operation
def require_access(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Refuse a host that cannot make its key, or let others pull."""
    yield from _refusal(host, found, "access")


@node_operation
def require_configs(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Refuse a host whose service could not start."""
    yield from _refusal(host, found, "configs")


@node_operation
def require_all(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Refuse a host that lacks what any step needs."""
    yield from _refusal(host, found, "access", "models", "configs")


def _refusal(host: Host, found: Survey, *steps: Step) -> Iterator[StringCommand]:
    lines = dict.fromkeys(line for step in steps for line in found.missing[step])
    if lines:
        yield Refusal(f"{host.name}: {'; '.join(lines)}; then run again")
