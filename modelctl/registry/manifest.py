"""Manifests: what a version's manifest.yaml says of its files, checked against what its folder holds."""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from modelctl.errors import Faults
from modelctl.faults import dotted, fault, fault_lines
from modelctl.inventory.json_files import Pin, PinnedFile
from modelctl.inventory.values import FileName, ModelName, Sha256, Version
from modelctl.registry import plain_yaml
from node.protocol.registry import FolderContents, Measured
from node.registry.own import MANIFEST_LIMIT
from node.store.versions import MANIFEST

PIN = "its pin"
EMPTY = "an empty file; expected the file itself: copy it anew"
_SIZE = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
_Expected = Mapping[str, tuple[str, int | None]]
"""What files should be, by their names: the SHA-256, and the size in bytes, None when nobody says."""


@dataclass(frozen=True)
class Differences:
    """A line per file, sorted by name, that begins with the name."""

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def _size(text: object) -> int:
    if not isinstance(text, str) or not _SIZE.fullmatch(text):
        raise PydanticCustomError("size", "a size in bytes, up to 15 of 0-9")
    return int(text)


class _ListedFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: FileName
    sha256: Sha256
    size: Annotated[int, BeforeValidator(_size)] | None = None


class _Manifest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: ModelName
    version: Version
    files: Annotated[list[_ListedFile], Field(min_length=1)]


def without_empty(stored: FolderContents, allowed: Collection[str]) -> FolderContents:
    """The same, with empty files among what is no file, unless their names are among those allowed."""
    empty = {name: EMPTY for name, file in stored.files.items() if file.size == 0 and name not in allowed}
    files = {name: file for name, file in stored.files.items() if name not in empty}
    return stored._replace(files=files, others={**stored.others, **empty})


def pin_of(model: str, version: str, stored: FolderContents) -> Pin:
    """The pin of a stored version, every file of which is as its manifest says. Raises Faults with all that is not."""
    if stored.fault is not None:
        raise Faults([stored.fault])
    if stored.manifest is None:
        raise Faults(_lines(_without_manifest(stored)))
    manifest = _parse(stored.manifest)
    faults = [*_contradictions(model, version, manifest), *_lines(_against_itself(manifest, stored))]
    if faults:
        raise Faults(faults)
    digest = hashlib.sha256(stored.manifest).hexdigest()
    files = {name: PinnedFile(**stored.files[name]._asdict()) for name in sorted(_listed(manifest))}
    return Pin(manifest=digest, files=files)


def differences(model: str, version: str, stored: FolderContents, pin: Pin | None) -> Differences:
    """How a stored version differs from its pin or, without one, its own manifest. Raises Faults for no version."""
    if stored.fault is not None:
        raise Faults([stored.fault])
    if pin is not None:
        return _compare({**pin.measured, MANIFEST: (pin.manifest, None)}, stored.files, stored.others, PIN)
    if stored.manifest is None:
        return _without_manifest(stored)
    try:
        manifest = _parse(stored.manifest)
    except Faults as error:
        return Differences(changed=error.faults)
    found = _against_itself(manifest, stored)
    return replace(found, changed=tuple(sorted([*_contradictions(model, version, manifest), *found.changed])))


def digests_differ(found: str, authority: str, said: str) -> str:
    return f"found SHA-256 {found}; {authority} says {said}"


def _against_itself(manifest: _Manifest, stored: FolderContents) -> Differences:
    files = {name: file for name, file in stored.files.items() if name != MANIFEST}
    return _compare(_listed(manifest), files, stored.others, MANIFEST)


def _listed(manifest: _Manifest) -> _Expected:
    return {file.name: (file.sha256, file.size) for file in manifest.files}


def _without_manifest(stored: FolderContents) -> Differences:
    kind = f" ({stored.others[MANIFEST]})" if MANIFEST in stored.others else ""
    return Differences(missing=(MANIFEST + kind,))


def _lines(found: Differences) -> list[str]:
    kinds = {"missing": found.missing, "changed": found.changed, "extra": found.extra}
    return [f"{kind}: {each}" for kind, lines in kinds.items() for each in lines]


def _parse(content: bytes) -> _Manifest:
    if len(content) > MANIFEST_LIMIT:
        raise Faults([f"{MANIFEST}: found more than {MANIFEST_LIMIT} bytes; expected a manifest"])
    try:
        data = plain_yaml.load(content)
    except ValueError as error:
        raise Faults([f"{MANIFEST}: {error}; expected plain YAML"]) from None
    if not isinstance(data, dict):
        raise Faults([fault(MANIFEST, data, "a mapping with name, version and files")])
    try:
        return _Manifest.model_validate(data)
    except ValidationError as error:
        raise Faults(f"{MANIFEST}: {line}" for line in fault_lines(error, data)) from None


def _contradictions(model: str, version: str, manifest: _Manifest) -> Iterator[str]:
    if manifest.name != model:
        yield fault(f"{MANIFEST}: name", manifest.name, f"{model}, as the folder says")
    if manifest.version != version:
        yield fault(f"{MANIFEST}: version", manifest.version, f"{version}, as the folder says")
    names: set[str] = set()
    for index, file in enumerate(manifest.files):
        if file.name in names:
            yield fault(f"{MANIFEST}: files.{index}.name", file.name, "each file once")
        names.add(file.name)


def _compare(
    expected: _Expected, files: Mapping[str, Measured], others: Mapping[str, str], authority: str
) -> Differences:
    """Compare files, and what is there instead of readable ones, with what the `authority` says."""

    def named(name: str, kind: str | None) -> str:
        return dotted((name,)) if kind is None else f"{dotted((name,))} ({kind})"

    odd = {name: kind for name, kind in others.items() if kind != EMPTY}  # what nobody expects may be empty
    return Differences(
        missing=tuple(named(name, others.get(name)) for name in sorted(set(expected) - set(files))),
        extra=tuple(named(name, odd.get(name)) for name in sorted({*files, *others} - set(expected))),
        changed=tuple(_changed(expected, files, authority)),
    )


def _changed(expected: _Expected, files: Mapping[str, Measured], authority: str) -> Iterator[str]:
    for name in sorted(set(expected) & set(files)):
        (sha256, size), found = expected[name], files[name]
        if found.sha256 != sha256:
            yield f"{name}: {digests_differ(found.sha256, authority, sha256)}"
        elif size not in (None, found.size):
            yield f"{name}: found {found.size} bytes; {authority} says {size}"
