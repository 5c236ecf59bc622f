"""Installing this program itself, in a folder named by its digest."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Optional

from node import layout, own_units
from node.errors import Refusal
from node.store import disk, files
from node.store.rights import ROOT


def current() -> Optional[str]:
    """Return the digest of the program that the units run; None when not all of it is in place, byte for byte."""
    digest = disk.target(layout.program() / "current")
    if digest is None or not own_units.are_installed():
        return None
    return digest if _digest(layout.program() / digest) == digest else None


def _digest(folder: Path) -> Optional[str]:
    """As modelctl.nodes.bundle has it, of whatever is there; None of what is no program."""
    try:
        texts = {str(path.relative_to(folder)): disk.read(path).decode() for path, _ in disk.below(folder)}
    except (OSError, UnicodeDecodeError, Refusal):
        return None
    return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()


def install(digest: str) -> None:
    """Copy the running program to its folder and make it the current one: the units run that."""
    folder = layout.program() / digest
    if _digest(folder) != digest:
        new = folder.with_name("." + digest + ".new")
        files.folder(layout.program())
        files.remove(new)
        shutil.copytree(sys.path[0], str(new), ignore=shutil.ignore_patterns("__pycache__"))
        for path in [new, *new.rglob("*")]:
            files.give(path, ROOT, 0o755 if path.is_dir() else 0o644)
        files.remove(folder)
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
