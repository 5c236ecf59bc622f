"""Edits of the inventory's Python, each checked to change what was meant and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from modelctl import text_file
from modelctl.changes import source_edit
from modelctl.errors import OperatorError
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory_file import Inventory
from modelctl.schema import Registry, Site

Kind = TypeVar("Kind", Registry, Site)


@dataclass(frozen=True)
class Edit:
    """A new text for a file of the inventory, and the fleet that comes of it."""

    file: Path
    old: str
    new: str
    after: Fleet


def set_versions(inventory: Inventory, model: str, current: str, previous: str | None) -> Edit:
    """Give a model another current and previous version. Raises OperatorError, Faults when the fleet forbids it."""
    path, fleet = (inventory.sources / "registry.py").resolve(), inventory.fleet
    fields = {"current_version": current, "previous_version": previous}
    old = text_file.read(path)
    with _named(path):
        new = source_edit.set_versions(old, model, current, previous)
    found = _value(Registry, old, path)
    if _versions(found, model) != _versions(fleet.registry, model):
        raise _elsewhere(path, inventory, f"the versions of {model}")
    _require_only(path, _with_model(found, model, fields), _value(Registry, new, path))
    return Edit(path, old, new, replace(fleet, registry=_with_model(fleet.registry, model, fields)))


def set_override(inventory: Inventory, hosts: Sequence[str], model: str, version: str | None) -> Edit:
    """Let hosts have another version of a model than the current one, or, with None, no longer.

    Raises OperatorError, Faults when the fleet forbids it.
    """
    path, fleet = (inventory.sources / "site.py").resolve(), inventory.fleet
    old = text_file.read(path)
    new, found, after = old, _value(Site, old, path), fleet.site
    wanted = found
    for host in hosts:
        with _named(path):
            new = source_edit.set_override(new, host, model, version)
        overrides = dict(fleet.host(host).model_version_overrides)
        if dict(found.hosts[host].model_version_overrides) != overrides:
            raise _elsewhere(path, inventory, f"the overrides of {host}")
        overrides.pop(model, None)
        fields = {"model_version_overrides": overrides | ({model: version} if version else {})}
        wanted, after = _with_host(wanted, host, fields), _with_host(after, host, fields)
    _require_only(path, wanted, _value(Site, new, path))
    return Edit(path, old, new, replace(fleet, site=after))


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors in here begin with the file."""
    try:
        yield
    except OperatorError as error:
        raise OperatorError(f"{path}: {error}") from None


def _value(kind: type[Kind], text: str, path: Path) -> Kind:
    """What registry.py would hold as REGISTRY, or site.py as SITE, with this text."""
    value = source_edit.evaluate(text, path, kind.__name__.upper())
    if not isinstance(value, kind):
        raise OperatorError(f"{path}: found a {type(value).__name__}; expected a {kind.__name__}; edit it by hand")
    return value


def _versions(registry: Registry, model: str) -> tuple[str, str | None]:
    entry = registry.artefacts[model]
    return entry.current_version, entry.previous_version


def _with_model(registry: Registry, model: str, fields: Mapping[str, Any]) -> Registry:
    if model == CORAL and registry.coral is not None:
        return registry.model_copy(update={"coral": registry.coral.model_copy(update=dict(fields))})
    changed = registry.models[model].model_copy(update=dict(fields))
    return registry.model_copy(update={"models": {**registry.models, model: changed}})


def _with_host(site: Site, host: str, fields: Mapping[str, Any]) -> Site:
    changed = site.hosts[host].model_copy(update=dict(fields))
    return site.model_copy(update={"hosts": {**site.hosts, host: changed}})


def _require_only(path: Path, expected: object, found: object) -> None:
    if found != expected:
        raise OperatorError(f"{path}: the edit would change more than it should; nothing was written; edit it by hand")


def _elsewhere(path: Path, inventory: Inventory, what: str) -> OperatorError:
    return OperatorError(f"{path}: {inventory.path} takes {what} from elsewhere; expected them here; edit it by hand")
