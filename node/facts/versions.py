"""What a node says of its versions: what a deploy would cost here, and what differs from what folders should hold."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional, Tuple

from node import layout
from node.desired_state import Version
from node.protocol.versions import (
    Chosen,
    FolderRead,
    Preview,
    PreviewQuestion,
    StackSize,
    Verified,
    VerifyFolder,
    VerifyQuestion,
)
from node.pull import face_list, room
from node.store import disk, sets


def preview(question: PreviewQuestion) -> Preview:
    """Return the bytes that would have to come, the events that face lists would unlock, and what services are set to.

    Reads no model bytes.
    """
    configs = [path for path in question.configs if path.name == face_list.CONFIG]
    found = [sets.find(service, sets.digest_of(service, sets.CHOSEN)) for service in layout.services()]
    return Preview(
        bytes=to_come(question.versions, question.face_lists, question.stack),
        unlocked=[face_list.unlocks(each, configs, question.registry) for each in question.face_lists],
        chosen={each.content.service: Chosen(each.content.digest, each.commit) for each in found if each is not None},
    )


def to_come(versions: List[Version], face_lists: List[Version], stack: Optional[StackSize]) -> int:
    """Return the bytes that this node lacks of all these."""
    size = sum(file.size for each in versions for file in room.to_come(each))
    for each in face_lists:
        size += sum(file.size for file in each.files if not disk.is_there(face_list.path_of(each, file.name)))
    is_unpacked = stack is None or disk.is_real_folder(layout.coral() / stack.digest)
    return size if is_unpacked or stack is None else size + stack.size


def verify(question: VerifyQuestion) -> Verified:
    """Read every byte of the question's folders; return what differs in each, and which version folders there are."""
    versions = [] if question.models is None else _versions(question.models)
    return Verified([_differences(folder) for folder in question.folders], versions)


def _differences(folder: VerifyFolder) -> FolderRead:
    is_there = disk.is_real_folder(folder.path)
    found, missing = {}, []
    for name in sorted(folder.digests) if is_there else []:
        sha256, instead = _read(folder, name)
        if sha256 is None:
            missing.append(_told(name, instead))
        else:
            found[name] = sha256
    others = {*disk.names(folder.path)} - {*folder.digests} if (found or missing) and not folder.shared else set()
    return FolderRead(
        stored=bool(found) if folder.shared else is_there,
        missing=missing,
        extra=[_told(disk.spelt(name), disk.kind(folder.path / name)) for name in sorted(others)],
        changed={name: sha256 for name, sha256 in found.items() if sha256 != folder.digests[name]},
    )


def _read(folder: VerifyFolder, name: str) -> Tuple[Optional[str], Optional[str]]:
    """Return a file's SHA-256, or what is there instead of a readable file; neither where nothing is."""
    path = folder.path / name
    if name in folder.linked and disk.reached(path) is not None:
        return folder.digests[name], None
    try:
        kind = disk.kind(path)
        return (disk.sha256(path), None) if kind == disk.FILE else (None, kind)
    except FileNotFoundError:
        return None, None
    except OSError as error:
        return None, "unreadable: %s" % error.strerror


def _versions(models: Path) -> List[str]:
    """Return every version folder, as MODEL/VERSION."""
    return [
        disk.spelt("%s/%s" % (model.name, version.name))
        for model in disk.folders(models)
        for version in disk.folders(model)
        if not (model.name.startswith(".") or version.name.startswith("."))
    ]


def _told(name: str, kind: Optional[str]) -> str:
    return "%s (%s)" % (name, kind) if kind not in (None, disk.FILE) else name
