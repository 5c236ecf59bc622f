"""What the control node sends: the desired state of one host, as JSON.

The fields are those that operations.order writes; a node of yesterday's program ignores what it does not know.
"""

from __future__ import annotations

import json
import pwd
from pathlib import Path
from typing import IO, Any, Dict, List, NamedTuple, Optional

from node import names
from node.errors import Refusal
from node.rights import Owner


class File(NamedTuple):
    """One file of a version. A linked file is seeded once and then belongs to the node."""

    name: str
    sha256: str
    size: int  # bytes
    linked: bool


class Version(NamedTuple):
    model: str
    version: str
    manifest: str  # SHA-256 of manifest.yaml
    directory: Path
    files: List[File]

    @property
    def label(self) -> str:
        return self.model + "/" + self.version


class Source(NamedTuple):
    """Where versions are pulled from: the primary datasink's registry."""

    host: str
    address: str
    login: str
    registry: Path
    local: bool  # on the primary datasink itself


class Installed(NamedTuple):
    """A file of a set: where it goes, whose it is, and its digest. The content is absent in a survey's question."""

    path: Path
    owner: str
    mode: int
    sha256: str
    content: Optional[str]


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


class Limits(NamedTuple):
    """Seconds, unless the name says otherwise."""

    pull_timeout: int
    pull_patience: int
    reserve_bytes: int


class Asked(NamedTuple):
    """What the operator asks of this run."""

    unlock: bool  # put a face list in place that unlocks events
    full: bool  # read every byte of the models, not only sizes and times
    diff: bool  # tell what is in the place of the sets' files


class Datasink(NamedTuple):
    """What the primary datasink alone is told: what the run's hosts need of the registry, and what it keeps besides.

    A version is written as model/version.
    """

    authority: Optional[List[str]]  # the lines that let certified keys in; None while there is no authority
    needed: Dict[str, str]  # version -> SHA-256 of its manifest
    needed_by: Dict[str, List[str]]  # host -> versions
    named: List[str]  # versions that the checkout names, whoever gets them
    log: Path  # the deployment log
    clean_up: List[Installed]  # the units of the clean-up


class Order(NamedTuple):
    host: str
    user: str
    folders: List[Path]
    versions: List[Version]
    face_list: Optional[Version]
    sets: List[ServiceSet]
    source: Source
    limits: Limits
    commit: str  # of the site
    product: str  # the release that asks
    operator: str  # user@host
    purpose: str  # what the operator typed
    asked: Asked
    datasink: Optional[Datasink]  # on the primary one only
    needs: Dict[str, List[str]]  # service -> paths of its own code and Python, which a deploy does not bring

    @property
    def owner(self) -> Owner:
        return owner(self.user)


def owner(user: str) -> Owner:
    """Return the ids of a user and its group. Raises Refusal for an unknown user."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise Refusal(
            "user " + user + ": not on this node; expected the service's user; sudo useradd --create-home " + user
        ) from None
    return Owner(entry.pw_uid, entry.pw_gid)


def read(stream: IO[str]) -> Order:
    """Read an order from a stream."""
    return parse(json.loads(stream.read()))


def parse(data: Dict[str, Any]) -> Order:
    """Build an order from parsed JSON."""
    return Order(
        host=data["host"],
        user=data["service_user"],
        folders=[Path(path) for path in data["folders"]],
        versions=[version(each) for each in data["versions"]],
        face_list=version(data["face_list"]) if data["face_list"] else None,
        sets=[service_set(each) for each in data["sets"]],
        source=_source(data["source"]),
        limits=Limits(**known(Limits, data["limits"])),
        commit=data["commit"],
        product=data["product"],
        operator=data["operator"],
        purpose=data["purpose"],
        asked=Asked(**{name: value is True for name, value in known(Asked, data["asked"]).items()}),
        datasink=_datasink(data["datasink"]) if data["datasink"] else None,
        needs=data.get("needs", {}),
    )


def known(kind: Any, data: Dict[str, Any]) -> Dict[str, Any]:
    """Return the fields that this program knows: a newer one may have written more."""
    return {name: value for name, value in data.items() if name in kind._fields}


def version(data: Dict[str, Any]) -> Version:
    """Build a version from parsed JSON."""
    files = [File(**known(File, each)) for each in data["files"]]
    for file in files:
        names.plain("name", file.name)
    model, number = names.plain("model", data["model"]), names.plain("version", data["version"])
    return Version(model, number, data["manifest"], Path(data["directory"]), files)


def _source(data: Dict[str, Any]) -> Source:
    return Source(data["host"], data["address"], data["login"], Path(data["registry"]), data["local"])


def _datasink(data: Dict[str, Any]) -> Datasink:
    units = [installed(each) for each in data["clean_up"]]
    return Datasink(**{**known(Datasink, data), "log": Path(data["log"]), "clean_up": units})


def installed(data: Dict[str, Any]) -> Installed:
    """Build a file of a set from parsed JSON."""
    return Installed(Path(data["path"]), data["owner"], data["mode"], data["sha256"], data.get("content"))


def service_set(data: Dict[str, Any]) -> ServiceSet:
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
    )


def _work(data: Dict[str, Any]) -> Work:
    """An older set says no more than its control port."""
    port = data.get("control_port")
    said = {"ports": [] if port is None else [port], **known(Work, data.get("work", {}))}
    script = said.get("script")
    return NOTHING._replace(**{**said, "script": None if script is None else Path(script)})
