"""Edits of registry.py and site.py, each checked to change what was meant and nothing else.

Comments, order and layout of what is not changed stay as they are. A text that is not written so that it can be edited
safely raises OperatorError.
"""

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import format_exception_only, walk_tb
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from modelctl import text_file
from modelctl.changes.source_text import Row, SourceText, Splice, entries, fields, member, refusal
from modelctl.errors import OperatorError
from modelctl.faults import dotted, fault, one_line
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.hosts import Datasink, Outpost, Sentinel, Trainer, Watchtower
from modelctl.inventory.values import ModelName, Version
from modelctl.inventory_file import Inventory
from modelctl.schema import Registry, Site

Kind = TypeVar("Kind", Registry, Site)
CURRENT, PREVIOUS, OVERRIDES = "current_version", "previous_version", "model_version_overrides"
_HOSTS = frozenset(kind.__name__ for kind in (Datasink, Outpost, Sentinel, Trainer, Watchtower))
_VERSION = "a version as a string"


@dataclass(frozen=True)
class Edit:
    """A new text for a file of the inventory, and the fleet that comes of it."""

    file: Path
    old: str
    new: str
    after: Fleet


def versions(inventory: Inventory, model: str, current: str, previous: str | None) -> Edit:
    """Give a model another current and previous version. Raises OperatorError, Faults when the fleet forbids it."""
    path, fleet = (inventory.sources / "registry.py").resolve(), inventory.fleet
    fields = {"current_version": current, "previous_version": previous}
    old = text_file.read(path)
    with _named(path):
        new = set_versions(old, model, current, previous)
    found = _value(Registry, old, path)
    if _versions(found, model) != _versions(fleet.registry, model):
        raise _elsewhere(path, inventory, f"the versions of {model}")
    _require_only(path, _with_model(found, model, fields), _value(Registry, new, path))
    return Edit(path, old, new, replace(fleet, registry=_with_model(fleet.registry, model, fields)))


def override(inventory: Inventory, hosts: Sequence[str], model: str, version: str | None) -> Edit:
    """Give hosts an override of a model, or with None take it away. Raises OperatorError, Faults as `versions`."""
    path, fleet = (inventory.sources / "site.py").resolve(), inventory.fleet
    old = text_file.read(path)
    new, found, after = old, _value(Site, old, path), fleet.site
    wanted = found
    for host in hosts:
        with _named(path):
            new = set_override(new, host, model, version)
        overrides = dict(fleet.host(host).model_version_overrides)
        if dict(found.hosts[host].model_version_overrides) != overrides:
            raise _elsewhere(path, inventory, f"the overrides of {host}")
        overrides.pop(model, None)
        fields = {"model_version_overrides": overrides | ({model: version} if version else {})}
        wanted, after = _with_host(wanted, host, fields), _with_host(after, host, fields)
    _require_only(path, wanted, _value(Site, new, path))
    return Edit(path, old, new, replace(fleet, site=after))


def set_versions(text: str, model: str, current: str, previous: str | None) -> str:
    """The text of registry.py with these two fields of a model, or of the Coral stacks; a previous None goes away."""
    _require(Version, CURRENT, current)
    if previous is not None:
        _require(Version, PREVIOUS, previous)
    source = SourceText(text)
    registry = fields(source, source.assigned("REGISTRY"), "REGISTRY", ("Registry",))
    if model == CORAL:
        coral = registry.items[registry.require("coral", "Coral(...)")].value
        row = fields(source, coral, "REGISTRY.coral", ("Coral",))
    else:
        row = fields(source, member(registry, "models", model), dotted(("REGISTRY", "models", model)), ("Model",))
    index = row.require(CURRENT, _VERSION)
    return source.spliced([Splice(*row.quoted(index, _VERSION), current), *_previous(row, index, previous)])


def set_override(text: str, host: str, model: str, version: str | None) -> str:
    """The text of site.py with a host's override of a model, or with None without it and a mapping left empty."""
    _require(ModelName, "MODEL", model)
    if version is not None:
        _require(Version, "VERSION", version)
    source = SourceText(text)
    site = fields(source, source.assigned("SITE"), "SITE", ("Site",))
    row = fields(source, member(site, "hosts", host), dotted(("SITE", "hosts", host)), _HOSTS)
    index = row.find(OVERRIDES)
    if index is not None:
        return source.spliced(_overrides(row, index, model, version))
    return source.spliced([] if version is None else _first_override(row, model, version))


def evaluate(text: str, path: Path, name: str) -> object:
    """What an inventory's module at `path` would hold as `name` with this text. Raises OperatorError when it fails."""
    package = path.parent.name
    values: dict[str, Any] = {"__name__": f"{package}.{path.stem}", "__package__": package, "__file__": str(path)}
    try:
        with _importing_nothing_for_good():
            exec(compile(text.encode(), str(path), "exec", dont_inherit=True), values)  # noqa: S102  the operator's own
    except SyntaxError as error:
        raise OperatorError(f"{_place(path, [error.lineno])}: {one_line(error.msg)}; expected Python") from None
    except (Exception, SystemExit) as error:
        lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == str(path)]
        raise OperatorError(f"{_place(path, lines)}: {one_line(''.join(format_exception_only(error)))}") from None
    if name not in values:
        raise OperatorError(f"{path}: found no {name}; expected {name} = ...")
    return values[name]


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors in here begin with the file."""
    try:
        yield
    except OperatorError as error:
        raise OperatorError(f"{path}: {error}") from None


def _value(kind: type[Kind], text: str, path: Path) -> Kind:
    """What registry.py would hold as REGISTRY, or site.py as SITE, with this text."""
    value = evaluate(text, path, kind.__name__.upper())
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


@contextmanager
def _importing_nothing_for_good() -> Iterator[None]:
    """What is imported in between is imported anew later on: the files may be others by then."""
    known, wrote = set(sys.modules), sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = wrote
        for name in set(sys.modules) - known:
            del sys.modules[name]


def _place(path: Path, lines: Sequence[int | None]) -> str:
    """FILE:LINE, with the last of these lines, or FILE when there is none."""
    return f"{path}:{lines[-1]}" if lines and lines[-1] else str(path)


def _require(kind: Any, name: str, text: str) -> None:
    """What is written into a program is a name or a version, and never more of a program."""
    try:
        TypeAdapter(kind).validate_python(text, strict=True)
    except ValidationError as error:
        raise OperatorError(fault(name, text, error.errors()[0]["msg"])) from None


def _previous(row: Row, current: int, version: str | None) -> list[Splice]:
    """The changes that write this previous version, or take the one away that is there."""
    index = row.find(PREVIOUS)
    if index is None:
        return [] if version is None else row.added(current + 1, f"{PREVIOUS}={_quoted(version, row, current)}")
    value = row.items[index].value
    if isinstance(value, ast.Constant) and value.value is None:
        return [] if version is None else [Splice(*row.source.span(value), _quoted(version, row, current))]
    old = row.quoted(index, f"{_VERSION}, or None")
    return row.without(index) if version is None else [Splice(*old, version)]


def _first_override(row: Row, model: str, version: str) -> list[Splice]:
    if not row.items:
        raise refusal(row.place, "no field", "address=...")
    return row.added(len(row.items), f"{OVERRIDES}={{{_entry(model, version, row, 0)}}}")


def _overrides(row: Row, index: int, model: str, version: str | None) -> list[Splice]:
    """The changes that write one of a host's overrides, or take it away."""
    mapping = entries(row, index)
    found, count = mapping.find(model), len(mapping.items)
    if version is None:
        if found is None:
            return []
        return row.without(index) if count == 1 else mapping.without(found)
    if found is not None:
        return [Splice(*mapping.quoted(found, _VERSION), version)]
    if not count:
        return [Splice(mapping.end, mapping.end, _entry(model, version, row, index))]
    return mapping.added(count, _entry(model, version, mapping, count - 1))


def _entry(model: str, version: str, row: Row, like: int) -> str:
    return f"{_quoted(model, row, like)}: {_quoted(version, row, like)}"


def _quoted(text: str, row: Row, like: int) -> str:
    """A text in the quotes of another item's value, when that is a string."""
    span = row.source.span(row.items[like].value)
    quote = "'" if row.source.between(*span).endswith("'") else '"'
    return f"{quote}{text}{quote}"
