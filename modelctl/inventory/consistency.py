"""What must agree across a fleet: names that point at hosts, models and versions, and what must be unique."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from modelctl.faults import choice, dotted, fault
from modelctl.inventory.coral import CORAL, Coral, coral_faults
from modelctl.inventory.hosts import CAMERA_LETTERS, Camera, Datasink, Host, OakCamera, Outpost, Sentinel
from modelctl.inventory.unusable import camera_faults, pin_faults
from modelctl.nearest import misspelt
from modelctl.schema import Model, Pins, Registry, Site

REQUIRED_ROLES: Mapping[str, frozenset[str]] = {
    "mobilenet_ssd": frozenset({"prototxt", "caffemodel"}),
    "mobilenet_ssd_depthai": frozenset({"blob"}),
    "mobilenet_ssd_edgetpu": frozenset({"tflite", "labels"}),
    "face_detection": frozenset({"prototxt", "caffemodel"}),
    "face_detection_edgetpu": frozenset({"tflite"}),
    "face_detection_blazeface": frozenset({"short"}),
    "face_recognition": frozenset({"facemodel", "baselines", "facelist", "facedata"}),
    "haarcascades": frozenset({"eye"}),
    "openface_torch": frozenset({"embedder"}),
}
"""The roles that configs name, per model."""
TASK_MODELS = (
    "mobilenet_ssd",
    "mobilenet_ssd_edgetpu",
    "face_detection",
    "face_recognition",
    "haarcascades",
    "openface_torch",
)
"""What a sentinel's task configs name, whatever its accelerator."""


@dataclass(frozen=True)
class Names:
    """What is declared anywhere, faulty or not: a reference to something faulty is no second fault."""

    hosts: Mapping[str, object]
    models: Mapping[str, object]

    def of_type(self, *types: type[Host]) -> list[str]:
        """The hosts of these types."""
        return [name for name, host in self.hosts.items() if isinstance(host, types)]


def cross_faults(site: Site, registry: Registry, pins: Pins, names: Names) -> Iterator[str]:
    """Every disagreement among the values that are valid by themselves."""
    yield from _site_references(site, names)
    for name, host in site.hosts.items():
        yield from _overrides(f"site.hosts.{name}", host, site, registry, pins, names)
        yield from _accelerators(f"site.hosts.{name}", name, host, site, registry)
        if isinstance(host, Outpost):
            yield from _outpost(f"site.hosts.{name}", host, site, names)
        if isinstance(host, Sentinel):
            yield from _cleans(f"site.hosts.{name}.cleans", host.cleans, site, names)
    if _gives_outpost_models(site):
        yield from _unknown("site.outpost_models", site.outpost_models, names.models)
    yield from _duplicates("address", {name: str(host.address) for name, host in site.hosts.items()})
    yield from _duplicates("node_name", {name: host.node_name or name for name, host in outposts(site).items()})
    yield from _registry(site, registry, names)
    yield from _pinned_files(site, registry, pins)


def outposts(site: Site) -> dict[str, Outpost]:
    """The outposts of a site by name."""
    return {name: host for name, host in site.hosts.items() if isinstance(host, Outpost)}


def wanted_models(host: Host, site: Site, models: Mapping[str, object]) -> tuple[str, ...]:
    """The models that a host gets, of those there are."""
    match host:
        case Sentinel():
            return tuple(models)
        case Outpost():
            return host.models if host.models is not None else site.outpost_models
        case Datasink():
            return ("face_recognition",)
        case _:
            return ()


def wants_stack(host: Host) -> bool:
    """Whether a host gets the Coral stack."""
    return isinstance(host, Sentinel | Outpost) and host.has_accelerator("coral") and host.coral_packages


def wanted_artefacts(host: Host, site: Site, models: Mapping[str, object]) -> tuple[str, ...]:
    """What a host gets versions of: its models, of those there are, and the Coral stack."""
    return (*wanted_models(host, site, models), *([CORAL] if wants_stack(host) else []))


def needed_model(camera: Camera) -> str | None:
    """The model that a camera's configuration names."""
    if isinstance(camera, OakCamera):
        return "mobilenet_ssd_depthai"
    if camera.detectobjects != "mobilenetssd":
        return None
    return "mobilenet_ssd_edgetpu" if camera.accelerator == "coral" else "mobilenet_ssd"


def named_models(host: Host) -> tuple[str, ...]:
    """The models that the configs of a host name: without one of them they cannot be rendered."""
    match host:
        case Sentinel():
            edgetpu = host.edgetpu_face_model
            return (*TASK_MODELS, *([edgetpu[0]] if edgetpu else []))
        case Outpost():
            return tuple(filter(None, map(needed_model, host.cameras.values())))
        case Datasink():
            return ("face_recognition",)
        case _:
            return ()


def wanted_versions(host: Host, site: Site, registry: Registry) -> dict[str, str]:
    """The version of each model, and of the Coral stack, that a host gets: its override, else the current one."""
    known = registry.artefacts
    return {
        name: host.model_version_overrides.get(name, known[name].current_version)
        for name in wanted_artefacts(host, site, registry.models)
        if name in known
    }


def known_versions(model: str, registry: Registry, pins: Pins) -> set[str]:
    """The versions of a model that the registry or a pin names; the stacks of Coral, which its registry describes."""
    if model == CORAL and registry.coral is not None:
        return set(registry.coral.stacks)
    entry = registry.models[model]
    named = {entry.current_version, entry.previous_version} - {None}
    return {str(version) for version in named} | set(pins.models.get(model, {}))


def _unknown(path: str, found: tuple[str, ...], allowed: Mapping[str, object] | list[str]) -> Iterator[str]:
    for index, name in enumerate(found):
        if name not in allowed:
            yield fault(f"{path}.{index}", name, choice(name, allowed))


def _site_references(site: Site, names: Names) -> Iterator[str]:
    datasinks = names.of_type(Datasink)
    if site.primary_datasink not in datasinks:
        yield fault("site.primary_datasink", site.primary_datasink, choice(site.primary_datasink, datasinks))
    for field in ("legacy_nodes", "ncs2_nodes"):
        yield from _unknown(f"site.{field}", getattr(site, field), names.of_type(Sentinel, Outpost))
    for name, profile in site.retention_profiles.items():
        path = f"{dotted(('site', 'retention_profiles', name))}.outposts"
        yield from _unknown(path, profile.outposts or (), names.of_type(Outpost))


def _overrides(path: str, host: Host, site: Site, registry: Registry, pins: Pins, names: Names) -> Iterator[str]:
    wanted, known = wanted_artefacts(host, site, names.models), (*names.models, CORAL)
    for model, version in host.model_version_overrides.items():
        place = f"{path}.model_version_overrides"
        if model not in known:
            yield fault(place, model, choice(model, known))
        elif model not in wanted:
            yield fault(place, model, f"a model that this host gets: {choice(model, wanted)}")
        elif model in registry.artefacts and version not in known_versions(model, registry, pins):
            versions = choice(version, known_versions(model, registry, pins))
            yield fault(f"{place}.{model}", version, f"the current, previous or a pinned version: {versions}")


def _accelerators(path: str, name: str, host: Host, site: Site, registry: Registry) -> Iterator[str]:
    if wants_stack(host) and registry.coral is None:
        needs = f"a Coral stack, which {path} needs for its accelerator; or coral_packages=False there"
        yield fault("registry.coral", None, needs)
    if isinstance(host, Outpost) and host.has_accelerator("ncs2") and host.has_accelerator("coral"):
        yield fault(f"{path}.cameras", "coral and ncs2", "one of them: their detectors run in different Pythons")
    if isinstance(host, Sentinel | Outpost) and host.has_accelerator("ncs2") and name not in site.ncs2_nodes:
        allowed = "coral or cpu; a node that worked with an NCS2 before goes into site.ncs2_nodes"
        yield fault(f"{path}: accelerator", "ncs2", allowed)


def _outpost(path: str, host: Outpost, site: Site, names: Names) -> Iterator[str]:
    datasinks = names.of_type(Datasink)
    if host.datasink is not None and host.datasink not in datasinks:
        yield fault(f"{path}.datasink", host.datasink, choice(host.datasink, datasinks))
    yield from _unknown(f"{path}.models", host.models or (), names.models)
    models = wanted_models(host, site, names.models)
    views: dict[str, str] = {}
    for name, camera in host.cameras.items():
        place = f"{path}.cameras.{name}"
        expected = CAMERA_LETTERS[name[0]]
        if type(camera) is not expected:
            yield fault(place, type(camera).__name__, f"{expected.__name__}, as the letter {name[0]} says")
        yield from camera_faults(place, camera)
        if (model := needed_model(camera)) and model not in models:
            yield fault(f"{path}.models", list(models), f"a list with {model}, which camera {name} needs")
        if (other := views.setdefault(camera.viewname, name)) != name:
            yield fault(f"{place}.viewname", camera.viewname, f"another name, this is camera {other}'s")


def _cleans(path: str, cleans: tuple[str, ...], site: Site, names: Names) -> Iterator[str]:
    yield from _unknown(path, cleans, names.of_type(Datasink))
    for index, name in enumerate(cleans):
        if name == site.primary_datasink:
            yield fault(f"{path}.{index}", name, "a further datasink: the primary one is cleaned anyway")
        elif name in cleans[:index]:
            yield fault(f"{path}.{index}", name, "each datasink once")


def _duplicates(field: str, values: Mapping[str, str]) -> Iterator[str]:
    owners: dict[str, str] = {}
    for host, value in values.items():
        if (other := owners.setdefault(value, host)) != host:
            yield fault(f"site.hosts.{host}.{field}", value, f"another one, this is host {other}'s")


def _gives_outpost_models(site: Site) -> bool:
    """Whether the site says them, or an outpost gets them: nobody needs those that are only the type's default."""
    return "outpost_models" in site.model_fields_set or any(host.models is None for host in outposts(site).values())


def _registry(site: Site, registry: Registry, names: Names) -> Iterator[str]:
    needed = {model: name for name, host in site.hosts.items() for model in named_models(host)}
    for model, roles in REQUIRED_ROLES.items():
        if model in needed and model not in names.models:
            allowed = f"a Model with files for {', '.join(sorted(roles))}: site.hosts.{needed[model]} needs it"
            others = set(names.models) - set(REQUIRED_ROLES)
            yield fault(f"registry.models.{model}", None, allowed) + misspelt(model, others)
    if registry.coral is not None:
        yield from coral_faults(registry.coral)
    for name, entry in registry.models.items():
        if name == CORAL:
            yield fault("registry.models", name, "another name: that is the Coral stack's")
        yield from _model(f"registry.models.{name}", entry, REQUIRED_ROLES.get(name, frozenset()))


def _model(path: str, model: Model, roles: frozenset[str]) -> Iterator[str]:
    for role in sorted((roles | model.linked) - set(model.files)):
        allowed = f"a file name; configs name the roles {', '.join(sorted(roles))}"
        yield fault(f"{path}.files.{role}", None, allowed) + misspelt(role, set(model.files) - roles)
    if model.previous_version == model.current_version:
        yield fault(f"{path}.previous_version", model.previous_version, "another version than current_version, or None")


def _pinned_files(site: Site, registry: Registry, pins: Pins) -> Iterator[str]:
    wanted = {item for host in site.hosts.values() for item in wanted_versions(host, site, registry).items()}
    for model, version in sorted(wanted):
        pin = pins.models.get(model, {}).get(version)
        if pin is None:
            continue
        path, entry = f"pins.models.{model}.{version}.files", registry.artefacts[model]
        for name in sorted(entry.names_of(version) - set(pin.files)):
            yield fault(path, sorted(pin.files), f"a table with {_described(name, entry)}")
        yield from pin_faults(path, entry, version, pin)


def _described(name: str, entry: Model | Coral) -> str:
    roles = [role for role, file in entry.files.items() if file == name] if isinstance(entry, Model) else []
    return f"{name}, the file of role {roles[0]}" if roles else f"{name}, a file of the stack"
