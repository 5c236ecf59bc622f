"""What a stored manifest tells people about its version."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelctl.faults import one_line
from modelctl.registry import plain_yaml
from node.registry.own import MANIFEST_LIMIT

MAX_METRICS = 20


@dataclass(frozen=True)
class Description:
    """The date as the manifest has it, None without one, and its metrics; `fault` says why it could not be read."""

    date: str | None = None
    metrics: Mapping[str, str] = field(default_factory=dict)
    fault: str | None = None


def describe(manifest: bytes | None) -> Description:
    """Read the text of a manifest.yaml, None when there is none."""
    if manifest is None:
        return Description(fault="there is none")
    if len(manifest) > MANIFEST_LIMIT:
        return Description(fault=f"found more than {MANIFEST_LIMIT} bytes")
    try:
        data = plain_yaml.load(manifest)
    except ValueError as error:
        return Description(fault=str(error))
    if not isinstance(data, dict):
        return Description(fault="found no mapping")
    date, metrics = data.get("date_deployed"), data.get("training_metrics")
    return Description(date=_text(date) if date else None, metrics=_metrics(metrics))


def _metrics(found: object) -> dict[str, str]:
    if not isinstance(found, dict):
        return {}
    return {_text(name): _text(value) for name, value in list(found.items())[:MAX_METRICS]}


def _text(value: object) -> str:
    return one_line(str(value), 40)
