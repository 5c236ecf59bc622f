"""Where the control node has a stack's files from: the release pages, through a folder of its own, or a folder."""

import hashlib
import os
from pathlib import Path

from modelctl import hints, progress
from modelctl.errors import OperatorError
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.registry import stack_files
from node.errors import Refusal
from node.protocol.registry import Measured
from node.registry import fetching

DIGITS = 16
"""Of an address's SHA-256, in the name of its folder: no file is taken for one from another page."""
Gathered = dict[str, tuple[Path, Measured]]
"""Each file by its name: where it is on the control node, and what it is."""


def cache() -> Path:
    """The folder of what was downloaded."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "sentinelcam" / "coral"


def gather(fleet: Fleet, version: str, folder: Path | None) -> Gathered:
    """The files of a stack, from a folder that somebody filled, or else from their release pages.

    Raises OperatorError, also for what is not the pinned file.
    """
    found: Gathered = {}
    places: dict[str, str] = {}
    for name, url in sorted(stack_files.urls(fleet, version).items()):
        found[name] = _downloaded(fleet, version, name, url) if folder is None else _brought(folder / name, url)
        places[name] = url if folder is None else str(folder / name)
    stack_files.require_pinned(fleet, version, {name: file for name, (_, file) in found.items()}, places)
    return found


def _downloaded(fleet: Fleet, version: str, name: str, url: str) -> tuple[Path, Measured]:
    """What an earlier run left is taken, unless it is not the pinned file: then the page is asked once more."""
    pin = fleet.pin(CORAL, version)
    known = pin.measured[name] if pin else None
    folder = cache() / hashlib.sha256(url.encode()).hexdigest()[:DIGITS]
    was_there = (folder / name).is_file()
    path = _fetch(version, name, url, folder, known)
    found = _measure(path)
    if known is not None and found != known and was_there:
        (folder / name).unlink(missing_ok=True)
        path = _fetch(version, name, url, folder, known)
        found = _measure(path)
    return path, found


def _fetch(version: str, name: str, url: str, folder: Path, known: Measured | None) -> Path:
    again = f"run it again: {hints.modelctl(f'coral download {version}')}"
    try:
        with (
            fetching.alone(folder, again),
            progress.moving(f"downloading {name}", known.size if known else None) as show,
        ):
            return fetching.fetch(url, folder, name, again, lambda _, size: show(size))
    except Refusal as refused:
        raise OperatorError(str(refused)) from None
    except OSError as error:
        raise OperatorError(f"{error.filename or folder}: {error.strerror}; mend that here, then {again}") from None


def _brought(path: Path, url: str) -> tuple[Path, Measured]:
    try:
        said = fetching.flaw(path.absolute(), path.name)
        if said is not None:
            raise OperatorError(f"{path}: {said}; bring it anew: {url}")
        return path, _measure(path)
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}; expected the file of that name; bring it: {url}") from None


def _measure(path: Path) -> Measured:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Measured(digest, file.tell())
