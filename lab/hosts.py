"""The lab's hosts: the default site's, plus a second datasink, at addresses of the benchmarking range.

`python -m lab up --hosts N` adds outposts, until there are N hosts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType

from lab import name

STATE = Path("/var/lib") / name.ID
"""All running state of this lab. One fixed place: two checkouts see one lab of a name."""

SERVICE_FOLDERS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "sentinel": {"sentinel.py": "sentinel/sentinel", "sentinel_task.py": "sentinel"},
        "imagenode": {"imagenode.py": "imagenode/imagenode"},
        "datapump": {"datapump.py": "camwatcher/datapump"},
    }
)
"""Service to its programs, each with the folder below the login's home that it lives in."""


@dataclass(frozen=True)
class LabHost:
    """One machine of the lab.

    :param service: the service whose stand-in it holds, or None for a machine without one.
    """

    name: str
    address: str
    service: str | None
    login: str = "ops"
    holds_registry: bool = False

    @property
    def home(self) -> str:
        """The login's home folder, as the host sees it."""
        return f"/home/{self.login}"

    @property
    def folder(self) -> Path:
        """Where the control node keeps this host's disk, console log and process record."""
        return STATE / "hosts" / self.name


DEFAULT = (
    LabHost("data1", "198.18.0.50", "datapump", holds_registry=True),
    LabHost("data2", "198.18.0.51", "datapump"),
    LabHost("sentinel", "198.18.0.60", "sentinel"),
    LabHost("lab1", "198.18.0.20", "imagenode"),
    LabHost("east", "198.18.0.21", "imagenode"),
    LabHost("alpha5", "198.18.0.22", "imagenode"),
    LabHost("deepend", "198.18.0.100", None, login="pyimagesearch"),
)
CONTROL = LabHost("ramrod", "198.18.0.10", None, login="sentinelcam")
"""The control node. No site has it among its hosts, and the lab boots it only when it is asked for."""
MOST = 200
COUNT = STATE / "hosts-in-all"
"""Says how many hosts `up` was asked for, until `down`: each program that works on the lab knows as many."""


def hosts(count: int) -> Mapping[str, LabHost]:
    """By name, the default hosts and as many further outposts as make `count` hosts in all."""
    further = (LabHost(f"outpost{number}", _address(number), "imagenode") for number in range(10, MOST + 10))
    return MappingProxyType({host.name: host for host in islice(chain(DEFAULT, further), max(count, len(DEFAULT)))})


def _address(number: int) -> str:
    return str(IPv4Address("198.18.1.0") + number)


def noted() -> int:
    """How many hosts the lab has, up or off."""
    return int(COUNT.read_text()) if COUNT.exists() else len(DEFAULT)


HOSTS = hosts(noted())
"""Those of the lab as it was when this program began."""
