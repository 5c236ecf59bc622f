"""Takes the files of a Coral stack in, as a version of the registry's coral_packages.

Files are staged in REGISTRY/coral_packages/.import-VERSION, and that folder is renamed, never over anything. The
manifest.yaml beside the versions lists them for people.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO, Mapping

from node.errors import Refusal
from node.protocol import Nothing
from node.protocol.registry import FindStacks, ListedVersion, Measured, ReceivePackage, StoredStacks, StoreStack
from node.registry import fetching, own
from node.store import disk, files
from node.store.service_set import CORAL
from node.store.versions import MANIFEST

TARGET = ("tensorflow", "python", "debian", "architecture")  # what a stack was built for
TOLD = ("version", *TARGET)  # what the list says of each stack, as its own manifest has it


def manifest(head: str, found: Mapping[str, Measured]) -> str:
    """Return the manifest of a stack; `head` is what its definition says."""
    lines = [
        "- name: '%s'\n  sha256: '%s'\n  size: %d\n" % (name, file.sha256, file.size)
        for name, file in sorted(found.items())
    ]
    return "%sfiles:\n%sprevious_version: null\n" % (head, "".join(lines))


def find(asked: FindStacks) -> StoredStacks:
    """Tell which of the stacks are stored."""
    folder = asked.registry / CORAL
    stored = {version: _stored(folder / version) for version in asked.versions if disk.is_there(folder / version)}
    return StoredStacks(stored, own.free(folder))


def receive(asked: ReceivePackage, stream: BinaryIO) -> Nothing:
    """Stage one file: written beside its place, flushed, verified, renamed."""
    staging = own.staging_of(asked.registry / CORAL / asked.version)
    with fetching.alone(staging, asked.again):
        final = staging / asked.name
        part = staging / (".%s.sent" % asked.name)  # a download that resumes must not go on from it
        with own.opened(part, 0o644) as file:
            found = own.fill(file, part, 0o644, stream)
        own.require_announced(found, asked.file, final, asked.again)
        files.rename(part, final)
    return Nothing()


def store(asked: StoreStack) -> Nothing:
    """Make a version of what was sent, and of what its release pages have."""
    final = asked.registry / CORAL / asked.version
    staging = own.staging_of(final)
    with fetching.alone(staging, asked.again):
        own.require_absent(final, asked.again)
        for name, url in sorted(asked.files.items()):
            if url is not None:
                fetching.fetch(url, staging, name, asked.again, lambda *_: None)
        found = {name: own.measure(staging / name) for name in asked.files}
        _require_pinned(staging, asked.digests, found)
        for name in disk.names(staging):
            if name not in found:
                files.remove(staging / name)
        for name in found:
            files.give(staging / name, own.me(), 0o644)
        files.write(staging / MANIFEST, manifest(asked.head, found).encode(), owner=own.me())
        files.place(staging, final)
    files.write(final.parent / MANIFEST, list_of(final.parent).encode(), owner=own.me())
    return Nothing()


def _require_pinned(staging: Path, digests: Mapping[str, str], found: Mapping[str, Measured]) -> None:
    """A file that is not the pinned one goes: the next download asks for it anew."""
    for name, sha256 in sorted(digests.items()):
        if found[name].sha256 != sha256:
            files.unlink(staging / name)
            raise Refusal(
                "%s: found SHA-256 %s, pinned is %s: the release page has another file under that name; pins are "
                "append-only: bring the pinned file, or define these as another version"
                % (name, found[name].sha256, sha256)
            )


def _stored(folder: Path) -> ListedVersion:
    """All that lies there, be it a file or not."""
    sizes = {name: disk.status(folder / name) for name in (disk.names(folder) if disk.is_folder(folder) else [])}
    text = own.manifest(folder / MANIFEST) if disk.is_file(folder / MANIFEST) else None
    return ListedVersion({disk.spelt(name): found.st_size for name, found in sizes.items() if found is not None}, text)


def list_of(folder: Path) -> str:
    """All versions that are there, with what their manifests say of them."""
    told = "# The Coral stacks that are stored here, for people. Written anew with each.\nstacks:\n"
    for name in disk.names(folder):
        if not name.startswith(".") and disk.is_folder(folder / name):
            text = (_stored(folder / name).manifest or b"").decode("utf-8", "replace")
            said = dict(re.findall(r"^(\w+): '([\w. -]*)'$", text, re.MULTILINE))
            if all(field in said for field in TOLD):
                told += "- " + "  ".join("%s: '%s'\n" % (field, said[field]) for field in TOLD)
    return told
