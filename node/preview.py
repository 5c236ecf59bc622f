"""What a deploy would cost here, for an operator who has not decided yet. Reads no model bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional

from node import codec, desired_state, disk, facelist, layout, names, sets, stamps
from node.desired_state import File, Version
from node.sets import StoredSet


def preview(data: Dict[str, Any]) -> Dict[str, Any]:
    """Return the bytes that would have to come, the events that a datasink's list would unlock, and what each
    service is set to by now: the set's digest, and the commit that it was made from."""
    versions = codec.decode(List[Version], data["versions"])
    lists = codec.decode(List[Version], data["face_lists"])
    for each in [*versions, *lists]:
        desired_state.require_plain_version(each)
    configs = [Path(path) for path in data["configs"] if Path(path).name == facelist.CONFIG]
    registry = Path(data["registry"]) if data["registry"] else None
    return {
        "bytes": sum(sum(file.size for file in _absent(each)) for each in versions)
        + sum(
            file.size for each in lists for file in each.files if not disk.is_there(facelist.path_of(each, file.name))
        )
        + _stack_bytes(data.get("stack")),
        "unlocked": [facelist.unlocks(each, configs, registry) for each in lists],
        "chosen": {stored.content.service: _chosen(stored) for stored in _all_chosen()},
    }


def _all_chosen() -> List[StoredSet]:
    found = [sets.find(service, sets.digest_of(service, sets.CHOSEN)) for service in layout.services()]
    return [stored for stored in found if stored is not None]


def _chosen(stored: StoredSet) -> Dict[str, str]:
    return {"digest": stored.content.digest, "commit": stored.commit}


def _stack_bytes(stack: Optional[Dict[str, Any]]) -> int:
    """The packages of a Coral stack come all, or none where it is unpacked already."""
    if stack is None or disk.is_real_folder(layout.coral() / names.plain("digest", stack["digest"])):
        return 0
    return int(stack["size"])


def _absent(version: Version) -> List[File]:
    """What is not there, and has no equal in another version: such a file is taken from there, unless it is linked."""
    absent = [file for file in version.files if not disk.is_there(version.directory / file.name)]
    return [file for file in absent if file.linked or stamps.find(file.sha256) is None]
