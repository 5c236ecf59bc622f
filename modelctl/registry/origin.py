"""Where a version comes from, as its manifest tells people: source, day and host, training metrics, what it needs."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from modelctl.errors import Faults
from modelctl.faults import fault_lines
from modelctl.inventory.values import ModelName, Remark, Version, Word, only_if
from modelctl.registry.manifest import plain_yaml
from node.store.versions import MANIFEST

MAX_DEPTH = 8
MAX_LETTERS = 200  # of a metric's name or text
MAX_METRICS = 500  # with all that is in them
_SCALARS: Mapping[str, object] = {"null": None, "~": None, "": None, "true": True, "false": False}


@dataclass(frozen=True)
class Origin:
    """What a manifest says beside its files. `date` is YYYY-MM-DD; `requires` are versions of what reads the files."""

    source: str
    date: str
    metrics: Mapping[str, Any] = field(default_factory=dict)
    host: str | None = None
    requires: Mapping[str, str] = field(default_factory=dict)

    @property
    def more(self) -> dict[str, Any]:
        """The fields that only some manifests have."""
        host = {"host": self.host} if self.host is not None else {}
        return {**host, **({"requires": dict(self.requires)} if self.requires else {})}


def _metrics(found: Mapping[str, Any]) -> Mapping[str, Any]:
    metrics: Mapping[str, Any] = _value(found, 0)
    if sum(1 for _ in _all_in(metrics)) > MAX_METRICS:
        raise PydanticCustomError("metrics", "at most {most} metrics", {"most": MAX_METRICS})
    return metrics


def _all_in(value: object) -> Iterator[object]:
    yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inside:
        yield from _all_in(each)


def _value(found: object, depth: int) -> Any:
    """What a text of YAML means; a manifest's reader leaves all of them as texts."""
    if depth > MAX_DEPTH:
        raise PydanticCustomError("metrics", "nesting up to {most} deep", {"most": MAX_DEPTH})
    if isinstance(found, dict):
        return {_text(name): _value(value, depth + 1) for name, value in found.items()}
    if isinstance(found, list):
        return [_value(each, depth + 1) for each in found]
    text = str(found)
    return _SCALARS[text] if text in _SCALARS else _number(text)


def _number(text: str) -> float | str:
    try:
        value = json.loads(text) if len(text) <= MAX_LETTERS else text
    except ValueError:
        return _text(text)
    if not isinstance(value, (int, float)):
        return _text(text)
    if not math.isfinite(value):
        raise PydanticCustomError("metrics", "finite numbers")
    return value


def _text(text: str) -> str:
    if not text.isprintable() or len(text) > MAX_LETTERS:
        raise PydanticCustomError("metrics", "printable names and texts of up to {most} letters", {"most": MAX_LETTERS})
    if text.lower().lstrip("+-.") in ("nan", "inf", "infinity"):
        raise PydanticCustomError("metrics", "finite numbers")
    return text


_Metrics = Annotated[dict[str, Any], AfterValidator(_metrics)]
_Day = Annotated[Version, only_if(lambda version: "." not in version, "a day as YYYY-MM-DD")]


class _Uploaded(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: ModelName
    version: Version
    source: Remark
    host: Word
    date_deployed: _Day
    training_metrics: _Metrics = Field(default_factory=dict)
    requires: Annotated[dict[Word, Word], Field(max_length=20)] = Field(default_factory=dict)


class _Old(BaseModel):
    """As older tools wrote manifests, more or less."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: Remark | None = None
    training_metrics: _Metrics = Field(default_factory=dict)


def uploaded(pair: tuple[str, str], manifest: bytes) -> Origin:
    """What a trainer's manifest says of the version `pair`, (model, version).

    Raises Faults for one that says less, or what a manifest cannot hold, and for that of another version.
    """
    try:
        found = _Uploaded.model_validate(data := _mapping(manifest))
    except ValidationError as error:
        raise Faults(f"{MANIFEST}: {line}" for line in fault_lines(error, data)) from None
    if (found.name, found.version) != pair:
        said = f"found {found.name}/{found.version}; expected {'/'.join(pair)}, as it was uploaded"
        raise Faults([f"{MANIFEST}: {said}"])
    return Origin(found.source, found.date_deployed, found.training_metrics, found.host, found.requires)


def kept(manifest: bytes | None, otherwise: Origin) -> Origin:
    """What is told of an imported folder, with the source and the metrics of an older manifest where it has them."""
    try:
        old = _Old.model_validate(_mapping(manifest or b"{}"))
    except (ValidationError, Faults):
        return otherwise
    return Origin(old.source or otherwise.source, otherwise.date, old.training_metrics)


def _mapping(manifest: bytes) -> dict[str, Any]:
    try:
        data = plain_yaml(manifest)
    except ValueError as error:
        raise Faults([f"{MANIFEST}: {error}; expected plain YAML"]) from None
    if not isinstance(data, dict):
        raise Faults([f"{MANIFEST}: found no mapping; expected name, version and files"])
    return data
