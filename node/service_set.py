"""A set of one service, as an order has it and as it is stored: all that the service starts from.

The fields are those that operations.order writes; a set of an older program lacks some, one of a newer has more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from node import layout, names

CORAL = "coral_packages"
"""What a Coral stack is called where models are called by their names."""


class Installed(NamedTuple):
    """A file of a set: where it goes, whose it is, and its digest. The content is absent in a survey's question."""

    path: Path
    owner: str
    mode: int
    sha256: str
    content: Optional[str]


LIBRARY = "lib/libedgetpu.so.1"
"""Where a stack has the library that services map."""


class SetStack(NamedTuple):
    """The Coral stack of a set, and what the service starts in: its Python, its folder, its own PYTHONPATH."""

    version: str
    manifest: str
    digest: str
    python: Path
    folder: Path
    path: List[str]

    @property
    def directory(self) -> Path:
        """Where it is unpacked."""
        return layout.coral() / self.digest


class Link(NamedTuple):
    """A symbolic link of a set."""

    path: Path
    target: str


class Named(NamedTuple):
    """A model file that a config names."""

    path: Path
    sha256: str
    linked: bool


class Gate(NamedTuple):
    """What a switch waits for, in seconds, and checks, as modelctl.inventory.standards.Gate says it."""

    linked_wait: float
    deadline: float
    settle: float
    model_wait: float
    checks: List[str]


_GATE: Dict[str, Any] = {
    "linked_wait": 120, "deadline": 60, "settle": 10, "model_wait": 0, "checks": ["restarts", "port", "files"],
}  # fmt: skip
"""That of a set which does not say."""


class Work(NamedTuple):
    """What shows that the service does its work, as modelctl.rendering.services.Work says it."""

    script: Optional[Path]
    ports: List[int]
    asked: Optional[int]
    workers: int
    on_stick: int
    published: Optional[int]
    views: List[str]


NOTHING = Work(None, [], None, 0, 0, None, [])
"""Of a set that nobody of ours made."""


class ServiceSet(NamedTuple):
    service: str
    unit: str
    digest: str
    files: List[Installed]
    models: Dict[str, str]  # model -> version
    named_files: List[Named]
    state: str  # running, stopped or disabled
    work: Work
    timers: List[str]
    links: List[Link]
    manifests: Dict[str, str]  # model -> SHA-256 of its version's manifest
    gate: Gate
    stack: Optional[SetStack] = None

    @property
    def paths(self) -> List[Path]:
        """Everything that the set puts somewhere."""
        return [file.path for file in self.files] + [link.path for link in self.links]

    @property
    def units(self) -> List[str]:
        """The names of all units that the set brings."""
        return [file.path.name for file in self.files if file.path.suffix in (".service", ".timer")]

    @property
    def is_to_run(self) -> bool:
        return self.state == "running"

    @property
    def user(self) -> str:
        """The service's user: the owner of its configs."""
        return next((file.owner for file in self.files if file.owner != "root"), "root")


def known(kind: Any, data: Dict[str, Any]) -> Dict[str, Any]:
    """Return the fields that this program knows: a newer one may have written more."""
    return {name: value for name, value in data.items() if name in kind._fields}


def installed(data: Dict[str, Any]) -> Installed:
    """Build a file of a set from parsed JSON."""
    return Installed(Path(data["path"]), data["owner"], data["mode"], data["sha256"], data.get("content"))


def _stack(data: Dict[str, Any]) -> SetStack:
    digest = names.plain("digest", data["digest"])
    said = dict(known(SetStack, data), digest=digest, python=Path(data["python"]), folder=Path(data["folder"]))
    return SetStack(**said)


def parse(data: Dict[str, Any]) -> ServiceSet:
    """Build a set from parsed JSON, as an order or a stored set holds it; an older one may lack fields."""
    service = names.plain("service", data["service"])
    return ServiceSet(
        service=service,
        unit=data.get("unit", service + ".service"),
        digest=names.plain("digest", data["digest"]),
        files=[installed(each) for each in data["files"]],
        models=data.get("models", {}),
        named_files=[Named(Path(each["path"]), each["sha256"], each["linked"]) for each in data.get("named_files", [])],
        state=data.get("state", "running"),
        work=_work(data),
        timers=data.get("timers", []),
        links=[Link(Path(each["path"]), each["target"]) for each in data.get("links", [])],
        manifests=data.get("manifests", {}),
        gate=Gate(**{**_GATE, **known(Gate, data.get("gate", {}))}),
        stack=_stack(data["stack"]) if data.get("stack") else None,
    )


def _work(data: Dict[str, Any]) -> Work:
    """An older set says no more than its control port."""
    port = data.get("control_port")
    said = {"ports": [] if port is None else [port], **known(Work, data.get("work", {}))}
    script = said.get("script")
    return NOTHING._replace(**{**said, "script": None if script is None else Path(script)})
