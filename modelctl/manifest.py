"""Manifests: what a version's manifest.yaml says of its files, checked against what its folder holds."""

import hashlib
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from modelctl.errors import Faults
from modelctl.faults import dotted, fault, fault_lines
from modelctl.pins import Pin, PinnedFile
from modelctl.registry_reader import MANIFEST, MANIFEST_LIMIT
from modelctl.values import FileName, ModelName, Sha256, Version

MAX_DEPTH = 16
_DIRECTIVE = re.compile(r"%YAML[ :]1\.[0-9]+[ \t]*\r?\n")
_SIZE = re.compile(r"0|[1-9][0-9]{0,14}")


@dataclass(frozen=True)
class StoredVersion:
    """What the folder of a version holds: the bytes of its manifest, its files, and what else by name."""

    manifest: bytes | None
    files: Mapping[str, PinnedFile]
    others: Mapping[str, str]


def _size(text: object) -> int:
    if not isinstance(text, str) or not _SIZE.fullmatch(text):
        raise PydanticCustomError("size", "a size in bytes, in up to 15 of 0-9")
    return int(text)


class _Listed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: FileName
    sha256: Sha256
    size: Annotated[int, BeforeValidator(_size)] | None = None


class _Manifest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: ModelName
    version: Version
    files: Annotated[list[_Listed], Field(min_length=1)]


class _TextLoader(yaml.BaseLoader):
    """Leaves each scalar as the text that it is, so that a date, a digest or a size means the same quoted or not."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """YAML wants each key once; PyYAML would take the last."""
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            raise yaml.MarkedYAMLError(problem="a mapping has a key twice", problem_mark=node.start_mark)
        return mapping


def pin_of(model: str, version: str, stored: StoredVersion) -> Pin:
    """The pin of a stored version whose every byte is as its manifest says. Raises Faults, all that are found."""
    if stored.manifest is None:
        raise Faults([f"missing: {MANIFEST}{_instead(stored, MANIFEST)}"])
    listed = _parse(model, version, stored.manifest)
    if faults := [*_missing(listed, stored), *_changed(listed, stored), *_extra(listed, stored)]:
        raise Faults(faults)
    digest = hashlib.sha256(stored.manifest).hexdigest()
    return Pin(manifest=digest, files={name: stored.files[name] for name in sorted(listed)})


def _parse(model: str, version: str, content: bytes) -> dict[str, _Listed]:
    """What a manifest says of each file of its version."""
    data = _load(content)
    try:
        manifest = _Manifest.model_validate(data)
    except ValidationError as error:
        raise Faults(f"{MANIFEST}: {line}" for line in fault_lines(error, data)) from None
    if faults := [f"{MANIFEST}: {line}" for line in _contradictions(model, version, manifest)]:
        raise Faults(faults)
    return {file.name: file for file in manifest.files}


def _contradictions(model: str, version: str, manifest: _Manifest) -> Iterator[str]:
    if manifest.name != model:
        yield fault("name", manifest.name, f"{model}, as its folder says")
    if manifest.version != version:
        yield fault("version", manifest.version, f"{version}, as its folder says")
    names: set[str] = set()
    for index, file in enumerate(manifest.files):
        if file.name in names:
            yield fault(f"files.{index}.name", file.name, "each file once")
        names.add(file.name)


def _load(content: bytes) -> Mapping[str, object]:
    if len(content) > MANIFEST_LIMIT:
        raise Faults([f"{MANIFEST}: found more than {MANIFEST_LIMIT} bytes; expected a manifest"])
    try:
        # PyYAML refuses a directive without a `---` after it, and OpenCV's spelling of it, `%YAML:1.0`.
        text = _DIRECTIVE.sub("", content.decode("utf-8-sig")) if content.startswith(b"%") else content.decode()
        _refuse_tricks(yaml.parse(text, Loader=_TextLoader))
        data = yaml.load(text, Loader=_TextLoader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Faults([f"{MANIFEST}: {_one_line(error)}; expected plain YAML"]) from None
    if not isinstance(data, dict):
        raise Faults([f"{MANIFEST}: {fault('content', data, 'fields name, version and files')}"])
    return data
