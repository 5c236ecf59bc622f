"""What the node program is told: the desired state of one host as JSON (node/orders.py reads it)."""

import hashlib
import subprocess
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from modelctl.fleet import Fleet
from modelctl.operator import operator, purpose
from modelctl.rendering.desired import Desired, ServiceSet
from modelctl.rendering.render import InstalledFile

Order = dict[str, Any]

CHECKOUT = Path(__file__).parent.parent


def order(fleet: Fleet, desired: Desired, options: dict[str, Any]) -> Order:
    """Return the whole order for a host. `options` are what a run adds to what the host should hold."""
    return {
        "host": desired.host,
        "service_user": desired.service_user,
        "folders": list(desired.folders),
        "versions": [asdict(version) for version in desired.versions],
        "face_list": asdict(desired.face_list) if desired.face_list else None,
        "sets": [_set(each) for each in desired.sets],
        "source": asdict(desired.source),
        "limits": fleet.standards.limits.model_dump(),
        "commit": commit(),
        "operator": operator(),
        "purpose": purpose(),
        "options": options,
    }


def without_contents(order: Order) -> Order:
    """Return the order as a survey's question: digests instead of file contents."""
    sets = [
        {**each, "files": [{**file, "content": None} for file in each["files"]]}
        for each in order["sets"]
    ]  # fmt: skip
    return {**order, "sets": sets}


@cache
def commit() -> str:
    """Return the checkout's git commit, with "-dirty" when it has uncommitted changes; "unknown" without git."""
    words = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        result = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return result.stdout.strip() or "unknown"


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
        "control_port": each.control_port,
        "timers": list(each.timers),
        "gate": asdict(each.gate),
    }


def file_of(file: InstalledFile) -> dict[str, Any]:
    """Return a file as the node program reads it."""
    return {**asdict(file), "sha256": hashlib.sha256(file.content.encode()).hexdigest()}
