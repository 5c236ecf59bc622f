"""Every file that a deploy puts on a host, rendered from templates/ without any connection."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from modelctl.desired.model_files import ModelFiles
from modelctl.desired.services import Service, Template, service_of
from modelctl.errors import Faults
from modelctl.inventory.fleet import Fleet
from node import layout
from node.store.service_set import Installed

try:
    from yaml import CSafeLoader as SafeLoader  # ten times as fast
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"
STICK_GROUP = "plugdev"
_MODE = 0o644


def render(fleet: Fleet, host: str) -> tuple[Installed, ...]:
    """Every file that a deploy puts on a host: units, config, task configs. Raises Faults."""
    service = service_of(fleet, host)
    return (*(render_service(fleet, host, service)[0] if service else ()), *clean_up_units(fleet, host))


def clean_up_units(fleet: Fleet, host: str) -> tuple[Installed, ...]:
    """The units of the registry's clean-up; none but on the primary datasink. Raises Faults, all of them."""
    if host != fleet.site.primary_datasink:
        return ()
    units = ("model_cleanup.service", "model_cleanup.timer")
    context = {
        "state": str(layout.STATE),
        "user": fleet.service_user(host),
        "registry": fleet.registry_folder(),
        "log": fleet.cleanup_log(),
        "logs": str(PurePosixPath(fleet.cleanup_log()).parent),
    }
    return _files("cleanup", [Template(f"{layout.UNITS}/{unit}", unit) for unit in units], context, [])


def coral_rule() -> Installed:
    """The rule by which udev gives the Coral stick to a group. Raises Faults."""
    name = "60-sentinelcam-coral.rules"
    (rule,) = _files("coral", [Template(f"/etc/udev/rules.d/{name}", name)], {"group": STICK_GROUP}, [])
    return rule


def render_service(
    fleet: Fleet, host: str, service: Service
) -> tuple[tuple[Installed, ...], Mapping[str, tuple[str, str]]]:
    """The files of a service, and the model files that they name: path -> model, name. Raises Faults, all of them."""
    models = ModelFiles(fleet, host)
    files = _files(service.name, service.files, {**service.context, "model": models.path}, models.faults)
    return files, models.named


def _files(
    folder: str, templates: Iterable[Template], context: Mapping[str, Any], faults: list[str]
) -> tuple[Installed, ...]:
    """Files made of a folder of templates/, which may add to `faults`. Raises Faults, all of them."""
    files = tuple(_file(folder, each, {**context, **each.context}, faults) for each in templates)
    if faults:
        raise Faults(dict.fromkeys(faults))
    return files


def _file(folder: str, template: Template, context: Mapping[str, Any], faults: list[str]) -> Installed:
    source = f"{folder}/{template.name}.j2"
    content = ""
    try:
        content = environment().get_template(source).render(context)
        if template.path.endswith(".yaml"):
            yaml.load(content, Loader=SafeLoader)
    except TemplateError as error:
        faults.append(f"templates/{source}: {type(error).__name__}: {error.message}")
    except yaml.YAMLError as error:
        faults.append(f"templates/{source}: {' '.join(str(error).split())}; allowed: YAML")
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Installed(Path(template.path), template.owner, _MODE, digest, content)


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
