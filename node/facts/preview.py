"""What a deploy would cost here, for an operator who has not decided yet. Reads no model bytes."""

from __future__ import annotations

from typing import List, Optional

from node import layout
from node.desired_state import File, Version
from node.protocol.versions import Chosen, Preview, PreviewQuestion, StackSize
from node.pull import face_list
from node.store import checksum_cache, disk, sets
from node.store.sets import StoredSet


def preview(question: PreviewQuestion) -> Preview:
    """Return the bytes that would have to come, the events that a datasink's list would unlock, and what each
    service is set to by now: the set's digest, and the commit that it was made from."""
    lists = question.face_lists
    configs = [path for path in question.configs if path.name == face_list.CONFIG]
    return Preview(
        bytes=sum(file.size for each in question.versions for file in _absent(each))
        + sum(
            file.size for each in lists for file in each.files if not disk.is_there(face_list.path_of(each, file.name))
        )
        + _stack_bytes(question.stack),
        unlocked=[face_list.unlocks(each, configs, question.registry) for each in lists],
        chosen={each.content.service: Chosen(each.content.digest, each.commit) for each in _all_chosen()},
    )


def _all_chosen() -> List[StoredSet]:
    found = [sets.find(service, sets.digest_of(service, sets.CHOSEN)) for service in layout.services()]
    return [stored for stored in found if stored is not None]


def _stack_bytes(stack: Optional[StackSize]) -> int:
    """The packages of a Coral stack come all, or none where it is unpacked already."""
    if stack is None or disk.is_real_folder(layout.coral() / stack.digest):
        return 0
    return stack.size


def _absent(version: Version) -> List[File]:
    """What is not there, and has no equal in another version: such a file is taken from there, unless it is linked."""
    absent = [file for file in version.files if not disk.is_there(version.directory / file.name)]
    return [file for file in absent if file.linked or checksum_cache.find(file.sha256) is None]
