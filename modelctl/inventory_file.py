"""Inventory files: Python that holds a fleet as `_FLEET`.

It may also hold `_PINS`, the path of the file that its pins come from, `_SOURCES`, the folder of the registry.py and
site.py that it is made from, and `_connect`, called before any connection.
"""

import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from types import TracebackType
from typing import Any

from modelctl.errors import OperatorError
from modelctl.faults import fault, one_line
from modelctl.fleet import Fleet


@dataclass(frozen=True)
class Inventory:
    """A fleet, the files that it comes from, and what opens the way to its hosts."""

    path: Path
    fleet: Fleet
    connect: Callable[[], None]
    _pins: object
    _sources: object

    @property
    def pins(self) -> Path:
        """Raises OperatorError when the inventory file does not say."""
        if not isinstance(self._pins, Path):
            raise OperatorError(fault(f"{self.path}: _PINS", self._pins, "the Path of the site's pins file"))
        return self._pins

    @property
    def sources(self) -> Path:
        """The folder of registry.py and site.py. Raises OperatorError when the inventory file does not say."""
        if not isinstance(self._sources, Path):
            allowed = "the Path of the folder with registry.py and site.py"
            raise OperatorError(fault(f"{self.path}: _SOURCES", self._sources, allowed))
        return self._sources


def load(path: Path) -> Inventory:
    """Execute an inventory file, with the working directory on the import path as pyinfra has it.

    Raises OperatorError when there is no such file, when it fails, or when it holds no `_FLEET`.
    """
    try:
        is_there = path.is_file()
    except OSError:  # as for a name that no file could have
        is_there = False
    if not is_there:
        shown = one_line(str(path))
        raise OperatorError(
            f"{shown}: no such file; expected an inventory file, as inventory.py in the checkout is one"
        )
    values = _execute(path)
    fleet = values.get("_FLEET")
    if not isinstance(fleet, Fleet):
        raise OperatorError(f"{path}: found no _FLEET; expected _FLEET = Fleet(site, registry, standards, pins)")
    connect = values.get("_connect", _already_connected)
    return Inventory(path, fleet, connect, values.get("_PINS"), values.get("_SOURCES"))


def _already_connected() -> None:
    """Most sites need nothing before a connection."""


def _execute(path: Path) -> dict[str, Any]:
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        return runpy.run_path(str(path))
    except OperatorError:
        raise
    except SystemExit as exit_:
        raise exit_.__cause__ if isinstance(exit_.__cause__, OperatorError) else OperatorError(str(exit_)) from None
    except SyntaxError as error:
        raise OperatorError(f"{error.filename}:{error.lineno}: {error.msg}; expected Python") from None
    except Exception as error:
        place = _line_of_inventory(path, error.__traceback__)
        if place is None:
            raise
        raise OperatorError(f"{place}: {type(error).__name__}: {' '.join(str(error).split())}") from None


def _line_of_inventory(path: Path, traceback: TracebackType | None) -> str | None:
    """FILE:LINE of a failing line of the inventory file or a folder of its name; None for a bug of ours."""
    frame = extract_tb(traceback)[-1]
    file = Path(frame.filename).resolve()
    folders = [(place / path.stem).resolve() for place in (path.parent, Path.cwd())]
    return f"{frame.filename}:{frame.lineno}" if file == path.resolve() or file.parent in folders else None
