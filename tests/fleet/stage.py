"""A host that stories switch to and fro between two sets, and what it must look like whatever they did to it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lab.fleet import PINS
from lab.machine import wait_until
from tests.fleet import site
from tests.fleet.held import Held
from tests.fleet.node import STATE, Node
from tests.fleet.operator import DEFAULT_SITE, Run, begin, deploy, end

LIMIT = 40.0  # seconds until all has ended
LINKED = "/home/ops/sentinel/models/face_recognition/*/face[ld]*"

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "lab1": {"hosts": {"lab1": {"debug_mode": True}}},
    "sentinel": {"versions": {"face_recognition": "2026-03-03"}},
}


@dataclass(frozen=True)
class Whole:
    """A whole set: the inventory file that wants it, its digest, and that of each of its files on the host's disk."""

    site: Path
    digest: str
    configs: Mapping[str, str]


@dataclass(frozen=True)
class Stage:
    """A host that is switched to and fro between two sets.

    :param moments: before and after each change to the disk of what is to be killed.
    :param skipped: how many others come before them in the same program.
    :param bad: a set that is never healthy, so that a switch to it returns.
    """

    node: Node
    default: Whole
    other: Whole
    moments: tuple[str, ...]
    skipped: int = 0
    bad: Whole | None = None

    @property
    def now(self) -> Whole:
        return self.default if self.node.link("chosen") == self.default.digest else self.other

    @property
    def next(self) -> Whole:
        return self.other if self.now is self.default else self.default

    @property
    def end(self) -> Whole:
        """What a switch to the next set ends with, when nothing dies."""
        return self.now if self.next is self.bad else self.next

    def point(self, part: float) -> int:
        """The number of the moment before which that part of them has passed."""
        return self.skipped + 1 + round(part * (len(self.moments) - 1))


def set_up(node: Node, path: Path) -> Stage:
    """Learn both sets of a host, and the moments of a switch from one to the other; the default site is chosen then."""
    variant, held = site.write(path, **VARIANTS[node.name]), Held(node)
    default = Whole(DEFAULT_SITE, node.link("chosen"), node.configs())
    assert deploy("--limit", node.name, site=variant).code == 0
    other = Whole(variant, node.link("chosen"), node.configs())
    if node.service == "sentinel":
        let_tasks_write(node)
    held.order("switch-unit", at=0)
    stage = Stage(node, default, other, ())
    assert switch(stage, default).code == 0
    held.forget()
    assert (node.link("chosen"), node.configs()) == (default.digest, default.configs)
    return replace(stage, moments=tuple(held.moments()))


def switch(stage: Stage, wanted: Whole) -> Run:
    return end(begin("--limit", stage.node.name, site=wanted.site))


def assert_whole(stage: Stage) -> None:
    """The host is on one whole set, of verified files, and its service runs that."""
    node = stage.node
    wait_until(lambda: _has_ended(node), LIMIT, f"{node.name}: end of its switch")
    wait_until(lambda: _runs(node), LIMIT, f"{node.name}: {node.service} running")
    now = stage.now
    assert node.configs() == now.configs
    assert node.link("chosen") == node.read(f"/run/sentinelcam/{node.service}") == now.digest
    assert node.status()["config_sha256"] == now.configs[f"/home/ops/{node.service}.yaml"]
    assert node.status()["errors"] == {}
    units = [node.service, *(["sentinel_cleanup.timer"] if node.service == "sentinel" else [])]
    for question, answer in (("is-active", "active"), ("is-enabled", "enabled")):
        assert set(node.shell(f"systemctl {question} {' '.join(units)}; true").split()) == {answer}
    assert _named(node) <= _pinned()


def is_healthy(node: Node) -> bool:
    """Whether the service runs with the chosen set's config and models."""
    status = node.status()
    chosen = json.loads(node.read(f"{STATE}/sets/{node.service}/chosen/set.json"))
    config = {file["path"]: file["sha256"] for file in chosen["files"]}[status["config"]]
    return bool(status["pid"] == node.pid() != 0 and status["errors"] == {} and status["config_sha256"] == config)


def _has_ended(node: Node) -> bool:
    working = "systemctl list-units --no-legend --state=active,activating,deactivating"
    return not (
        node.exists(f"{STATE}/sets/{node.service}/pending")
        or node.shell(f"{working} 'sentinelcam-switch-*' 'sentinelcam-recover@*'")
    )


def _runs(node: Node) -> bool:
    status = node.status()
    return bool(status["settled"] and status["pid"] == node.pid() != 0)


def let_tasks_write(node: Node) -> str:
    """Let the sentinel's tasks add to each linked file, so that a switch must keep them anew. Returns their digests."""
    node.shell(f"for file in {LINKED}; do echo {node.pid()} >>$file; done")
    return linked_files(node)


def linked_files(node: Node) -> str:
    """The linked files of a sentinel, with their digests."""
    return node.shell(f"sha256sum {LINKED}")


def assert_copies_are_whole(node: Node) -> None:
    """Each copy that was put aside bears the first digits of its digest."""
    lines = node.shell(f"sha256sum {STATE}/kept/face_recognition/*/*.*").splitlines()
    assert lines
    assert [line for line in lines if not line.endswith(f".{line[:12]}")] == []


def _named(node: Node) -> set[str]:
    """The digest of every model file that a live config names, but for the linked ones."""
    configs = node.shell("cat /home/ops/*.yaml /home/ops/sentinel/tasks/*.yaml 2>/dev/null; true")
    paths = {path for path in re.findall(r"/home/ops/\w+/models/[^\s\"']+", configs) if not _is_linked(path)}
    assert paths
    return {line.split()[0] for line in node.shell(f"sha256sum {' '.join(sorted(paths))}").splitlines()}


def _is_linked(path: str) -> bool:
    return Path(path).name in ("facelist.csv", "facedata.hdf5")


def _pinned() -> set[str]:
    pins = json.loads(PINS.read_text(encoding="utf-8"))
    return {file["sha256"] for versions in pins.values() for pin in versions.values() for file in pin["files"].values()}
