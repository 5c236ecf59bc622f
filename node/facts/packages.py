"""Versions of what is installed in a service's Python, from the names of its folders: nothing of it is run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Set

from node.errors import printable
from node.protocol.packages import PYTHON, FindPackages, FoundPackages
from node.store import disk, rights

METADATA = (".dist-info", ".egg-info")
# Debian's packages, which an environment may have been made to see.
SYSTEM = ("usr/local/lib/python%s/dist-packages", "usr/lib/python3/dist-packages")
ROOT = Path("/")
LONGEST = 80

_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+-]*", re.ASCII)
_PYTHON = re.compile(r"python(3\.[0-9]{1,2})", re.ASCII)
_MADE_WITH = re.compile(r"version(?:_info)? *= *(3\.[0-9]{1,2}\.[0-9]{1,2})(?![0-9]).*", re.ASCII)
_SEES_SYSTEM = re.compile(r"include-system-site-packages *= *true *", re.IGNORECASE)
_RUNS = re.compile("[-_.]+")


def find(asked: FindPackages) -> FoundPackages:
    """Tell which versions of these packages a Python has. Raises Refusal for an unknown user."""
    found = FoundPackages({}, {})
    with rights.of(rights.owner_of(asked.user)):
        pythons = [match[1] for match in map(_PYTHON.fullmatch, disk.names(asked.environment / "lib")) if match]
        if len(pythons) != 1:
            return _all_unknown(asked, pythons)
        notes = disk.lines(asked.environment / "pyvenv.cfg")
        made_with = next((match[1] for match in map(_MADE_WITH.fullmatch, notes) if match), pythons[0])
        _add(found, PYTHON, {made_with} if made_with.startswith(pythons[0] + ".") else {pythons[0]})
        missed = _look(asked.environment / "lib" / ("python" + pythons[0]) / "site-packages", asked.names, found)
        for folder in SYSTEM if any(map(_SEES_SYSTEM.fullmatch, notes)) else ():
            place = folder % pythons[0] if "%" in folder else folder
            missed = _look(ROOT / place, missed, found)
    return found


def _all_unknown(asked: FindPackages, pythons: List[str]) -> FoundPackages:
    several = "several Pythons: %s" % printable(", ".join(pythons), LONGEST)
    why = "%s: found %s; expected one" % (asked.environment / "lib", several if pythons else "no Python")
    return FoundPackages({}, dict.fromkeys([PYTHON, *asked.names], why))


def _look(folder: Path, names: List[str], found: FoundPackages) -> List[str]:
    """Add what is in a folder of packages, and return the names that are not."""
    there: Dict[str, Set[str]] = {}
    for name in disk.names(folder):
        for package, version in _named(name):
            there.setdefault(package, set()).add(version)
    for name in names:
        if _plain(name) in there:
            _add(found, name, there[_plain(name)])
    return [name for name in names if _plain(name) not in there]


def _named(folder: str) -> "Iterator[tuple[str, str]]":
    """The package and the version that a folder of metadata is named by."""
    stem: Optional[str] = next((folder[: -len(end)] for end in METADATA if folder.endswith(end)), None)
    if stem is not None:
        package, _, rest = stem.partition("-")
        yield _plain(package), re.sub(r"-py3(\.[0-9]+)?.*$", "", rest)


def _plain(name: str) -> str:
    """As PyPI compares names."""
    return _RUNS.sub("-", name).lower()


def _add(found: FoundPackages, name: str, versions: Set[str]) -> None:
    if len(versions) == 1 and all(map(_VERSION.fullmatch, versions)):
        found.versions[name] = versions.pop()[:LONGEST]
    else:
        found.unknown[name] = "found %s; expected one version" % printable(", ".join(sorted(versions)), LONGEST)
