"""A registry, what needs its versions, and what earlier sweeps remember of it.

A file's time of change cannot be set, and tells a memory from a restored one: so all is told as of now.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from node import codec, layout
from node.protocol.retention import AddRoots, Clone, Count, HostReferences, Moment, Sweeps
from node.registry import roots
from node.registry.sweep import Sweep, freed_by
from node.store import history
from tests.unit.node.places import fill, manifest_of, sha256

DAY = 24 * 3600
BYTES = {"cats.bin": b"meow" * 10}
BOTH = ("cats/2019-01-01", "cats/2019-01-02")
CLONE = "anna@ramrod:/site"


class Depot(NamedTuple):
    registry: Path
    log: Path
    now: str

    @property
    def moment(self) -> Moment:
        return Moment(self.now, "boot 1", 10_000_000.0, is_synchronised=True)


def make(root: Path) -> Depot:
    """Folders for all of it; nothing is told, and nothing stored."""
    for name in ("registry", "logs", "model_cleanup"):
        (root / name).mkdir(parents=True)
    return Depot(root / "registry", root / "logs" / "model_cleanup.log", history.now())


def store(depot: Depot, version: str, contents: Mapping[str, bytes] = BYTES, model: str = "cats") -> Path:
    folder = depot.registry / model / version
    fill(folder, manifest_of(model, version), contents)
    return folder


def tell(
    *labels: str, lab1: Sequence[str] = (), name: str = CLONE, hosts: Sequence[str] = ("lab1",), retention: int = 0
) -> None:
    """A checkout is deployed that references these; on its host these are in use."""
    clone = Clone(name, dict.fromkeys(labels, "current"), list(hosts), retention)
    roots.add(AddRoots(clone, {"lab1": HostReferences(dict.fromkeys(lab1, "in use"), is_complete=True)}, "anna@ramrod"))


def ago(depot: Depot, days: float) -> str:
    return history.later(depot.now, -int(days * DAY))


def remember(depot: Depot, *labels: str, days: float = 7) -> None:
    """An earlier sweep has found these unneeded, so many days ago; the last one was just now."""
    counts = {"version " + label: Count(sha256(manifest_of(*label.split("/"))), ago(depot, days)) for label in labels}
    put(Sweeps(depot.moment, counts, {}))


def put(memory: Sweeps) -> None:
    layout.sweeps().write_text(json.dumps(codec.encode(memory)))


def remembered() -> Sweeps:
    return codec.decode(Sweeps, json.loads(layout.sweeps().read_text()))


def sweep(depot: Depot) -> "list[str]":
    """What could not be done."""
    return Sweep(depot.registry, depot.log, depot.moment).run()


def lines(depot: Depot) -> "list[str]":
    """What the log says, without the times."""
    found = depot.log.read_text().splitlines() if depot.log.exists() else []
    return [line.removeprefix(depot.now + " ") for line in found]


def removed(depot: Depot, folder: Path, days: float = 7) -> str:
    """The line that the log is to have when this version goes, as it is now."""
    label = f"{folder.parent.name}/{folder.name}"
    return f"removed {label}, {freed_by(folder)} bytes; unneeded since {ago(depot, days)}"


NOTHING_DUE = "nothing is removed: nothing is due"


def replace(path: Path, kind: str) -> None:
    """Put something else in the place of a file: of this kind, or a file with this text."""
    content = path.read_bytes()
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        path.with_name("elsewhere").write_bytes(content)
        path.symlink_to("elsewhere")
    elif kind == "huge":
        path.write_bytes(content)
        os.truncate(path, 1 << 40)
    elif kind != "none":
        path.write_text(kind)
