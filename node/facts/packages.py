"""Versions of what is installed in a service's Python, from the names of its folders: nothing of it is run."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Set

from node.errors import Unknown, printable
from node.protocol.packages import PYTHON, FindPackages, FoundPackages
from node.store import disk, rights

METADATA = (".dist-info", ".egg-info")
# Debian's packages, which an environment may have been made to see.
SYSTEM = ("usr/local/lib/python%s/dist-packages", "usr/lib/python3/dist-packages")
ROOT = Path("/")
LONGEST = 80
# Modules that are in no folder: as this Python has them.
BUILT_IN = sys.builtin_module_names

_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+-]*", re.ASCII)
_PYTHON = re.compile(r"python(3\.[0-9]{1,2})", re.ASCII)
_MADE_WITH = re.compile(r"version(?:_info)? *= *(3\.[0-9]{1,2}\.[0-9]{1,2})(?![0-9]).*", re.ASCII)
_HOME = re.compile(r"home *= *(/.*\S) *")
_SEES_SYSTEM = re.compile(r"include-system-site-packages *= *true *", re.IGNORECASE)
_RUNS = re.compile("[-_.]+")


def find(asked: FindPackages) -> FoundPackages:
    """Tell which versions of these packages a Python has. Raises Refusal for an unknown user."""
    found = FoundPackages({}, {})
    with rights.of(rights.owner_of(asked.user)):
        pythons = _pythons(asked.environment)
        if len(pythons) != 1:
            return _all_unknown(asked, pythons)
        notes = disk.lines(asked.environment / "pyvenv.cfg")
        made_with = next((match[1] for match in map(_MADE_WITH.fullmatch, notes) if match), pythons[0])
        _add(found, PYTHON, {made_with} if made_with.startswith(pythons[0] + ".") else {pythons[0]})
        missed = asked.names
        for folder in _of_others(asked.environment, pythons[0], notes):
            missed = _look(folder, missed, found)
    return found


def folders(environment: Path) -> List[Path]:
    """Return all folders that a Python imports modules from. Raises Unknown where the environment does not tell."""
    pythons, notes = _pythons(environment), disk.lines(environment / "pyvenv.cfg")
    made_from = next((match[1] for match in map(_HOME.fullmatch, notes) if match), None)
    if len(pythons) != 1 or made_from is None:
        raise Unknown("%s: found no Python, or no pyvenv.cfg that tells of it" % environment)
    own = Path(made_from).parent / "lib" / ("python" + pythons[0])
    if not disk.is_file(own / "os.py"):
        raise Unknown("%s: found no Python's own modules there" % own)
    of_others = _of_others(environment, pythons[0], notes)
    return [own, own / "lib-dynload", *of_others, *(each for folder in of_others for each in _added(folder))]


def _added(folder: Path) -> Iterator[Path]:
    """Yield the folders that files in a folder of packages add: site(3)."""
    for name in disk.names(folder):
        for line in disk.lines(folder / name) if name.endswith(".pth") else ():
            if "__editable__" in line:
                raise Unknown("%s: decides at each start what can be imported" % (folder / name))
            if line.strip() and not line.startswith(("#", "import ", "import\t")):
                yield Path(os.path.normpath(str(folder / line.strip())))


def _pythons(environment: Path) -> List[str]:
    return [match[1] for match in map(_PYTHON.fullmatch, disk.names(environment / "lib")) if match]


def _of_others(environment: Path, python: str, notes: List[str]) -> List[Path]:
    """Return the folders of installed packages, the environment's own first."""
    system = SYSTEM if any(map(_SEES_SYSTEM.fullmatch, notes)) else ()
    places = [ROOT / (folder % python if "%" in folder else folder) for folder in system]
    return [environment / "lib" / ("python" + python) / "site-packages", *places]


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
