"""The files as they were when the command was typed, in a folder of their own, with the manifest that describes them.

The same command takes the same snapshot up while the files are unchanged: what was uploaded of it stays of use, and
its manifest keeps its day.
"""

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from trainer import copying, manifest, writers
from trainer.copying import Seen
from trainer.errors import Refusal
from trainer.measured import Measured

FORMAT = 1
NOTE = ".snapshot.json"  # no name of a version's file begins with a dot


class Snapshot(NamedTuple):
    """A folder, and the files in it that are the version; the manifest is the first."""

    folder: Path
    files: List[Measured]
    is_new: bool


def take(snapshots: Path, pair: str, sources: List[Path], about: Dict[str, Any]) -> Snapshot:
    """Return the snapshot of the files for what `pair` names. Raises Refusal when a file is not at rest, and OSError.

    `about` is what the manifest says besides its day and files.
    """
    seen = {path: copying.look(path) for path in sources}
    writers.require_none({(each.device, each.inode): path for path, each in seen.items()})
    identity = {"about": about, "sources": [[str(path), *each[1:]] for path, each in seen.items()]}
    folder = snapshots / pair
    earlier = _earlier(folder, identity)
    if earlier is not None:
        return Snapshot(folder, earlier, False)
    staging = snapshots / (".new-" + pair)
    _remove(staging)
    staging.mkdir()
    try:
        files = _copy(seen, staging)
        files = _describe(staging, files, identity)
        copying.flush_folder(staging)
    except BaseException:
        _remove(staging)
        raise
    _remove(folder)
    staging.rename(folder)
    copying.flush_folder(snapshots)
    return Snapshot(folder, files, True)


def keep_only(snapshots: Path, kept: Path) -> None:
    """Remove what other versions left, and what was cut short."""
    for path in snapshots.iterdir():
        if path != kept and path.is_dir():
            _remove(path)


def _copy(seen: Dict[Path, Seen], staging: Path) -> List[Measured]:
    files = [copying.copy(path, before, staging / path.name) for path, before in seen.items()]
    for path, before in seen.items():  # when all are copied: they belong together
        copying.require_same(path, before)
    writers.require_none({(each.device, each.inode): path for path, each in seen.items()})
    return files


def _describe(staging: Path, files: List[Measured], identity: Dict[str, Any]) -> List[Measured]:
    """Write what tells later whether the snapshot is of use still, then the manifest; return all files."""
    content = manifest.text(identity["about"], time.strftime("%Y-%m-%d", time.gmtime()), files).encode("utf-8")
    described = [Measured(manifest.NAME, hashlib.sha256(content).hexdigest(), len(content)), *files]
    note = {"format": FORMAT, "identity": identity, "files": described}
    copying.write(staging / NOTE, json.dumps(note).encode("utf-8"))
    copying.write(staging / manifest.NAME, content)
    return described


def _earlier(folder: Path, identity: Dict[str, Any]) -> Optional[List[Measured]]:
    """Return the files of a snapshot of the same, None when there is none or its files are damaged."""
    try:
        note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        files = [Measured(*file) for file in note["files"]]
        is_same = note["format"] == FORMAT and note["identity"] == json.loads(json.dumps(identity))
        is_whole = is_same and [copying.measure(folder / file.name) for file in files] == files
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return files if is_whole else None


def _remove(folder: Path) -> None:
    if folder.is_symlink():
        raise Refusal("%s: found a link; expected a folder of this program; remove it and run again" % folder)
    if folder.exists():
        shutil.rmtree(str(folder))
