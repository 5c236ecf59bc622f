"""Everything that one host should hold, as plain data."""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache

from modelctl import hints
from modelctl.errors import Faults
from modelctl.fleet import Fleet
from modelctl.inventory.coral import CORAL
from modelctl.inventory.hosts import Datasink, ServiceState
from modelctl.rendering.model_files import NamedFile
from modelctl.rendering.render import InstalledFile, Rendered, clean_up_units, coral_rule, render_service
from modelctl.rendering.runtime import SetStack, stack_digest
from modelctl.rendering.services import face_list_folder, models_folder
from modelctl.rendering.work import Work
from modelctl.schema import Gate, Pin


@dataclass(frozen=True)
class WantedFile:
    """A file of a version, size in bytes. A linked one is seeded once and then belongs to the node."""

    name: str
    sha256: str
    size: int
    linked: bool


@dataclass(frozen=True)
class WantedVersion:
    """A version of a model: the SHA-256 of its manifest, its folder on the host, its files."""

    model: str
    version: str
    manifest: str
    directory: str
    files: tuple[WantedFile, ...]

    @property
    def label(self) -> str:
        """Its model and version, as they are in the registry's paths."""
        return f"{self.model}/{self.version}"


@dataclass(frozen=True)
class WantedStack:
    """A Coral stack: the digest of its files, and of its manifest, the packages that a node gets, and their target.

    `rule` is udev's for the stick.
    """

    version: str
    manifest: str
    digest: str
    files: tuple[WantedFile, ...]
    python: str
    debian: str
    architecture: str
    tensorflow: str
    rule: InstalledFile

    @property
    def label(self) -> str:
        """Its name and version, as they are in the registry's paths."""
        return f"{CORAL}/{self.version}"


@dataclass(frozen=True)
class WantedGate:
    """What a switch of a service waits for, in seconds, and checks: modelctl.inventory.standards.Gate."""

    linked_wait: float
    deadline: float
    settle: float
    model_wait: float
    checks: tuple[str, ...]


@dataclass(frozen=True)
class ServiceSet:
    """Everything that one service starts from.

    `links` are (path, target). What its configs name: `models` as (model, version, manifest digest), `named_files` as
    (path, sha256, linked). `needs` are files of the service's own, which a deploy does not bring. A `stack` is among
    the models too.
    """

    service: str
    unit: str
    files: tuple[InstalledFile, ...]
    links: tuple[tuple[str, str], ...]
    models: tuple[tuple[str, str, str], ...]
    named_files: tuple[tuple[str, str, bool], ...]
    state: ServiceState
    work: Work
    timers: tuple[str, ...]
    gate: WantedGate
    needs: tuple[str, ...]
    stack: SetStack | None

    @property
    def digest(self) -> str:
        """SHA-256 over the files, links and models, whatever the state."""
        content = {"files": [asdict(file) for file in self.files], "links": self.links, "models": self.models}
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class PullSource:
    """Where a host pulls model versions from; `local` on that host itself."""

    host: str
    address: str
    login: str
    registry: str
    local: bool


@dataclass(frozen=True)
class Desired:
    """Everything that one host should hold.

    `folders` are owned by the service user, parents first; `face_list` is what a datasink keeps of its model, as
    STEM_VERSION.SUFFIX and read only; `clean_up` are the units of the registry's clean-up.
    """

    host: str
    service_user: str
    folders: tuple[str, ...]
    versions: tuple[WantedVersion, ...]
    stack: WantedStack | None
    face_list: WantedVersion | None
    sets: tuple[ServiceSet, ...]
    clean_up: tuple[InstalledFile, ...]
    source: PullSource


@lru_cache(maxsize=256)
def desired(fleet: Fleet, host: str) -> Desired:
    """What a host should hold. Raises Faults when a config is faulty or a version has no pin."""
    if unpinned := fleet.unpinned(host):
        raise Faults(f"{host}: wants {label}, which no pin covers; {hints.pinning(label)}" for label in unpinned)
    rendered = render_service(fleet, host)
    is_datasink = isinstance(fleet.host(host), Datasink)
    return Desired(
        host=host,
        service_user=fleet.service_user(host),
        folders=rendered.service.folders if rendered else (),
        versions=() if is_datasink else _versions(fleet, host),
        stack=_stack(fleet, host),
        face_list=_face_list(fleet, host) if is_datasink else None,
        sets=(_service_set(fleet, host, rendered),) if rendered else (),
        clean_up=clean_up_units(fleet, host),
        source=_source(fleet, host),
    )


def _versions(fleet: Fleet, host: str) -> tuple[WantedVersion, ...]:
    folder = models_folder(fleet, host)
    return tuple(
        _wanted(fleet, model, version, f"{folder}/{model}/{version}")
        for model, version in sorted(fleet.versions(host).items())
        if model != CORAL
    )


def _stack(fleet: Fleet, host: str) -> WantedStack | None:
    found = fleet.stack(host)
    if found is None:
        return None
    version, stack = found
    pin = _pin(fleet, CORAL, version)
    files = (WantedFile(name, pin.files[name].sha256, pin.files[name].size, linked=False) for name in stack.node_files)
    return WantedStack(
        version, pin.manifest, stack_digest(stack.node_files, pin), tuple(files),
        stack.python, stack.debian, stack.architecture, stack.tensorflow, coral_rule(),
    )  # fmt: skip


def _wanted(fleet: Fleet, model: str, version: str, directory: str) -> WantedVersion:
    pin = _pin(fleet, model, version)
    linked = fleet.registry.models[model].linked_names
    files = (WantedFile(name, file.sha256, file.size, name in linked) for name, file in sorted(pin.files.items()))
    return WantedVersion(model, version, pin.manifest, directory, tuple(files))


def _face_list(fleet: Fleet, host: str) -> WantedVersion:
    """On a datasink nothing is linked: the copies stay as they came."""
    model, folder = "face_recognition", face_list_folder(fleet)
    version = fleet.versions(host)[model]
    pin, names = _pin(fleet, model, version), sorted(fleet.registry.models[model].linked_names)
    files = (WantedFile(name, pin.files[name].sha256, pin.files[name].size, linked=False) for name in names)
    return WantedVersion(model, version, pin.manifest, folder, tuple(files))


def _service_set(fleet: Fleet, host: str, rendered: Rendered) -> ServiceSet:
    service = rendered.service
    versions = {(named.model, named.version) for named in rendered.named}
    stack = service.runtime.stack
    if stack is not None:
        versions.add((CORAL, stack.version))
    return ServiceSet(
        service=service.name,
        unit=service.unit,
        files=rendered.files,
        links=_links(fleet, host),
        models=tuple((model, version, _pin(fleet, model, version).manifest) for model, version in sorted(versions)),
        named_files=tuple(_named_file(fleet, host, named) for named in rendered.named),
        state=fleet.host(host).service,
        work=service.work,
        timers=tuple(unit.name for unit in service.units if unit.name.endswith(".timer")),
        gate=_gate(getattr(fleet.standards.gates, service.name)),
        needs=service.needs,
        stack=stack,
    )


def _gate(gate: Gate) -> WantedGate:
    return WantedGate(gate.linked_wait, gate.deadline, gate.settle, gate.model_wait, tuple(sorted(gate.checks)))


def _links(fleet: Fleet, host: str) -> tuple[tuple[str, str], ...]:
    """On a datasink the current face list is a link, which moves with the set that reads the list."""
    if not isinstance(fleet.host(host), Datasink):
        return ()
    version = fleet.versions(host)["face_recognition"]
    return ((f"{face_list_folder(fleet)}/facelist_current.csv", f"facelist_{version}.csv"),)


def _named_file(fleet: Fleet, host: str, named: NamedFile) -> tuple[str, str, bool]:
    linked = (
        not isinstance(fleet.host(host), Datasink) and named.name in fleet.registry.models[named.model].linked_names
    )
    return named.path, _pin(fleet, named.model, named.version).files[named.name].sha256, linked


def _pin(fleet: Fleet, model: str, version: str) -> Pin:
    pin = fleet.pin(model, version)
    assert pin is not None, "desired() refuses unpinned versions first"
    return pin


def _source(fleet: Fleet, host: str) -> PullSource:
    primary = fleet.site.primary_datasink
    sink = fleet.host(primary)
    return PullSource(
        host=primary,
        address=str(sink.address),
        login=sink.login,
        registry=fleet.registry_folder(),
        local=host == primary,
    )
