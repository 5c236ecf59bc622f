"""Puts a folder of the datasink into the model registry as a version.

The files are copied into REGISTRY/MODEL/.import-VERSION, verified and flushed there, and that folder is renamed. A face
model is looked into there, too; it is never loaded.
"""

from __future__ import annotations

import os
from pathlib import Path

from node.errors import Refusal
from node.protocol import Nothing
from node.protocol.registry import FaceModelFiles, Import, ImportedFile, ImportPlace, ImportRoom
from node.registry import own
from node.store import disk, files, handles
from node.store.versions import MANIFEST

PATIENCE = 10.0  # seconds, for another import of the model


def check(place: ImportPlace) -> ImportRoom:
    """Tell what room there is for the version. Raises Refusal when the folder cannot become it at all."""
    registry, final, source = place.registry, _final(place), place.path
    if disk.is_there(registry) and not disk.is_folder(registry):
        raise Refusal("%s: found %s; expected the folder of the model registry" % (registry, disk.kind(registry)))
    real = {os.path.realpath(str(path)) for path in (source, registry)}
    if os.path.commonpath(list(real)) in real:
        raise Refusal("%s: it is in the model registry, or around it; expected a folder elsewhere" % source)
    if disk.is_there(final.parent) and not disk.is_real_folder(final.parent):
        found = (final.parent, disk.kind(final.parent))
        raise Refusal("%s: found %s; expected the folder of a model's versions" % found)
    staging = own.staging_of(final)
    left = sum(status.st_size for _, status in disk.below(staging)) if disk.is_real_folder(staging) else 0
    return ImportRoom(disk.is_there(final), own.free(registry) + left)


def copy(asked: Import) -> Nothing:
    """Copy, verify, and put into place, never over anything; what a killed import left goes first."""
    final = _final(asked.place)
    staging = own.staging_of(final)
    own.folder(final.parent)
    with own.alone(final.parent, PATIENCE, "another import is running there; wait for it and run again"):
        own.require_absent(final, "run it again")
        files.remove(staging)
        try:
            own.folder(staging)
            for file in asked.files:
                _copy_file(asked.place.path, file, staging / file.new)
            if asked.face_model is not None:
                _require_face_model(asked.place.path, staging, asked.face_model)
            files.write(staging / MANIFEST, asked.manifest.encode(), owner=own.me())
        except BaseException:
            files.remove(staging)
            raise
        files.place(staging, final)
    return Nothing()


def _final(place: ImportPlace) -> Path:
    return place.registry / place.model / place.version


def _require_face_model(source: Path, staging: Path, names: FaceModelFiles) -> None:
    """The copy is looked at: whoever wrote the source may still hold it open. An operator is told of the source."""
    from node.registry import face_model  # what reads one: few imports need it

    try:
        face_model.require_right(staging, names)
    except Refusal as refusal:
        raise Refusal("%s: %s" % (source, refusal)) from None


def _copy_file(folder: Path, file: ImportedFile, path: Path) -> None:
    """The source stays as it is: no link to it, and no move."""
    old = folder / file.old
    try:
        with handles.opened(old) as source, own.opened(path, 0o644) as new:
            copied = own.fill(new, path, 0o644, source)
    except handles.NotPlain:
        raise Refusal("%s: it is no plain file any more; run it again" % old) from None
    if copied != file.content:
        raise Refusal("%s: it changed while it was imported; run it again" % old)
