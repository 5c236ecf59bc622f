"""Installing this program itself, in a folder named by its digest."""

from __future__ import annotations

import compileall
import shutil
import sys
from typing import Optional

from node import disk, files, layout, own_units
from node.rights import ROOT


def current() -> Optional[str]:
    """Return the digest of the program that the units run; None when not all of it is in place."""
    return disk.target(layout.program() / "current") if own_units.are_installed() else None


def install(digest: str) -> None:
    """Copy the running program to its folder and make it the current one: the units run that."""
    folder = layout.program() / digest
    if not disk.is_folder(folder):
        new = folder.with_name("." + digest + ".new")
        files.folder(layout.program())
        files.remove(new)
        shutil.copytree(sys.path[0], str(new), ignore=shutil.ignore_patterns("__pycache__"))
        # Else Python would write these later, unflushed: one that a power cut tears would break every command.
        compileall.compile_dir(str(new), quiet=1)
        for path in [new, *new.rglob("*")]:
            files.give(path, ROOT, 0o755 if path.is_dir() else 0o644)
        files.place(new, folder)
    _remove_all_but(digest, disk.target(layout.program() / "current"))
    files.link(layout.program() / "current", digest)
    own_units.install()


def _remove_all_but(*kept: Optional[str]) -> None:
    """The program before this one stays: a switch may still be running from it."""
    for name in disk.names(layout.program()):
        folder = layout.program() / name
        if disk.is_real_folder(folder) and name not in kept:
            files.remove(folder)
