"""Coral stacks on the primary datasink: asking which are stored, and bringing one there from the control node."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from modelctl import hints
from modelctl.collecting import carry
from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import travelling
from modelctl.registry import stack_files
from node.codec import Text
from node.protocol import Nothing
from node.protocol.registry import FindStacks, ListedVersion, Measured, ReceivePackage, StoredStacks, StoreStack
from node.store.versions import MANIFEST

LOOK_SECONDS = 60
SEND_SECONDS = 3600
STORED = "which Coral stacks it stores"
"""What is expected of a reply."""


def look(fleet: Fleet, versions: Sequence[str]) -> StoredStacks:
    """Which of these versions are stored. Raises OperatorError, remote.NoAnswer."""
    return travelling.ask(fleet, "find-stacks", question(fleet, versions), StoredStacks, STORED, LOOK_SECONDS)


def question(fleet: Fleet, versions: Sequence[str]) -> FindStacks:
    """The question for that."""
    return FindStacks(Path(fleet.registry_folder()), list(versions))


def order(fleet: Fleet, version: str, files: Mapping[str, str | None], again: str) -> StoreStack:
    """The order that makes a version of its files, each with its address, or None where it was sent."""
    pin = fleet.pin(CORAL, version)
    return StoreStack(
        Path(fleet.registry_folder()),
        version,
        files=dict(files),
        digests={name: file.sha256 for name, file in pin.files.items()} if pin else {},
        head=Text(stack_files.head(fleet, version)),
        again=again,
    )


def require_same(fleet: Fleet, version: str, stored: ListedVersion) -> None:
    """Raises OperatorError for what has a stack's place, and is another one, or not whole."""
    pin, place = fleet.pin(CORAL, version), f"{fleet.registry_folder()}/{CORAL}/{version}"
    names = stack_files.coral_of(fleet).names_of(version)
    manifest = stored.manifest or b""
    said, found = None, hashlib.sha256(manifest).hexdigest()
    if set(stored.files) != {*names, MANIFEST}:
        odd = ", ".join(sorted(set(stored.files) ^ {*names, MANIFEST}))
        said = f"found other files than the stack's ({one_line(odd)})"
    elif pin is None and not manifest.startswith(stack_files.head(fleet, version).encode()):
        said = "found the manifest of another stack"
    elif pin is not None and found != pin.manifest:
        said = f"found a manifest with SHA-256 {found}, pinned is {pin.manifest}"
    elif pin is not None and (wrong := [name for name in sorted(names) if stored.files[name] != pin.files[name].size]):
        said = f"found {stored.files[wrong[0]]:,} bytes of {wrong[0]}, pinned are {pin.files[wrong[0]].size:,}"
    if said is not None:
        again = hints.modelctl(f"coral download {version}")
        raise OperatorError(
            f"{fleet.site.primary_datasink}: {place}: {said}; expected {CORAL}/{version}, as this checkout has it; "
            f"move that folder away there, then {again}"
        )


def send(fleet: Fleet, version: str, path: Path, file: Measured, advance: Callable[[int], None]) -> None:
    """Stage one file there. Raises OperatorError: then nothing of it is there that a later run could mistake."""
    asked = ReceivePackage(Path(fleet.registry_folder()), version, path.name, file, stack_files.again(version))
    target = carry.to_datasink(fleet, "receive-package", asked)
    with path.open("rb") as stream:
        ended = carry.give(fleet, stream, target, SEND_SECONDS, advance)
    carry.require_taken(fleet, target, ended, f"{path.name} did not go whole", stack_files.again(version))
    travelling.read(fleet, ended.answer, Nothing, f"what became of {path.name}")


def finish(fleet: Fleet, version: str) -> None:
    """Make a version of what was sent. Raises OperatorError, remote.NoAnswer."""
    sent = dict.fromkeys(stack_files.coral_of(fleet).names_of(version))
    asked = order(fleet, version, sent, stack_files.again(version))
    travelling.ask(fleet, "store-stack", asked, Nothing, "what became of the stack", SEND_SECONDS)
