"""Stacks: the packages that a Coral stick needs, unpacked into folders of root's, of which services map files.

coral/DIGEST/python/         the files of both wheels
coral/DIGEST/lib/            the library of the deb
coral/DIGEST/contents.json   what was unpacked, and what each file was right after that
"""

from __future__ import annotations

import hashlib
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Iterable, Iterator, List, NamedTuple, Tuple

from node import layout, names
from node.coral import stack_contents
from node.coral.stack_contents import CONTENTS, Contents
from node.desired_state import DesiredState, Stack
from node.errors import Refusal, printable
from node.pull import pull
from node.store import disk, files
from node.store.rights import ROOT
from node.store.service_set import LIBRARY

if TYPE_CHECKING:
    from node.coral.wheel import Wheel

UNPACKED = ".unpacked"  # below the staging folder
WHEELS = ("pycoral", "tflite-runtime")
TOUCHED = "changed since it was unpacked"
DAMAGED = "damaged"  # in place of the version of a stack that cannot tell it
_RETIRED = re.compile(re.escape(layout.RETIRED) + r"(\d{4}-\d{2}-\d{2}(?:\.\d{1,4})?)-([A-Za-z0-9]+)", re.ASCII)


class Stored(NamedTuple):
    digest: str
    version: str
    folder: Path
    bytes: int


def bring(desired: DesiredState) -> None:
    """Make the desired stack present and verified. Raises Refusal; what was there stays."""
    stack = desired.stack
    if stack is None or (is_verified(stack.digest) and not desired.options.full) or adopt(stack):
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
    new, folder = staging / UNPACKED, folder_of(stack.digest)
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


def _checked(stack: Stack, packages: Path) -> "Tuple[List[Wheel], bytes]":
    from node.coral import deb, wheel  # each question for facts would wait for all that they import

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


def _unpack(new: Path, wheels: "List[Wheel]", library: bytes) -> Dict[str, str]:
    """Make the folder, all in it flushed, and return the digest of each file."""
    from node.coral import wheel

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


def folder_of(digest: str) -> Path:
    return layout.coral() / names.plain("digest", digest)


def is_verified(digest: str) -> bool:
    """Tell whether a stack is there, and unchanged since it was unpacked. Reads no byte of its files."""
    try:
        return not any(True for _ in _changes(digest, stack_contents.read(folder_of(digest))))
    except (OSError, Refusal):
        return False


def adopt(stack: Stack) -> bool:
    """Read every byte of a stack, list it anew if it was only copied or touched, and tell whether it was."""
    folder = folder_of(stack.digest)
    try:
        known = stack_contents.read(folder)
        if any(line != TOUCHED for _, line in _changes(stack.digest, known)) or _rotten(folder, known):
            return False
        stack_contents.write(folder, stack, {name: each.sha256 for name, each in known.files.items()})
    except (OSError, Refusal):
        return False
    return True


def will_replace_library(digest: str) -> bool:
    """Tell whether putting a stack that is there replaces its library, which services may have mapped."""
    path = folder_of(digest) / LIBRARY
    try:
        known = stack_contents.read(folder_of(digest)).files[LIBRARY].sha256
        return stack_contents.wrong_file(disk.status(path)) is not None or disk.sha256(path) != known
    except (OSError, Refusal, KeyError):
        return False


def flaws(digest: str) -> List[str]:
    """Read every byte of a stack, and return what is wrong with it, a line for each file."""
    try:
        known = stack_contents.read(folder_of(digest))
        found = dict(_changes(digest, known))
        rotten = _rotten(folder_of(digest), known, found)
        found.update((name, "damaged: its bytes are not those that were unpacked") for name in rotten)
    except (OSError, Refusal) as error:
        return [str(error)]
    return ["%s: %s" % (folder_of(digest) / name, found[name]) for name in sorted(found)]


def _rotten(folder: Path, known: Contents, told: Iterable[str] = ()) -> List[str]:
    """Return the files, but for those that were told of, whose bytes are not those that were unpacked."""
    names = sorted({*known.files} - {*told})
    return [name for name in names if disk.sha256(folder / name) != known.files[name].sha256]


def _changes(digest: str, known: Contents) -> Iterator[Tuple[str, str]]:
    """Yield what looks different from what the list says, by its name below the folder: "" is the folder itself."""
    folder = folder_of(digest)
    seen, folders, wrong = set(), stack_contents.folders(known.files), stack_contents.wrong_folder(disk.status(folder))
    if wrong is not None:
        yield "", wrong
        return
    for path, status in disk.tree(folder):
        name = str(path.relative_to(folder))
        seen.add(name)
        if name in folders:
            wrong = stack_contents.wrong_folder(status)
        elif name in known.files:
            is_same = stack_contents.state_of(known.files[name].sha256, status) == known.files[name]
            wrong = stack_contents.wrong_file(status) or (None if is_same else TOUCHED)
        else:
            wrong = None if name == CONTENTS else "not of this stack"
        if wrong is not None:
            yield printable(name), wrong
    yield from ((name, "missing") for name in sorted({*known.files} - seen))


def stored() -> List[Stored]:
    """Return the stacks that are on this node, whole or not, with the bytes of their files."""
    found = []
    for folder in disk.folders(layout.coral()):
        if names.is_plain(folder.name):
            version = DAMAGED
            with suppress(Refusal):
                version = stack_contents.read(folder).version
            size = sum(status.st_size for _, status in disk.below(folder) if stat.S_ISREG(status.st_mode))
            found.append(Stored(folder.name, version if names.is_version(version) else DAMAGED, folder, size))
    return found


def retire(digest: str, version: str) -> Path:
    """Rename a stack that is to be removed, and return where it is then."""
    retired = layout.coral() / ("%s%s-%s" % (layout.RETIRED, version, digest))
    files.remove(retired)
    files.place(folder_of(digest), retired)
    return retired


def retired() -> List[Tuple[str, Path]]:
    """Return what killed removals left: the version, and the folder."""
    found = ((_RETIRED.fullmatch(name), layout.coral() / name) for name in disk.names(layout.coral()))
    return [(match.group(1), path) for match, path in found if match and disk.is_real_folder(path)]
