"""What becomes of a folder's files when it is imported as a version: their names in it, and all that speaks against."""

import posixpath
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from modelctl.errors import Faults, OperatorError
from modelctl.faults import choice, dotted, fault, one_line
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import FileName, version_key
from modelctl.registry.manifest import pin_of, without_empty
from modelctl.registry.origin import Origin
from node.protocol.registry import FolderContents, ImportedFile, Measured

MAX_PATH = 4096
_FILE_NAME: TypeAdapter[str] = TypeAdapter(FileName)


@dataclass(frozen=True)
class Plan:
    """A folder as a version: its files, sorted by their new names, what is left out of it, and the manifest's text."""

    files: tuple[ImportedFile, ...]
    left_out: tuple[str, ...]
    manifest: str

    @property
    def bytes(self) -> int:
        return sum(file.content.size for file in self.files) + len(self.manifest.encode())

    @property
    def table(self) -> dict[str, Measured]:
        return {file.new: file.content for file in self.files}


def folder(path: str) -> PurePosixPath:
    """The path of a folder that can be imported. Raises OperatorError for one that is not written plainly."""
    plain = path.rstrip("/")
    if (
        len(path) > MAX_PATH
        or not plain.isprintable()
        or not plain.startswith("/")
        or plain.startswith("//")
        or posixpath.normpath(plain) != plain
    ):
        raise OperatorError(fault("PATH", path, "the absolute path of a folder, in printable letters, without . or .."))
    return PurePosixPath(plain)


def parse_maps(words: Sequence[str]) -> dict[str, str]:
    """Old name to new name of each OLD=NEW; an empty new name leaves the file out. Raises Faults."""
    maps: dict[str, str] = {}
    faults = []
    for word in words:
        old, equals, new = word.rpartition("=")
        if not equals or not old:
            faults.append(fault("--map", word, "OLD=NEW, or OLD= to leave a file out"))
        elif old in maps:
            faults.append(fault("--map", word, f"each file once; {dotted((old,))} has another --map before it"))
        maps[old] = new
    if faults:
        raise Faults(faults)
    return maps


def plan(
    fleet: Fleet,
    pair: tuple[str, str],
    path: PurePosixPath,
    found: FolderContents,
    maps: Mapping[str, str],
    origin: Origin,
) -> Plan:
    """How a folder becomes the version `pair`, which comes from there. Raises Faults, all of them."""
    if found.fault is not None:
        raise Faults([f"{found.fault}; expected a folder with a version's files"])
    kept = {name: maps.get(name, name) for name in sorted({*found.files, *found.others}) if maps.get(name) != ""}
    linked = fleet.registry.models[pair[0]].linked_names
    found = without_empty(found, [old for old, new in kept.items() if new in linked])
    files = [ImportedFile(old, new, found.files[old]) for old, new in kept.items() if old in found.files]
    faults = [
        *_unknown(maps, {*found.files, *found.others}, path),
        *(f"{path}/{dotted((old,))}: {found.others[old]}; {_leave_out(old)}" for old in kept if old in found.others),
        *(line for file in files for line in _bad_name(file, path, maps)),
        *_doubled(files),
        *_unfilled(fleet, pair[0], files, kept.values()),
    ]
    if faults:
        raise Faults(faults)
    files.sort(key=lambda file: file.new)
    manifest = _manifest(fleet, pair, files, origin)
    made = Plan(tuple(files), tuple(sorted(set(maps) - set(kept))), manifest)
    pin_of(*pair, FolderContents(made.table, manifest=manifest.encode()))  # as it will be read back
    return made


def differences(made: Plan, stored: Mapping[str, Measured]) -> Iterator[str]:
    """How a version that is stored already differs from what a folder would become, a line for each file."""
    wanted = made.table
    for name in sorted({*wanted, *stored}):
        if name not in stored:
            yield f"it lacks {name}"
        elif name not in wanted:
            yield f"it has {name}, which the folder lacks"
        elif stored[name] != wanted[name]:
            yield f"its {name} has SHA-256 {stored[name].sha256[:12]}, the folder's {wanted[name].sha256[:12]}"


def _unknown(maps: Mapping[str, str], names: Iterable[str], path: PurePosixPath) -> Iterator[str]:
    for old in sorted(maps.keys() - set(names)):
        yield fault("--map", old, f"a file of {path}: {one_line(choice(old, names), 400)}")


def _bad_name(file: ImportedFile, path: PurePosixPath, maps: Mapping[str, str]) -> Iterator[str]:
    try:
        _FILE_NAME.validate_python(file.new)
    except ValidationError as error:
        allowed = error.errors()[0]["msg"]
        if file.old in maps:
            yield fault(f"--map {dotted((file.old,))}", file.new, allowed)
        else:
            rename = f"rename it: {_map(file.old, 'NAME')}, or {_leave_out(file.old)}"
            yield f"{fault(f'{path}/{dotted((file.old,))}', file.new, allowed)}; {rename}"


def _doubled(files: Iterable[ImportedFile]) -> Iterator[str]:
    by_name: dict[str, list[str]] = {}
    for file in files:
        by_name.setdefault(file.new, []).append(file.old)
    for new, olds in by_name.items():
        if len(olds) > 1:
            names = " and ".join(dotted((old,)) for old in olds)
            yield f"{dotted((new,))}: found {names} for it; expected one file; {_leave_out(olds[-1])}"


def _unfilled(fleet: Fleet, model: str, files: Sequence[ImportedFile], filled: Collection[str]) -> Iterator[str]:
    """Each role of the model needs its file; the nearest name of a file that fills none is proposed for it."""
    roles = fleet.registry.models[model].files
    spare = [file.old for file in files if file.new not in roles.values()]
    for role, name in roles.items():
        if name not in filled:
            alike = [old for old in spare if PurePosixPath(old).suffix == PurePosixPath(name).suffix]
            old = alike[0] if len(alike) == 1 else "OLD"
            yield f"registry.models.{model}.files.{role}: no file fills it; expected {name}; name it: {_map(old, name)}"


def _manifest(fleet: Fleet, pair: tuple[str, str], files: Sequence[ImportedFile], origin: Origin) -> str:
    model, version = pair
    older = [each for each in fleet.pins.models.get(model, {}) if version_key(each) < version_key(version)]
    content: dict[str, Any] = {
        "name": model,
        "version": version,
        "framework": fleet.registry.models[model].framework,
        "source": origin.source,
        **origin.more,
        "date_deployed": origin.date,
        "training_metrics": dict(origin.metrics),
        "files": [{"name": file.new, "sha256": file.content.sha256, "size": file.content.size} for file in files],
        "previous_version": max(older, key=version_key, default=None),
    }
    return yaml.safe_dump(content, sort_keys=False, width=2 * MAX_PATH, allow_unicode=True)


def _leave_out(old: str) -> str:
    return f"leave it out: {_map(old, '')}"


def _map(old: str, new: str) -> str:
    return f"--map {one_line(shlex.quote(f'{old}={new}'))}"
