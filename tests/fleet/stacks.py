"""Coral stacks that stories invent: stored on the primary datasink, pinned, and named by a site."""

import hashlib
import json
import shlex
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from lab import coral, store
from lab.fleet import PINS
from lab.machine import wait_until
from lab.site.registry import REGISTRY
from modelctl.inventory.coral import CORAL, CoralStack
from modelctl.inventory.json_files import Pin, PinnedFile
from tests.fleet.node import STATE, Node

STACKS = f"{STATE}/coral"
HOSTS = ("sentinel", "alpha5")
"""Those with a stick."""
FOLDER = f"/home/ops/sentinelcam/model_registry/{CORAL}"
OLD, NEW = "2025-12-19", "2026-01-10"
LOADED = 20.0  # seconds


def known(version: str = NEW) -> CoralStack:
    """A stack of the lab's own site."""
    assert REGISTRY.coral is not None
    return REGISTRY.coral.stacks[version]


def stored(node: Node, version: str, stack: CoralStack, fault: coral.Fault = coral.SOUND) -> Pin:
    """Store a version on the datasink, as if that stack had been downloaded and pinned; its pin.

    A faulty one is `stored(data1, "2026-02-01", known(), Fault(library="crashes"))`.
    """
    entry = store.stored_stack(version, stack, fault)
    folder, table = f"{FOLDER}/{version}", entry.table()
    manifest = entry.manifest(table)
    node.shell(f"mkdir -p {folder}")
    for name, content in {**entry.contents(), "manifest.yaml": manifest}.items():
        _put(node, content, f"{folder}/{name}")
    node.shell(f"chown -R ops:ops {folder}")
    files = {name: PinnedFile(**file._asdict()) for name, file in table.items()}
    return Pin(manifest=hashlib.sha256(manifest).hexdigest(), files=files)


def removed(node: Node, version: str) -> None:
    """Remove a version that a story stored."""
    node.shell(f"rm -r {FOLDER}/{version}")


def pins(added: Mapping[str, Pin]) -> dict[str, Any]:
    """The lab's pins and those of more stacks, by version: for site.write(pins=...)."""
    models = json.loads(PINS.read_text())
    return {**models, CORAL: {**models[CORAL], **{each: pin.model_dump(mode="json") for each, pin in added.items()}}}


def mapped(node: Node) -> dict[int, set[str]]:
    """Every process of the service that has mapped a libedgetpu, with the paths of those."""
    lines = node.lab.run(node.name, "grep --with-filename libedgetpu /proc/[0-9]*/maps").stdout.splitlines()
    found: dict[int, set[str]] = {}
    for line in lines:
        name, _, mapping = line.partition(":")
        group = node.read(f"{name.removesuffix('/maps')}/cgroup")
        if f"/{node.service}.service" in group:
            found.setdefault(int(name.split("/")[2]), set()).add(mapping.split(maxsplit=5)[5])
    return found


def versions(node: Node) -> set[str]:
    """The versions of all stacks of which a process of the service has mapped the library."""
    return {_version(node, path) for paths in mapped(node).values() for path in paths}


def _version(node: Node, path: str) -> str:
    """As the stack itself tells it."""
    assert path.startswith(f"{STACKS}/"), path
    assert path.endswith("/lib/libedgetpu.so.1"), path
    told: str = json.loads(node.read(path.replace("lib/libedgetpu.so.1", "contents.json")))["version"]
    return told


def loads(node: Callable[[str], Node], version: str) -> None:
    """A detector reads its model some seconds after the start."""
    alpha5 = node("alpha5")
    wait_until(lambda: versions(alpha5) == {version}, LOADED, f"alpha5: {version} mapped")


def digest_of(node: Callable[[str], Node], name: str) -> str:
    """Of the stack that the unit of a host's service starts with."""
    unit = node(name).read(f"/etc/systemd/system/{node(name).service}.service")
    [line] = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    [library] = [word for word in line.split() if word.startswith("LD_LIBRARY_PATH=")]
    return library.removeprefix(f"LD_LIBRARY_PATH={STACKS}/").removesuffix("/lib")


def keep(node: Node, version: str) -> None:
    """Let a host have no other stack than this version's."""
    listed = f"grep --files-without-match '\"{version}\"' {STACKS}/*/contents.json 2>/dev/null"
    node.shell(f"{listed} | xargs -r dirname | xargs -r rm -r")


def environment(node: Node) -> str:
    """A digest over every file of the services' environment, with its mode, owner and times."""
    look = "find /home/ops/.opencv -printf '%p %m %U %G %s %T@ %l\n' | sort; find /home/ops/.opencv -type f -print0"
    return node.shell(f"{{ {look} | sort -z | xargs -0 sha256sum; }} | sha256sum")


def _put(node: Node, content: bytes, path: str) -> None:
    command = [*node.lab.console(node.name), "sh", "-c", f"cat >{shlex.quote(path)}"]
    subprocess.run(command, input=content, check=True, timeout=60)
