"""Unpacking the packages of a Coral stack into its folder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Dict, List, Tuple

from node import layout
from node.coral import deb, stack_contents, stacks, wheel
from node.coral.stack_contents import CONTENTS
from node.coral.wheel import Wheel
from node.desired_state import DesiredState, Stack
from node.errors import Refusal, printable
from node.pull import pull
from node.store import disk, files
from node.store.rights import ROOT
from node.store.service_set import LIBRARY

UNPACKED = ".unpacked"  # below the staging folder
WHEELS = ("pycoral", "tflite-runtime")


def bring(desired: DesiredState) -> None:
    """Make the desired stack present and verified. Raises Refusal; what was there stays."""
    stack = desired.stack
    if stack is None or (stacks.is_verified(stack.digest) and not desired.options.full) or stacks.adopt(stack):
        return
    version, staging = stack.version, layout.coral() / layout.STAGING
    files.folder(layout.coral())
    with pull.staged(version, staging, desired, ROOT) as packages:
        put(stack, packages, staging)
        files.remove(packages)


def put(stack: Stack, packages: Path, staging: Path) -> None:
    """Unpack the packages of a stack, whose digests were verified, and put it in place; safe to repeat.

    `staging` is root's alone, and on the same disk. A stack that is there is in use: what is damaged of it is replaced
    file by file. Raises Refusal for packages that are not what the stack says, before anything is written.
    """
    wheels, library = _checked(stack, packages)
    new, folder = staging / UNPACKED, stacks.folder_of(stack.digest)
    files.remove(new)
    try:
        digests = _unpack(new, wheels, library)
    except (Refusal, OSError):
        files.remove(new)
        raise
    if disk.is_there(folder) and not disk.is_real_folder(folder):
        files.remove(folder)
    if disk.is_there(folder):
        _repair(folder, new, digests)
        stack_contents.write(folder, stack, digests)
        files.remove(new)
    else:
        stack_contents.write(new, stack, digests)
        files.place(new, folder)


def _checked(stack: Stack, packages: Path) -> Tuple[List[Wheel], bytes]:
    paths = sorted(packages / file.name for file in stack.version.files)
    wheels = [wheel.look(path) for path in paths if path.suffix == ".whl"]
    debs = [path for path in paths if path.suffix == ".deb"]
    if len(debs) != 1 or tuple(each.distribution for each in wheels) != WHEELS or len(paths) != 3:
        found = ", ".join(path.name for path in paths) or "no file"
        raise Refusal(
            "%s: found %s; expected one deb, and the wheels of pycoral and tflite_runtime; make a new stack"
            % (stack.version.label, found)
        )
    for each in wheels:
        wheel.require_fit(each, stack.python, stack.architecture)
    twice = wheel.clash(name for each in wheels for name in each.names)
    if twice is not None:
        raise Refusal("%s: %s is in both %s; expected different files; make a new stack of other ones" % (
            stack.version.label, printable(twice, 120), " and ".join(each.path.name for each in wheels),
        ))  # fmt: skip
    return wheels, deb.library(debs[0], stack.architecture, stack.debian)


def _unpack(new: Path, wheels: List[Wheel], library: bytes) -> Dict[str, str]:
    """Make the folder, all in it flushed, and return the digest of each file."""
    digests: Dict[str, str] = {}

    def put(name: str, content: bytes) -> None:
        files.folder((new / name).parent)
        files.write(new / name, content)
        digests[name] = hashlib.sha256(content).hexdigest()

    for each in wheels:
        wheel.unpack(each, lambda name, content: put("python/" + name, content))
    put(LIBRARY, library)
    return digests


def _repair(folder: Path, new: Path, digests: Dict[str, str]) -> None:
    """Let a stack's folder hold just these files: what is missing or differs is renamed over from the new ones."""
    folders = stack_contents.folders(digests)
    _clear(folder, "", {*digests, CONTENTS}, folders)
    for name in ["", *sorted(folders)]:
        files.folder(folder / name)
        files.give(folder / name, ROOT, 0o755)
    for name in sorted(digests):
        if stack_contents.wrong_file(disk.status(folder / name)) or disk.sha256(folder / name) != digests[name]:
            files.rename(new / name, folder / name)


def _clear(folder: Path, below: str, kept: "set[str]", folders: "set[str]") -> None:
    """Remove what is not to be there, or is of another kind."""
    for name in disk.names(folder / below):
        inner = below + "/" + name if below else name
        if inner in folders and disk.is_real_folder(folder / inner):
            _clear(folder, inner, kept, folders)
        elif inner in folders or inner not in kept or not disk.is_file(folder / inner):
            files.remove(folder / inner)
