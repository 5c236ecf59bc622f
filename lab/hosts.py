"""The lab's hosts: the default site's, plus a second datasink, at addresses of the benchmarking range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


HOSTS: Mapping[str, LabHost] = MappingProxyType(
    {
        host.name: host
        for host in (
            LabHost("data1", "198.18.0.50", "datapump", holds_registry=True),
            LabHost("data2", "198.18.0.51", "datapump"),
            LabHost("sentinel", "198.18.0.60", "sentinel"),
            LabHost("lab1", "198.18.0.20", "imagenode"),
            LabHost("east", "198.18.0.21", "imagenode"),
            LabHost("alpha5", "198.18.0.22", "imagenode"),
            LabHost("deepend", "198.18.0.100", None, login="pyimagesearch"),
        )
    }
)
