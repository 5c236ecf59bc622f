"""Coral stacks on the primary datasink: asking which are stored, and bringing one there from the control node."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from modelctl import hints
from modelctl.collecting import carry
from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.fleet import Fleet
from modelctl.inventory.coral import CORAL
from modelctl.inventory.pins import PinnedFile
from modelctl.nodes import remote
from modelctl.registry import stack_files, stack_receiver, travelling
from modelctl.registry.registry_reader import MANIFEST
from modelctl.registry.travelling import Outcome, Said
from modelctl.values import NonNegativeInt

LOOK_SECONDS = 60
SEND_SECONDS = 3600


class StoredStack(Said):
    """What lies in a version's place: the text of its manifest, and the sizes of all its files."""

    manifest: str
    files: dict[str, NonNegativeInt]


class Place(Outcome):
    """The versions that are there, and the bytes that the disk has left."""

    stored: dict[str, StoredStack] = Field(default_factory=dict)
    free: NonNegativeInt = 0


class _Finished(Outcome):
    files: dict[str, PinnedFile] = Field(default_factory=dict)


def look(fleet: Fleet, versions: Sequence[str]) -> Place:
    """Which of these versions are stored. Raises OperatorError, remote.NoAnswer."""
    return parse_look(fleet, travelling.ask(fleet, stack_receiver, look_order(fleet, versions), LOOK_SECONDS))


def look_order(fleet: Fleet, versions: Sequence[str]) -> dict[str, Any]:
    """The question for that."""
    return {"do": "look", "registry": fleet.registry_folder(), "versions": list(versions)}


def parse_look(fleet: Fleet, text: str) -> Place:
    """The answer to it. Raises as `look`."""
    return travelling.outcome(fleet, text, Place, "which Coral stacks it stores")


def finish_order(fleet: Fleet, version: str, again: str) -> dict[str, Any]:
    """The order that makes a version of what is staged."""
    pin = fleet.pin(CORAL, version)
    return {
        "do": "finish",
        "registry": fleet.registry_folder(),
        "version": version,
        "files": sorted(stack_files.coral_of(fleet).names_of(version)),
        "digests": {name: file.sha256 for name, file in pin.files.items()} if pin else {},
        "head": stack_files.head(fleet, version),
        "tail": stack_files.TAIL,
        "again": again,
    }


def require_same(fleet: Fleet, version: str, stored: StoredStack) -> None:
    """Raises OperatorError for what has a stack's place, and is another one, or not whole."""
    pin, place = fleet.pin(CORAL, version), f"{fleet.registry_folder()}/{CORAL}/{version}"
    names = stack_files.coral_of(fleet).names_of(version)
    said, found = None, hashlib.sha256(stored.manifest.encode()).hexdigest()
    if set(stored.files) != {*names, MANIFEST}:
        odd = ", ".join(sorted(set(stored.files) ^ {*names, MANIFEST}))
        said = f"found other files than the stack's ({one_line(odd)})"
    elif pin is None and not stored.manifest.startswith(stack_files.head(fleet, version)):
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


def require_space(fleet: Fleet, files: Mapping[str, PinnedFile], free: int) -> None:
    """Raises OperatorError, with the numbers, when the disk is too small."""
    travelling.require_space(fleet, fleet.registry_folder(), sum(file.size for file in files.values()), free)


def send(fleet: Fleet, version: str, path: Path, file: PinnedFile, advance: Callable[[int], None]) -> None:
    """Stage one file there. Raises OperatorError: then nothing of it is there that a later run could mistake."""
    order = {
        "do": "receive", "registry": fleet.registry_folder(), "version": version, "name": path.name,
        "sha256": file.sha256, "size": file.size, "again": _again(version),
    }  # fmt: skip
    datasink, source = fleet.site.primary_datasink, travelling.source(stack_receiver)
    target = carry.End(datasink, ["python3", "-I", "-c", source], json.dumps(order))
    with path.open("rb") as stream:
        ended = carry.give(fleet, stream, target, SEND_SECONDS, advance)
    if ended.code == remote.SSH_FAILED:
        raise remote.away(fleet, datasink, ended.said)
    if ended.code:
        place = remote.place(fleet, datasink)
        raise OperatorError(f"{place}: {path.name} did not go whole: {ended.said}; {_again(version)}")
    travelling.outcome(fleet, ended.answer, Outcome, f"what became of {path.name}")


def finish(fleet: Fleet, version: str) -> dict[str, PinnedFile]:
    """Make a version of what was sent, and return its files. Raises OperatorError, remote.NoAnswer."""
    text = travelling.ask(fleet, stack_receiver, finish_order(fleet, version, _again(version)), SEND_SECONDS)
    return parse_finished(fleet, text)


def parse_finished(fleet: Fleet, text: str) -> dict[str, PinnedFile]:
    """The files of a version that was made. Raises as `finish`."""
    return travelling.outcome(fleet, text, _Finished, "what became of the stack").files


def _again(version: str) -> str:
    return f"run it again: {hints.modelctl(f'coral download {version}')}"
