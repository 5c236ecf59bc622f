"""Everything that one host should hold."""

import hashlib
import json
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path

from modelctl import hints
from modelctl.desired.model_files import face_list_folder, models_folder
from modelctl.desired.render import clean_up_units, coral_rule, render_service
from modelctl.desired.services import Service, service_of
from modelctl.errors import Faults
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.hosts import Datasink
from modelctl.schema import HealthCheck, Pin
from node.desired_state import DesiredState, File, Limits, Source, Stack, Version
from node.store.service_set import HealthCheck as SetHealthCheck
from node.store.service_set import Link, Named, ServiceSet, SetStack


@lru_cache(maxsize=256)
def desired(fleet: Fleet, host: str) -> DesiredState:
    """What a host should hold. Raises Faults when a config is faulty or a version has no pin."""
    if unpinned := fleet.unpinned(host):
        raise Faults(f"{host}: wants {label}, which no pin covers; {hints.pinning(label)}" for label in unpinned)
    service = service_of(fleet, host)
    is_datasink = isinstance(fleet.host(host), Datasink)
    primary = fleet.site.primary_datasink
    sink = fleet.host(primary)
    return DesiredState(
        host=host,
        user=fleet.service_user(host),
        folders=[Path(folder) for folder in service.folders] if service else [],
        versions=[] if is_datasink else _versions(fleet, host),
        stack=_stack(fleet, service.stack) if service and service.stack else None,
        face_list=_face_list(fleet, host) if is_datasink else None,
        sets=[_service_set(fleet, host, service)] if service else [],
        needs={service.name: list(service.needs)} if service else {},
        clean_up=list(clean_up_units(fleet, host)),
        source=Source(primary, str(sink.address), sink.login, Path(fleet.registry_folder()), local=host == primary),
        limits=Limits(**fleet.standards.limits.model_dump()),
    )


def versions_of(desired: DesiredState) -> list[Version]:
    """All that the registry must hold for a host."""
    return [*desired.versions, *filter(None, (desired.face_list, desired.stack and desired.stack.version))]


def _versions(fleet: Fleet, host: str) -> list[Version]:
    folder = models_folder(fleet, host)
    return [
        _version(fleet, model, version, Path(folder, model, version), fleet.registry.models[model].linked_names)
        for model, version in sorted(fleet.versions(host).items())
        if model != CORAL
    ]


def _version(fleet: Fleet, model: str, version: str, directory: Path, linked: Collection[str]) -> Version:
    pin = _pin(fleet, model, version)
    files = [File(name, file.sha256, file.size, name in linked) for name, file in sorted(pin.files.items())]
    return Version(model, version, pin.manifest, directory, files)


def _stack(fleet: Fleet, loaded: SetStack) -> Stack:
    assert fleet.registry.coral is not None, "the stack is of it"
    stack = fleet.registry.coral.stacks[loaded.version]
    packages = _only(_version(fleet, CORAL, loaded.version, loaded.directory, ()), stack.node_files)
    return Stack(
        packages, loaded.digest, stack.python, stack.debian, stack.architecture, stack.tensorflow, coral_rule()
    )


def _face_list(fleet: Fleet, host: str) -> Version:
    """On a datasink nothing is linked: the copies stay as they came."""
    model, folder = "face_recognition", Path(face_list_folder(fleet))
    whole = _version(fleet, model, fleet.versions(host)[model], folder, ())
    return _only(whole, sorted(fleet.registry.models[model].linked_names))


def _only(version: Version, names: Iterable[str]) -> Version:
    files = {file.name: file for file in version.files}
    return version._replace(files=[files[name] for name in names])


def _service_set(fleet: Fleet, host: str, service: Service) -> ServiceSet:
    rendered, named = render_service(fleet, host, service)
    files, stack = list(rendered), service.stack
    versions = {model: fleet.versions(host)[model] for model, _ in named.values()}
    if stack is not None:
        versions[CORAL] = stack.version
    health_check: HealthCheck = getattr(fleet.standards.health_checks, service.name)
    content = ServiceSet(
        service=service.name,
        unit=service.unit,
        digest="",
        files=files,
        links=_links(fleet, host),
        models=dict(sorted(versions.items())),
        manifests={model: _pin(fleet, model, version).manifest for model, version in sorted(versions.items())},
        named_files=[_named_file(fleet, host, path, *named[path]) for path in sorted(named)],
        state=fleet.host(host).service,
        work=service.work,
        timers=[file.path.name for file in files if file.path.suffix == ".timer"],
        health_check=SetHealthCheck(**{**vars(health_check), "checks": sorted(health_check.checks)}),
        stack=stack,
    )
    return content._replace(digest=_digest(content))


def _digest(content: ServiceSet) -> str:
    """SHA-256 over the files, links and models, whatever the state. It names the set on nodes: its form is for good."""
    files = [
        {"path": str(file.path), "content": file.content, "owner": file.owner, "mode": file.mode}
        for file in content.files
    ]
    links = [(str(link.path), link.target) for link in content.links]
    models = [(model, version, content.manifests[model]) for model, version in content.models.items()]
    data = {"files": files, "links": links, "models": models}
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _links(fleet: Fleet, host: str) -> list[Link]:
    """On a datasink the current face list is a link, which moves with the set that reads the list."""
    if not isinstance(fleet.host(host), Datasink):
        return []
    version = fleet.versions(host)["face_recognition"]
    return [Link(Path(face_list_folder(fleet), "facelist_current.csv"), f"facelist_{version}.csv")]


def _named_file(fleet: Fleet, host: str, path: str, model: str, name: str) -> Named:
    linked = not isinstance(fleet.host(host), Datasink) and name in fleet.registry.models[model].linked_names
    return Named(Path(path), _pin(fleet, model, fleet.versions(host)[model]).files[name].sha256, linked)


def _pin(fleet: Fleet, model: str, version: str) -> Pin:
    pin = fleet.pin(model, version)
    assert pin is not None, "desired() refuses unpinned versions first"
    return pin
