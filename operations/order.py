"""What the node program is told: the desired state of one host as JSON (node/orders.py reads it)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from modelctl import product
from modelctl.fleet import Fleet
from modelctl.operator import operator, purpose
from modelctl.rendering.desired import Desired, ServiceSet
from modelctl.rendering.render import InstalledFile

Order = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What the operator asks of a run: to unlock events, to read every byte of the models, to show live files."""

    unlock: bool = False
    full: bool = False
    diff: bool = False


@dataclass(frozen=True)
class Datasink:
    """What the primary datasink alone is told of a run; a version is written as model/version.

    `authority` are the lines that let certified keys in, but for revoked ones; None while there is no authority.
    `needed` are the versions that the run's hosts need with the digests of their manifests, `needed_by` the same by
    host, `named` what the checkout names, whoever gets it, `log` the path of the deployment log, `clean_up` the units
    of the clean-up.
    """

    authority: Sequence[str] | None
    needed: Mapping[str, str]
    needed_by: Mapping[str, Sequence[str]]
    named: Sequence[str]
    log: str
    clean_up: Sequence[InstalledFile]


def order(fleet: Fleet, desired: Desired, commit: str, asked: Asked, datasink: Datasink | None) -> Order:
    """Return the whole order for a host: what it should hold, and what a run adds to that. `commit` is the site's."""
    return {
        "host": desired.host,
        "service_user": desired.service_user,
        "folders": list(desired.folders),
        "versions": [asdict(version) for version in desired.versions],
        "stack": {**asdict(desired.stack), "rule": file_of(desired.stack.rule)} if desired.stack else None,
        "face_list": asdict(desired.face_list) if desired.face_list else None,
        "sets": [_set(each) for each in desired.sets],
        "source": asdict(desired.source),
        "limits": fleet.standards.limits.model_dump(),
        "commit": commit,
        "product": product.release(),
        "operator": operator(),
        "purpose": purpose(),
        "asked": asdict(asked),
        "datasink": _datasink(datasink) if datasink else None,
        "needs": {each.service: list(each.needs) for each in desired.sets},
    }


def without_contents(order: Order) -> Order:
    """Return the order as a survey's question: digests instead of file contents."""
    told, stack = order["datasink"], order["stack"]
    return {
        **order,
        "stack": {**stack, "rule": {**stack["rule"], "content": None}} if stack else None,
        "sets": [{**each, "files": _bare(each["files"])} for each in order["sets"]],
        "datasink": {**told, "clean_up": _bare(told["clean_up"])} if told else None,
    }


def _bare(files: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**file, "content": None} for file in files]


def _set(each: ServiceSet) -> dict[str, Any]:
    return {
        "service": each.service,
        "unit": each.unit,
        "digest": each.digest,
        "files": [file_of(file) for file in each.files],
        "links": [{"path": path, "target": target} for path, target in each.links],
        "models": {model: version for model, version, _ in each.models},
        "manifests": {model: manifest for model, _, manifest in each.models},
        "named_files": [
            {"path": path, "sha256": sha256, "linked": linked} for path, sha256, linked in each.named_files
        ],
        "state": each.state,
        "work": asdict(each.work),
        "timers": list(each.timers),
        "gate": asdict(each.gate),
        "stack": asdict(each.stack) if each.stack else None,
    }


def _datasink(told: Datasink) -> dict[str, Any]:
    return {**asdict(told), "clean_up": [file_of(unit) for unit in told.clean_up]}


def file_of(file: InstalledFile) -> dict[str, Any]:
    """Return a file as the node program reads it."""
    return {**asdict(file), "sha256": hashlib.sha256(file.content.encode()).hexdigest()}
