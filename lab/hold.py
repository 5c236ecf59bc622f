"""Holds the node program at one of its changes to the disk, where a story ordered it, so that it can be killed there.

On the lab's hosts only. Every program of theirs calls obey() when it loads pathlib, but only while ORDER exists: see
lab/disk.py.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

ORDER = Path("/etc/sentinelcam-lab/hold.json")
"""{"command": NAME, "at": NUMBER, "below": PATH}: the node program's command, and at which moment of
node/store/files.py's observer, of those whose path begins with PATH. With 0 for a number it is not held, only its
moments are noted.
"""
FOLDER = Path("/run/sentinelcam-lab")
"""Whoever runs a program that is held may write here."""
MOMENTS = FOLDER / "moments"
"""Every moment of the ordered command up to now, one a line."""
HELD = FOLDER / "held"
"""There while the program is held, with the id of its process."""
GO = FOLDER / "go"
"""Lets it go on."""
LIMIT = 60.0
"""Seconds after which it goes on by itself."""


def obey() -> None:
    """Watch the program that is about to run, if it is the ordered one."""
    order = json.loads(ORDER.read_text())
    with suppress(FileExistsError):  # it went with a boot, where root's programs come first
        FOLDER.mkdir()
        FOLDER.chmod(0o1777)
    if order["command"] in sys.orig_argv:
        sys.meta_path.insert(0, _Finder(_Observer(order["at"], order["below"])))


class _Observer:
    """What node.files tells its moments to."""

    def __init__(self, at: int, below: str) -> None:
        self._at, self._below = at, below
        self._count = 0

    def __call__(self, moment: str, path: Path) -> None:
        if not str(path).startswith(self._below):
            return
        self._count += 1
        with MOMENTS.open("a") as moments:
            moments.write(f"{moment} {path}\n")
        if self._count == self._at:
            _hold()


def _hold() -> None:
    end = time.monotonic() + LIMIT
    new = HELD.with_suffix(".new")
    new.write_text(str(os.getpid()))
    new.rename(HELD)
    while not GO.exists() and time.monotonic() < end:
        time.sleep(0.02)
    HELD.unlink()


class _Finder(importlib.abc.MetaPathFinder):
    """Puts the observer into node.files when that is imported."""

    def __init__(self, observer: _Observer) -> None:
        self._observer = observer

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname != "node.store.files":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        assert spec is not None
        spec.loader = _Loader(spec.loader, self._observer)
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader | None, observer: _Observer) -> None:
        assert loader is not None
        self._loader = loader
        self._observer = observer

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        vars(module)["observer"] = self._observer
