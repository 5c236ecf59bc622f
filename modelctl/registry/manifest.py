"""Manifests: what a version's manifest.yaml says of its files, checked against what its folder holds."""

import hashlib
import re
from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from modelctl.errors import Faults
from modelctl.faults import dotted, fault, fault_lines, one_line
from modelctl.inventory.json_files import Pin, PinnedFile
from modelctl.inventory.values import FileName, ModelName, Sha256, Version
from node.protocol.registry import FolderContents, Measured
from node.registry.own import MANIFEST_LIMIT
from node.store.versions import MANIFEST

PIN = "its pin"
MAX_DEPTH = 16  # of mappings and lists in each other
EMPTY = "an empty file; expected the file itself: copy it anew"
_DIRECTIVE = re.compile(r"\A%YAML[ :]1\.[0-9]+[ \t]*(?=\r?\n)")
_SIZE = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}", re.ASCII)
_Expected = Mapping[str, tuple[str, int | None]]
"""What files should be, by their names: the SHA-256, and the size in bytes, None when nobody says."""


@dataclass(frozen=True)
class Differences:
    """A line per file, sorted by name, that begins with the name."""

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


class _TextLoader(yaml.BaseLoader):
    """Leaves each scalar as the text that it is, so that a date, a digest or a size means the same quoted or not."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """YAML wants each key once; PyYAML would take the last."""
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            raise ValueError(_at(node, "found a key twice"))
        return mapping


def _is_sha256(text: object) -> bool:
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None


def _size(text: object) -> int:
    if not isinstance(text, str) or not _SIZE.fullmatch(text):
        raise PydanticCustomError("size", "a size in bytes, up to 15 of 0-9")
    return int(text)


class _ListedFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: FileName
    sha256: Sha256
    size: Annotated[int, BeforeValidator(_size)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _older_word(cls, entry: object) -> object:
        """Older manifests call a SHA-256 `checksum`; what has another length is another digest, and proves nothing."""
        if not isinstance(entry, dict) or "sha256" in entry or not _is_sha256(entry.get("checksum")):
            return entry
        return {**entry, "sha256": entry["checksum"].lower()}


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
    """How a stored version differs from its pin, else from its own manifest. Raises Faults for an unreadable one."""
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


def plain_yaml(content: bytes) -> object:
    """Mappings, lists and text from a host that is not trusted, with a `%YAML 1.0` before it or not. Raises ValueError,
    in one line, for what is no YAML and for tags, anchors, aliases, a key twice or deep nesting.
    """
    try:
        # PyYAML refuses the directive when no `---` follows, and as OpenCV spells it, `%YAML:1.0`.
        text = _DIRECTIVE.sub("", content.decode("utf-8-sig"))
        _refuse_tricks(text)
        return _TextLoader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(where + one_line(error.problem or error.context or "no YAML")) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(one_line(str(error))) from None


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
        data = plain_yaml(content)
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


def _refuse_tricks(text: str) -> None:
    """The events come one by one, without the recursion that deep nesting would exhaust when the text is loaded."""
    depth = 0
    for event in yaml.parse(text, Loader=_TextLoader):
        if getattr(event, "anchor", None) is not None:
            raise ValueError(_at(event, "found an anchor or alias"))
        if getattr(event, "tag", None) is not None:
            raise ValueError(_at(event, "found a tag"))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError(_at(event, f"found nesting over {MAX_DEPTH} deep"))


def _at(place: yaml.Event | yaml.Node, problem: str) -> str:
    return f"line {place.start_mark.line + 1}: {problem}" if place.start_mark else problem
