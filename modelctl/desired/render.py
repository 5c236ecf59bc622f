"""Every file that a deploy puts on a host, rendered from templates/ without any connection."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from modelctl import layout
from modelctl.desired.model_files import NamedFile
from modelctl.desired.services import Service, Unit, service_of
from modelctl.errors import Faults
from modelctl.inventory.fleet import Fleet
from node.store.service_set import Installed

try:
    from yaml import CSafeLoader as SafeLoader  # ten times as fast
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"
CLEAN_UP_UNITS = ("model_cleanup.service", "model_cleanup.timer")
STICK_GROUP = "plugdev"
_MODE = 0o644


@dataclass(frozen=True)
class Rendered:
    """The files of a service, and the model files that they name, sorted by path."""

    service: Service
    files: tuple[Installed, ...]
    named: tuple[NamedFile, ...]


def render(fleet: Fleet, host: str) -> tuple[Installed, ...]:
    """Every file that a deploy puts on a host: units, config, task configs. Raises Faults."""
    rendered = render_service(fleet, host)
    return (*(rendered.files if rendered else ()), *clean_up_units(fleet, host))


def clean_up_units(fleet: Fleet, host: str) -> tuple[Installed, ...]:
    """The units of the registry's clean-up; none but on the primary datasink. Raises Faults, all of them."""
    if host != fleet.site.primary_datasink:
        return ()
    context = {
        "state": layout.STATE,
        "user": fleet.service_user(host),
        "registry": fleet.registry_folder(),
        "log": fleet.cleanup_log(),
        "logs": str(PurePosixPath(fleet.cleanup_log()).parent),
    }
    faults: list[str] = []
    files = tuple(
        _file(f"{layout.UNITS}/{unit}", _text(f"cleanup/{unit}.j2", context, faults), "root") for unit in CLEAN_UP_UNITS
    )
    if faults:
        raise Faults(faults)
    return files


def coral_rule() -> Installed:
    """The rule by which udev gives the Coral stick to a group. Raises Faults."""
    name, faults = "60-sentinelcam-coral.rules", list[str]()
    content = _text(f"coral/{name}.j2", {"group": STICK_GROUP}, faults)
    if faults:
        raise Faults(faults)
    return _file(f"{layout.UDEV_RULES}/{name}", content, "root")


def render_service(fleet: Fleet, host: str) -> Rendered | None:
    """The rendered service of a host, None where none of ours runs. Raises Faults, all of them."""
    service = service_of(fleet, host)
    if service is None:
        return None
    faults: list[str] = []
    files = [*_units(service, faults), *_configs(fleet.service_user(host), service, faults)]
    faults += dict.fromkeys(service.models.faults)
    if faults:
        raise Faults(faults)
    named = service.models.named
    return Rendered(service, tuple(files), tuple(named[path] for path in sorted(named)))


def _units(service: Service, faults: list[str]) -> list[Installed]:
    return [_file(f"{layout.UNITS}/{unit.name}", _unit_text(service, unit, faults), "root") for unit in service.units]


def _configs(owner: str, service: Service, faults: list[str]) -> list[Installed]:
    files = []
    for template, path in service.configs.items():
        content = _service_text(service, template, {}, faults)
        try:
            yaml.load(content, Loader=SafeLoader)
        except yaml.YAMLError as error:
            faults.append(f"templates/{service.name}/{template}.j2: {' '.join(str(error).split())}; allowed: YAML")
        files.append(_file(path, content, owner))
    return files


def _file(path: str, content: str, owner: str) -> Installed:
    return Installed(Path(path), owner, _MODE, hashlib.sha256(content.encode()).hexdigest(), content)


def _unit_text(service: Service, unit: Unit, faults: list[str]) -> str:
    return _service_text(service, unit.template, unit.context, faults)


def _service_text(service: Service, name: str, more: Mapping[str, Any], faults: list[str]) -> str:
    return _text(f"{service.name}/{name}.j2", {**service.context, **more, "model": service.models.path}, faults)


def _text(template: str, context: Mapping[str, Any], faults: list[str]) -> str:
    try:
        return environment().get_template(template).render(context)
    except TemplateError as error:
        faults.append(f"templates/{template}: {type(error).__name__}: {error.message}")
        return ""


@lru_cache(maxsize=1)
def environment() -> Environment:
    """How templates are read: strictly, each once."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(()),
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
