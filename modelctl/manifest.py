"""Manifests: what a version's manifest.yaml says of its files, checked against what its folder holds."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from modelctl import plain_yaml
from modelctl.errors import Faults
from modelctl.faults import dotted, fault, fault_lines
from modelctl.pins import Pin, PinnedFile
from modelctl.registry_reader import MANIFEST, MANIFEST_LIMIT
from modelctl.values import FileName, ModelName, Sha256, Version

_SIZE = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)


@dataclass(frozen=True)
class StoredVersion:
    """What the folder of a version holds: the bytes of its manifest, every file, and what is no readable file.

    `fault` says why nothing could be read.
    """

    manifest: bytes | None
    files: Mapping[str, PinnedFile]
    others: Mapping[str, str]
    fault: str | None = None


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


def pin_of(model: str, version: str, stored: StoredVersion) -> Pin:
    """The pin of a stored version, every file of which is as its manifest says. Raises Faults with all that is not."""
    if stored.fault is not None:
        raise Faults([stored.fault])
    if stored.manifest is None:
        raise Faults([f"missing: {MANIFEST}{_instead(MANIFEST, stored)}"])
    manifest = _parse(stored.manifest)
    faults = [f"{MANIFEST}: {line}" for line in _contradictions(model, version, manifest)]
    listed = {file.name: file for file in manifest.files}
    faults += [*_missing(listed, stored), *_changed(listed, stored), *_extra(listed, stored)]
    if faults:
        raise Faults(faults)
    digest = hashlib.sha256(stored.manifest).hexdigest()
    return Pin(manifest=digest, files={name: stored.files[name] for name in sorted(listed)})


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
        yield fault("name", manifest.name, f"{model}, as the folder says")
    if manifest.version != version:
        yield fault("version", manifest.version, f"{version}, as the folder says")
    names: set[str] = set()
    for index, file in enumerate(manifest.files):
        if file.name in names:
            yield fault(f"files.{index}.name", file.name, "each file once")
        names.add(file.name)


def _missing(listed: Mapping[str, _ListedFile], stored: StoredVersion) -> list[str]:
    return [f"missing: {name}{_instead(name, stored)}" for name in sorted(set(listed) - set(stored.files))]


def _changed(listed: Mapping[str, _ListedFile], stored: StoredVersion) -> Iterator[str]:
    for name in sorted(set(listed) & set(stored.files)):
        said, found = listed[name], stored.files[name]
        if found.sha256 != said.sha256:
            yield f"changed: {name}: found SHA-256 {found.sha256}; {MANIFEST} says {said.sha256}"
        elif said.size not in (None, found.size):
            yield f"changed: {name}: found {found.size} bytes; {MANIFEST} says {said.size}"


def _extra(listed: Mapping[str, _ListedFile], stored: StoredVersion) -> list[str]:
    names = {*stored.files, *stored.others} - {MANIFEST, *listed}
    return [f"extra: {dotted((name,))}{_instead(name, stored)}" for name in sorted(names)]


def _instead(name: str, stored: StoredVersion) -> str:
    return f" ({stored.others[name]})" if name in stored.others else ""
