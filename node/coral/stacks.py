"""Stacks: the packages that a Coral stick needs, unpacked into folders of root's, of which services map files.

coral/DIGEST/python/         the files of both wheels
coral/DIGEST/lib/            the library of the deb
coral/DIGEST/contents.json   what was unpacked, and what each file was right after that
"""

from __future__ import annotations

import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import Iterable, Iterator, List, NamedTuple, Tuple

from node import layout, names
from node.coral import stack_contents
from node.coral.stack_contents import CONTENTS, Contents
from node.desired_state import Stack
from node.errors import Refusal, printable
from node.store import disk, files
from node.store.service_set import LIBRARY

TOUCHED = "changed since it was unpacked"
DAMAGED = "damaged"  # in place of the version of a stack that cannot tell it
_RETIRED = re.compile(re.escape(layout.RETIRED) + r"(\d{4}-\d{2}-\d{2}(?:\.\d{1,4})?)-([A-Za-z0-9]+)", re.ASCII)


class Stored(NamedTuple):
    digest: str
    version: str
    folder: Path
    bytes: int


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
