"""What the training environment runs: read from its files.

No python of it is started: that would take seconds on the trainer, and run whatever its .pth files say.
"""

import os
import re
from pathlib import Path
from typing import Dict, Iterator, List, Optional

PACKAGES = ("scikit-learn", "numpy", "h5py")

# Without what a builder adds behind a +: the release is what loads a model, or does not.
_METADATA = re.compile(r"(.+?)-([0-9][0-9A-Za-z.]*)(?:\+[\w.]+)?(?:-py[0-9.]+)?\.(?:dist|egg)-info", re.ASCII)
_PYTHON = re.compile(r"(?:version|version_info) *= *(\d+\.\d+\.\d+)[\w.+]*\s*", re.ASCII)


def requires(environment: Path) -> Dict[str, Optional[str]]:
    """Return the versions by names, Python's first; None for what cannot be told."""
    libraries = sorted((environment / "lib").glob("python3*"))
    versions = {"python": _only(list(_pythons(environment)))}  # type: Dict[str, Optional[str]]
    for name in PACKAGES:
        found = [version for library in libraries for version in _versions(library / "site-packages", name)]
        versions[name] = _only(found)
    return versions


def _only(found: List[str]) -> Optional[str]:
    """Of two versions nobody knows which is imported."""
    return found[0] if len(set(found)) == 1 else None


def _pythons(environment: Path) -> Iterator[str]:
    try:
        lines = (environment / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        match = _PYTHON.fullmatch(line)
        if match:
            yield match.group(1)


def _versions(packages: Path, name: str) -> Iterator[str]:
    try:
        found = os.listdir(str(packages))
    except OSError:
        return
    for each in found:
        match = _METADATA.fullmatch(each)
        if match and re.sub(r"[-_.]+", "-", match.group(1)).lower() == name:
            yield match.group(2)
