"""What a deploy would cost here, for an operator who has not decided yet. Reads no model bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

from node import disk, facelist, orders, stamps
from node.orders import File, Version


def preview(data: Dict[str, Any]) -> Dict[str, Any]:
    """Return the model bytes that would have to come, and the events that a datasink's list would unlock."""
    versions = [orders.version(each) for each in data["versions"]]
    lists = [orders.version(each) for each in data["face_lists"]]
    configs = [Path(path) for path in data["configs"] if Path(path).name == facelist.CONFIG]
    registry = Path(data["registry"]) if data["registry"] else None
    return {
        "bytes": sum(sum(file.size for file in _absent(each)) for each in versions)
        + sum(
            file.size for each in lists for file in each.files if not disk.is_there(facelist.path_of(each, file.name))
        ),
        "unlocked": [facelist.unlocks(each, configs, registry) for each in lists],
    }


def _absent(version: Version) -> List[File]:
    """What is not there, and has no equal in another version: such a file is taken from there, unless it is linked."""
    absent = [file for file in version.files if not disk.is_there(version.directory / file.name)]
    return [file for file in absent if file.linked or stamps.find(file.sha256) is None]
