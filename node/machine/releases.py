"""Which release of a program is installed: none carries a number, so signs in its code tell, read as its user."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, NamedTuple, Optional

from node.errors import Refusal
from node.store import handles, rights
from node.store.rights import Owner

MOST = 4 << 20  # bytes of a program's text that are searched
UNKNOWN = "unknown"
IMAGENODE_0_2, IMAGENODE_BETWEEN, IMAGENODE_0_3 = "0.2", "between 0.2 and 0.3", "0.3"
SENTINEL_OLD, SENTINEL_0_2_5, SENTINEL_NEW = "to 0.2.4", "0.2.5", "from 0.2.6"


class Release(NamedTuple):
    """A name from above, and for an unknown one what was found instead."""

    name: str
    reason: Optional[str] = None


def look(service: str, script: Path, owner: Owner) -> Optional[Release]:
    """Tell which release a service's main script is of; None for a service whose releases are not told apart."""
    tell = _SERVICES.get(service)
    if tell is None:
        return None
    try:
        with rights.of(owner):
            return tell(script)
    except OSError as error:
        return Release(UNKNOWN, "%s: %s" % (error.filename or script, (error.strerror or str(error)).lower()))
    except Refusal as refusal:
        return Release(UNKNOWN, str(refusal))


def _imagenode(script: Path) -> Release:
    folder = script.parent / "sentinelcam"
    outpost = program_text(folder / "outpost.py")
    if outpost is None:
        return Release(UNKNOWN, "%s: missing; expected an imagenode that knows outposts" % (folder / "outpost.py"))
    if program_text(folder / "picamera_intake.py") is not None and b"setup_picamera" in outpost:
        return Release(IMAGENODE_0_3)
    return Release(IMAGENODE_0_2 if program_text(folder / "hosttracker.py") is None else IMAGENODE_BETWEEN)


def _sentinel(script: Path) -> Release:
    text = program_text(script)
    if text is None:
        return Release(UNKNOWN, "%s: missing" % script)
    if program_text(script.parent / "sentinel_state.py") is not None:
        return Release(SENTINEL_NEW)
    return Release(SENTINEL_0_2_5 if b"RESTART_ENGINE" in text else SENTINEL_OLD)


_SERVICES: Dict[str, Callable[[Path], Release]] = {"imagenode": _imagenode, "sentinel": _sentinel}


def program_text(path: Path) -> Optional[bytes]:
    """Return the text of a program; None where no file is."""
    try:
        with handles.opened(path) as file:
            return file.read(MOST)
    except (FileNotFoundError, NotADirectoryError):
        return None
