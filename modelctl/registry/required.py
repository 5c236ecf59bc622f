"""What a version requires of a host's Python, and what that has."""

from collections.abc import Iterable

from modelctl.desired import services
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import node_command
from node.protocol.packages import PACKAGES, FindPackages, FoundPackages

SECONDS = 60


def packages(fleet: Fleet, host: str, names: Iterable[str]) -> FoundPackages:
    """The versions of packages that the services' Python on a host has, and its own; none of it is run there.

    Raises remote.NoAnswer, node_command.UnknownCommand of an older program, or another OperatorError.
    """
    asked = FindPackages(fleet.service_user(host), services.environment(fleet, host), list(names))
    return node_command.ask(fleet, host, PACKAGES, asked, SECONDS)
