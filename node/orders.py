"""What the control node sends: the desired state of one host, as JSON.

The fields are those that operations.order writes; a node of yesterday's program ignores what it does not know.
"""

from __future__ import annotations

import json
import pwd
from pathlib import Path
from typing import IO, Any, Dict, List, NamedTuple, Optional

from node import layout, names, service_set
from node.errors import Refusal
from node.rights import Owner
from node.service_set import CORAL, Installed, ServiceSet, installed, known


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


class Stack(NamedTuple):
    """A Coral stack: the packages that it is unpacked from, and what they were built for."""

    version: Version  # its directory is where it is unpacked
    digest: str
    python: str
    debian: str
    architecture: str
    tensorflow: str
    rule: Installed  # udev's


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
    stack: Optional[Stack]
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
        stack=_stack(data["stack"]) if data.get("stack") else None,
        face_list=version(data["face_list"]) if data["face_list"] else None,
        sets=[service_set.parse(each) for each in data["sets"]],
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


def version(data: Dict[str, Any]) -> Version:
    """Build a version from parsed JSON."""
    files = [File(**known(File, each)) for each in data["files"]]
    for file in files:
        names.plain("name", file.name)
    model, number = names.plain("model", data["model"]), names.plain("version", data["version"])
    return Version(model, number, data["manifest"], Path(data["directory"]), files)


def _stack(data: Dict[str, Any]) -> Stack:
    digest = names.plain("digest", data["digest"])
    packages = version(dict(data, model=CORAL, directory=str(layout.coral() / digest)))
    return Stack(**dict(known(Stack, data), version=packages, digest=digest, rule=installed(data["rule"])))


def _source(data: Dict[str, Any]) -> Source:
    return Source(data["host"], data["address"], data["login"], Path(data["registry"]), data["local"])


def _datasink(data: Dict[str, Any]) -> Datasink:
    units = [installed(each) for each in data["clean_up"]]
    return Datasink(**{**known(Datasink, data), "log": Path(data["log"]), "clean_up": units})
