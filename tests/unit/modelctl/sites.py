"""Fleets for tests: the site of the tests, changed where a test says so."""

from typing import Any

from modelctl.inventory.fleet import Fleet
from modelctl.schema import Datasink, Host, Model, Pin, PinnedFile, Pins, Registry, Revoked, Site, Standards
from tests.chandler.inventory.registry import REGISTRY
from tests.chandler.inventory.site import SITE
from tests.chandler.inventory.standards import STANDARDS


def site(**changes: Any) -> Site:
    return SITE.model_copy(update=changes)


def site_with(name: str, host: Host | None = None, **changes: Any) -> Site:
    """The default site with one host added, or one of its own changed."""
    host = host or SITE.hosts[name].model_copy(update=changes)
    return site(hosts={**SITE.hosts, name: host}, ncs2_nodes=_ncs2(name, changes))


def with_datasink(name: str, **sentinel: Any) -> Site:
    """The default site with a further datasink, and its sentinel changed."""
    changed = site_with("sentinel", **sentinel)
    return changed.model_copy(update={"hosts": {**changed.hosts, name: Datasink(address="192.168.10.51")}})


def site_with_camera(name: str, camera: str, **changes: Any) -> Site:
    """The default site with one camera of an outpost changed."""
    cameras = vars(SITE.hosts[name])["cameras"]
    changed = site_with(name, cameras={**cameras, camera: cameras[camera].model_copy(update=changes)})
    return changed.model_copy(update={"ncs2_nodes": _ncs2(name, changes)})


def _ncs2(name: str, changes: dict[str, Any]) -> tuple[str, ...]:
    """A host that is given an NCS2 had it before."""
    return (name,) if changes.get("accelerator") == "ncs2" else ()


def registry_with(name: str, **changes: Any) -> Registry:
    """The default registry with one model changed."""
    return REGISTRY.model_copy(
        update={"models": {**REGISTRY.models, name: REGISTRY.models[name].model_copy(update=changes)}}
    )


def pinned(*more: tuple[str, str]) -> Pins:
    """Pins of every current version, the Coral stack's too, and of more (model, version) pairs."""
    current = [(name, entry.current_version) for name, entry in REGISTRY.artefacts.items()]
    models: dict[str, dict[str, Pin]] = {}
    for name, version in (*current, *more):
        models.setdefault(name, {})[version] = _pin(name, version)
    return Pins(models=models)


def file_names(model: str, version: str) -> list[str]:
    """The files of a version, of a model in the order of the registry."""
    entry = REGISTRY.artefacts[model]
    return list(entry.files.values()) if isinstance(entry, Model) else sorted(entry.names_of(version))


def _pin(model: str, version: str) -> Pin:
    names = file_names(model, version)
    files = {name: PinnedFile(sha256=f"{index:064x}", size=index) for index, name in enumerate(names, 1)}
    return Pin(manifest=version.encode().hex().ljust(64, "0"), files=files)


def fleet(
    site: Site = SITE,
    registry: Registry = REGISTRY,
    pins: Pins | None = None,
    standards: Standards = STANDARDS,
    revoked: Revoked | None = None,
) -> Fleet:
    return Fleet(site, registry, standards, pins or Pins(), revoked or Revoked())
