"""What the control node asks about a service's Python: the versions of its packages (node/facts/packages.py)."""

from pathlib import Path
from typing import Dict, List, NamedTuple

from node.protocol import Command

PYTHON = "python"  # its version, beside those of packages


class FindPackages(NamedTuple):
    user: str  # whose environment it is
    environment: Path
    names: List[str]


class FoundPackages(NamedTuple):
    versions: Dict[str, str]  # of those that are there, and of Python itself
    unknown: Dict[str, str] = {}  # why each other one is not known; what is in neither is not there


PACKAGES = Command("packages", FindPackages, FoundPackages, "the packages of its Python")
