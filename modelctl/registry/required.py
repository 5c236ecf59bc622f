"""What a version requires of a host's Python, and what that has.

A model that a newer scikit-learn wrote, or another major version of numpy, does not load in an older one: tried with
1.3.2 and 1.6.1, and with numpy 1.24 and 2.4. What an older one wrote does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from modelctl.desired import services
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import node_command, remote
from node.protocol.packages import PACKAGES, FindPackages, FoundPackages

SECONDS = 60
_NUMBERS = {"numpy": 1, "scikit-learn": 2}
"""Packages whose version decides, and how many of its numbers do."""


def packages(fleet: Fleet, host: str, names: Iterable[str]) -> FoundPackages:
    """The versions of packages that the services' Python on a host has, and its own; none of it is run there.

    Raises remote.NoAnswer, node_command.UnknownCommand of an older program, or another OperatorError.
    """
    asked = FindPackages(fleet.service_user(host), services.environment(fleet, host), list(names))
    return node_command.ask(fleet, host, PACKAGES, asked, SECONDS)


def unfit(fleet: Fleet, model: str, requires: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each host that gets a model and whose packages are too old for what that requires.

    A host that gives no answer is not known to be unfit. Raises OperatorError where all of them could not be asked.
    """
    names = [name for name in _NUMBERS if name in requires]
    hosts = [host for host in fleet.with_models() if model in fleet.versions(host)] if names else []
    answers = remote.side_by_side(hosts, lambda host: _versions(fleet, host, names))
    for host, found in answers.items():
        for name in names:
            has = found.get(name)
            if has is not None and _number(name, has) < _number(name, requires[name]):
                yield f"{host}: found {name} {has}; the version requires {requires[name]}; train it with {name} {has}"


def _versions(fleet: Fleet, host: str, names: Iterable[str]) -> Mapping[str, str]:
    try:
        return packages(fleet, host, names).versions
    except (remote.NoAnswer, node_command.UnknownCommand):
        return {}


def _number(name: str, version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"[0-9]{1,9}", version)[: _NUMBERS[name]]))
